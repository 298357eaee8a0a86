"""A call that is computed alone, from its recorded events, has the rows that tables will have."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from threading import Thread
from unittest.mock import patch
from uuid import UUID

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.commands import Leave
from entrypoints.one_call import (
    DEAD_LETTERS,
    NOW,
    CallNotFoundError,
    CallNotShownError,
    read_call,
    row_of,
    state_at,
)
from entrypoints.ui.moment import AskedMoment
from infra.folder import LedgerFolder
from infra.local.servers import wait_until
from ledger.feed import EventBatch
from ledger.ledger import Ledger
from projections.errors import UnreadableEvent
from projections.kept_plans import KeptPlans
from projections.serving.client import LITTLE_BEHIND_EVENTS, Reader
from projections.single_call import ONE_AT_A_TIME, CallRows, computing, rows_of_call, waiting
from tests.projections.damaged_store import damage, document_at
from tests.projections.documents import MORNING
from tests.projections.histories import PHASES, Drawn, history, projections, steps
from tests.projections.received_calls import receive, record_some

NO_DEAD_LETTERS = pa.table(
    {
        "position": pa.array([], pa.int64()),
        "call_position": pa.array([], pa.int64()),
        "state": pa.array([], pa.string()),
    }
)
MORE = LITTLE_BEHIND_EVENTS + 10
UNREAD = """
insert into dead_letters
    (topic, partition_number, message_offset, call_position, reason, is_as_published, state)
