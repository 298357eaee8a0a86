"""Logs of the long-running processes: JSON lines on stderr, with ids and positions only.

What may be written is listed here. The text and the arguments of anything else that is logged are
left out, and so are the words of an error that is not one of ours: they could name a person.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

LOGGER: Final = "call_ledger"
NUMBERS: Final = (
    *("position", "refusal_number", "projected_position", "commands", "unreadable", "port"),
    *("partition", "offset"),
)
"""The fields that a line may have beside its fixed ones; each is a whole number."""


TRACE: Final = re.compile(r"[0-9a-f]{32}")
"""The id of a trace, which a line may have as well."""


class Happening(StrEnum):
    """What a line may say."""

    BEGAN = "began"
    GOES_ON = "goes on"
    UNREADABLE = "messages could not be read"
    DEAD_LETTERS = "messages became dead letters"
    SNAPSHOT = "a snapshot file was made"
    NO_SNAPSHOT = "a snapshot file could not be made"
    NOT_FOLDED = "fresh files could not be folded"
    TRACED = "a document of a trace is done"
    ENDED = "ended"
    FAILED = "failed"
    SOMETHING_ELSE = "something else"


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def __init__(self, process: str, own_errors: tuple[type[Exception], ...]) -> None:
        """`own_errors` are those whose sentences are ours, and name ids and positions alone."""
        super().__init__()
        self._process = process
        self._own_errors = own_errors

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        is_ours = isinstance(record.msg, Happening)
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "process": self._process,
            "happening": record.msg if is_ours else Happening.SOMETHING_ELSE,
            "place": f"{record.module}:{record.lineno}",
        }
        if is_ours:
            numbers = ((name, getattr(record, name, None)) for name in NUMBERS)
            line.update({name: number for name, number in numbers if type(number) is int})
            trace = getattr(record, "trace", None)
            if isinstance(trace, str) and TRACE.fullmatch(trace):
                line["trace"] = trace
        if record.exc_info and (error := record.exc_info[1]) is not None:
            line["error"] = type(error).__name__
            line["place"] = place_of(error) or line["place"]
            if isinstance(error, self._own_errors):
                line["sentence"] = str(error)
        return json.dumps(line)


def say_last(error: Exception) -> None:
    """Say why the process ends at once: in the log where there is one, else as a sentence."""
    logger = logging.getLogger(LOGGER)
    if logger.handlers:
        logger.error(Happening.FAILED, exc_info=error)
    else:
        sys.stderr.write(f"{error}\n")
    sys.stderr.flush()


def place_of(error: BaseException) -> str:
    """The file and line that an error was raised at."""
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}"


@contextmanager
def logging_lines(process: str, *own_errors: type[Exception]) -> Iterator[logging.Logger]:
    """Write what is logged on stderr for as long as this lasts."""
    logger = logging.getLogger(LOGGER)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(process, own_errors))
    before = logger.level, logger.propagate
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield logger
    finally:
        logger.removeHandler(handler)
        logger.level, logger.propagate = before
