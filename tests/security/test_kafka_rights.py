"""The rights that docs/operations.md lists: with them a process works, and without any it says so.

Every account has the rights of one process, or all of them but one.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from consumers.command_consumer import serve
from consumers.kafka.checkpoints import problems_of_positions
from consumers.projector import project
from consumers.publisher import publish
from consumers.reconcile.compare import reconcile
from infra.kafka import Kafka, KafkaUnavailable
from infra.topics import check_safe, create, topics
from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from tests.conftest import folder_for_servers
from tests.consumers.commanding import ask
from tests.consumers.recorded import record_calls
from tests.ledger.lines import lines_of_calls
from tests.security.secured_kafka import (
    Rights,
    SecuredKafka,
    kafka_of,
    secured_kafka,
    wait_until_let_in,
)

PAGE = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z -]+)` \| ((?:[A-Z]\w+(?:, \w+)* on `.+`(?:; )?)+) \|$", re.MULTILINE)
NOBODY_STOPS = threading.Event()


def listed() -> dict[str, Rights]:
    """The page's table: of each process, the operations by the name that they are on."""
    rights: dict[str, Rights] = {}
    for process, cell in ROW.findall(PAGE):
        of_process: dict[str, list[str]] = {}
        for part in cell.split("; "):
            operations, _, names = part.partition(" on ")
            for name in re.findall(r"`([^`]+)`", names):
                as_kafka_says = [re.sub(r"(?<=[a-z])(?=[A-Z])", "_", one).upper()
                                 for one in operations.split(", ")]  # fmt: skip
                of_process[name] = as_kafka_says
        rights[process] = of_process
    return rights


LISTED = listed()


def lacking() -> dict[str, Rights]:
    """Accounts that lack one right, named for it."""
    return {
        f"{process} without {operation} on {name}": {
            **rights,
            name: [one for one in operations if one != operation],
        }
        for process, rights in LISTED.items()
        for name, operations in rights.items()
        for operation in operations
    }


@pytest.fixture(scope="session")
def accounts() -> Iterator[SecuredKafka]:
    """A Kafka of these tests alone, because in a new one not even the topics are there."""
    rights_of = {**LISTED, **lacking()}
    with folder_for_servers() as folder, secured_kafka(folder) as secured:
        secured.add_accounts(*rights_of)
        secured.give(rights_of)
        yield secured


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ledger of all of these tests."""
    place = tmp_path_factory.mktemp("ledger")
    record_calls(place, 2)
    return place


def run(account: str, accounts: SecuredKafka, folder: Path, own: Path) -> object:
    """The account's process, until there is nothing left to do."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        kafka = kafka_of(monkeypatch, accounts.variables(account))
    process = account.partition(" without ")[0]
    return PROCESSES[process](kafka, folder, own, accounts.administrator)


def run_publish(kafka: Kafka, folder: Path, _own: Path, _administrator: Kafka) -> object:
    feed = lambda: StoreFeed(folder)  # noqa: E731 - what `publish` opens
    return publish(feed, kafka, NOBODY_STOPS, from_position=1, until_end=True)


def run_serve(kafka: Kafka, folder: Path, _own: Path, administrator: Kafka) -> object:
    ask(administrator, lines_of_calls(1))
    return serve(lambda: Ledger.open(folder / "served"), kafka, NOBODY_STOPS, until_end=True)


def run_project(kafka: Kafka, _folder: Path, own: Path, _administrator: Kafka) -> object:
    return project(own, kafka, NOBODY_STOPS, until_end=True)


def run_reconcile(kafka: Kafka, folder: Path, _own: Path, _administrator: Kafka) -> object:
    with StoreFeed(folder) as store:
        return reconcile(store, kafka, None).difference_count


def check_topics(kafka: Kafka) -> None:
    check_safe(kafka, *topics())
    assert problems_of_positions(kafka) == []


# Publishing comes last: a page that was left open for want of a right holds readers up.
PROCESSES: dict[str, Callable[[Kafka, Path, Path, Kafka], object]] = {
    "topics create": lambda kafka, *_: create(kafka),
    "topics check": lambda kafka, *_: check_topics(kafka),
    "project": run_project,
    "reconcile": run_reconcile,
    "serve-commands": run_serve,
    "publish": run_publish,
}


@pytest.fixture(scope="session")
def came(
    accounts: SecuredKafka, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, object]:
    """What came of each process with the rights of the page, in the order of a new Kafka.

    Once in a session: workers that share the tests may come back to this module.
    """
    in_order = sorted(PROCESSES, key=lambda one: (one == "reconcile", one == "project"))
    wait_until_let_in(accounts, list(lacking())[-1])
    with pytest.raises(KafkaUnavailable, match="rights"):
        run("topics create without CREATE on call-events", accounts, folder, folder)
    return {one: run(one, accounts, folder, tmp_path_factory.mktemp(one)) for one in in_order}


def test_the_page_lists_every_process_that_goes_to_kafka() -> None:
    assert LISTED.keys() == PROCESSES.keys()
    assert {name for rights in LISTED.values() for name in rights} >= set(topics())


@pytest.mark.slow
def test_with_the_rights_of_the_page_every_process_works(came: dict[str, object]) -> None:
    assert came == {
        "topics create": ["call-events"],  # the others were made by who may not create this one
        "topics check": None,
        "serve-commands": 6,
        "publish": (14, 2),
        "project": (14, 2, 14, 2),
        "reconcile": 0,
    }


@pytest.mark.slow
@pytest.mark.parametrize("process", list(PROCESSES)[1:])
@pytest.mark.usefixtures("came")
def test_a_process_that_lacks_any_one_right_says_so_in_one_sentence(
    process: str, accounts: SecuredKafka, folder: Path, tmp_path: Path
) -> None:
    without = [one for one in lacking() if one.startswith(f"{process} without ")]
    assert without
    for number, account in enumerate(without):
        with pytest.raises(KafkaUnavailable, match="rights") as refused:
            print(account, run(account, accounts, folder, tmp_path / str(number)))
        assert "\n" not in str(refused.value), account
        print(f"{account}: {refused.value}")
    print(f"{process}: {len(without)} rights, each is needed")
