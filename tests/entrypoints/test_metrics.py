"""A page's seconds are those of the page: waiting for one is no part of them."""

from __future__ import annotations

import logging
import time

from entrypoints.workers.liveness import Liveness
from entrypoints.workers.metrics import CommandMetrics, ProjectorMetrics, PublisherMetrics
from entrypoints.workers.shutdown import Shutdown
from entrypoints.workers.worker import Worker
from ledger.store.interface import Ends
from projections.batches import Positions


def worker_that_waited() -> Worker:
    """It asked whether to stop long ago, and a page came only now."""
    shutdown = Shutdown()
    shutdown.is_set()
    shutdown.asked_at = time.monotonic() - 100
    return Worker(logging.getLogger("test"), shutdown, Liveness(shutdown, dict))


def seconds_in(worker: Worker, name: str = "page") -> float | None:
    return worker.liveness.registry.get_sample_value(f"call_ledger_{name}_seconds_sum")


def test_the_seconds_of_a_page_leave_out_the_wait_for_it() -> None:
    publisher, projector, commands = (worker_that_waited() for _ in range(3))
    publishing, projecting = PublisherMetrics(publisher), ProjectorMetrics(projector)
    for position, seconds in ((1, 0.0), (3, 0.25)):
        publishing.on_page(Ends(position, 0), seconds)
        projecting.on_positions(Positions(position, 0, position, 0), seconds)
    serving = CommandMetrics(commands)
    serving.on_group([], 0, 0.125)
    serving.on_page(2, 0.25)
    assert [seconds_in(one) for one in (publisher, projector, commands)] == [0.25, 0.25, 0.25]
    assert seconds_in(commands, "group") == 0.125
