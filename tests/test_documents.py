"""The documents that are written from the code are those in `docs/reference/`."""

from __future__ import annotations

import pytest

from domain.commands import COMMAND_CLASSES
from domain.events import EVENT_CLASSES
from domain.field_meanings import FIELD_MEANINGS
from domain.rules import RULES
from entrypoints.docgen.documents import DOCUMENTS, FOLDER
from entrypoints.docgen.fields import Model, fields_of, type_name
from tests.docgen.personal_fields import personal_fields


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_has_not_drifted_from_the_domain(name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert written == DOCUMENTS[name](), "run `python -m entrypoints.docgen` and commit docs/"


def test_every_rule_has_its_row() -> None:
    text = DOCUMENTS["rules.md"]()
    for rule in RULES:
        assert f"\n| {rule.id} | {rule.sentence} |" in text


def test_every_event_and_command_has_its_section() -> None:
    for name, classes in (("events.md", EVENT_CLASSES), ("commands.md", COMMAND_CLASSES)):
        text = DOCUMENTS[name]()
        for one in classes:
            assert f"\n## `{type_name(one)}`\n" in text


def test_exactly_what_can_name_a_person_is_marked() -> None:
    assert personal_fields("events.md") == {"customer", "dial_number", "note", "why"}
    assert personal_fields("commands.md") == {"customer", "target", "note", "why"}


def test_every_meaning_is_that_of_a_field() -> None:
    models: list[Model] = [*EVENT_CLASSES, *COMMAND_CLASSES]
    assert set(FIELD_MEANINGS) == {field.name for model in models for field in fields_of(model)}
