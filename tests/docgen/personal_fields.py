"""The fields that the generated pages mark as naming a person."""

from __future__ import annotations

from entrypoints.docgen.documents import DOCUMENTS


def personal_fields(document: str) -> set[str]:
    rows = (line.split("|") for line in DOCUMENTS[document]().splitlines())
    return {row[1].strip(" `") for row in rows if row[-2:-1] == [" personal "]}
