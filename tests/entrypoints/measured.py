"""What the long-running processes measure, asked of the registries themselves."""

from __future__ import annotations

import logging

from entrypoints.http.metrics import HttpMetrics
from entrypoints.workers.liveness import MEANINGS, Liveness
from entrypoints.workers.metrics import CommandMetrics, ProjectorMetrics, SnapshotMetrics
from entrypoints.workers.shutdown import Shutdown
from entrypoints.workers.worker import Worker


def measured() -> set[str]:
    """The name of every metric, without call_ledger_ and without what a counter ends with."""
    names: set[str] = {"lag_known", *MEANINGS}
    for metrics in (ProjectorMetrics, SnapshotMetrics, CommandMetrics):
        shutdown = Shutdown()
        worker = Worker(logging.getLogger("test"), shutdown, Liveness(shutdown, dict))
        metrics(worker)
        found = {
            one.name.removeprefix("call_ledger_") for one in worker.liveness.registry.collect()
        }
        names |= found
    names |= {one.name.removeprefix("call_ledger_") for one in HttpMetrics(list).registry.collect()}
    return names
