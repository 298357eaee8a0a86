"""Where the program `call-ledger` begins, before anything else of it is loaded.

What brings up tables for as long as it runs keeps the memory that it frees at hand: DuckDB frees
tens of thousands of small pieces a statement, of which glibc keeps seven of each size for the next,
and buffers that its own allocator gives away. Both take settings only when a process begins
(docs/adr/0040-freed-memory-is-kept-at-hand.md).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Final

LONG_RUNNING: Final = {"project", "serve"}

SETTINGS: Final = {
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=2000",
    "DUCKDB_JE_MALLOC_CONF": "tcache_max:524288,tcache_nslots_large:60",
}
"""Small pieces are glibc's. Buffers, of up to 512 KiB, are those of DuckDB's own allocator."""

NO_PLUGINS: Final = {"PYDANTIC_DISABLE_PLUGINS": "1"}
"""Pydantic would look through all that is installed for what changes its models."""


def run() -> None:
    """Run the command line, in a process that begins once more where it wants settings."""
    if runs_long(sys.argv[1:]):
        begin_with_settings()
    os.environ.update(NO_PLUGINS)
    from entrypoints.cli.main import run as run_command_line

    run_command_line()


def runs_long(words: Sequence[str]) -> bool:
    """Whether the words may start what brings up tables for as long as it runs."""
    return not LONG_RUNNING.isdisjoint(words)


def begin_with_settings() -> None:
    """Begin this process once more with those settings that nobody has chosen, if it lacks any."""
    if not SETTINGS.keys() <= os.environ.keys() and has_glibc():
        os.environ.update({**SETTINGS, **os.environ})
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - itself


def has_glibc() -> bool:
    """Whether the C library is the one that has its setting."""
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError):
        return False


if __name__ == "__main__":
    run()
