"""Many writers, killed at any moment, beside long transactions: a follower misses nothing."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import orjson
import psycopg
import pytest

from domain.commands import Command
from infra.folder import LedgerFolder
from infra.local.postgresql import LocalPostgresql
from infra.local.servers import wait_until
from ledger.feed import StoreFeed
from ledger.intake import new_command_id, read_request
from ledger.ledger import Ledger
from ledger.outcomes import Outcome
from tests.ledger.lines import assert_whole, id_in, lines_of_calls
from tests.ledger.recorder import ALL, Recorder, place_of
from tests.ledger.stores import PostgresqlStore, ledger_at

WRITERS = 8
CALLERS = 16
CALLS_OF_EACH = 400
SHARED_CALLS = 40
SHARED_COMMANDS = 200
SECONDS = 20
KILLS_AT_LEAST = 20
COMMANDS_LEFT_AT_LEAST = 50
CRASHES = 3
COMMANDS_A_CRASH = 2_000


@dataclass
class Follower:
    """Tails the feed as a projector does, and keeps what it saw, in the order it saw it."""

    folder: LedgerFolder
    seen: list[tuple[int, bytes]] = field(default_factory=list)
    last: int = 0
    stopping: threading.Event = field(default_factory=threading.Event)
    failure: Exception | None = None

    def follow(self) -> None:
        try:
            with StoreFeed(self.folder) as feed:
                while not self.stopping.is_set():
                    self.read_on(feed)
                    time.sleep(0.001)
                self.read_on(feed)
        except Exception as error:
            self.failure = error

    def read_on(self, feed: StoreFeed) -> None:
        for batch in feed.batches(self.last, 500):
            self.seen += zip(batch.positions, batch.documents, strict=True)
            self.last = batch.positions[-1]


@dataclass
class Writer:
    """One desktop's process; when it is killed another one goes on with what is left."""

    folder: LedgerFolder
    store: str
    rest: Path
    lines: list[bytes]
    acknowledged: dict[str, str] = field(default_factory=dict)
    process: Recorder | None = None
    reading: threading.Thread | None = None
    is_done: bool = False

    @property
    def commands_left(self) -> int:
        return len({id_in(line) for line in self.lines} - self.acknowledged.keys())

    def start(self) -> None:
        self.rest.write_bytes(
            b"\n".join(line for line in self.lines if id_in(line) not in self.acknowledged)
        )
        self.process = Recorder(self.folder.path, self.store, self.rest)
        self.reading = threading.Thread(target=self.read, args=(self.process,))
        self.reading.start()

    def read(self, process: Recorder) -> None:
        for told in process.told():
            if told == ALL:
                self.is_done = True
            else:
                command_id, outcome = told
                assert self.acknowledged.setdefault(command_id, outcome) == outcome

    def end(self, at_once: bool) -> None:
        assert self.process is not None
        assert self.reading is not None
        if at_once:
            self.process.kill()
        self.reading.join(120)
        self.process.close()


def shared_lines(writer: int, random: Random) -> list[bytes]:
    """Holds and resumes of calls that all writers work on: each must see the others' events."""
    lines = []
    for _ in range(CALLS_OF_EACH):
        said = {
            "type": f"call.{random.choice(['hold', 'resume'])}.v1",
            "command_id": str(new_command_id()),
            "source": "test",
            "call_id": f"call-{random.randrange(SHARED_CALLS)}",
            "actor": "agent-1",
            "occurred_at": "2026-01-01T10:00:00Z",
            "observed": writer % 2 == 0,
        }
        lines.append(orjson.dumps(said))
    return lines


def lines_of_writer(writer: int, everybodys: list[bytes], random: Random) -> list[bytes]:
    """Calls of its own, holds and resumes of shared calls, and commands that all writers send."""
    own = [
        line.replace(b'"call-', f'"call-{writer + 1}00'.encode())
        for line in lines_of_calls(CALLS_OF_EACH)
    ]
    lines = [*own]
    for line in [*shared_lines(writer, random), *everybodys]:
        lines.insert(random.randrange(len(lines)), line)
    return lines


