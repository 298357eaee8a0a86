"""What an importer gives: observations to be recorded, and pieces that could not be read."""

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
