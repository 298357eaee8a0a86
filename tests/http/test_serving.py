"""`call-ledger serve` as a process: how it begins, ends, and is killed."""

from __future__ import annotations

import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from ssl import create_default_context

import httpx
import orjson
import pytest

from entrypoints.http.access_log import readings_of
from infra.folder import LedgerFolder
from tests.entrypoints.calling import call
from tests.http.clients import JSON
from tests.http.process import key_in, serving
from tests.ledger.lines import assert_whole, id_in, lines_of_calls
from tests.security.certificates import Authority

KILLS = 5
COMMANDS_A_KILL = 150


@pytest.mark.slow
def test_it_ends_at_a_signal_when_it_has_answered(tmp_path: Path) -> None:
    key = key_in(tmp_path, "writer", "test")
    with serving(tmp_path) as (process, url):
        body = b'{"type": "call.receive.v1", "actor": "system"}'
        headers = {**JSON, "Authorization": f"Bearer {key}"}
        answer = httpx.post(f"{url}/v1/calls/test/1/commands", content=body, headers=headers)
        assert answer.status_code == 201
        taken = call(tmp_path, "record", "hold", "--call", "1", "--actor", "a1")
        assert taken.code == 3
        assert "serving HTTP" in taken.said
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


class Caller:
    """Asks line after line and reads in between, until the process is killed."""

    def __init__(self, folder: Path) -> None:
        self._writer = {"Authorization": f"Bearer {key_in(folder, 'writer', 'test')}", **JSON}
        self._auditor = {"Authorization": f"Bearer {key_in(folder, 'auditor')}"}
        self.acknowledged: dict[str, str] = {}
        self.read: list[int] = []

    def work(self, url: str, lines: list[bytes], process: subprocess.Popen[str]) -> None:
        with suppress(httpx.HTTPError), httpx.Client(base_url=url, timeout=60) as client:
            for line in lines:
                said = orjson.loads(line)
                where = f"/v1/calls/{said.pop('source')}/{said.pop('call_id')}/commands"
                command_id = said.pop("command_id")
                headers = {**self._writer, "Idempotency-Key": command_id}
                told = client.post(where, content=orjson.dumps(said), headers=headers).json()
                self.acknowledged[command_id] = (
                    f"refused {told['refusal_number']}"
                    if "refusal_number" in told
                    else f"recorded {told['position']}"
                )
                readings = client.get("/v1/readings?limit=1", headers=self._auditor)
                self.read.append(readings.status_code)
                if len(self.acknowledged) % COMMANDS_A_KILL == 0:
                    process.kill()


@pytest.mark.slow
def test_no_acknowledged_command_and_no_logged_reading_is_lost_by_kills(tmp_path: Path) -> None:
    caller = Caller(tmp_path)
    lines = lines_of_calls(2 * KILLS * COMMANDS_A_KILL // 6)
    for _ in range(KILLS):
        left = [line for line in lines if id_in(line) not in caller.acknowledged]
        with serving(tmp_path) as (process, url), ThreadPoolExecutor(8) as workers:
            for number in range(8):
                workers.submit(caller.work, url, left[number::8], process)
    assert len(caller.acknowledged) >= KILLS * COMMANDS_A_KILL
    assert_whole(LedgerFolder(tmp_path), caller.acknowledged)
    assert set(caller.read) == {200}
    assert len(readings_of(LedgerFolder(tmp_path), 0, 100_000)) >= len(caller.read)


@pytest.mark.slow
def test_by_tls_it_is_reached_from_the_network(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    certificate, key = map(str, authority.certificate("ledger"))
    options = ["--certificate", certificate, "--certificate-key", key]
    with serving(tmp_path, *options) as (_, url):
        assert url.startswith("https://")
        context = create_default_context(cafile=str(authority.file))
        assert httpx.get(f"{url}/livez", verify=context).text == "ok\n"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--host", "0.0.0.0"], "--without-tls where a proxy"),
        (["--host", "ledger.example"], "is reached from the network"),
        (["--certificate", "x.pem"], "go together"),
    ],
)
def test_it_is_not_opened_to_the_network_by_mistake(
    options: list[str], says: str, tmp_path: Path
) -> None:
    refused = call(tmp_path, "serve", *options)
    assert refused.code == 2
    assert says in refused.said


@pytest.mark.slow
def test_a_port_that_is_taken_is_said_to_be(tmp_path: Path) -> None:
    with serving(tmp_path / "one") as (_, url):
        refused = call(tmp_path / "two", "serve", "--port", url.rpartition(":")[2])
        assert (refused.code, "name another --port" in refused.said) == (3, True)
