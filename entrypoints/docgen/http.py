"""The documents of the HTTP interface: its OpenAPI document, and who may do what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from entrypoints.docgen.markdown import document, table
from entrypoints.http.application import application
from entrypoints.http.keys import ApiRole
from entrypoints.http.permissions import PERMISSIONS

GENERATED = "<!-- Written by `python -m entrypoints.docgen` from `entrypoints/http/`. -->\n"


def openapi_document() -> str:
    """What `/openapi.json` answers, kept to be compared."""
    return json.dumps(application().openapi(), indent=2, ensure_ascii=False) + "\n"


def http_document() -> str:
    """Every operation with its roles, its parameters and its problems."""
    parts = [
        "# The HTTP interface",
        GENERATED,
        "`call-ledger serve` answers it; [how-to/http.md](how-to/http.md) shows it in curl and "
        "Python, and [openapi.json](openapi.json) describes it for programs. Every answer has the "
        "position that it is true at, in the header `Ledger-Position` and in the document. What "
        "goes wrong is a problem document (RFC 9457) of one sentence with the next step.",
        "## Who may do what",
        "A key has one role. What does not stand here nobody may. A writer's key writes as its "
        "source alone, and one with an agent acts as that agent alone. Each reading of calls, "
        "events and reports is in the access log, on disk, before its data goes out.",
        table(
            ("may", *(role.value for role in ApiRole)),
            (
                (operation, *("yes" if role in roles else "no" for role in ApiRole))
                for operation, roles in PERMISSIONS.items()
            ),
        ),
        "## Operations",
        *operations(application().openapi()),
    ]
    return document(parts)


def operations(described: dict[str, Any]) -> Iterator[str]:
    """A part for each operation."""
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            roles = ", ".join(operation.get("x-roles", ["everybody"]))
            yield f"### `{method.upper()} {path}`"
            yield f"{operation['summary']}, for: {roles}."
            yield " ".join(operation["description"].split())
            rows = [
                (f"`{one['name']}`", one["in"], one["description"])
                for one in operation.get("parameters", ())
                if one["in"] != "path"
            ]
            if rows:
                yield table(("parameter", "in", "meaning"), rows)
            problems = (
                f"{status} ({answer['description']})"
                for status, answer in sorted(operation["responses"].items())
                if status >= "400"
            )
            yield f"Problems: {', '.join(problems)}."
