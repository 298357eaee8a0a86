"""The published schemas, a file a release: what nobody who keeps to one of them may be broken by.

The rule: while a version is being worked on, its baseline grows by new schemas and by what breaks
nobody. A new version in pyproject.toml begins a new file. From then on the older one is sealed: its
digest is kept in `sealed.json`, and it is never touched again.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Final

from entrypoints.docgen.compatibility import breaks
from entrypoints.docgen.schema_variants import Schema

SEALED: Final = "sealed.json"

Schemas = dict[str, Schema]


def refresh(folder: Path, version: str, current: Schemas) -> None:
    """Bring the baseline of this version up to the current schemas, and seal the older ones.

    A schema whose change would break somebody stays as it was published.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{version}.json"
    text = json.dumps(grown(read(path), current), indent=0, ensure_ascii=False, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
    seals = sealed(folder)
    new = {file.name: digest_of(file) for file in files_in(folder) if file != path}
    if new.keys() - seals.keys():
        (folder / SEALED).write_text(json.dumps(new | seals, indent=1) + "\n", encoding="utf-8")


def grown(published: Schemas, current: Schemas) -> Schemas:
    """The published schemas, with the current ones in place of those that they do not break."""
    return published | {
        name: schema
        for name, schema in current.items()
        if name not in published or not breaks(name, published[name], schema)
    }


def all_of(folder: Path) -> dict[str, Schemas]:
    """The schemas of each release, by its file's name."""
    return {path.name: read(path) for path in files_in(folder)}


def files_in(folder: Path) -> list[Path]:
    """The baselines that are there."""
    return sorted(path for path in folder.glob("*.json") if path.name != SEALED)


def sealed(folder: Path) -> dict[str, str]:
    """The digests of the baselines that are never touched again."""
    path = folder / SEALED
    seals: dict[str, str] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return seals


def digest_of(path: Path) -> str:
    """The digest of a file, whatever the ends of its lines."""
    return sha256(path.read_text("utf-8").encode()).hexdigest()


def read(path: Path) -> Schemas:
    """The schemas in a baseline; none when it is not there yet."""
    schemas: Schemas = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return schemas
