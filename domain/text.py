"""The shapes of text that commands and events carry, with their bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator, StringConstraints


@dataclass(frozen=True, slots=True)
class PersonalMark:
    """Marks a field that can name a person, so that erasure finds exactly those."""


PERSONAL = PersonalMark()

Personal = Annotated[str, PERSONAL]
"""A number or free text that can name a person."""

# Control, format and unassigned characters and line breaks hide what a report shows.
PRINTABLE = r"^[^\p{C}\p{Zl}\p{Zp}]+$"

# Joiners are part of how Persian or an Indian script is spelt and emoji are joined, and the flags
# of some countries are spelt with tags; behind Latin letters they would hide a second id.
SPELT_WITH_JOINERS = (
    r"^([^\p{C}\p{Zl}\p{Zp}]|[^\x00-\x7F\p{C}\p{Zl}\p{Zp}][\u{200C}\u{200D}]"
    r"|\u{1F3F4}[\u{E0030}-\u{E0039}\u{E0061}-\u{E007A}]{3,6}\u{E007F})+$"
)

Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=128, pattern=f"{PRINTABLE}|{SPELT_WITH_JOINERS}"),
]
"""An id or a code: a call, an agent, a queue, a reason. 1 to 128 printable characters, with the
joiners that a script is spelt with."""

Source = Annotated[
    str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:/-]+$")
]
"""The system a call comes from: letters, digits and . _ : / -, so it is a URI reference."""

PersonalTarget = Annotated[Name, PERSONAL]
"""An agent, a queue, an entry point or a dial number, which can name a person."""

# Free text is kept as it is, line breaks, joined emoji and marks of direction included; whoever
# shows it escapes what a terminal or a picture cannot take. What is no Unicode text at all, such
# as half of a surrogate pair, cannot be read.
Word = Annotated[str, StringConstraints(min_length=1, max_length=128)]
"""Another system's own words, 1 to 128 characters of any kind."""

PersonalName = Annotated[str, StringConstraints(min_length=1, max_length=128), PERSONAL]
"""A number or a name that can name a person, 1 to 128 characters of any kind."""

PersonalNote = Annotated[str, StringConstraints(max_length=64 * 1024), PERSONAL]
"""Free text beside what counts, which can name a person; it may be empty.

It may be as long as the line that has it: a shorter bound would lose the reason by its note.
"""

PersonalText = Annotated[str, StringConstraints(min_length=1, max_length=1000), PERSONAL]
"""Free text, which can name a person, 1 to 1,000 characters of any kind."""


TRACE_PARENT = r"^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$"
"""W3C Trace Context, version 00: the trace, the span that asks, and flags."""


def names_a_trace(text: str) -> str:
    """Trace and span are other than zero, as W3C Trace Context has it. Raises `ValueError`."""
    _, trace, span, _ = text.split("-")
    if not (int(trace, 16) and int(span, 16)):
        raise ValueError("a trace and a span are other than zero")
    return text


TraceParent = Annotated[
    str, StringConstraints(max_length=55, pattern=TRACE_PARENT), AfterValidator(names_a_trace)
]
"""Which trace something belongs to, and which span of it caused it."""