@pytest.mark.slow
def test_no_follower_misses_an_event_of_many_writers(
    tmp_path: Path, postgresql_store: PostgresqlStore, capsys: pytest.CaptureFixture[str]
) -> None:
    random = Random(5)
    folder = ledger_at(tmp_path / "ledger", postgresql_store.url)
    begun = lines_of_calls(SHARED_CALLS)
    with Ledger.open(folder) as ledger:
        ledger.record_many([read_request(line) for line in begun if b"leave" not in line])
    everybodys = [
        line.replace(b'"call-', b'"call-990') for line in lines_of_calls(SHARED_COMMANDS // 6)
    ]
    writers = [
        Writer(
            folder,
            postgresql_store.url,
            tmp_path / f"{number}.jsonl",
            lines_of_writer(number, everybodys, random),
        )
        for number in range(WRITERS)
    ]
    follower = Follower(folder)
    tailing = threading.Thread(target=follower.follow)
    tailing.start()
    kills = 0
    with ExitStack() as long_transactions:
        deadline = time.monotonic() + SECONDS
        for number in range(3):
            begin_long_transaction(long_transactions, postgresql_store, number)
        for writer in writers:
            writer.start()
        while time.monotonic() < deadline or kills < KILLS_AT_LEAST:
            time.sleep(random.uniform(0.05, 0.6))
            at_work = [one for one in writers if one.commands_left > COMMANDS_LEFT_AT_LEAST]
            if not at_work:
                break
            one = random.choice(at_work)
            one.end(at_once=True)
            kills += 1
            one.start()
        for writer in writers:
            writer.end(at_once=False)
    follower.stopping.set()
    tailing.join(60)

    assert follower.failure is None
    assert all(writer.is_done for writer in writers)
    with StoreFeed(folder) as feed:
        recorded = [
            row
            for batch in feed.batches(0)
            for row in zip(batch.positions, batch.documents, strict=True)
        ]
    missed = len(set(recorded) - set(follower.seen))
    with capsys.disabled():
        print(
            f"\n{WRITERS} writers, {kills} kills, {len(recorded):,} events: missed events: {missed}"
        )
    assert follower.seen == recorded
    assert missed == 0
    assert kills >= KILLS_AT_LEAST
    acknowledged = {
        command_id: outcome for one in writers for command_id, outcome in one.acknowledged.items()
    }
    for writer in writers:
        assert writer.acknowledged.items() <= acknowledged.items()
    assert_whole(folder, acknowledged)


def begin_long_transaction(
    open_until_the_end: ExitStack, store: PostgresqlStore, number: int
) -> None:
    """One that has written, or holds an old snapshot: what a naive follower stumbles over."""
    connection = open_until_the_end.enter_context(psycopg.connect(store.url))
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    connection.execute("SELECT count(*) FROM events")
    if number:
        connection.execute(f"CREATE TABLE beside_{number} AS SELECT 1 AS one".encode())


@pytest.mark.slow
def test_a_server_that_crashes_under_load_loses_and_doubles_nothing(
    tmp_path: Path,
    postgresql: LocalPostgresql,
    postgresql_store: PostgresqlStore,
    capsys: pytest.CaptureFixture[str],
) -> None:
    commands = [read_request(line).command for line in lines_of_calls(1_500)]
    folder = ledger_at(tmp_path, postgresql_store.url)
    with Ledger.open(folder) as ledger, ThreadPoolExecutor(1) as recording:
        callers = Callers(ledger, commands)
        done = recording.submit(asyncio.run, callers.record())
        while callers.crashes < CRASHES:
            assert wait_until(lambda: done.done() or callers.are_amid, 200)
            assert not done.done()
            postgresql.stop(at_once=True)
            postgresql.start()
            callers.crashes += 1
        outcomes = done.result(timeout=200)
    assert not any(outcome.repeated for outcome in outcomes)
    with capsys.disabled():
        print(f"\n{callers.crashes} crashes of the server, {len(outcomes):,} commands")
    acknowledged = {
        str(command.command_id): place_of(outcome)
        for command, outcome in zip(commands, outcomes, strict=True)
    }
    assert_whole(folder, acknowledged)
    with StoreFeed(folder) as feed:
        assert feed.head() == (1_500 * 7, 1_500)


class Callers:
    """Many callers, each with its share of the calls; they are not done before the last crash."""

    def __init__(self, ledger: Ledger, commands: list[Command]) -> None:
        self.crashes = 0
        self._ledger, self._commands = ledger, commands
        self._outcomes: dict[int, Outcome] = {}

    @property
    def are_amid(self) -> bool:
        """Whether enough was answered since the last crash for the next one."""
        return len(self._outcomes) >= COMMANDS_A_CRASH * (self.crashes + 1)

    @property
    def are_far_ahead(self) -> bool:
        """Whether the next crash is so late that nothing would be left to do."""
        return len(self._outcomes) >= COMMANDS_A_CRASH * (self.crashes + 2)

    async def record(self) -> list[Outcome]:
        """All outcomes, in the commands' order."""
        await asyncio.gather(*map(self._record_share, range(CALLERS)))
        return [self._outcomes[number] for number in range(len(self._commands))]

    async def _record_share(self, share: int) -> None:
        for number, command in enumerate(self._commands):
            if int(command.call_id.removeprefix("call-")) % CALLERS == share:
                while self.are_far_ahead:
                    await asyncio.sleep(0.01)
                self._outcomes[number] = await self._ledger.handle(command)
