"""What could not be read: kept, listed, shown, tried again or given up, and all of it known."""

from __future__ import annotations

import pytest

from infra.errors import LedgerError, LedgerMissing
from infra.folder import LedgerFolder
from ledger.intake import Unreadable, read_request
from ledger.ledger import Ledger
from ledger.quarantine import LARGEST_KEPT_BYTES, Unread, reading_quarantine
from tests.ledger.scenes import recorded, refused, standing_clock
from tests.ledger.stores import Store

UNREADABLE = b'{"type":"call.receive.v1" \xff'
RECEIVE = b'{"type":"call.receive.v1","call_id":"call-1","actor":"system"}'
ANSWER = b'{"type":"call.answer.v1","call_id":"call-9","actor":"agent-1"}'


def test_bytes_and_reason_are_kept_and_can_be_read_beside_the_writer(folder: LedgerFolder) -> None:
    with Ledger.open(folder, clock=standing_clock) as ledger:
        with pytest.raises(Unreadable) as why:
            read_request(UNREADABLE)
        assert ledger.quarantine.add("calls.jsonl:1", UNREADABLE, str(why.value)) == 1
        assert ledger.quarantine.add("calls.jsonl:2", b"", "It is empty.") == 2
        with reading_quarantine(folder) as quarantine:
            first, second = quarantine.list()
            assert quarantine.list(after_number=1) == [second]
            assert quarantine.show(1) == first
    assert first.original == UNREADABLE
    assert first.received_at == "2026-01-01T10:00:00.123456Z"
    assert (first.origin, first.reason, first.state) == (
        "calls.jsonl:1",
        str(why.value),
        "waiting",
    )


def test_many_are_kept_by_one_write_and_keep_their_order(
    folder: LedgerFolder, store: Store
) -> None:
    many = [Unread(f"calls.jsonl:{line}", b"x", "It is not valid JSON.") for line in range(5)]
    with Ledger.open(folder) as ledger:
        ledger.quarantine.add("by hand", UNREADABLE, "It is cut.")
    with store.counting_commits(folder, "quarantine") as (ledger, commits):
        assert list(ledger.quarantine.add_many(many)) == [2, 3, 4, 5, 6]
        assert list(ledger.quarantine.add_many([])) == []
        assert [row.origin for row in ledger.quarantine.list(after_number=1)] == [
            one.origin for one in many
        ]
    assert commits == [1]


def test_all_that_wait_are_counted_however_many(folder: LedgerFolder, store: Store) -> None:
    with Ledger.open(folder) as ledger:
        ledger.quarantine.add_many([Unread("file", b"?", "no command")] * 1_200)
        ledger.quarantine.discard(1, "me", "seen")
        assert ledger.quarantine.waiting() == 1_199


def test_a_retry_that_can_be_read_now_is_recorded_and_resolved(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger:
        ledger.quarantine.add("by hand", RECEIVE, "It came without an id.")
        outcome = recorded(ledger.quarantine.retry(1, "auditor"))
        row = ledger.quarantine.show(1)
        assert outcome.position == 1
        assert (row.state, row.resolved_by) == ("retried", "auditor")
        assert row.why == "recorded up to position 1"
        assert row.original == RECEIVE
        with pytest.raises(LedgerError, match="was retried by auditor"):
            ledger.quarantine.retry(1, "auditor")


def test_a_retry_that_the_rules_refuse_is_resolved_by_the_refusal(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger:
        ledger.quarantine.add("by hand", ANSWER, "It came without an id.")
        assert refused(ledger.quarantine.retry(1, "auditor")).number == 1
        assert "refusal 1" in str(ledger.quarantine.show(1).why)


def test_a_retry_that_still_cannot_be_read_goes_on_waiting(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger:
        ledger.quarantine.add("by hand", UNREADABLE, "It is cut.")
        with pytest.raises(Unreadable):
            ledger.quarantine.retry(1, "auditor")
        assert ledger.quarantine.show(1).state == "waiting"


def test_a_reason_that_is_too_long_to_keep_is_refused(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger:
        ledger.quarantine.add("a", b"{", "no JSON")
        with pytest.raises(LedgerError, match="has 1,001 characters, and at most 1,000 are kept"):
            ledger.quarantine.discard(1, "auditor", "x" * 1_001)
        assert ledger.quarantine.show(1).state == "waiting"


def test_a_discard_says_who_and_why_and_keeps_the_bytes(folder: LedgerFolder) -> None:
    with Ledger.open(folder, clock=standing_clock) as ledger:
        ledger.quarantine.add("by hand", UNREADABLE, "It is cut.")
        ledger.quarantine.discard(1, "auditor", "the sender confirmed that it was noise")
        with pytest.raises(LedgerError, match="was discarded by auditor"):
            ledger.quarantine.discard(1, "somebody else", "again")
    with reading_quarantine(folder) as quarantine:
        row = quarantine.show(1)
    assert row.state == "discarded"
    assert row.why == "the sender confirmed that it was noise"
    assert row.resolved_at == "2026-01-01T10:00:00.123456Z"
    assert row.original == UNREADABLE


def test_of_a_huge_input_the_beginning_is_kept_and_the_reason_says_so(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger:
        ledger.quarantine.add("by hand", b"x" * (LARGEST_KEPT_BYTES + 1), "It is too long.")
        row = ledger.quarantine.show(1)
    assert len(row.original) == LARGEST_KEPT_BYTES
    assert row.reason == "It is too long. Its first 1,048,576 bytes are kept here."


def test_a_number_that_is_not_there_is_told(folder: LedgerFolder) -> None:
    with Ledger.open(folder) as ledger, pytest.raises(LedgerError, match="the number 7"):
        ledger.quarantine.show(7)


def test_a_folder_without_a_ledger_has_no_quarantine(folder: LedgerFolder) -> None:
    with pytest.raises(LedgerMissing, match="call-ledger demo"), reading_quarantine(folder):
        pass
