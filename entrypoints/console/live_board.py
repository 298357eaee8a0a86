"""The board of open calls: how many stand where, and those that have been there longest."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any, Final, NamedTuple

from infra.errors import LedgerMissing
from projections.reports.report import where
from projections.serving.read_side import ReadSide

MOST_CALLS: Final = 100
MOST_NAMES: Final = 50
MOST_KEPT: Final = 64
"""How many different boards are kept for whoever asks next."""

BOARD: Final = f"""
with open_calls as materialized (
  select call_position, source, call_id, phase::varchar as phase, queue, entered_at, last_event_at
  from calls where is_open
),
waits as (
  select
    call_position,
    arg_max(queue, queue_entry_number) as queue,
    max(queued_at) filter (outcome = 'open') as waits_since
  from queue_entries semi join open_calls using (call_position)
  group by call_position
),
parties as (
  select call_position, list(party order by stay_number) as agents
  from participants semi join open_calls using (call_position)
  where is_open and party_kind <> 'customer'
  group by call_position
),
standing as materialized (
  select
    open_calls.* replace (coalesce(waits.queue, open_calls.queue) as queue),
    waits_since, coalesce(agents, []) as agents
  from open_calls left join waits using (call_position) left join parties using (call_position)
),
chosen as materialized (select * from standing {{conditions}}),
phases as (select phase as value, count(*) as calls from standing group by all),
queues as (
  select
    queue as value, count(*) as calls, count(waits_since) as waiting, min(waits_since) as longest
  from standing where queue is not null group by all
  order by waiting desc, calls desc, value limit {MOST_NAMES}
),
agents as (
  select agent as value, count(*) as calls, list(distinct phase order by phase) as phases
  from (select unnest(agents) as agent, phase from standing) group by all
  order by value limit {MOST_NAMES}
),
shown as (
  select * from chosen order by entered_at, call_position limit {MOST_CALLS}
)
select
  (select count(*) from standing) as open_count,
  (select count(*) from chosen) as chosen_count,
  (select list(phases) from phases) as phases,
  (select list(queues) from queues) as queues,
  (select list(agents) from agents) as agents,
  (select list(shown order by entered_at, call_position) from shown) as calls
"""
CONDITIONS: Final = {
    "phase": "phase = $phase",
    "queue": "queue = $queue",
    "agent": "list_contains(agents, $agent)",
}


class Asked(NamedTuple):
    """Which of the open calls are listed; empty is any."""

    phase: str = ""
    queue: str = ""
    agent: str = ""

    def given(self) -> dict[str, str]:
        """What is asked for."""
        return {name: value for name, value in self._asdict().items() if value}


class Board(NamedTuple):
    """The open calls at a position."""

    position: int
    open_count: int = 0
    chosen_count: int = 0
    phases: dict[str, int] = {}  # noqa: RUF012 - nobody changes it
    """How many calls stand in each phase."""
    queues: list[dict[str, Any]] = []  # noqa: RUF012 - nobody changes it
    agents: list[dict[str, Any]] = []  # noqa: RUF012 - nobody changes it
    calls: list[dict[str, Any]] = []  # noqa: RUF012 - nobody changes it
    """Those that came in first, 100 at most."""


def read_board(reader: ReadSide, asked: Asked) -> Board:
    """The board of now."""
    given = asked.given()
    sql = BOARD.format(conditions=where([CONDITIONS[name] for name in given]))
    answer = reader.ask(sql, given)
    (row,) = answer.table.to_pylist()
    return Board(
        answer.position,
        row["open_count"],
        row["chosen_count"],
        {phase["value"]: phase["calls"] for phase in row["phases"] or ()},
        row["queues"] or [],
        row["agents"] or [],
        row["calls"] or [],
    )


class Boards:
    """The latest boards: whoever looks at the same one shares its question."""

    def __init__(self) -> None:
        self._kept: dict[Asked, Board] = {}
        self._lock = Lock()

    def at(
        self, position: int, asked: Asked, opened: Callable[[], AbstractContextManager[ReadSide]]
    ) -> Board:
        """The board of this position or a later one."""
        with self._lock:
            kept = self._kept.get(asked)
            if kept is not None and kept.position >= position > 0:
                return kept
            try:
                with opened() as reader:
                    board = read_board(reader, asked)
            except LedgerMissing:
                return Board(0)
            self._kept.pop(asked, None)
            self._kept[asked] = board
            if len(self._kept) > MOST_KEPT:
                self._kept.pop(next(iter(self._kept)))
            return board
