"""SQL over HTTP: the analyst's own question, in the process that `call-ledger sql` uses."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from entrypoints.http.asked import Moment
from entrypoints.http.keys import Caller
from entrypoints.http.permissions import PERMISSIONS, AllowedTo
from entrypoints.http.problems import described
from entrypoints.http.row_files import MEDIA_TYPES, FileFormat, RowsQuestion, answer_with_rows
from entrypoints.http.service import service_of
from projections.serving.readable import readable_by_everybody, readable_without_personal
from projections.serving.sandbox import STATEMENT_LENGTH_LIMIT, USUAL

ASK: Final = AllowedTo("ask in SQL")
WITH_PERSONAL: Final = "read a call's events"
"""Whoever may do this may ask of what people have said."""

CONTENT: Final = {
    MEDIA_TYPES[FileFormat.JSON]: {
        "schema": {
            "type": "object",
            "required": ["position", "rows"],
            "properties": {
                "position": {"type": "integer"},
                "rows": {"type": "array", "items": {"type": "object"}},
            },
        }
    },
    **{
        MEDIA_TYPES[other].partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
        for other in (FileFormat.CSV, FileFormat.JSON_LINES, FileFormat.PARQUET)
    },
}

router = APIRouter(tags=["reports"])


class Statement(BaseModel):
    """What is asked."""

    model_config = ConfigDict(extra="forbid")

    query: Annotated[
        str,
        Field(
            min_length=1,
            max_length=STATEMENT_LENGTH_LIMIT,
            description="One select over the tables of docs/reference/models.md, and `events` for "
            "auditors.",
        ),
    ]


@router.post(
    "/v1/sql",
    summary="Ask in SQL",
    response_class=StreamingResponse,
    responses=described(408, 413) | {200: {"content": CONTENT}},
)
def ask_in_sql(
    request: Request,
    key: Annotated[Caller, Depends(ASK)],
    statement: Statement,
    asked: Moment,
    file_format: Annotated[
        FileFormat, Query(alias="format", description="json, csv, jsonl or parquet.")
    ] = FileFormat.JSON,
    raw: Annotated[
        bool, Query(description="CSV with text that a spreadsheet could run left as it is.")
    ] = False,
) -> StreamingResponse:
    """Answer one select, read-only and without access to files or the network.

    It is computed by a process of its own, which may have a gigabyte and a minute, and answers with
    at most a million rows and 256 MB. `docs/reference/output.md` has the form of each type. The
    tables `events` and `refusals` have what people have said, and are for auditors.
    """
    service = service_of(request)
    service.log_reading(request, key, ASK.operation, statement.query)
    is_auditor = key.role in PERMISSIONS[WITH_PERSONAL]
    question = RowsQuestion(
        statement.query,
        {},
        {"query": statement.query} if file_format is not FileFormat.JSON else {},
        "answer",
        file_format,
        USUAL,
        USUAL.answer_megabytes * 1_000_000,
        is_raw=raw,
        readable=readable_by_everybody if is_auditor else readable_without_personal,
    )
    return answer_with_rows(service, question, asked)
