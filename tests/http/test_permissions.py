"""Who may do what over HTTP: what is not said to be allowed is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from entrypoints.console import rooms
from entrypoints.http.application import application
from entrypoints.http.keys import FILE_NAME, ApiRole, Keys
from entrypoints.http.permissions import PERMISSIONS, permission_of
from infra.local.servers import wait_until
from tests.entrypoints.calling import call
from tests.http.clients import JSON, Served
from tests.ledger.lines import lines_of_calls

MakeKey = Callable[..., str]
OPEN = ["/livez", "/readyz", "/v1/webhooks/webex"]
OPERATIONS = [
    (method, path, operation["x-permission"])
    for path, methods in application().openapi()["paths"].items()
    for method, operation in methods.items()
    if path not in OPEN
]
COMMAND = b'{"type": "call.receive.v1", "actor": "system"}'


def asked(served: Served, method: str, path: str, role: str) -> int:
    address = path.format(source="test", call_id="1", name="exits", number="1")
    content = COMMAND if method == "post" else None
    headers = JSON if "batch" not in path else {"Content-Type": "application/x-ndjson"}
    client = getattr(served, role)
    # What has no end is not waited for.
    with client.stream(method, address, content=content, headers=headers) as answer:
        status: int = answer.status_code
    return status


@pytest.mark.parametrize(("method", "path", "permission"), OPERATIONS)
def test_each_operation_is_for_its_roles_and_for_nobody_else(
    method: str, path: str, permission: str, served: Served
) -> None:
    for role in ApiRole:
        status = asked(served, method, path, role.value)
        assert (status != 403) == (role in PERMISSIONS[permission]), role
    assert asked(served, method, path, "nobody") == 401


def test_every_permission_is_of_an_operation_or_of_a_page() -> None:
    over_http = {permission for _, _, permission in OPERATIONS}
    pages = {
        permission.operation
        for route in rooms.routes()
        if isinstance(route, APIRoute) and (permission := permission_of(route)) is not None
    }
    assert over_http | pages == PERMISSIONS.keys()


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "Bearer",
        "Bearer clk_00000000_" + "0" * 64,
        "Basic dGVzdDp0ZXN0",
        "Bearer " + "x" * 10_000,
        "Bearer clk_٠٠٠٠٠٠٠٠_",
    ],
)
def test_what_is_no_key_is_told_how_to_get_one(sent: str, served: Served) -> None:
    headers = {b"Authorization": sent.encode()}
    answer = served.nobody.get("/v1/reports/exits", headers=headers)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert "call-ledger keys create" in answer.json()["detail"]


def test_an_altered_key_is_none(served: Served, make_key: MakeKey) -> None:
    key = make_key("auditor")
    for altered in (key[:-1], key + "0", key.upper(), key[:-1] + ("0" if key[-1] != "0" else "1")):
        assert served.with_key(altered).get("/v1/rules").status_code == 401
    assert served.with_key(key).get("/v1/rules").status_code == 200


def test_a_key_is_valid_until_it_expires_or_is_revoked(served: Served, make_key: MakeKey) -> None:
    key, short = make_key("auditor"), make_key("auditor", days=1e-9)
    client = served.with_key(key)
    assert client.get("/v1/rules").status_code == 200
    assert served.with_key(short).get("/v1/rules").status_code == 401
    Keys(served.folder).revoke(key.split("_")[1], datetime.now(UTC))
    assert wait_until(lambda: client.get("/v1/rules").status_code == 401, 60)


def test_a_key_is_shown_once_and_kept_nowhere(tmp_path: Path) -> None:
    made = call(tmp_path, "keys", "create", "--role", "auditor", "--note", "Ada")
    secret = made.out.split()[0].rsplit("_", 1)[1]
    assert len(secret) * 4 == 256
    assert all(
        secret.encode() not in path.read_bytes() for path in tmp_path.iterdir() if path.is_file()
    )
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o077 == 0
    listed = call(tmp_path, "keys", "list", "--json")
    assert secret not in listed.out
    (key,) = listed.json["keys"]
    assert (key["role"], key["note"], key["state"]) == ("auditor", "Ada", "valid")
    assert call(tmp_path, "keys", "revoke", key["id"]).code == 0
    assert call(tmp_path, "keys", "list", "--json").json["keys"][0]["state"] == "revoked"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--role", "writer"], "A writer's key has a --source"),
        (["--role", "auditor", "--source", "webex"], "no other key has one"),
        (["--role", "auditor", "--agent", "a1"], "Only a writer's key"),
        (["--role", "auditor", "--days", "0"], "1 to 366 days"),
        (["--role", "auditor", "--days", "3650"], "1 to 366 days"),
        (["--role", "writer", "--source", "no spaces"], "--source is not right"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(
    options: list[str], says: str, tmp_path: Path
) -> None:
    made = call(tmp_path, "keys", "create", "--note", "a test", *options)
    assert made.code == 2
    assert says in made.said
    assert not (tmp_path / FILE_NAME).exists()


def test_keys_that_cannot_be_read_let_nobody_in(served: Served) -> None:
    (served.folder.path / FILE_NAME).write_text("{")
    assert wait_until(lambda: served.auditor.get("/v1/rules").status_code == 503, 60)
    answer = served.auditor.get("/v1/rules")
    assert "restore it from a backup" in answer.json()["detail"]


def test_a_writer_sees_the_state_of_its_own_sources_calls_alone(
    served: Served, make_key: MakeKey
) -> None:
    served.ask(lines_of_calls(1)[0])
    other = served.with_key(make_key("writer", "webex"))
    assert served.writer.get("/v1/calls/test/call-0").status_code == 200
    assert other.get("/v1/calls/test/call-0").status_code == 403
