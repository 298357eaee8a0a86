"""Where the program `call-ledger` begins, before anything else of it is loaded.

What brings up tables for as long as it runs keeps the memory that it frees at hand: DuckDB frees
tens of thousands of small pieces a statement, of which glibc keeps seven of each size for the next.
glibc takes the setting only when a process begins (docs/adr/0040-freed-memory-is-kept-at-hand.md).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Final

LONG_RUNNING: Final = {"project", "serve"}

SETTING: Final = "GLIBC_TUNABLES"
MORE_PIECES: Final = "glibc.malloc.tcache_count=2000"

NO_PLUGINS: Final = {"PYDANTIC_DISABLE_PLUGINS": "1"}
"""Pydantic would look through all that is installed for what changes its models."""


def run() -> None:
    """Run the command line, in a process that begins once more where it wants the setting."""
    if wants_the_setting(sys.argv[1:], os.environ) and has_glibc():
        os.environ[SETTING] = MORE_PIECES
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - itself
    os.environ.update(NO_PLUGINS)
    from entrypoints.cli.main import run as run_command_line

    run_command_line()


def wants_the_setting(words: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether the words may start what runs long, and nobody has chosen a setting."""
    return SETTING not in environment and not LONG_RUNNING.isdisjoint(words)


def has_glibc() -> bool:
    """Whether the C library is the one that has the setting."""
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, ValueError):
        return False


if __name__ == "__main__":
    run()
