"""One ledger of several takes the calls that belong to it, and keeps nothing of the others."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from infra.folder import LedgerFolder
from ledger import membership
from ledger.answers import ANSWER, RefusedAnswer, answer_to
from ledger.feed import StoreFeed
from ledger.intake import Unreadable
from ledger.ledger import Ledger
from ledger.membership import CallsElsewhere, calls_elsewhere, name_in_last
from ledger.outcomes import Misdirected, OutcomeCounts, Recorded
from tests.ledger.scenes import command, connected, recorded, requests
from tests.ledger.stores import Store, ledger_at
from tests.several_ledgers import ledgers_in


@pytest.fixture
def italy(tmp_path: Path, store: Store) -> LedgerFolder:
    """The ledger of the source `test`, beside one of all others, in either event store."""
    place = ledger_at(tmp_path / "italy", store.url)
    return LedgerFolder(place.path, place.postgresql, ledgers_in(tmp_path).member("italy"))


def test_a_command_of_another_ledgers_call_is_told_where_it_belongs_and_nothing_is_kept(
    italy: LedgerFolder,
) -> None:
    receive, offer, answer = connected()
    elsewhere = command("receive", "system", "call-1", source="webex")
    with Ledger.open(italy) as ledger:
        outcomes = ledger.record_many(requests([receive, elsewhere, offer, answer]))
    assert [type(one) for one in outcomes] == [Recorded, Misdirected, Recorded, Recorded]
    assert outcomes[1] == Misdirected(
        "rest", "The call belongs to ledger rest, and this is italy: ask rest."
    )
    assert [one.position for one in outcomes if isinstance(one, Recorded)] == [1, 2, 3]
    with StoreFeed(italy) as feed:
        assert feed.head() == (3, 0)
        assert [*feed.calls()] == [("test", "call-1")]


def test_an_observation_of_another_ledgers_call_is_not_recorded_either(italy: LedgerFolder) -> None:
    with Ledger.open(italy) as ledger:
        outcome = ledger.record(command("hold", "agent-1", source="webex"), observed=True)
    assert isinstance(outcome, Misdirected)


def test_once_the_call_belongs_here_the_same_command_is_decided(
    italy: LedgerFolder, tmp_path: Path
) -> None:
    receive = command("receive", "system", source="webex")
    with Ledger.open(italy) as ledger:
        assert isinstance(ledger.record(receive), Misdirected)
    corrected = ledgers_in(tmp_path, 'by = "source"\n[ledgers.italy]\ndefault = true\n')
    now = LedgerFolder(italy.path, italy.postgresql, corrected.member("italy"))
    with Ledger.open(now) as ledger:
        assert recorded(ledger.record(receive)).position == 1


def test_documents_say_the_name_of_their_ledger_and_only_where_there_are_several(
    italy: LedgerFolder,
) -> None:
    commands = [*connected(), command("resume", "agent-1")]
    alone = LedgerFolder(italy.path, italy.postgresql)
    with Ledger.open(italy) as ledger:
        ledger.record_many(requests(commands))
    with StoreFeed(alone) as feed:
        (events,), (refusals,) = feed.batches(0), feed.refusals(0)
        assert name_in_last(feed) == "italy"
    said = [orjson.loads(one) for one in [*events.documents, *refusals.documents]]
    assert [one.pop("ledger") for one in said] == ["italy"] * 4
    with Ledger.open(alone) as ledger:
        ended = recorded(ledger.record(command("leave", "customer")))
    assert b'"ledger"' not in b"".join(ended.documents)


def test_the_answer_has_the_ledger_where_the_command_belongs(italy: LedgerFolder) -> None:
    elsewhere = command("hold", "agent-1", source="webex")
    with Ledger.open(italy) as ledger:
        outcome = ledger.record(elsewhere)
    answer = ANSWER.validate_json(answer_to(elsewhere, outcome))
    assert isinstance(answer, RefusedAnswer)
    assert (answer.rule, answer.refusal_number, answer.ledger) == ("wrong-ledger", 0, "rest")


def test_what_waits_in_quarantine_goes_on_waiting_where_it_belongs_elsewhere(
    italy: LedgerFolder,
) -> None:
    line = b'{"type":"call.receive.v1","source":"webex","call_id":"1","actor":"system"}'
    with Ledger.open(italy) as ledger:
        number = ledger.quarantine.add("calls.jsonl:1", line, "It was cut.")
        with pytest.raises(Unreadable, match="belongs to ledger rest"):
            ledger.quarantine.retry(number, "auditor")
        assert ledger.quarantine.waiting() == 1


def test_calls_that_belong_elsewhere_by_another_rule_are_found_and_it_is_said_how_many_were_read(
    italy: LedgerFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(membership, "CALLS_TOLD", 1)
    told: list[int] = []
    with Ledger.open(italy) as ledger:
        ledger.record_many(requests([command("receive", "system", f"{n}") for n in range(3)]))
    other = ledgers_in(
        tmp_path, 'by = "source"\n[ledgers.italy]\nsources = ["pbx"]\n[ledgers.b]\ndefault = true\n'
    )
    with StoreFeed(italy) as feed:
        assert italy.member is not None
        assert calls_elsewhere(feed, italy.member, told.append) == []
        assert sum(told) == 3
        assert calls_elsewhere(feed, other.member("italy")) == [CallsElsewhere("b", 3, "test", "0")]


def test_counts_say_how_many_belong_elsewhere(italy: LedgerFolder) -> None:
    counts = OutcomeCounts()
    with Ledger.open(italy) as ledger:
        counts.take(ledger.record(command("receive", "system", source="webex")))
    assert counts.sentence().endswith("0 refused by the rules. 1 belong to other ledgers.")
