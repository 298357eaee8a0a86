"""The documents of the HTTP interface: its OpenAPI document, and who may do what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from entrypoints.docgen.markdown import document, table
from entrypoints.http.application import application
from entrypoints.http.keys import ApiRole
from entrypoints.http.permissions import PERMISSIONS
from entrypoints.http.signed_tokens import ALGORITHMS
from entrypoints.http.token_keys import LOOK_AGAIN_SECONDS, LOOK_FOR_UNKNOWN_SECONDS
from entrypoints.http.tokens import (
    AGENT_CLAIM,
    LONGEST_LIFE_SECONDS,
    SOURCE_CLAIM,
)

GENERATED = "<!-- Written by `python -m entrypoints.docgen` from `entrypoints/http/`. -->\n"

TOKEN_HAS: Final = (
    ("`typ`, `alg`, `kid`", f"`at+jwt`; {', '.join(ALGORITHMS)}; a key of the key set"),
    ("`iss`, `aud`", "exactly the issuer and the audience that are set, and no other audience"),
    ("`sub`, `client_id`, `jti`", "texts; the access log names `oidc:` and the `sub`"),
    (
        "`iat`, `exp`, and `nbf` where it is there",
        f"whole numbers; a life of at most {LONGEST_LIFE_SECONDS} seconds",
    ),
    ("`roles`", f"a list with exactly one of {', '.join(ApiRole)}; others are not looked at"),
    (f"`{SOURCE_CLAIM}`", "of a writer, and of nobody else: the source that it writes as"),
    (f"`{AGENT_CLAIM}`", "of a writer, if it is one agent's desktop: the agent"),
)
"""What an access token has to say, for `docs/reference/http.md`."""


def openapi_document() -> str:
    """What `/openapi.json` answers, kept to be compared."""
    return json.dumps(application().openapi(), indent=2, ensure_ascii=False) + "\n"


def http_document() -> str:
    """Every operation with its roles, its parameters and its problems."""
    parts = [
        "# The HTTP interface",
        GENERATED,
        "`call-ledger serve` answers it; [how-to/http.md](../how-to/http.md) shows it in curl and "
        "Python, and [openapi.json](openapi.json) describes it for programs. Every answer has the "
        "position that it is true at, in the header `Ledger-Position` and in the document. What "
        "goes wrong is a problem document (RFC 9457) of one sentence with the next step.",
        "## Who may do what",
        "Whoever asks has one role, by a key or an access token. What does not stand here nobody "
        "may. A writer's key writes as its source alone, and one with an agent acts as that agent "
        "alone. Each reading of calls, events and reports is in the access log, on disk, before "
        "its data goes out.",
        table(
            ("may", *(role.value for role in ApiRole)),
            (
                (operation, *("yes" if role in roles else "no" for role in ApiRole))
                for operation, roles in PERMISSIONS.items()
            ),
        ),
        "## Access tokens of a company's sign-in",
        "Beside keys, `call-ledger serve` takes access tokens (OIDC, RFC 9068) when "
        "`--oidc-issuer`, `--oidc-audience` and `--oidc-keys` say whose, for whom, and by which "
        "public keys ([ADR 26](../adr/0026-access-tokens-are-checked-whole.md)).",
        table(("a token has", "which is"), TOKEN_HAS),
        "Anything else is refused: 401, with the reason. The key set is read again every "
        f"{LOOK_AGAIN_SECONDS / 60:g} minutes, and when a key is named that is not in it, at most "
        f"every {LOOK_FOR_UNKNOWN_SECONDS:g} seconds.",
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
                (f"`{parameter['name']}`", parameter["in"], parameter["description"])
                for parameter in operation.get("parameters", ())
                if parameter["in"] != "path"
            ]
            if rows:
                yield table(("parameter", "in", "meaning"), rows)
            problems = (
                f"{status} ({answer['description']})"
                for status, answer in sorted(operation["responses"].items())
                if status >= "400"
            )
            yield f"Problems: {', '.join(problems)}."
