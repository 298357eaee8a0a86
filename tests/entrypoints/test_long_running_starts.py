"""What keeps a long-running process from its work is a line of its log, with the next step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from entrypoints.workers.lag import publisher_figures
from infra.folder import LedgerFolder
from infra.kafka import Kafka, KafkaUnavailable
from infra.local.servers import free_ports
from ledger.store.interface import Ends
from tests.consumers.projecting import bring
from tests.consumers.recorded import record_calls
from tests.entrypoints.calling import call

PROCESSES = ("publish", "project", "serve-commands")


@pytest.mark.parametrize("process", PROCESSES)
@pytest.mark.parametrize(
    ("variables", "code", "sentence"),
    [
        ({"CALL_LEDGER_KAFKA_SECURITY": "TSL"}, 2, "CALL_LEDGER_KAFKA_SECURITY is not right"),
        ({}, 3, "No Kafka is named: set CALL_LEDGER_KAFKA"),
    ],
)
def test_a_wrong_setting_is_a_line_of_the_log(
    process: str, variables: dict[str, str], code: int, sentence: str, tmp_path: Path
) -> None:
    ended = call(tmp_path, process, variables=variables)
    assert ended.code == code
    lines = [json.loads(line) for line in ended.err.splitlines()]
    assert lines[-1]["happening"] == "failed"
    assert lines[-1]["process"] == process
    assert sentence in lines[-1]["sentence"]


def test_a_publisher_without_kafka_is_not_ready(tmp_path: Path) -> None:
    record_calls(tmp_path, 1)
    (port,) = free_ports(1)
    nowhere = Kafka(f"127.0.0.1:{port}", patience_seconds=4)
    with pytest.raises(KafkaUnavailable, match="check that it runs"):
        publisher_figures(LedgerFolder(tmp_path), nowhere, Ends(0, 0))


def test_status_tells_the_lag_of_each_stage(tmp_path: Path, kafka: Kafka) -> None:
    where = {"CALL_LEDGER_KAFKA": kafka.bootstrap, "CALL_LEDGER_KAFKA_PREFIX": kafka.prefix}
    record_calls(tmp_path, 1)
    bring(tmp_path, kafka)
    record_calls(tmp_path, 2)
    status = call(tmp_path, "status", "--json", variables=where).json
    assert status["publish_lag_events"] == 7
    assert 0 < status["publish_lag_seconds"] < 300
    assert (status["published_position"], status["kafka_lag_events"]) == (7, 0)
    assert (status["lag_commands"], status["lag_commands_seconds"]) == (0, 0)
