"""What the HTTP interface has open while it serves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from threading import BoundedSemaphore
from types import TracebackType
from typing import TYPE_CHECKING, Final, NamedTuple

from fastapi import Request

from domain.rule_sets import SEED, RuleSet
from entrypoints.http.access_log import AccessLog, Reading, text_of
from entrypoints.http.event_tail import MOST_STREAMS, MOST_STREAMS_OF_ONE, EventTail
from entrypoints.http.keys import Caller, Keys
from entrypoints.http.problems import Problem, try_again
from entrypoints.http.rates import REQUESTS_PER_SECOND, Rates
from entrypoints.http.read_sides import FolderTables, PublishedTables, ReadSides
from entrypoints.http.webhook_recorder import SETTLING_SECONDS, WebhookRecorder
from infra.folder import LedgerFolder
from ledger.ledger import Ledger
from projections.feeds import feed_of

if TYPE_CHECKING:
    from entrypoints.http.sign_in import SignIn
    from entrypoints.http.timed_reader import TimedReader
    from entrypoints.http.tokens import Tokens
    from infra.settings import Settings
    from lake.place import LakePlace
    from projections.serving.united import UnitedReader

ANSWER_SECONDS: Final = 60.0
"""How long the questions of a request may take together to be computed."""

MOST_PROCESSES: Final = 3
"""Exports and analysts' statements at a time; each may have a gigabyte."""

PROCESS_SECONDS: Final = 2.0
"""How long one waits for its turn: whoever waits has a thread that others want, too."""


READ_ONLY: Final = "This server only reads: ask one that was started without --read-only."
NO_STORE: Final = (
    "This server reads published tables, and this is in the event store alone: ask a server that"
    " has it."
)


class WebhookSecret(NamedTuple):
    """By what deliveries are signed, in which header, and how long a call settles."""

    header: str
    secret: str
    settling_seconds: float = SETTLING_SECONDS


class Limits(NamedTuple):
    """What a server gives at most: to all, and to each key or subject of tokens."""

    streams: int = MOST_STREAMS
    streams_of_one: int = MOST_STREAMS_OF_ONE
    requests_per_second: int = REQUESTS_PER_SECOND
    """Of each."""
    answer_seconds: float = ANSWER_SECONDS


USUAL_LIMITS: Final = Limits()

AllLedgers = Sequence[tuple["Settings", LedgerFolder]]
"""Each ledger of a company with its own settings."""


