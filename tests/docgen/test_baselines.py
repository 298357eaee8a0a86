"""One baseline a release: it grows while it is worked on, and is sealed by the next one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from entrypoints.docgen.baselines import all_of, digest_of, files_in, refresh, sealed


def schema(**fields: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {name: {"type": kind} for name, kind in fields.items()},
        "required": ["call_id"],
    }


HELD, RESUMED = "events/call.held.v1.json", "events/call.resumed.v1.json"
FIRST = {HELD: schema(call_id="string")}
GROWN = {HELD: schema(call_id="string", why="string"), RESUMED: schema(call_id="string")}
BROKEN = {HELD: schema(call_id="integer", why="string")}


def test_a_version_that_is_worked_on_grows_by_new_schemas_and_optional_fields(
    tmp_path: Path,
) -> None:
    refresh(tmp_path, "0.1.0", FIRST)
    refresh(tmp_path, "0.1.0", GROWN)
    assert all_of(tmp_path) == {"0.1.0.json": GROWN}
    assert sealed(tmp_path) == {}


def test_what_would_break_somebody_and_what_is_gone_stay_as_they_were_published(
    tmp_path: Path,
) -> None:
    refresh(tmp_path, "0.1.0", GROWN)
    refresh(tmp_path, "0.1.0", BROKEN)
    assert all_of(tmp_path) == {"0.1.0.json": GROWN}


def test_a_new_version_begins_a_file_and_seals_the_one_before(tmp_path: Path) -> None:
    refresh(tmp_path, "0.1.0", FIRST)
    before = (tmp_path / "0.1.0.json").read_bytes()
    refresh(tmp_path, "0.2.0", GROWN)
    refresh(tmp_path, "0.2.0", GROWN)
    assert (tmp_path / "0.1.0.json").read_bytes() == before
    assert all_of(tmp_path) == {"0.1.0.json": FIRST, "0.2.0.json": GROWN}
    assert sealed(tmp_path) == {"0.1.0.json": digest_of(tmp_path / "0.1.0.json")}


def test_a_sealed_baseline_that_was_touched_keeps_its_digest_and_is_seen(tmp_path: Path) -> None:
    refresh(tmp_path, "0.1.0", FIRST)
    refresh(tmp_path, "0.2.0", GROWN)
    (tmp_path / "0.1.0.json").write_text("{}")
    refresh(tmp_path, "0.2.0", GROWN)
    (touched, _) = files_in(tmp_path)
    assert sealed(tmp_path)[touched.name] != digest_of(touched)
