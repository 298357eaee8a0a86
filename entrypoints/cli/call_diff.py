"""What became known of a call between two moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from entrypoints.timeline.history import Entry
from projections.serving.moment import in_utc

WHEREABOUTS = ("call_position", "last_position", "event_count", "last_event_at")
"""Columns that say where the call is in the ledger, and nothing of the call."""


def events_after(entries: Sequence[Entry], known: int) -> Sequence[Entry]:
    """The events beyond those that were known; a call's versions count from 1 without a gap."""
    return [entry for entry in entries if entry.version > known]


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Each column of the call's row that is other than it was, with both values."""
    return {
        name: {"before": shown(before.get(name)), "after": shown(value)}
        for name, value in after.items()
        if name not in WHEREABOUTS and before.get(name) != value
    }


def shown(value: Any) -> Any:
    """The value as it stands in JSON."""
    return in_utc(value) if isinstance(value, datetime) else value