class Service:
    """A ledger, open to read, and mostly to write, with its keys and its access log."""

    def __init__(
        self,
        folder: LedgerFolder,
        rules: RuleSet = SEED,
        tokens: Tokens | None = None,
        limits: Limits = USUAL_LIMITS,
        webhooks: WebhookSecret | None = None,
        sign_in: SignIn | None = None,
        lake: LakePlace | None = None,
        several: AllLedgers = (),
        read_only: bool = False,
    ) -> None:
        """Without `tokens` and `sign_in` only keys let in.

        With `lake` what is asked is read there, and `several` are the ledgers, this one with
        them, that reports may be over, too. With `read_only` nothing is recorded but who reads, and
        with a lake there need be no event store. Raises what opening the ledger and the log raises.
        """
        self.folder = folder
        self.keys = Keys(folder)
        self.tokens = tokens
        self.sign_in = sign_in
        self.rates = Rates(limits.requests_per_second)
        self.webhooks = webhooks
        self.several = several
        self.settings: Settings | None = None
        """Where Kafka is, for who wants to know how far it is."""
        self._open = ExitStack()
        with ExitStack() as opening:
            self._ledger: Ledger | None = None
            if read_only and lake is None:
                feed_of(folder).close()
            if not read_only:
                opened = Ledger.open(folder, rules, doing="serving HTTP")
                self._ledger = opening.enter_context(opened)
            self.has_store = folder.has_store
            self.log = AccessLog(folder)
            opening.callback(self.log.close)
            self.tail = EventTail(folder, limits.streams, limits.streams_of_one)
            opening.callback(self.tail.close)
            self.tables: ReadSides = (
                FolderTables(folder) if lake is None else PublishedTables(lake, folder)
            )
            opening.callback(self.tables.close)
            self.recorder: WebhookRecorder | None = None
            if webhooks is not None and self._ledger is not None:
                settling_seconds = webhooks.settling_seconds
                self.recorder = WebhookRecorder(folder, self._ledger, settling_seconds)
                opening.callback(self.recorder.close)
            self._open = opening.pop_all()
        self._processes = BoundedSemaphore(MOST_PROCESSES)
        self._answer_seconds = limits.answer_seconds

    @property
    def ledger(self) -> Ledger:
        """Where it records. Raises `Problem` where it only reads."""
        self.check_records()
        assert self._ledger is not None
        return self._ledger

    @property
    def records(self) -> bool:
        """Whether it takes what is to be recorded."""
        return self._ledger is not None

    def check_records(self) -> None:
        """Raise `Problem` where this server only reads."""
        if not self.records:
            raise Problem(403, "read-only", READ_ONLY)

    def check_has_store(self) -> None:
        """Raise `Problem` where this server has no event store, but tables alone."""
        if not self.has_store:
            raise Problem(404, "no-store", NO_STORE)

    @contextmanager
    def reader(self, needed_position: int | None = 0) -> Iterator[TimedReader]:
        """Somebody who answers; what it is asked raises `Problem` where it takes too long.

        Answers show what the tables show, and this position where the ledger has it; none is all
        that is recorded.
        """
        from entrypoints.http.timed_reader import TimedReader

        with self.tables.lent(needed_position) as tables:
            yield TimedReader(tables, self._answer_seconds)

    def all_ledgers(self) -> AllLedgers:
        """Each ledger that this server reads. Raises `Problem` where it is this one alone."""
        if not self.several:
            raise Problem(
                404,
                "one-ledger",
                "This server reads one ledger: start it with --all-ledgers to read all of them.",
            )
        return self.several

    @contextmanager
    def over_all(self) -> Iterator[UnitedReader]:
        """Somebody who answers over all ledgers, in a process of its own.

        Raises `Problem`: where a ledger is, is told on this machine alone.
        """
        from projections.serving.united import UnitedReader, Unreadable

        named = {str(folder.name): folder for _, folder in self.all_ledgers()}
        try:
            with self.heavy_work(), UnitedReader(named) as ledgers:
                yield ledgers
        except Unreadable as error:
            raise try_again(
                f"Ledger {error.ledger} cannot be read now, so nothing is said of all:"
                " `call-ledger ledgers` says why."
            ) from None

    @contextmanager
    def heavy_work(self) -> Iterator[None]:
        """Have one of the processes that take a processor for long. Raises `Problem`."""
        if not self._processes.acquire(timeout=PROCESS_SECONDS):
            raise try_again("Too many exports and statements are being computed: ask again.")
        try:
            yield
        finally:
            self._processes.release()

    def log_reading(
        self, request: Request, key: Caller, operation: str, question: str = ""
    ) -> None:
        """Write down who reads what; raises when it cannot be, and then nothing is read.

        `question` is what is asked beside the address.
        """
        address = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        self.log_address(key, operation, address + (f" {question}" if question else ""))

    def log_address(self, key: Caller, operation: str, address: str) -> None:
        """The same, of an address that is not the request's own."""
        now = text_of(datetime.now(UTC))
        self.log.write(Reading(now, key.id, key.role, operation, address))

    def close(self) -> None:
        """Finish what was taken, and let go of everything."""
        self._open.close()

    def __enter__(self) -> Service:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def service_of(request: Request) -> Service:
    """The service that this request came to."""
    service: Service = request.app.state.service
    return service
