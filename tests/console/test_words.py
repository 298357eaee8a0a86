"""The words of the console: each message in both languages, and each reader's own."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest

from entrypoints.console.words import FOLDER, Language, Words, words_for
from entrypoints.docgen.catalogues import catalogue, messages, terms, text_of


def places(text: str) -> list[str]:
    return sorted(re.findall(r"%\(\w+\)s", text))


def test_each_message_is_in_italian_and_none_is_left_over() -> None:
    said = catalogue(Language.ITALIAN)
    assert said.keys() == messages(), "run `python -m entrypoints.docgen`, and translate"
    assert [one for one, text in said.items() if "" in as_forms(text)] == []


@pytest.mark.parametrize("language", Language)
def test_a_catalogue_is_as_it_would_be_written(language: Language) -> None:
    written = (FOLDER / f"{language}.po").read_text(encoding="utf-8")
    assert written == text_of(language, catalogue(language))


def test_the_english_words_are_words_of_the_ledger() -> None:
    assert catalogue(Language.ENGLISH).keys() <= set(terms())


def test_a_translation_has_the_places_of_its_message() -> None:
    for (_, message), said in catalogue(Language.ITALIAN).items():
        pairs = zip(as_forms(message), as_forms(said), strict=True)
        for one, other in pairs:
            assert places(one) == places(other), one


def as_forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text


def test_no_template_has_words_of_its_own() -> None:
    templates = sorted((FOLDER.parent / "templates").glob("*.html"))
    assert templates
    for path in templates:
        assert own_words(path) == [], path.name


def own_words(path: Path) -> list[str]:
    """What stands between tags and is no message; names and examples are of no language."""
    text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}|<code>.*?</code>|<kbd>.*?</kbd>", "", path.read_text())
    text = re.sub(r"<[^>]*>", "\n", text, flags=re.DOTALL)
    found = (line.strip() for line in text.splitlines())
    names = {"", "Call Ledger", "· Call Ledger", "UTC"}
    return [line for line in found if line not in names and re.search(r"[^\W\d_]{2}", line)]


@pytest.mark.parametrize(
    ("chosen", "accepted", "language", "place"),
    [
        (None, "", "en", "en_GB"),
        (None, "it-IT,it;q=0.9,en;q=0.8", "it", "it_IT"),
        (None, "fr-FR,fr;q=0.9,it;q=0.5,en;q=0.7", "en", "en_GB"),
        (None, "en-US", "en", "en_US"),
        (None, "it-CH", "it", "it_CH"),
        ("it", "en-US,en", "it", "it_IT"),
        ("xx", "it", "it", "it_IT"),
        (None, "en-xx-nonsense;q=x, it;q=0.1", "it", "it_IT"),
    ],
)
def test_the_language_is_the_chosen_or_the_browsers(
    chosen: str | None, accepted: str, language: str, place: str
) -> None:
    words = words_for(chosen, accepted)
    assert (words.language, words.place) == (language, place)


def test_numbers_times_and_durations_are_the_readers() -> None:
    english, italian = (words_for(one, "") for one in ("en", "it"))
    assert (english.number(20187.5), italian.number(20187.5)) == ("20,187.5", "20.187,5")
    moment = datetime(2026, 3, 29, 1, 30)
    assert english.utc(moment) == "29 Mar 2026, 01:30:00"
    assert Words(italian.language, "it_IT", "Europe/Rome").moment(moment) == "29 mar 2026, 03:30:00"
    assert [english.duration(one) for one in (0, 7, 59.6, 750, 3723)] == [
        *("0:00", "0:07", "1:00", "12:30", "1:02:03"),
    ]
    assert [english.duration(4.43), italian.duration(0.25)] == ["0:04.43", "0:00,25"]
