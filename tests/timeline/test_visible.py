"""Other people's text is shown in one line, and nothing in it steers a terminal or a picture."""

from __future__ import annotations

import pytest

from domain.events import WrapUpApplied
from domain.vocabulary import WrapUpMode
from entrypoints.timeline.sentences import sentence
from entrypoints.timeline.visible import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("on\nTuesday", r"on\nTuesday"),
        ("a\tb\r", r"a\tb\r"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("a\x00\x85", r"a\x00\x85"),
        ("a\u2028b", r"a\u2028b"),
        ("\u202eabc\u200f", r"\u202eabc\u200f"),
        ("👩\u200d👧 é ש", "👩\u200d👧 é ש"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_a_sentence_is_one_line() -> None:
    applied = WrapUpApplied(
        wrap_up_number=1,
        wrap_up_agent="a1",
        reason="sold",
        mode=WrapUpMode.BY_AGENT,
        note="on\nTuesday",
    )
    assert sentence(applied, "a1", personal=True).endswith(r"(note: on\nTuesday)")
