"""PostgreSQL is restarted under load while Kafka is being fed from it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from infra.kafka import Kafka
from infra.local.lifetime import ended_with_this_process
from infra.local.postgresql import LocalPostgresql
from tests.faults.company import Company, at_work

RESTARTS = ("fast", "immediate", "fast", "immediate", "immediate")


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.timeout(1_200)
def test_postgresql_that_is_restarted_under_load(
    tmp_path: Path, own_servers: Path, kafka: Kafka, capsys: pytest.CaptureFixture[str]
) -> None:
    server = LocalPostgresql(own_servers / "postgresql")
    with (
        ended_with_this_process(server),
        at_work(Company(tmp_path, kafka, server.start())) as company,
    ):
        for restart in RESTARTS:
            server.stop(at_once=restart == "immediate")
            server.start()
            company.fault_count += 1
            company.wait_for_answers(100)
        said = company.end()
    with capsys.disabled():
        sys.stdout.write(f"\nPostgreSQL restarted under load: {said}\n")
