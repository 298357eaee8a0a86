"""Find: calls by what is known of them, with what else they have in common."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from entrypoints.console.frame import HOME, Page, Shown, Visitor, page
from entrypoints.console.search import NotUnderstood, Search, search_of
from entrypoints.http.service import service_of
from infra.errors import LedgerMissing
from projections.reports.call_filters import CUSTOMER
from projections.reports.report import where
from projections.serving.read_side import ReadSide

PAGE_CALLS: Final = 50
MOST_OF_FACET: Final = 12

FOUND: Final = """
with found as materialized (
  select call_position, source, call_id, phase, queue, transfer_count, entered_at
  from calls {conditions}
)
"""

COUNTS: Final = f"""{FOUND}
select 'found' as facet, null as value, count(*) as calls from found
union all select 'all', null, count(*) from calls
union all select 'first', strftime(min(entered_at), '%Y-%m-%dT%H:%M:%S'), 0 from calls
union all select 'last', strftime(max(entered_at), '%Y-%m-%dT%H:%M:%S'), 0 from calls
union all select 'phase', phase::varchar, count(*) from found group by all
union all
select 'transferred', if(transfer_count > 0, 'yes', 'no'), count(*) from found group by all
union all select 'source', source, count(*) from found group by all
union all
select 'queue', queue, count(distinct call_position)
from queue_entries semi join found using (call_position) where queue is not null group by all
union all
select 'agent', party, count(distinct call_position)
from participants semi join found using (call_position) where party_kind = 'agent' group by all
union all
select 'reason', reason, count(distinct call_position)
from wrap_ups semi join found using (call_position) where status = 'applied' group by all
union all
select 'rule', rule, count(distinct (source, call_id))
from (
  select source, call_id, rule from rule_breaks
  union all
  select source, call_id, rule from refusals
) semi join found using (source, call_id)
group by all
"""

ROWS: Final = f"""{FOUND},
shown as (
  select * from calls semi join found using (call_position)
  {{before}} order by call_position desc limit {PAGE_CALLS + 1}
)
select
  shown.*,
  (
    select list(distinct party order by party) from participants
    where participants.call_position = shown.call_position and party_kind = 'agent'
  ) as agents,
  (
    select count(*) from refusals
    where refusals.source = shown.source and refusals.call_id = shown.call_id
  ) as refusal_count
from shown order by call_position desc
"""

FACETS: Final = ("phase", "queue", "agent", "transferred", "reason", "rule", "source")

router = APIRouter(include_in_schema=False, route_class=Page)


class Choice(NamedTuple):
    """A value of a facet: how many of the calls found have it, and the search with it."""

    value: str
    calls: int
    line: str
    is_chosen: bool


@router.get(HOME)
def find(
    request: Request,
    visitor: Annotated[Visitor, Depends(Shown("list calls"))],
    q: str = "",
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """A page of the calls that a line of qualifiers finds, the newest first."""
    words, service = visitor.words, service_of(request)
    said = ""
    try:
        search = search_of(q, words.time_zone)
        conditions, parameters = search.conditions()
    except NotUnderstood as error:
        search, conditions, parameters = Search(()), ["false"], {}
        said = words.say("“%(part)s” was not understood: see the examples.", part=error.part)
    if search.value(CUSTOMER) and not visitor.may("read a call's events"):
        search, conditions, parameters = Search(()), ["false"], {}
        said = words.say("Only auditors search by customer.")
    service.log_reading(request, visitor.key, "list calls")
    found = where(conditions)
    try:
        with service.reader() as reader:
            counts = counted(reader, found, parameters)
            rows = listed(reader, found, parameters, before)
    except LedgerMissing:
        counts, rows = Counts({}, 0), []
    calls = rows[:PAGE_CALLS]
    older = (
        f"{HOME}?{urlencode({'q': search.line, 'before': calls[-1]['call_position']})}"
        if len(rows) > PAGE_CALLS
        else ""
    )
    return page(
        request,
        "find.html",
        400 if said else 200,
        q=q if said else search.line,
        search=search,
        said=said,
        calls=calls,
        counts=counts,
        facets=facets_of(search, counts),
        newest="" if before is None else f"{HOME}?{urlencode({'q': search.line})}",
        older=older,
    )


class Counts(NamedTuple):
    """How many calls have what, and the position at which that is so."""

    of: dict[str, list[tuple[str, int]]]
    position: int

    def number(self, facet: str) -> int:
        """The one number of it."""
        return sum(calls for _, calls in self.of.get(facet, ()))

    def time(self, facet: str) -> datetime:
        """The one time of it, UTC."""
        return next(datetime.fromisoformat(value) for value, _ in self.of[facet])


def counted(reader: ReadSide, found: str, parameters: dict[str, Any]) -> Counts:
    """Count the calls found by each of the facets."""
    answer = reader.ask(COUNTS.format(conditions=found), parameters)
    of: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in answer.table.to_pylist():
        of[row["facet"]].append((row["value"], row["calls"]))
    return Counts(of, answer.position)


def listed(
    reader: ReadSide, found: str, parameters: dict[str, Any], before: int | None
) -> list[dict[str, Any]]:
    """A page of them, and one more where there are more."""
    asked = parameters if before is None else parameters | {"before": before}
    sql = ROWS.format(
        conditions=found, before="" if before is None else "where call_position < $before"
    )
    rows: list[dict[str, Any]] = reader.ask(sql, asked).table.to_pylist()
    return rows


def facets_of(search: Search, counts: Counts) -> dict[str, list[Choice]]:
    """The facets that tell the calls found apart, or by which they were found."""
    facets = {}
    for facet in FACETS:
        asked = search.value(facet)
        values = sorted(counts.of.get(facet, ()), key=lambda counted: (-counted[1], counted[0]))
        choices = [
            Choice(
                value,
                calls,
                search.without(facet) if value == asked else search.with_part(facet, value),
                value == asked,
            )
            for value, calls in values[:MOST_OF_FACET]
        ]
        if len(choices) > 1 or any(choice.is_chosen for choice in choices):
            facets[facet] = choices
    return facets
