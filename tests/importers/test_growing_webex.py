"""A Webex call that is polled: early records of it, and then the whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from domain.commands import ApplyWrapUp, Command, EndCall
from domain.vocabulary import Phase
from importers.webex import read
from tests.importers.growing import by_id, grows
from tests.importers.polled import (
    CALLS,
    NINE_IN_THE_MORNING,
    SHARED,
    Entry,
    Reader,
    entries_of,
    of,
    response,
    with_nodes,
    with_times,
)
from tests.importers.recorded import WITH_TIMES, WITHOUT_TIMES, Recorded


def stages(entry: Entry, still_open: int | None = -1) -> list[Entry]:
    """The call as it was seen after each of its activities had begun, and then the whole."""
    nodes = entry["activities"]["nodes"][::-1]
    early = [
        with_nodes(entry, [*nodes[:count], {**nodes[count], "duration": still_open}])
        for count in range(len(nodes))
    ]
    return [*early, entry]


def is_more_than_its_beginning(stage: Entry) -> bool:
    return [node["eventName"] for node in stage["activities"]["nodes"]] != ["new"]


@pytest.mark.parametrize("still_open", [-1, None, -2])
@pytest.mark.parametrize("with_ids", [True, False])
def test_our_calls_with_times_may_be_polled_at_any_moment(
    reading: Reader, with_ids: bool, still_open: int | None
) -> None:
    for entry in entries_of(WITHOUT_TIMES):
        grows(reading, stages(with_times(entry, with_ids), still_open))


def test_our_calls_with_times_and_without_durations_may_be_polled_at_any_moment(
    reading: Reader,
) -> None:
    for entry in entries_of(WITH_TIMES):
        nodes = sorted(entry["activities"]["nodes"], key=lambda node: int(node["createdTime"]))
        grows(reading, [with_nodes(entry, nodes[: count + 1]) for count in range(len(nodes))])


@pytest.mark.parametrize("still_open", [-1, None])
def test_our_calls_without_times_may_be_polled_at_any_moment(
    reading: Reader, still_open: int | None
) -> None:
    for entry in entries_of(WITHOUT_TIMES):
        if is_more_than_its_beginning(entry):
            grows(reading, list(filter(is_more_than_its_beginning, stages(entry, still_open))))


@pytest.mark.parametrize("timed", [True, False])
def test_the_77_recorded_calls_may_be_polled_at_any_moment(reading: Reader, timed: bool) -> None:
    if not CALLS.exists():
        pytest.skip("the recorded Webex responses are not in ../shared/data")
    entries = entries_of(CALLS)
    assert len(entries) == 77
    for entry in entries:
        polled = stages(with_times(entry) if timed else entry)
        if timed or is_more_than_its_beginning(entry):
            grows(reading, [one for one in polled if timed or is_more_than_its_beginning(one)])


def test_a_call_without_times_that_was_seen_at_its_very_beginning_does_not_learn_its_queue(
    reading: Reader,
) -> None:
    entry = entries_of(WITHOUT_TIMES)[0]
    told = Recorded().record(reading(stages(entry)[0]))
    assert told.told("plain") == ["received"]
    told.record(reading(entry))
    alone = Recorded().record(reading(entry))
    assert told.told("plain") == ["received", "observation-repeated", *alone.told("plain")[1:]]
    assert [rule for _, _, rule in told.breaks] == ["L1", "L6"]


def test_a_wrap_up_that_is_going_on_has_no_reason_yet(reading: Reader) -> None:
    conversation = (("new", 1000), ("parked", 1000), ("connect", 1000), ("connected", 1000))
    early = Recorded().record(reading(of(*conversation, ("ended", 0), ("WrapUp", -1))))
    assert isinstance(early.commands["c1"][-1], EndCall)
    assert early.calls["c1"].phase is Phase.ENDED
    final = early.record(reading(of(*conversation, ("ended", 0), ("WrapUp", 45_000))))
    given = final.commands["c1"][-1]
    assert isinstance(given, ApplyWrapUp)
    assert given.occurred_at.timestamp() * 1000 == NINE_IN_THE_MORNING + 5000 + 45_000
    assert final.calls["c1"].phase is Phase.CLOSED


@pytest.mark.parametrize(
    ("activities", "phase"),
    [
        ((("new", 1000), ("parked", -1)), Phase.QUEUED),
        ((("new", 1000), ("connect", 1000), ("connected", -1)), Phase.CONNECTED),
        ((("new", 1000), ("connect", 9), ("connected", 9), ("on-hold", -1)), Phase.HELD),
        (
            (
                *(("new", 1000), ("connect", 1000), ("connected", 1000), ("consult", 1000)),
                *(("on-hold", 1000), ("consulting", 1000), ("conferencing", -1)),
            ),
            Phase.CONFERENCE,
        ),
    ],
)
def test_a_state_that_is_going_on_has_begun(
    reading: Reader, activities: tuple[tuple[str, int | None], ...], phase: Phase
) -> None:
    assert Recorded().record(reading(of(*activities))).calls["c1"].phase is phase


def test_whom_a_consult_reaches_is_left_open_until_it_is_over(reading: Reader) -> None:
    call = (("new", 1000), ("connect", 1000), ("connected", 1000), ("consult", 1000))
    going_on = (*call, ("on-hold", 9000), ("consulting", -1))
    assert Recorded().record(reading(of(*going_on))).calls["c1"].phase is Phase.CONNECTED


def test_the_end_of_a_consulted_entry_point_does_not_end_the_call(reading: Reader) -> None:
    call = (
        *(("new", 1000), ("connect", 1000), ("connected", 1000), ("consult", 1000)),
        *(("on-hold", -1), ("consulting", 9), ("new", 9), ("connect", 9), ("connected", 9)),
        *(("consult-done", -1), ("ended", 0)),
    )
    early = Recorded().record(reading(of(*call)))
    assert early.calls["c1"].phase is Phase.CONSULT_ASKED


def test_an_early_record_after_the_final_one_adds_nothing(reading: Reader) -> None:
    early, final = of(("new", 9), ("parked", -1)), of(("new", 9), ("parked", 5), ("ended", 0))
    told = Recorded().record(reading(final))
    before = list(told.events["c1"])
    assert told.record(reading(early)).events["c1"] == before


@pytest.mark.parametrize("timed", [True, False])
@pytest.mark.parametrize("final_first", [True, False])
def test_an_early_and_the_final_record_in_one_import_are_the_final_one(
    tmp_path: Path, timed: bool, final_first: bool
) -> None:
    for entry in entries_of(WITHOUT_TIMES):
        whole = with_times(entry) if timed else entry
        alone = Recorded().record(read(response(tmp_path / "alone.json", whole)))
        for early in stages(whole):
            both = [whole, early] if final_first else [early, whole]
            together = read(response(tmp_path / "both.json", *both))
            assert Recorded().record(together).events == alone.events


def test_a_page_with_more_to_come_is_not_read_while_the_call_is_going_on(reading: Reader) -> None:
    page = of(("connected", 1000), ("on-hold", -1), pageInfo={"hasNextPage": True})
    assert reading(page) == []


def test_how_much_is_left_for_a_later_record_is_told(tmp_path: Path) -> None:
    entry = of(("new", 1000), ("connect", 1000), ("connected", 1000), ("paused", -1))
    left: dict[str, int] = {}
    list(read(response(tmp_path / "response.json", entry), hold_back=left.__setitem__))
    assert left == {"c1": 1}


def test_a_state_that_never_got_a_duration_is_over_when_the_next_has_begun(
    reading: Reader,
) -> None:
    call = (("new", 1000), ("parked", -1), ("connect", 5), ("connected", 5), ("ended", 0))
    told = Recorded().record(reading(of(*call)))
    assert told.calls["c1"].phase is Phase.ENDED


def test_a_duration_is_no_part_of_an_activitys_identity(reading: Reader) -> None:
    entry = entries_of(WITHOUT_TIMES)[0]
    longer = json.loads(json.dumps(entry))
    for node in longer["activities"]["nodes"]:
        node["duration"] += 1
    ids = [set(by_id(Recorded().record(reading(one)))) for one in (entry, longer)]
    assert ids[0] == ids[1]


def test_a_byte_order_mark_at_the_start_of_a_file_is_passed_over(tmp_path: Path) -> None:
    marked = tmp_path / "marked.json"
    marked.write_bytes(b"\xef\xbb\xbf" + WITHOUT_TIMES.read_bytes())
    assert list(read(marked)) == list(read(WITHOUT_TIMES))


@pytest.mark.skipif(not SHARED.exists(), reason="the cases are not in ../shared/cases")
def test_the_case_of_a_wrap_up_that_was_imported_while_it_went_on_lasts_45_seconds() -> None:
    cases = SHARED / "cases"
    early, final = (
        list(read(cases / f"04{name}.json"))
        for name in ("a-webex-while-in-wrap-up", "b-webex-final")
    )
    grows(list, [early, final])
    given = final[-1]
    assert isinstance(given, Command)
    assert isinstance(final[-2], EndCall)
    assert (given.occurred_at - final[-2].occurred_at).total_seconds() == pytest.approx(45.001)
