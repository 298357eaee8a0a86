"""A ledger that is served over HTTP on a port of this machine, and clients of every role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from entrypoints.http.application import application
from entrypoints.http.keys import ApiRole, Keys
from entrypoints.http.server import listening
from entrypoints.http.service import USUAL_LIMITS, AllLedgers, Limits, Service, WebhookSecret
from entrypoints.http.tokens import Tokens
from infra.folder import LedgerFolder
from lake.place import LakePlace
from tests.http.clients import Served
from tests.reports.week_of_march import tell


@contextmanager
def served_in(
    folder: Path | LedgerFolder,
    tokens: Tokens | None = None,
    limits: Limits = USUAL_LIMITS,
    webhooks: WebhookSecret | None = None,
    lake: LakePlace | None = None,
    several: AllLedgers = (),
    read_only: bool = False,
) -> Iterator[Served]:
    place = LedgerFolder.of(folder)
    with (
        Service(
            place,
            tokens=tokens,
            limits=limits,
            webhooks=webhooks,
            lake=lake,
            several=several,
            read_only=read_only,
        ) as service,
        listening(application(service), "127.0.0.1", 0) as there,
        Served(place, there.url) as served,
    ):
        yield served


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """An empty ledger of this test alone."""
    with served_in(tmp_path / "ledger") as served:
        yield served


@pytest.fixture(scope="module")
def served_week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The seven calls of a week in March, only to be read."""
    folder = tmp_path_factory.mktemp("week") / "ledger"
    tell(folder)
    with served_in(folder) as served:
        yield served


MakeKey = Callable[..., str]


@pytest.fixture
def make_key(tmp_path: Path) -> MakeKey:
    """Make a key in the folder of `served`."""

    def make(
        role: str, source: str | None = None, agent: str | None = None, days: float = 1
    ) -> str:
        keys = Keys(LedgerFolder(tmp_path / "ledger"))
        now = datetime.now(UTC)
        return keys.make(ApiRole(role), source, agent, "a test", now, timedelta(days=days))[1]

    return make
