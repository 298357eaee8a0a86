"""Rules: the role and phase table beside the page's words, and how often each rule refused."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any, Final, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response

from domain.rights import ALLOWED, CELLS
from domain.rule import Rule
from domain.rules import RULES
from domain.vocabulary import CUSTOMER, Phase, Role
from entrypoints.console.attempts import attempt
from entrypoints.console.call_entries import RULE
from entrypoints.console.frame import Page, Shown, Visitor, page
from entrypoints.console.period import From, Period, To, period_of
from entrypoints.http.problems import Problem
from entrypoints.http.service import service_of
from infra.errors import LedgerMissing
from projections.reports.report import where
from projections.serving.read_side import ReadSide

RULES_PAGE: Final = "/console/rules"
PAGE_REFUSALS: Final = 100
PERSONAL: Final = "read a call's events"
FIGURES: Final = "read reports"

ACTION: Final = rf"""
if(
  command = 'call.hold.v1' and coalesce(arguments::json ->> 'party', '{CUSTOMER}') <> '{CUSTOMER}',
  'hold-agent',
  regexp_extract(command, '^call[.](.+)[.]v[0-9]+$', 1)
)
"""
"""What was asked for, as the table calls it: to hold another agent is a row of its own."""

COUNTED: Final = f"""
select 'refused' as what, rule, role::varchar as role, {ACTION} as action, count(*) as number
from refusals {{refused}} group by all
union all
select 'broken', rule, '', '', count(*) from rule_breaks {{broken}} group by all
"""
LISTED: Final = f"""
select
  refusal_number, refused_at, recorded_at, source, call_id, actor, role, via, command, rule,
  exists (
    select 1 from calls
    where calls.source = refusals.source and calls.call_id = refusals.call_id
  ) as has_call
from refusals {{conditions}} order by refusal_number desc limit {PAGE_REFUSALS + 1}
"""

router = APIRouter(include_in_schema=False, route_class=Page)


class Figures(NamedTuple):
    """How often each rule refused, and how often what another system did broke it."""

    refused: Counter[tuple[str, str, str]]
    """By rule, role and action."""
    broken: Counter[str]
    position: int

    def refused_by(self, rule: str = "", role: str = "", action: str = "") -> int:
        """How often, of a rule, a role or an action; of any where it is left out."""
        return sum(
            number
            for (refused_by, actor, asked), number in self.refused.items()
            if rule in ("", refused_by) and role in ("", actor) and action in ("", asked)
        )


class Grid(NamedTuple):
    """What one role may do: a row for each action, a cell for each phase."""

    role: Role
    phases: list[Phase]
    rows: list[tuple[str, list[Rule | None]]]
    """The rule that refuses; nothing where it is allowed."""

    @property
    def rules(self) -> list[Rule]:
        """The rules that stand in it, in the order of the page."""
        inside = {rule for _, cells in self.rows for rule in cells if rule}
        return [rule for rule in RULES if rule in inside]


def grid_of(role: Role) -> Grid:
    """The grid of a role, as commands are decided by it."""
    cells = CELLS[role]
    phases = list(dict.fromkeys(phase for _, phase in cells))
    rows = [
        (action, [refuser(cells[action, phase]) for phase in phases])
        for action in dict.fromkeys(action for action, _ in cells)
    ]
    return Grid(role, phases, rows)


def refuser(verdict: str) -> Rule | None:
    """The rule of a verdict."""
    return None if verdict == ALLOWED else RULE[verdict]


@router.get(RULES_PAGE)
def show_rules(
    request: Request,
    visitor: Annotated[Visitor, Depends(Shown("read the rules"))],
    role: Role = Role.OWNER,
    first: From = "",
    last: To = "",
) -> Response:
    """The grid of one role, all rules beside the page's words, and how often each refused."""
    if role not in CELLS:
        raise Problem(404, "no-such-role", visitor.words.say("No rule speaks of this role."))
    period = period_of(first, last, visitor.words.time_zone)
    figures = None
    if visitor.may(FIGURES):
        service = service_of(request)
        service.log_reading(request, visitor.key, FIGURES)
        try:
            with service.reader() as reader:
                figures = counted(reader, period)
        except LedgerMissing:
            figures = Figures(Counter(), Counter(), 0)
    return page(
        request,
        "rules.html",
        grid=grid_of(role),
        roles=list(CELLS),
        rules=RULES,
        figures=figures,
        period=period,
        sees_refusals=visitor.may(PERSONAL),
    )


def counted(reader: ReadSide, period: Period) -> Figures:
    """Count what was refused and broken in the period."""
    sql = COUNTED.format(
        refused=where(period.conditions("refused_at")), broken=where(period.conditions("broken_at"))
    )
    answer = reader.ask(sql, period.parameters())
    refused: Counter[tuple[str, str, str]] = Counter()
    broken: Counter[str] = Counter()
    for row in answer.table.to_pylist():
        if row["what"] == "refused":
            refused[row["rule"], row["role"], row["action"]] += row["number"]
        else:
            broken[row["rule"]] += row["number"]
    return Figures(refused, broken, answer.position)


@router.get(f"{RULES_PAGE}/refusals")
def show_refusals(
    request: Request,
    visitor: Annotated[Visitor, Depends(Shown(PERSONAL))],
    rule: str = "",
    role: str = "",
    action: str = "",
    first: From = "",
    last: To = "",
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """What was refused, the newest first; each leads to its call as it was known then."""
    period = period_of(first, last, visitor.words.time_zone)
    asked: dict[str, Any] = {"rule": rule, "role": role, "action": action, "before": before}
    asked = {name: value for name, value in asked.items() if value}
    conditions = {
        "rule": "rule = $rule",
        "role": "role = $role",
        "action": f"{ACTION} = $action",
        "before": "refusal_number < $before",
    }
    service = service_of(request)
    service.log_reading(request, visitor.key, PERSONAL)
    chosen = [*(conditions[name] for name in asked), *period.conditions("refused_at")]
    try:
        with service.reader() as reader:
            answer = reader.ask(
                LISTED.format(conditions=where(chosen)), asked | period.parameters()
            )
            rows, position = answer.table.to_pylist(), answer.position
    except LedgerMissing:
        rows, position = [], 0
    shown = rows[:PAGE_REFUSALS]
    filters = {"rule": rule, "role": role, "action": action}
    has_older = len(rows) > len(shown)
    older = period.query(**filters, before=shown[-1]["refusal_number"]) if has_older else ""
    newest = "" if before is None else period.query(**filters) or "rule="
    return page(
        request,
        "refusals.html",
        refusals=shown,
        attempt=attempt,
        position=position,
        rule=RULE.get(rule),
        rules=RULE,
        role=role,
        action=action,
        kept=filters,
        period=period,
        older=older and f"?{older}",
        newest=newest and f"?{newest}",
    )
