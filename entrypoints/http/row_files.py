"""Rows in a file that a process of its own writes, and the answer that is sent from it."""

from __future__ import annotations

import shutil
from base64 import b64encode
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final

from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from entrypoints.http.asked import Asked
from entrypoints.http.service import Service
from entrypoints.report_answer import moment_of
from projections.serving.isolated import Task
from projections.serving.readable import readable_by_everybody
from projections.serving.sandbox import Bounds

if TYPE_CHECKING:
    from collections.abc import Callable

    from projections.serving.permitted import Readable
    from projections.serving.protocol import Answer
    from projections.serving.sandbox import Value

FREE_SHARE: Final = 4
"""One file takes at most this part of what is free on the ledger's disk."""

PIECE_BYTES: Final = 256 * 1024


class FileFormat(StrEnum):
    """How the rows are written."""

    CSV = "csv"
    JSON = "json"
    JSON_LINES = "jsonl"
    PARQUET = "parquet"


MEDIA_TYPES: Final = {
    FileFormat.CSV: "text/csv; charset=utf-8; header=present",
    FileFormat.JSON: "application/json",
    FileFormat.JSON_LINES: "application/x-ndjson",
    FileFormat.PARQUET: "application/vnd.apache.parquet",
}


@dataclass(frozen=True, slots=True)
class RowsQuestion:
    """A statement, and how its rows are written."""

    sql: str
    parameters: dict[str, Value]
    about: dict[str, Any]
    """What is said of the rows, beside their position."""
    name: str
    """What the file is called, before its position."""
    file_format: FileFormat
    bounds: Bounds
    largest_bytes: int
    is_raw: bool = False
    is_grouped: bool = False
    """Whether a row that `is_total` is left out."""
    readable: Callable[[], Readable] = readable_by_everybody


def answer_with_rows(service: Service, question: RowsQuestion, asked: Asked) -> StreamingResponse:
    """Let the process write the rows, and send them once all are there.

    Raises as `Reader.query` does, and `Problem`.
    """
    with ExitStack() as opened:
        file = opened.enter_context(TemporaryFile(dir=service.folder.path, prefix="export-"))
        answer = written(service, question, asked, file)
        name = f"{question.name}-at-{answer.position}.{question.file_format}"
        headers = asked.reached(answer.position) | headers_of(answer, name)
        opened.pop_all()
    return FileResponse(file, headers, MEDIA_TYPES[question.file_format])


def written(service: Service, question: RowsQuestion, asked: Asked, file: IO[bytes]) -> Answer:
    """Let a process of its own write the rows; its answer is one row about the file."""
    with service.heavy_work(), asked.reader(service) as reader:
        as_of = asked.moment.looked_up(reader)
        facts: dict[str, Any] = {
            "descriptor": file.fileno(),
            # What is left has to be left for those who record.
            "largest_bytes": min(
                question.largest_bytes, shutil.disk_usage(service.folder.path).free // FREE_SHARE
            ),
            "format": question.file_format.value,
            "raw": question.is_raw,
            "time_zone": asked.time_zone,
            "is_grouped": question.is_grouped,
            "about": {**question.about, **reader.facts, **moment_of(reader, as_of)},
        }
        module, descriptors = "entrypoints.http.export_process", (file.fileno(),)
        task = Task(module, question.readable, facts, descriptors)
        return reader.query(question.sql, question.parameters, question.bounds, as_of, task)


def headers_of(answer: Answer, name: str) -> dict[str, str]:
    """What is said of the file before it is sent: by it a client knows that it has it whole."""
    (about,) = answer.table.to_pylist()
    digest = b64encode(bytes.fromhex(about["sha256"])).decode()
    return {
        "Content-Length": str(about["size_bytes"]),
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "Ledger-Rows": str(about["rows"]),
        "Ledger-SHA-256": about["sha256"],
        "Repr-Digest": f"sha-256=:{digest}:",
    }


class FileResponse(StreamingResponse):
    """A file without a name, sent piece by piece and closed however that ends."""

    def __init__(self, file: IO[bytes], headers: dict[str, str], media_type: str) -> None:
        file.seek(0)
        super().__init__(pieces_of(file), headers=headers, media_type=media_type)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


def pieces_of(file: IO[bytes]) -> Iterator[bytes]:
    """The file's bytes."""
    return iter(partial(file.read, PIECE_BYTES), b"")
