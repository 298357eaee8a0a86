"""Apache Kafka really runs, keeps its address, and leaves nothing running."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.kafka import brokers_seen
from infra.local.kafka import LocalKafka
from infra.local.servers import ServerFailed, is_free
from tests.entrypoints.calling import call


def test_the_brokers_address_outlives_a_stop(tmp_path: Path) -> None:
    server = LocalKafka(tmp_path / "kafka")
    where = server.start()
    server.stop()
    assert not server.is_running
    assert brokers_seen(where) == 0
    assert server.start() == where
    assert brokers_seen(where) == 1
    with pytest.raises(ServerFailed, match="has 1 brokers, not 3"):
        server.start(brokers=3)
    server.stop()
    assert all(is_free(port) for port in server.brokers[0].ports)


@pytest.mark.slow
def test_three_brokers_are_there_and_all_leave(tmp_path: Path) -> None:
    server = LocalKafka(tmp_path / "kafka")
    try:
        assert brokers_seen(server.start(brokers=3)) == 3
        server.brokers[0].stop(at_once=True)
        assert not server.is_running
    finally:
        server.stop()
    assert not any(one.is_running for one in server.brokers)


def test_one_that_cannot_start_says_so_and_names_its_log(tmp_path: Path) -> None:
    server = LocalKafka(tmp_path / "kafka")
    server.start()
    server.stop()
    with server.brokers[0].properties.open("a") as properties:
        properties.write("process.roles=nonsense\n")
    with pytest.raises(ServerFailed, match="broker 1 did not start: see") as failed:
        server.start()
    log = Path(str(failed.value).split("see ")[1].rstrip("."))
    assert "nonsense" in log.read_text()


def test_up_status_and_down_by_the_command_line(own_servers: Path) -> None:
    ledger = own_servers / "ledger"
    assert call(ledger, "local", "status").code == 1
    up = call(ledger, "local", "up")
    try:
        assert [line.split("=")[0] for line in up.out.splitlines()] == [
            "CALL_LEDGER_STORE",
            "CALL_LEDGER_KAFKA",
        ]
        assert call(ledger, "local", "status").code == 0
    finally:
        down = call(ledger, "local", "down")
    assert down.code == 0
    assert call(ledger, "local", "status").code == 1
