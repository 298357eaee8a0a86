"""What an error becomes on the command line: one sentence, and an exit code."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from infra.errors import NOT_DONE, WRONG_USAGE, LedgerError
from infra.visible import visible, visible_lines

VALIDATED = "Value error, "
"""What typer lets its validation say before a sentence."""

NUMBERS = {
    "Input should be a valid integer": "write a whole number, such as 3.",
    "Input should be a valid number": "write a number, such as 0.5.",
}
"""How validation begins to say that something is no number, and what we say."""

INTERRUPTED, PIPE_CLOSED = 130, 141
"""The last is what a shell shows for a program that a closed pipe has ended."""


class OneSentence(TyperGroup):
    """Runs a command; whatever goes wrong is told in one sentence, never as a traceback."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command, write out all it said, and turn an error into an exit code."""
        try:
            answer = super().invoke(ctx)
            sys.stdout.flush()
        except KeyboardInterrupt:
            sys.stderr.write(
                "Interrupted; what was answered is recorded, and nothing is half recorded.\n"
            )
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            discard_output()
            raise typer.Exit(PIPE_CLOSED) from None
        except Exception as error:
            if hasattr(error, "exit_code") and not isinstance(error, LedgerError):
                if hasattr(error, "message"):
                    error.message = in_our_words(visible(error.message))
                raise
            exit_code, sentence = exit_code_and_sentence(error)
            sys.stderr.write(f"{visible_lines(sentence)}\n")
            raise typer.Exit(exit_code) from None
        return answer


class ListingCommand(TyperCommand):
    """A command whose help ends with a list that is put together only when it is shown."""

    def listing(self) -> str:
        """The end of the help."""
        raise NotImplementedError

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Show the help with the list at its end."""
        self.epilog = self.listing()
        super().format_help(ctx, formatter)


def in_our_words(message: str) -> str:
    """What typer says of a wrong value, without the words of its validation."""
    for beginning, sentence in NUMBERS.items():
        if message.startswith(beginning):
            return sentence
    return message.removeprefix(VALIDATED)


def exit_code_and_sentence(error: Exception) -> tuple[int, str]:
    """The exit code and the sentence of an error."""
    if isinstance(error, LedgerError):
        return error.exit_code, str(error)
    if isinstance(error, UnicodeEncodeError) and error.reason == "surrogates not allowed":
        # Bytes of an argument that are no UTF-8 arrive as halves of pairs.
        return WRONG_USAGE, f"{error.object[:60]} is not text in UTF-8: write it as text."
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return NOT_DONE, f"{where}{error.strerror}; see to that, or name another folder or file."
    if os.environ.get("CALL_LEDGER_TRACEBACK"):
        traceback.print_exception(error)
    return NOT_DONE, (
        f"This is a mistake in call-ledger itself ({type(error).__name__}: {error}); "
        "please report it with what CALL_LEDGER_TRACEBACK=1 shows."
    )


@contextmanager
def ended_by_interrupt() -> Iterator[None]:
    """Let an interrupt end the process at once: DuckDB does not look for one while it computes."""
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def discard_output() -> None:
    """Nobody reads any more: let what is still to be written go nowhere without a complaint."""
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
