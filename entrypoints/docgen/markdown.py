"""Markdown put together from parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A markdown table; a bar within a cell is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def document(parts: Iterable[str]) -> str:
    """The parts as one file, a blank line between them."""
    return "\n\n".join(part.strip() for part in parts) + "\n"
