"""Whatever the OpenAPI document allows, and what it does not, has an answer that it describes.

Each question is asked as nobody and as every role: none fails, none is answered without the right.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS

from entrypoints.http.application import application
from entrypoints.http.keys import ApiRole
from tests.http.clients import Served
from tests.http.conftest import served_in
from tests.reports.week_of_march import tell

EXAMPLES = 8
KNOWN = {"source": "centre", "call_id": "A", "name": "exits"}
"""What the week has, beside what is made up."""

NOBODY = "nobody"
SCHEMA = schemathesis.openapi.from_dict(application().openapi())
schemathesis.serializer.alias("application/x-ndjson", "text/plain")
READ: list[Any] = [*SCHEMA.get_all_operations()]
OPERATIONS = {one.label: one for one in (each.ok() for each in READ)}
ANSWERS: list[Any] = CHECKS.get_by_names(
    [
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
    ]
)


@pytest.fixture(scope="module")
def served_to_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = Path(tmp_path_factory.mktemp("fuzzed")) / "ledger"
    tell(folder)
    with served_in(folder) as served:
        yield served


def ended(case: Case[Any]) -> Case[Any]:
    """A stream that ends."""
    if case.path == "/v1/events/stream":
        case.query = {**dict(case.query or {}), "until_end": "true"}
    return case


@pytest.mark.slow
@pytest.mark.parametrize("label", OPERATIONS)
def test_every_question_has_an_answer_that_is_described(label: str, served_to_all: Served) -> None:
    operation = OPERATIONS[label]
    of_a_call = {name: value for name, value in KNOWN.items() if f"{{{name}}}" in operation.path}
    roles = operation.definition.raw.get("x-roles")

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        st.one_of(
            operation.as_strategy(GenerationMode.POSITIVE),
            operation.as_strategy(GenerationMode.NEGATIVE),
            operation.as_strategy(GenerationMode.POSITIVE, path_parameters=of_a_call or None),
        ).map(ended)
    )
    def ask(case: Case[Any]) -> None:
        # The writer twice: a command that comes again has another answer.
        for role in (NOBODY, *ApiRole, ApiRole.WRITER):
            client = getattr(served_to_all, role)
            key = client.headers.get("Authorization")
            case.headers.pop("Authorization", None)
            answer = case.call(
                base_url=served_to_all.url,
                headers={} if key is None else {"Authorization": key},
                timeout=60,
            )
            case.validate_response(answer, checks=ANSWERS)
            is_known_failure = answer.status_code == 503 and b"waits for position" in answer.content
            assert answer.status_code < 500 or is_known_failure, answer.content
            if roles is not None and role not in roles:
                assert answer.status_code >= 400, (role, answer.content)

    ask()


def test_every_number_that_is_asked_for_has_bounds() -> None:
    for label, operation in OPERATIONS.items():
        for one in operation.definition.raw.get("parameters", ()):
            for kind in one["schema"].get("anyOf", [one["schema"]]):
                if kind.get("type") == "integer":
                    assert {"minimum", "maximum"} <= kind.keys(), (label, one["name"])


def test_no_operation_is_left_out() -> None:
    described: dict[str, Any] = application().openapi()["paths"]
    assert len(OPERATIONS) == sum(map(len, described.values()))
