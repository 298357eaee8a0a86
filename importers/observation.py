"""What an importer gives: observations to be recorded, and pieces that could not be read.

A source that is polled gives the record of a call again with more in it. So each importer keeps
this contract, which `tests/importers/growing.py` holds it to:

- What it reads of an early record is the beginning of what it reads of every later record of that
  call: the same observations, with the same command ids and the same content. What the rest of
  the record may still change is left for a later record.
- What is not over is not read as over.
- A command id follows from the source, the call and the identity of the record's piece, and never
  from what grows: a duration, a count, an end.

Importing the early record and then the final one then gives what the final one alone gives; and
the early one after the final one adds nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.commands import Command


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A piece that cannot be read at all, for quarantine: why, and its original bytes."""

    reason: str
    original: bytes


Observation = Command | Unreadable
"""A command for the observation door, or what goes to quarantine instead."""
