"""The words of reports: figures by their units, groups by what their values mean."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from babel.dates import format_date, format_datetime

from domain.vocabulary import (
    Cause,
    EndedBy,
    ExitReason,
    PartyKind,
    Phase,
    Role,
    TargetKind,
    TransferKind,
    Via,
    WrapUpMode,
)
from entrypoints.console.words import Words
from entrypoints.ui.output import is_in_seconds
from projections.reports import REPORTS
from projections.reports.report import LEDGER, Report

REQUESTS: Final = ("accepted", "declined", "failed", "withdrawn", "open")
CLOSED: Final[dict[str, tuple[str, ...]]] = {
    "cause": tuple(Cause),
    "ended_by": tuple(EndedBy),
    "ended_how": (
        *("answered", "cancelled", "conference", "customer_left", "declined", "ended", "open"),
        *("resumed", "transferred"),
    ),
    "initiated_by": ("agent", "customer", "system", "unknown"),
    "kind": tuple(TransferKind),
    "mode": tuple(WrapUpMode),
    "outcome": REQUESTS,
    "party_kind": tuple(PartyKind),
    "phase": tuple(Phase),
    "role": tuple(Role),
    "status": ("pending", "open", "applied", "void"),
    "target_kind": tuple(TargetKind),
    "via": tuple(Via),
}
"""The groupings whose values are words of the ledger; the others' are somebody's own."""

EXIT_REASONS: Final = tuple(ExitReason)
GROUPINGS: Final = tuple(
    dict.fromkeys(
        [*(grouping for report in REPORTS.values() for grouping in report.all_groupings), LEDGER]
    )
)
FIGURES: Final = tuple(
    dict.fromkeys(figure.name for report in REPORTS.values() for figure in report.figures)
)
SENTENCES: Final = tuple(
    dict.fromkeys(
        text
        for report in REPORTS.values()
        for text in (
            *(report.title, report.question, report.denominator, report.intervals),
            *(figure.definition for figure in report.figures),
        )
    )
)
"""What reports say of themselves."""


def figure_text(words: Words, name: str, value: float | None) -> str:
    """A figure in its unit, which its name ends in; nothing known is a dash."""
    if value is None:
        return "–"
    if is_in_seconds(name):
        return words.duration(float(value))
    if name.endswith(("_rate", "_share")) or "_rate_of_" in name:
        return words.share(value)
    return words.number(value)


def group_text(words: Words, report: Report, grouping: str, value: str | None) -> str:
    """What a group is of."""
    if value is None:
        return words.say("not known")
    if grouping == "reason" and report.name == "exits":
        return words.term("exit reason", value)
    if grouping in CLOSED:
        return words.term(grouping, value)
    if value in ("true", "false") and grouping == "during_consult":
        return words.term("answer", "yes" if value == "true" else "no")
    try:
        if grouping == "hour":
            return format_datetime(
                datetime.fromisoformat(value), "d MMM y, HH:mm ZZZZZ", locale=words.place
            )
        if grouping in ("day", "week"):
            return format_date(date.fromisoformat(value), "EEE d MMM y", locale=words.place)
    except ValueError:
        return value
    return value
