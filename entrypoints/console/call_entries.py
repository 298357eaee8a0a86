"""What happened in a call, one entry each: its events in order, and refusals at their moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.events import Corrected, WrapUpApplied
from domain.rule import Rule
from domain.rules import RULES
from entrypoints.console.attempts import attempt
from entrypoints.console.event_sentences import event_text
from entrypoints.console.words import Words
from entrypoints.timeline.history import Entry, in_utc

RULE: dict[str, Rule] = {rule.id: rule for rule in RULES}
"""Each rule by its id."""


@dataclass(frozen=True)
class CallEntry:
    """One event or one refused attempt, with what its envelope says."""

    occurred_at: datetime
    recorded_at: datetime
    sentence: str
    """What happened, or what was tried, in the reader's language."""
    actor: str
    role: str
    via: str
    rule_set: str
    command_id: str
    cause: str | None
    """What caused it, where that is not its own command."""
    rules: tuple[Rule, ...]
    """The rule that refused it, or those that it broke."""
    event: Entry | None = None
    """Nothing where it was refused."""
    refusal_number: int = 0
    corrects: Entry | None = None
    """Of a correction, the event that it corrects."""
    before: str = ""
    """Of a correction, what the event that it corrects had said."""
    corrected_by: int | None = None
    """The version of the event that corrects it."""

    @property
    def was_refused(self) -> bool:
        return self.event is None

    @property
    def reason_before(self) -> str:
        """Of a correction of a reason, the one that was wrong."""
        before = self.corrects.event if self.corrects else None
        return before.reason if isinstance(before, WrapUpApplied) else ""

    @property
    def reason_after(self) -> str:
        """Of a correction of a reason, the right one."""
        after = self.event.event if self.event else None
        return (after.reason or "") if isinstance(after, Corrected) else ""


def entries_of(
    words: Words,
    known: Sequence[Entry],
    events: Sequence[Mapping[str, Any]],
    refusals: Sequence[Mapping[str, Any]],
    shown: slice,
) -> list[CallEntry]:
    """A part of what happened: events by version, refusals after what was there before them."""
    by_version = {entry.version: entry for entry in known}
    corrected = {
        entry.event.corrected_version: entry.version
        for entry in known
        if isinstance(entry.event, Corrected)
    }

    def recorded(row: Mapping[str, Any]) -> CallEntry:
        entry = by_version[row["version"]]
        what = entry.event
        corrects = by_version.get(what.corrected_version) if isinstance(what, Corrected) else None
        return CallEntry(
            **envelope(row),
            sentence=event_text(words, entry),
            rules=tuple(RULE[rule] for rule in entry.rules_broken if rule in RULE),
            event=entry,
            corrects=corrects,
            before=event_text(words, corrects) if corrects else "",
            corrected_by=corrected.get(entry.version),
        )

    return [
        refused(words, row) if "refused_at" in row else recorded(row)
        for row in in_order(events, refusals)[shown]
    ]


def in_order(
    events: Sequence[Mapping[str, Any]], refusals: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Events by version; each refusal after what was recorded, or else happened, before it."""
    rows: list[Mapping[str, Any]] = []
    waiting = list(refusals)
    for row in sorted(events, key=lambda row: int(row["version"])):
        while waiting and place_of(waiting[0], "refused_at") < place_of(row, "occurred_at"):
            rows.append(waiting.pop(0))
        rows.append(row)
    return rows + waiting


def place_of(row: Mapping[str, Any], time: str) -> tuple[datetime, datetime]:
    """What was recorded together is told apart by when it happened."""
    return row["recorded_at"], row[time]


def refused(words: Words, row: Mapping[str, Any]) -> CallEntry:
    """The entry of a refusal."""
    return CallEntry(
        **envelope(row, "refused_at"),
        rules=(RULE[row["rule"]],) if row["rule"] in RULE else (),
        sentence=attempt(words, row["actor"], row["command"]),
        refusal_number=row["refusal_number"],
    )


def envelope(row: Mapping[str, Any], time: str = "occurred_at") -> dict[str, Any]:
    """What both kinds of row have."""
    command_id, cause = str(row["command_id"]), row.get("causation_id")
    return {
        "occurred_at": in_utc(row[time]),
        "recorded_at": in_utc(row["recorded_at"]),
        "actor": row["actor"],
        "role": row["role"],
        "via": row["via"],
        "rule_set": row["rule_set"],
        "command_id": command_id,
        "cause": None if cause in (None, command_id) else cause,
    }
