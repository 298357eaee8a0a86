"""What the HTTP interface measures, in the words that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from entrypoints.workers.metrics import SECONDS
from ledger.outcomes import Misdirected, Outcome, RefusedOutcome

NO_ROUTE: Final = "none"


class HttpMetrics:
    """Requests by route and status, how long they take, and what commands came to."""

    def __init__(self, connections: Callable[[], Collection[object]]) -> None:
        self.registry = CollectorRegistry()
        requests = Counter(
            "call_ledger_http_requests",
            "Requests that were answered, by route and status.",
            ["route", "method", "status"],
            registry=self.registry,
        )
        seconds = Histogram(
            "call_ledger_http_request_seconds",
            "From a request's head until its answer begins.",
            ["route"],
            registry=self.registry,
            buckets=SECONDS,
        )
        commands = Counter(
            "call_ledger_commands",
            "Commands by what they came to.",
            ["outcome"],
            registry=self.registry,
        )
        refusals = Counter(
            "call_ledger_refusals",
            "Refused commands by their rule.",
            ["rule"],
            registry=self.registry,
        )
        Gauge(
            "call_ledger_http_connections", "Connections that are open.", registry=self.registry
        ).set_function(lambda: len(connections()))
        # Found once: to look one up by its labels takes longer than to count.
        self._requests = cache(requests.labels)
        self._seconds = cache(seconds.labels)
        self._commands = cache(commands.labels)
        self._refusals = cache(refusals.labels)

    def on_answer(self, route: str, method: str, status: int, seconds: float) -> None:
        """An answer begins."""
        self._requests(route, method, status).inc()
        self._seconds(route).observe(seconds)

    def on_outcome(self, outcome: Outcome) -> None:
        """A command has its outcome; a repeated refusal counts as repeated, not by its rule."""
        if outcome.repeated:
            self._commands("repeated").inc()
        elif isinstance(outcome, RefusedOutcome):
            self._commands("refused").inc()
            self._refusals(outcome.rule).inc()
        elif isinstance(outcome, Misdirected):
            self._commands("misdirected").inc()
        else:
            self._commands("recorded").inc()

    def on_unreadable(self, count: int) -> None:
        """So many lines of a batch are no commands."""
        self._commands("unreadable").inc(count)