values ('call-events', 0, 0, 1, 'damaged', true, ?)
"""


def events_of(batch: EventBatch, call_position: int) -> EventBatch:
    """Those of one call."""
    rows = zip(batch.positions, batch.call_positions, batch.documents, strict=True)
    return EventBatch(*zip(*(row for row in rows if row[1] == call_position), strict=True))


def record_leave(folder: Path, call_id: str, occurred_at: datetime) -> None:
    """The customer leaves."""
    left = Leave(
        command_id=UUID(int=10_000),
        source="test",
        call_id=call_id,
        actor="customer",
        occurred_at=occurred_at,
    )
    with Ledger.open(folder) as ledger:
        ledger.record(left)


@settings(max_examples=40, phases=PHASES)
@given(steps, st.integers(), st.sampled_from(["waiting", "read", None]))
def test_it_has_the_rows_of_the_tables_whatever_was_told_again_and_in_which_order(
    drawn: Drawn, seed: int, unread: str | None
) -> None:
    again = Random(seed).sample(drawn, len(drawn))
    batch = history([*drawn, *again]).batch()
    with projections() as opened:
        if unread is not None:
            opened.connection.execute(UNREAD, [unread])
        opened.add(batch)
        rows = opened.connection.sql("from calls").to_arrow_table().to_pylist()
        for place in set(batch.call_positions):
            asked = {"call_position": place}
            said = opened.connection.sql(
                "from events where call_position = $call_position order by version", params=asked
            )
            unread_rows = opened.connection.sql(DEAD_LETTERS, params=asked).to_arrow_table()
            alone = rows_of_call(events_of(batch, place), unread_rows)
            assert alone.events.to_pylist() == said.to_arrow_table().to_pylist()
            assert alone.calls.to_pylist() == [row for row in rows if row["call_position"] == place]


@pytest.mark.parametrize(
    ("what", "by"),
    [
        (b'"type":"call.received.v1"', b'"type":"call.of-tomorrow.v9"'),
        (b'"actor"', b'"somebody"'),
        (b"{", b""),
    ],
    ids=["a type that is not known", "nobody who did it", "no document at all"],
)
def test_what_the_tables_would_not_take_is_not_computed_either(
    tmp_path: Path, what: bytes, by: bytes
) -> None:
    record_some(tmp_path, 1, 2)
    document = document_at(tmp_path, 1)
    assert rows_of_call(EventBatch([1], [1], [document]), NO_DEAD_LETTERS).events.num_rows == 1
    other = document.replace(what, by, 1)
    assert other != document
    with pytest.raises(UnreadableEvent, match="One of the call's events"):
        rows_of_call(EventBatch([1], [1], [other]), NO_DEAD_LETTERS)


def test_calls_that_wait_are_computed_together_and_each_by_its_own_events(tmp_path: Path) -> None:
    record_some(tmp_path, 1, 4)
    documents = {place: document_at(tmp_path, place) for place in (1, 2, 3)}
    later = documents[1].replace(b'"version":1', b'"version":2')
    asked = [
        EventBatch([1], [1], [documents[1]]),
        EventBatch([2], [2], [documents[2]]),
        EventBatch([3], [3], [b"{}"]),
        EventBatch([1, 4], [1, 1], [documents[1], later]),
    ]
    executed = []
    original = KeptPlans.rows

    def rows(self: KeptPlans, query: str) -> pa.Table:
        executed.append(query)
        return original(self, query)

    outcomes: dict[int, CallRows | UnreadableEvent] = {}

    def ask(number: int) -> None:
        try:
            outcomes[number] = rows_of_call(asked[number], NO_DEAD_LETTERS)
        except UnreadableEvent as error:
            outcomes[number] = error

    threads = [Thread(target=ask, args=[number]) for number in range(len(asked))]
    with patch.object(KeptPlans, "rows", rows):
        with ONE_AT_A_TIME:
            for thread in threads:
                thread.start()
            assert wait_until(lambda: len(waiting) == len(asked), 30)
        for thread in threads:
            thread.join()
    for number in (0, 1, 3):
        found = outcomes[number]
        assert isinstance(found, CallRows)
        assert found.events["position"].to_pylist() == list(asked[number].positions)
        assert found.calls["call_position"].to_pylist() == [asked[number].positions[0]]
    assert isinstance(outcomes[2], UnreadableEvent)
    assert executed.count(computing()) == 2


def test_a_call_that_tables_do_not_show_yet_is_read_from_the_store(tmp_path: Path) -> None:
    record_some(tmp_path, 1, 3)
    folder, last = LedgerFolder(tmp_path), receive(2 + MORE).call_id
    with Reader(tmp_path) as reader:
        reader.bring_up()
        record_some(tmp_path, 3, 3 + MORE)
        with reader.for_one_request(0):
            assert reader.ask("select 1").position == 2
            before = read_call(reader, folder, last, "test", NOW)
            row_before = row_of(reader, before)
        with reader.for_one_request(2 + MORE):
            shown = read_call(reader, folder, last, "test", NOW)
            assert row_of(reader, shown) == row_before
    assert before.position == shown.position == shown.call_position == 2 + MORE
    assert row_before["last_position"] == 2 + MORE
    assert before._replace(row=None) == shown


def test_a_call_that_went_on_since_the_last_round_is_read_from_the_store(tmp_path: Path) -> None:
    record_some(tmp_path, 1, 3)
    folder, first = LedgerFolder(tmp_path), receive(1)
    with Reader(tmp_path) as reader:
        reader.bring_up()
        record_some(tmp_path, 3, 3 + MORE)
        with reader.for_one_request(0):
            assert len(read_call(reader, folder, first.call_id, "test", NOW).events) == 1
        record_leave(tmp_path, first.call_id, MORNING + timedelta(hours=1))
        with reader.for_one_request(0):
            call = read_call(reader, folder, first.call_id, "test", NOW)
            assert row_of(reader, call)["phase"] == "closed"
            assert reader.ask("select 1").position == 2
    assert [event["version"] for event in call.events] == [*range(1, len(call.events) + 1)]
    assert call.position > 2 + MORE


@pytest.mark.parametrize("more", [0, MORE], ids=["shown", "not shown"])
def test_its_state_is_its_row_and_the_number_of_its_events_at_each_moment(
    tmp_path: Path, more: int
) -> None:
    folder, first = LedgerFolder(tmp_path), receive(1)
    record_some(tmp_path, 1, 3)
    with Reader(tmp_path) as reader:
        reader.bring_up()
        record_leave(tmp_path, first.call_id, first.occurred_at - timedelta(hours=1))
        record_some(tmp_path, 3, 3 + more)
        before_it_began = AskedMoment(happened_by=f"{MORNING - timedelta(minutes=1)}")
        for moment in (NOW, AskedMoment(known_at="1"), before_it_began):
            with reader.for_one_request(0 if moment.is_now else None):
                call = read_call(reader, folder, first.call_id, "test", moment)
                state = state_at(reader, "test", first.call_id, moment)
                row = row_of(reader, call)
            assert (row == {}) == (moment is before_it_began)
            assert state == (row, len(call.events), call.position, call.about)
        assert state_at(reader, "test", receive(2).call_id, AskedMoment(known_at="1")) is None
        assert state_at(reader, "test", "another", NOW) is None


def test_one_that_cannot_be_read_is_told_apart_from_one_that_is_missing(tmp_path: Path) -> None:
    record_some(tmp_path, 1, 3)
    folder, last = LedgerFolder(tmp_path), 2 + MORE
    with Reader(tmp_path) as reader:
        reader.bring_up()
        record_some(tmp_path, 3, 3 + MORE)
        damage(tmp_path, last, b"{}")
        with reader.for_one_request(0):
            with pytest.raises(CallNotShownError, match=f"at position {last} is recorded.* at 2: "):
                read_call(reader, folder, receive(last).call_id, "test", NOW)
            with pytest.raises(CallNotShownError, match=f"at position {last} is recorded"):
                state_at(reader, "test", receive(last).call_id, NOW)
            with pytest.raises(CallNotFoundError):
                read_call(reader, folder, "another", "test", NOW)
