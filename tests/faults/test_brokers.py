"""A broker that goes away under load: nothing is lost, nothing is there twice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from infra.kafka import Kafka
from infra.local.kafka import LocalKafka
from infra.local.lifetime import ended_with_this_process
from tests.faults.company import Company, at_work

BROKER_FAULTS = ("restart", "kill", "kill", "restart", "kill")


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_a_broker_that_is_restarted_and_killed_under_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = LocalKafka(tmp_path / "kafka")
    with ended_with_this_process(server):
        kafka = Kafka(server.start())
        with at_work(Company(tmp_path, kafka)) as company:
            for fault in BROKER_FAULTS:
                server.stop(at_once=fault == "kill")
                server.start()
                company.fault_count += 1
                company.wait_for_answers(100)
            said = company.end()
    with capsys.disabled():
        sys.stdout.write(f"\nbroker restarted and killed under load: {said}\n")
