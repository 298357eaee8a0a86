"""Whether a long-running process is alive and ready, and the figures that Prometheus asks for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from entrypoints.workers.lag import Figures
from entrypoints.workers.shutdown import Shutdown
from infra.errors import LedgerError

SILENT_SECONDS: Final = 300.0
"""A process whose loop has not turned for this long hangs; even a whole rebuild takes less."""

LOOKED_UP_SECONDS: Final = 1.0
"""For this long a figure that was looked up is used again."""

MEANINGS: Final = {
    "store_position": "The last position in the event store.",
    "published_position": "The last position that the publisher brought into Kafka.",
    "lag_events": "Events that are still to be brought on.",
    "lag_refusals": "Refusals that are still to be brought on.",
    "lag_commands": "Commands in Kafka that are still to be answered.",
    "lag_seconds": "How far behind it is in time, or 0 when nothing is left to do.",
    "quarantine_waiting": "Messages in quarantine that nobody has resolved.",
    "incomplete_calls": "Calls of which an event is a dead letter.",
}
"""The figures that are looked up when somebody asks."""


class LookedUp(Collector):
    """Figures that are looked up only when somebody asks for them."""

    def __init__(self, look_up: Callable[[], Figures]) -> None:
        self._look_up = look_up
        self._one_at_a_time = threading.Lock()
        self._found: tuple[Figures, str] = {}, "Nothing was looked up yet."
        self._until = 0.0

    def figures(self) -> tuple[Figures, str]:
        """The figures, or why they are not known."""
        with self._one_at_a_time:
            if time.monotonic() >= self._until:
                try:
                    self._found = self._look_up(), ""
                except LedgerError as error:
                    self._found = {}, str(error)
                except Exception as error:  # asking must never be what ends the work
                    self._found = {}, f"The lag cannot be read ({type(error).__name__})."
                self._until = time.monotonic() + LOOKED_UP_SECONDS
            return self._found

    def describe(self) -> list[GaugeMetricFamily]:
        """Nothing: a registry that asks for names must not cause a look-up."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The figures that are known, and whether they are."""
        found, why_not = self.figures()
        yield GaugeMetricFamily(
            "call_ledger_lag_known", "1 when the lag could be read.", value=float(not why_not)
        )
        for name, value in found.items():
            yield GaugeMetricFamily(f"call_ledger_{name}", MEANINGS[name], value=value)


class Liveness:
    """A process is alive while its loop turns, and ready when it works and its lag is known."""

    def __init__(self, shutdown: Shutdown, look_up: Callable[[], Figures]) -> None:
        self.registry = CollectorRegistry()
        self._shutdown = shutdown
        self._began_at = time.monotonic()
        self._looked_up = LookedUp(self._while_working(look_up))
        self.registry.register(self._looked_up)

    def why_not_alive(self) -> str:
        """Empty, or for how long its loop has not turned."""
        last = self._shutdown.asked_at or self._began_at
        silent_seconds = time.monotonic() - last
        if silent_seconds < SILENT_SECONDS:
            return ""
        return f"It has not come round for {silent_seconds:.0f} seconds: start it again."

    def why_not_ready(self) -> str:
        """Empty, or what is missing."""
        return self.why_not_alive() or self._looked_up.figures()[1]

    def _while_working(self, look_up: Callable[[], Figures]) -> Callable[[], Figures]:
        """A look-up before it works, or after, could take what the process itself needs."""

        def look() -> Figures:
            if self._shutdown.is_told:
                raise LedgerError("It ends: it was told to.")
            if self._shutdown.asked_at is None:
                raise LedgerError("It begins: it does not work yet.")
            return look_up()

        return look
