"""Servers that really run, started for a test session and ended with it.

Where several workers share the tests, each has a PostgreSQL of its own, and all share one Kafka:
its start and its memory are what cost most, and each test has its own topics there.
"""

from __future__ import annotations

import fcntl
import logging
import os
import signal
import subprocess
import sys
import uuid
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from infra.kafka import Kafka
from infra.local.kafka import LocalKafka
from infra.local.lifetime import ended_with_this_process
from infra.local.postgresql import LocalPostgresql
from infra.topics import create
from tests.linked_classes import linked_file, use_linked_classes
from tests.projections.new_files import copied_files

# While a broker is away the client says so many times a second, and would hide what a test says.
logging.getLogger("kafka").setLevel(logging.CRITICAL)

# How long an example takes says how busy the machine is, not whether a promise is kept.
settings.register_profile(
    "at any speed", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("at any speed")


SHARED = pytest.StashKey[Path]()
"""The folder of the Kafka that all workers share."""

WORKERS_A_CORE = 2
"""The slow tests wait for other processes half of their time."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many workers `-n auto` is."""
    return WORKERS_A_CORE * (os.cpu_count() or 1)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the folder in the process that outlives all workers, and leave nothing running."""
    use_linked_classes()
    told: dict[str, Any] | None = getattr(config, "workerinput", None)
    if told is not None:
        config.stash[SHARED] = Path(told["shared"])
        return
    stack = ExitStack()
    config.add_cleanup(stack.close)
    config.stash[SHARED] = stack.enter_context(folder_for_servers())
    keep_bytecode(config.stash[SHARED] / "bytecode")
    stack.enter_context(ended_with_this_process(LocalKafka(config.stash[SHARED] / "kafka")))


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Where workers share the tests, let the first compile for all of them what they import."""
    if not hasattr(session.config, "workerinput"):
        return (yield)
    shared = session.config.stash[SHARED]
    compiled = shared / "compiled"
    with (shared / "compiling").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if compiled.exists():
            fcntl.flock(lock, fcntl.LOCK_UN)
        collected = yield
        compiled.touch()
        return collected


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where workers share the tests, let each begin with its part of the long ones.

    Each is given consecutive tests, as many as the others, and later takes from those behind.
    """
    told: dict[str, Any] | None = getattr(config, "workerinput", None)
    if told is None:
        return
    long = deque(one for one in items if one.get_closest_marker("long"))
    others = deque(one for one in items if not one.get_closest_marker("long"))
    items.clear()
    for workers in range(told["workercount"], 0, -1):
        share = (len(long) + len(others)) // workers
        first = [long.popleft() for _ in range(min(share, len(long) // workers))]
        items += [*first, *(others.popleft() for _ in range(share - len(first)))]


def keep_bytecode(folder: Path) -> None:
    """Where Python is told to keep no bytecode beside the sources, keep it here.

    Tests start hundreds of processes, and each takes twice as long when it has to compile all that
    it imports, the libraries too.
    """
    if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
        os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix = str(folder)
        sys.dont_write_bytecode = False


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config) -> None:
    """Where workers share the tests, have Kafka's classes linked while the first compiles."""
    if not linked_file().exists():
        linking = subprocess.Popen(
            [sys.executable, "-m", "tests.linked_classes"], stderr=subprocess.DEVNULL
        )

        def end() -> None:
            linking.send_signal(signal.SIGINT)
            linking.wait()

        config.add_cleanup(end)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker the folder."""
    node.workerinput["shared"] = str(node.config.stash[SHARED])


@contextmanager
def folder_for_servers() -> Iterator[Path]:
    """A folder that PostgreSQL's account can reach."""
    # Not in pytest's own folder: another session that starts closes that to other accounts.
    with TemporaryDirectory(prefix="call-ledger-servers-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture(scope="session", autouse=True)
def quick_new_files() -> Iterator[None]:
    """Each new file of tables of this process is a copy."""
    with copied_files():
        yield


@pytest.fixture(scope="session")
def servers() -> Iterator[Path]:
    """The folder of this session's servers."""
    with folder_for_servers() as folder:
        yield folder


@pytest.fixture
def own_servers() -> Iterator[Path]:
    """A folder for the servers of this one test."""
    with folder_for_servers() as folder:
        yield folder


@pytest.fixture(scope="session")
def postgresql(servers: Path) -> Iterator[LocalPostgresql]:
    """A running PostgreSQL 18 of this test session."""
    server = LocalPostgresql(servers / "postgresql")
    with ended_with_this_process(server):
        server.start()
        yield server


@pytest.fixture(scope="session")
def kafka_server(pytestconfig: pytest.Config) -> LocalKafka:
    """A running Apache Kafka of this test session, with one broker; the first worker starts it."""
    shared = pytestconfig.stash[SHARED]
    server = LocalKafka(shared / "kafka")
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        server.start()
    return server


@pytest.fixture
def kafka(kafka_server: LocalKafka) -> Kafka:
    """Fresh topics of this one test."""
    return with_fresh_topics(kafka_server)


def with_fresh_topics(server: LocalKafka) -> Kafka:
    """That Kafka, with topics under a prefix of their own."""
    one = Kafka(server.bootstrap, prefix=f"test-{uuid.uuid4().hex[:8]}.")
    create(one)
    return one
