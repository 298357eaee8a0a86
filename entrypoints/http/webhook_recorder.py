"""Records the calls of webhooks once they have ended and nothing of them has come for a while.

Deliveries come in any order. What is on disk is answered, and is recorded also after a restart.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Final

from entrypoints.http.deliveries import Deliveries
from importers.webex_webhook import Delivery, delivery_of, read
from infra.errors import LedgerError
from infra.folder import LedgerFolder
from ledger.ledger import Ledger
from ledger.outcomes import Misdirected, Request
from ledger.quarantine import Unread

SOURCE: Final = "webex"
"""The source of its calls, which `call-ledger import webex` gives them, too."""

SETTLING_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 1.0


class WebhookRecorder:
    """A thread that looks for calls that have settled, until it is closed."""

    def __init__(
        self, folder: LedgerFolder, ledger: Ledger, settling_seconds: float = SETTLING_SECONDS
    ) -> None:
        self.deliveries = Deliveries(folder)
        self._ledger = ledger
        self._settling = timedelta(seconds=settling_seconds)
        self._look_seconds = min(LOOK_SECONDS, settling_seconds)
        self._is_ending = Event()
        self._thread = Thread(target=self._work, name="webhooks")
        self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._is_ending.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._is_ending.wait(self._look_seconds):
            # What cannot be written now is found again.
            with suppress(LedgerError):
                for task_id in self.deliveries.settled(datetime.now(UTC) - self._settling):
                    self._record(task_id)

    def _record(self, task_id: str) -> None:
        """What was recorded before stays as it is: a delivery that comes late adds its own."""
        kept = self.deliveries.of(task_id)
        told = [(delivery_of(body), is_recorded) for body, is_recorded in kept]
        known = [(one, done) for one, done in told if isinstance(one, Delivery)]
        before = {one.activity.id for one, is_recorded in known if is_recorded}
        try:
            observations = read(SOURCE, [one for one, _ in known])
            requests = [
                Request(one, observed=True)
                for one in observations
                if one.correlation_id not in before
            ]
            outcomes = self._ledger.record_many(requests)
            if others := [one for one in outcomes if isinstance(one, Misdirected)]:
                self._keep_apart(task_id, [body for body, _ in kept], others[0].sentence)
        except LedgerError:
            raise
        except Exception as error:  # a call that cannot be read must not keep the others waiting
            reason = f"the call of these deliveries cannot be read ({type(error).__name__})"
            self._keep_apart(task_id, [body for body, _ in kept], reason)
        self.deliveries.mark(task_id, len(kept))

    def _keep_apart(self, task_id: str, deliveries: list[bytes], reason: str) -> None:
        """Keep deliveries in quarantine, each once."""
        self._ledger.quarantine.add_new(
            [
                Unread(f"webhook:{task_id}:{number}", one, reason)
                for number, one in enumerate(deliveries)
            ]
        )
