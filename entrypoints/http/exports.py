"""Rows as a file: CSV, JSON lines or Parquet, with its hash before its first byte."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from entrypoints.http.asked import Moment, PeriodFrom, PeriodTo, Queue, Source
from entrypoints.http.export_question import ExportQuestion, of_report, of_table, tables
from entrypoints.http.keys import Caller
from entrypoints.http.permissions import PERMISSIONS, AllowedTo
from entrypoints.http.problems import Problem, described
from entrypoints.http.row_files import MEDIA_TYPES, FileFormat, RowsQuestion, answer_with_rows
from entrypoints.http.service import service_of
from projections.reports import REPORTS
from projections.reports.report import Selection
from projections.serving.readable import PERSONAL_TABLES
from projections.serving.sandbox import Bounds

EXPORT: Final = AllowedTo("export rows")
WITH_PERSONAL: Final = "read a call's events"
"""Whoever may do this may have the tables that it is about."""

LARGEST_BYTES: Final = 3_000_000_000
BOUNDS: Final = Bounds(rows=2**62, seconds=600.0)

router = APIRouter(tags=["exports"])


CONTENT: Final = {
    media_type.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
    for file_format, media_type in MEDIA_TYPES.items()
    if file_format is not FileFormat.JSON
}


@router.get(
    "/v1/exports",
    summary="Rows as a file",
    response_class=StreamingResponse,
    responses=described() | {200: {"content": CONTENT}},
)
def export_rows(
    request: Request,
    key: Annotated[Caller, Depends(EXPORT)],
    asked: Moment,
    table: Annotated[
        str | None,
        Query(
            description="The table: calls, events or another of docs/reference/models.md.",
            json_schema_extra={"enum": sorted(tables())},
        ),
    ] = None,
    report: Annotated[
        str | None, Query(description="Or the report.", json_schema_extra={"enum": [*REPORTS]})
    ] = None,
    by: Annotated[list[str] | None, Query(description="Group a report by this.")] = None,
    file_format: Annotated[
        Literal[FileFormat.CSV, FileFormat.JSON_LINES, FileFormat.PARQUET],
        Query(alias="format", description="csv, jsonl or parquet."),
    ] = FileFormat.CSV,
    raw: Annotated[
        bool, Query(description="CSV with text that a spreadsheet could run left as it is.")
    ] = False,
    period_from: PeriodFrom = None,
    period_to: PeriodTo = None,
    agent: Annotated[
        str | None, Query(description="Only calls with this agent; of a report, only of it.")
    ] = None,
    queue: Queue = None,
    source: Source = None,
) -> StreamingResponse:
    """All rows of a table in the order of its key, or of a report, as of one position.

    `Ledger-Rows`, `Content-Length`, `Ledger-SHA-256` and `Repr-Digest` say what the file has to
    have; JSON lines end with a line that says it, too. The tables `events` and `refusals` have what
    people have said, and are for auditors.
    """
    selection = asked.selection(period_from, period_to, agent, queue, source)
    question = question_of(key, table, report, by, selection)
    service = service_of(request)
    service.log_reading(request, key, EXPORT.operation)
    rows = RowsQuestion(
        question.sql,
        question.parameters,
        question.about,
        table or report or "",
        file_format,
        BOUNDS,
        LARGEST_BYTES,
        is_raw=raw,
        is_grouped=question.is_grouped,
    )
    return answer_with_rows(service, rows, asked)


def question_of(
    key: Caller, table: str | None, report: str | None, by: list[str] | None, selection: Selection
) -> ExportQuestion:
    """What is asked for. Raises `Problem` where it makes no sense, or is not for this role."""
    if (table is None) == (report is None):
        raise Problem(400, "malformed", "Name a table or a report, and not both.")
    if report is not None:
        if report not in REPORTS:
            names = ", ".join(REPORTS)
            raise Problem(400, "malformed", f"There is no report {report!r}: {names} are.")
        return of_report(report, selection, tuple(by or ()))
    if table not in tables():
        names = ", ".join(sorted(tables()))
        raise Problem(400, "malformed", f"There is no table {table!r}: {names} are.")
    if by:
        raise Problem(400, "malformed", "Only a report is grouped: leave `by` out.")
    if table in PERSONAL_TABLES and key.role not in PERMISSIONS[WITH_PERSONAL]:
        may = " or ".join(sorted(PERMISSIONS[WITH_PERSONAL]))
        detail = f"Only {may} may export {table}: you ask as {key.role}."
        raise Problem(403, "not-allowed", detail)
    return of_table(table, selection)
