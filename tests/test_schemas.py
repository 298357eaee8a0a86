"""The schemas are those of the code, real messages keep to them, and old readers go on reading."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from entrypoints.docgen import baselines
from entrypoints.docgen.baselines import digest_of, files_in, sealed
from entrypoints.docgen.compatibility import breaks
from entrypoints.docgen.documents import FOLDER
from entrypoints.docgen.schemas import BASELINES, asyncapi, files, schemas, version
from ledger.feed import StoreFeed
from tests.consumers.recorded import documents_in_store, record_calls

Schema = dict[str, Any]
WRITTEN = dict(files())
SCHEMAS, ASYNCAPI = schemas(), asyncapi()
RELEASES = baselines.all_of(BASELINES)
PUBLISHED = [(release, name) for release, names in RELEASES.items() for name in names]


@pytest.mark.parametrize("name", WRITTEN)
def test_a_schema_has_not_drifted(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == WRITTEN[name], "run python -m entrypoints.docgen"


def test_no_schema_is_left_of_what_is_no_more() -> None:
    there = {str(path.relative_to(FOLDER)) for path in (FOLDER / "schemas").rglob("*.json")}
    assert {one for one in there if "/published/" not in one} == WRITTEN.keys() - {"asyncapi.yaml"}


@pytest.mark.parametrize(("release", "name"), PUBLISHED)
def test_a_schema_breaks_nobody_who_keeps_to_a_release(release: str, name: str) -> None:
    assert name in SCHEMAS, "what was published is read for ever; make a new version beside it"
    assert breaks(name, RELEASES[release][name], SCHEMAS[name]) == []


def test_this_version_has_a_baseline_with_every_schema_as_it_is() -> None:
    assert RELEASES[f"{version()}.json"] == SCHEMAS, "run python -m entrypoints.docgen"


def test_the_baseline_of_an_older_release_is_never_touched() -> None:
    older = {path.name: path for path in files_in(BASELINES) if path.stem != version()}
    assert {name: digest_of(path) for name, path in older.items()} == sealed(BASELINES)


def test_recorded_documents_keep_to_their_schemas(tmp_path: Path) -> None:
    record_calls(tmp_path, 3)
    with StoreFeed(tmp_path) as feed:
        refusals = [one for batch in feed.refusals(0) for one in batch.documents]
    documents = [*documents_in_store(tmp_path), *refusals]
    assert len(refusals) == 3
    for document in map(orjson.loads, documents):
        schema = SCHEMAS[f"events/{document['type']}.json"]
        for part, said in ((document, schema), (document["data"], schema["properties"]["data"])):
            assert set(said.get("required", ())) <= part.keys() <= said["properties"].keys()


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    text = yaml.safe_dump(ASYNCAPI)
    references = re.findall(r"\$ref: '?([^'\n]+)", text)
    assert len(references) > 100
    for reference in references:
        if reference.startswith("./"):
            assert (FOLDER / reference).exists()
        else:
            found: Any = ASYNCAPI
            for step in reference.removeprefix("#/").split("/"):
                found = found[step]
