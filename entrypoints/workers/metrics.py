"""What each of the long-running processes measures while it works."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from entrypoints.workers.worker import Worker
from infra.logs import Happening
from ledger.outcomes import Misdirected, Outcome, Recorded, RefusedOutcome
from ledger.store.interface import Ends

if TYPE_CHECKING:
    from lake.record import Record
    from projections.batches import Positions

SIZES: Final = (1, 10, 100, 500, 1_000, 2_000, 5_000, 10_000, 50_000)
SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
SAY_EVERY_SECONDS: Final = 10.0
CAME_TO: Final = {
    Recorded: "recorded",
    RefusedOutcome: "refused",
    Misdirected: "misdirected",
}


class Metrics:
    """Sizes and durations of pages, and a line in the log now and then."""

    def __init__(self, worker: Worker) -> None:
        registry = worker.liveness.registry
        self._log = worker.log
        self._said_at = 0.0
        self._sizes = Histogram(
            "call_ledger_page_size",
            "Messages in one page, which is one transaction.",
            registry=registry,
            buckets=SIZES,
        )
        self._seconds = Histogram(
            "call_ledger_page_seconds",
            "From having a page until it is committed.",
            registry=registry,
            buckets=SECONDS,
        )

    def note_page(self, size: int, seconds: float, **numbers: int) -> None:
        """A page of so many messages was committed."""
        self._sizes.observe(size)
        self._seconds.observe(seconds)
        if time.monotonic() > self._said_at + SAY_EVERY_SECONDS:
            self._said_at = time.monotonic()
            self._log.info(Happening.GOES_ON, extra=numbers)


class PublisherMetrics(Metrics):
    """How far events and refusals have been brought."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker)
        registry = worker.liveness.registry
        self.done = Ends(0, 0)
        self._before: Ends | None = None
        self._position = gauge(registry, "position", "The last position that was brought on.")
        self._refusal = gauge(registry, "refusal_number", "The last refusal that was.")

    def on_page(self, done: Ends, seconds: float) -> None:
        """The publisher's page was committed; the first call says where it resumes."""
        self.done = done
        self._position.set(done.position)
        self._refusal.set(done.refusal_number)
        before, self._before = self._before, done
        if before is not None and done != before:
            size = sum(done) - sum(before)
            self.note_page(
                size, seconds, position=done.position, refusal_number=done.refusal_number
            )


class ProjectorMetrics(PublisherMetrics):
    """How far the tables are."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker)
        registry = worker.liveness.registry
        self._projected = gauge(
            registry, "projected_position", "The last position that the tables show."
        )

    def on_positions(self, positions: Positions, seconds: float) -> None:
        """The projector's page was committed."""
        self._projected.set(positions.projected_position)
        self.on_page(Ends(positions.position, positions.refusal_number), seconds)


class ShardMetrics(PublisherMetrics):
    """How far a shard is, and the files that could not be folded."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker)
        self._failures = Counter(
            "call_ledger_fold_failures",
            "Times that fresh files could not be folded.",
            registry=worker.liveness.registry,
        )

    def on_commit(self, record: Record, seconds: float) -> None:
        """The shard's page was committed."""
        self.on_page(Ends(record.position, record.refusal_number), seconds)

    def on_failed(self, error: Exception) -> None:
        """Files were left as they were, and are folded later."""
        self._failures.inc()
        self._log.warning(Happening.NOT_FOLDED, exc_info=error)


class SnapshotMetrics:
    """The snapshot files that the projector publishes."""

    def __init__(self, worker: Worker) -> None:
        registry = worker.liveness.registry
        self._log = worker.log
        self._position = gauge(
            registry, "snapshot_position", "The position of the last snapshot file."
        )
        self._made_at = gauge(
            registry, "snapshot_made_at_seconds", "When it was made, in seconds since 1970."
        )
        self._failures = Counter(
            "call_ledger_snapshot_failures",
            "Snapshot files that could not be made.",
            registry=registry,
        )

    def on_made(self, position: int) -> None:
        """A file has its name."""
        self._position.set(position)
        self._made_at.set_to_current_time()
        self._log.info(Happening.SNAPSHOT, extra={"position": position})

    def on_failed(self, error: Exception) -> None:
        """None could be made; the one before is as it was."""
        self._failures.inc()
        self._log.warning(Happening.NO_SNAPSHOT, exc_info=error)


class CommandMetrics(Metrics):
    """The outcomes of commands."""

    def __init__(self, worker: Worker) -> None:
        super().__init__(worker)
        registry = worker.liveness.registry
        self._answered = 0
        self._commands = Counter(
            "call_ledger_commands", "Commands by what they came to.", ["outcome"], registry=registry
        )
        self._refusals = Counter(
            "call_ledger_refusals", "Refused commands by their rule.", ["rule"], registry=registry
        )
        self._groups = Histogram(
            "call_ledger_group_size",
            "Commands that were recorded in one transaction.",
            registry=registry,
            buckets=SIZES,
        )
        self._group_seconds = Histogram(
            "call_ledger_group_seconds",
            "From having a page of commands until its group is on disk.",
            registry=registry,
            buckets=SECONDS,
        )

    def on_group(self, outcomes: Sequence[Outcome], unreadable: int, seconds: float) -> None:
        """A group is on disk; a repeated refusal counts as repeated, not by its rule."""
        self._groups.observe(len(outcomes))
        self._group_seconds.observe(seconds)
        for outcome in outcomes:
            self._commands.labels("repeated" if outcome.repeated else CAME_TO[type(outcome)]).inc()
            if isinstance(outcome, RefusedOutcome) and not outcome.repeated:
                self._refusals.labels(outcome.rule).inc()
        if unreadable:
            self._commands.labels("unreadable").inc(unreadable)
            self._log.warning(Happening.UNREADABLE, extra={"unreadable": unreadable})

    def on_page(self, answered: int, seconds: float) -> None:
        """So many are answered since the process began."""
        size, self._answered = answered - self._answered, answered
        self.note_page(size, seconds, commands=answered)


def gauge(registry: CollectorRegistry, name: str, meaning: str) -> Gauge:
    """A number that is set."""
    return Gauge(f"call_ledger_{name}", meaning, registry=registry)
