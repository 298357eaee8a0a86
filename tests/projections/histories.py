"""Random histories of four calls, and a file of tables to put them into."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from hypothesis import Phase
from hypothesis import strategies as st

from domain import commands
from projections.database import FILE_NAME, Projections
from tests.projections.documents import MORNING, Written

PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
"""Without shrinking: an example takes a tenth of a second, and a history is read easily."""

ACTORS = ("customer", "agent-1", "agent-2", "agent-3", "system", "unknown")
OWN: dict[type[commands.Command], dict[str, Any]] = {
    commands.Receive: {"queue": "support"},
    commands.Offer: {"agent": "agent-1"},
    commands.StartConsult: {"target_kind": "agent", "target": "agent-2"},
    commands.RequestTransfer: {"target_kind": "agent", "target": "agent-2"},
    commands.ApplyWrapUp: {"reason": "solved"},
    commands.ApplyDefaultWrapUp: {"agent": "agent-1"},
    commands.Correct: {"corrected_version": 3, "why": "misspelt"},
    commands.NoteActivity: {"activity": "recording"},
    commands.MarkIncomplete: {"missing": "the end"},
}
LIKELY = (
    (commands.Receive, "system"),
    (commands.Offer, "system"),
    (commands.Answer, "agent-1"),
    (commands.Hold, "agent-1"),
    (commands.StartConsult, "agent-1"),
    (commands.AnswerConsult, "agent-2"),
    (commands.StartConference, "agent-1"),
    (commands.RequestTransfer, "agent-1"),
    (commands.AcceptTransfer, "agent-2"),
    (commands.Leave, "customer"),
    (commands.ApplyWrapUp, "agent-1"),
    (commands.ApplyWrapUp, "agent-2"),
)
Drawn = list[tuple[int, tuple[type[commands.Command], str], bool, int]]
"""Steps: the call's number, the command and its actor, whether observed, and the second."""

anything = st.tuples(st.sampled_from(commands.COMMAND_CLASSES), st.sampled_from(ACTORS))
steps = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.one_of(st.sampled_from(LIKELY), anything),
        st.booleans(),
        st.integers(-50, 4000),
    ),
    max_size=60,
)


def history(drawn: Drawn) -> Written:
    """Calls side by side, through both doors, by clocks that may go backwards."""
    written = Written()
    for number, (call, (kind, actor), observed, seconds) in enumerate(drawn):
        command = kind(
            command_id=UUID(int=number + 1),
            source="test",
            call_id=f"call-{call}",
            actor=actor,
            occurred_at=MORNING + timedelta(seconds=seconds),
            **OWN.get(kind, {}),
        )
        written.write(command, observed)
    return written


@contextmanager
def projections() -> Iterator[Projections]:
    """A file that a rebuild goes through in many parts."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Projections(Path(folder) / FILE_NAME, part_events=7) as opened,
    ):
        yield opened
