"""The schemas are those of the code, real messages keep to them, and old readers go on reading."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from entrypoints.docgen.compatibility import breaks
from entrypoints.docgen.documents import FOLDER
from entrypoints.docgen.schemas import PUBLISHED, asyncapi, files, schemas
from ledger.feed import StoreFeed
from tests.consumers.recorded import documents_in_store, record_calls

Schema = dict[str, Any]
WRITTEN = dict(files())
FIRST: dict[str, Schema] = json.loads(PUBLISHED.read_text("utf-8"))


@pytest.mark.parametrize("name", WRITTEN)
def test_a_schema_has_not_drifted(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == WRITTEN[name], "run python -m entrypoints.docgen"


def test_no_schema_is_left_of_what_is_no_more() -> None:
    there = {str(path.relative_to(FOLDER)) for path in (FOLDER / "schemas").rglob("*.json")}
    assert there - {"schemas/published.json"} == WRITTEN.keys() - {"asyncapi.yaml"}


@pytest.mark.parametrize("name", FIRST)
def test_a_schema_breaks_nobody_who_keeps_to_the_first_one(name: str) -> None:
    assert name in schemas(), "what was published is read for ever; make a new version beside it"
    assert breaks(name, FIRST[name], schemas()[name]) == []


def test_every_schema_is_published() -> None:
    assert FIRST.keys() == schemas().keys(), "run python -m entrypoints.docgen"


def removed(schema: Schema) -> None:
    del schema["properties"]["data"]["properties"]["hold_number"]


def optional(schema: Schema) -> None:
    schema["required"].remove("actor")


def another_type(schema: Schema) -> None:
    schema["properties"]["version"] = {"type": "string"}


def a_new_word(schema: Schema) -> None:
    schema["properties"]["role"]["enum"].append("supervisor")


def needed(schema: Schema) -> None:
    schema["properties"]["reason_code"] = {"type": "string"}
    schema["required"].append("reason_code")


def a_lost_word(schema: Schema) -> None:
    schema["$defs"]["Via"]["enum"].remove("device")


def shorter(schema: Schema) -> None:
    schema["properties"]["actor"]["maxLength"] = 10


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("events/call.held.v1.json", removed),
        ("events/call.held.v1.json", optional),
        ("events/call.held.v1.json", another_type),
        ("events/call.held.v1.json", a_new_word),
        ("commands/call.hold.v1.json", needed),
        ("commands/call.hold.v1.json", a_lost_word),
        ("commands/call.hold.v1.json", shorter),
    ],
)
def test_a_change_that_would_break_somebody_is_found(
    name: str, change: Callable[[Schema], None]
) -> None:
    changed = copy.deepcopy(FIRST[name])
    change(changed)
    assert len(breaks(name, FIRST[name], changed)) == 1


def test_a_new_optional_field_breaks_nobody() -> None:
    for name in ("events/call.held.v1.json", "commands/call.hold.v1.json"):
        changed = copy.deepcopy(FIRST[name])
        changed["properties"]["music"] = {"type": "string"}
        assert breaks(name, FIRST[name], changed) == []


def test_recorded_documents_keep_to_their_schemas(tmp_path: Path) -> None:
    record_calls(tmp_path, 3)
    with StoreFeed(tmp_path) as feed:
        refusals = [one for batch in feed.refusals(0) for one in batch.documents]
    documents = [*documents_in_store(tmp_path), *refusals]
    assert len(refusals) == 3
    for document in map(orjson.loads, documents):
        schema = schemas()[f"events/{document['type']}.json"]
        for part, said in ((document, schema), (document["data"], schema["properties"]["data"])):
            assert set(said.get("required", ())) <= part.keys() <= said["properties"].keys()


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    text = yaml.safe_dump(asyncapi())
    references = re.findall(r"\$ref: '?([^'\n]+)", text)
    assert len(references) > 100
    for reference in references:
        if reference.startswith("./"):
            assert (FOLDER / reference).exists()
        else:
            found: Any = asyncapi()
            for step in reference.removeprefix("#/").split("/"):
                found = found[step]
