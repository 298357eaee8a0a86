"""A publisher that was paused, while another took over, leaves when it wakes up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from infra.kafka import Kafka
from infra.topics import EVENTS
from tests.consumers.projecting import bring
from tests.consumers.recorded import (
    documents_in_store,
    in_order,
    messages_in,
    position_of,
    record_calls,
)

CALLS = 1_500
PUBLISHER = """
import sys, threading
from pathlib import Path
from consumers.publisher import publish
from infra.kafka import Kafka
from ledger.feed import StoreFeed
folder = Path(sys.argv[1])
print("began", flush=True)
publish(lambda: StoreFeed(folder), Kafka(sys.argv[2], sys.argv[3]), threading.Event(),
        page_events=50, on_page=lambda done, _: print(done, flush=True))
"""


@pytest.mark.slow
def test_a_paused_publisher_that_wakes_up_is_fenced_and_leaves(
    tmp_path: Path, kafka: Kafka
) -> None:
    record_calls(tmp_path, CALLS)
    paused = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", PUBLISHER, tmp_path, kafka.bootstrap, kafka.prefix],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert paused.stdout is not None
    for _ in range(6):
        paused.stdout.readline()
    os.kill(paused.pid, signal.SIGSTOP)
    bring(tmp_path, kafka)
    os.kill(paused.pid, signal.SIGCONT)
    _, said = paused.communicate(timeout=60)
    assert paused.returncode != 0
    assert "Fenced" in said
    assert set(Counter(map(position_of, messages_in(kafka, EVENTS))).values()) == {1}
    assert list(in_order(messages_in(kafka, EVENTS))) == documents_in_store(tmp_path)
