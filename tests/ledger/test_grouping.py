"""However commands are grouped into transactions, the same history comes out."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from ledger.outcomes import Request
from tests.ledger.scenes import command, id_number, standing_clock
from tests.ledger.stores import Store, ledger_at

ACTIONS = st.sampled_from(
    [
        ("receive", "system", {}),
        ("offer", "system", {"agent": "agent-1"}),
        ("answer", "agent-1", {}),
        ("hold", "agent-1", {}),
        ("resume", "agent-1", {}),
        ("start-consult", "agent-1", {"target_kind": "agent", "target": "agent-2"}),
        ("answer-consult", "agent-2", {}),
        ("start-conference", "agent-1", {}),
        ("exit", "agent-2", {}),
        ("leave", "customer", {}),
    ]
)
REQUESTS = st.lists(
    st.tuples(ACTIONS, st.sampled_from(["call-1", "call-2"]), st.booleans(), st.integers(1, 12)),
    max_size=25,
).map(
    lambda said: [
        Request(command(action, actor, call, command_id=id_number(number), **own), observed)
        for (action, actor, own), call, observed, number in said
    ]
)
History = tuple[list[bytes], list[bytes]]


def history(store: Store, requests: list[Request], borders: list[int]) -> History:
    with TemporaryDirectory() as name:
        folder = ledger_at(Path(name), store.url)
        store.empty(folder)
        with Ledger.open(folder, clock=standing_clock, cached_calls=1) as ledger:
            for start, end in pairwise([0, *borders, len(requests)]):
                ledger.record_many(requests[start:end])
        with StoreFeed(folder) as feed:
            return (
                [document for batch in feed.batches(0) for document in batch.documents],
                [document for batch in feed.refusals(0) for document in batch.documents],
            )


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(requests=REQUESTS, data=st.data())
def test_any_grouping_gives_the_same_documents(
    store: Store, requests: list[Request], data: st.DataObject
) -> None:
    border = st.integers(0, len(requests))
    borders = data.draw(st.lists(border, max_size=5).map(sorted), label="borders")
    one_by_one = list(range(1, len(requests)))
    assert history(store, requests, borders) == history(store, requests, one_by_one)
