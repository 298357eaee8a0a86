"""What could not be read, over HTTP: as `call-ledger quarantine list` has it."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from entrypoints.cli.quarantine import EVERY, LISTED, WAITING
from entrypoints.http.asked import WaitFor, document, reached
from entrypoints.http.keys import Caller
from entrypoints.http.pages import following
from entrypoints.http.permissions import AllowedTo
from entrypoints.http.problems import described
from entrypoints.http.service import service_of
from infra.folder import LedgerFolder
from ledger.quarantine import reading_quarantine
from projections.serving.read_side import ReadSide

MOST_ENTRIES: Final = 500
NAMES: Final = ("number", "received_at", "origin", "reason", "size_bytes", "state")
READ: Final = AllowedTo("read the quarantine")

router = APIRouter(tags=["quarantine"])


@router.get("/v1/quarantine", summary="What could not be read", responses=described())
def list_quarantine(
    request: Request,
    key: Annotated[Caller, Depends(READ)],
    with_resolved: Annotated[
        bool, Query(alias="all", description="Include what has been resolved.")
    ] = False,
    after: Annotated[
        str | None,
        Query(
            pattern=r"^((kafka|store)-)?[0-9]{1,18}$", description="Only what is listed after this."
        ),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ENTRIES, description="How many.")] = 50,
    wait_for: WaitFor = 0,
) -> Response:
    """What waits, in the order in which it came; first what could not be recorded.

    Then dead letters, which have numbers as `kafka-3` or `store-3`: their events are recorded, and
    the tables cannot take them. `call-ledger quarantine show NUMBER` shows the bytes.
    """
    service = service_of(request)
    service.log_reading(request, key, READ.operation)
    kind, _, number = (after or "0").rpartition("-")
    entries: list[dict[str, Any]] = []
    if not kind and service.has_store:
        entries = unread_after(service.folder, int(number), limit + 1, with_resolved)
        number = "0"
    with service.reader(wait_for) as reader:
        letters, position = dead_letters_after(reader, int(number), with_resolved)
    entries += letters[: limit + 1 - len(entries)]
    headers = reached(position, wait_for)
    shown = entries[:limit]
    more = following(request, "after", shown[-1]["number"]) if len(entries) > limit else None
    return document({"position": position, "entries": shown, "next": more}, headers)


def unread_after(
    folder: LedgerFolder, number: int, limit: int, with_resolved: bool
) -> list[dict[str, Any]]:
    """What could not be recorded, without its bytes."""
    with reading_quarantine(folder) as quarantine:
        found = list(islice(quarantine.entries(with_resolved, number), limit))
    return [dict(zip(NAMES, one, strict=True)) | {"number": str(one.number)} for one in found]


def dead_letters_after(
    reader: ReadSide, number: int, with_resolved: bool
) -> tuple[list[dict[str, Any]], int]:
    """The events that the tables cannot take, and the position that they are at."""
    condition = EVERY if with_resolved else WAITING
    answer = reader.ask(
        LISTED.format(f"dead_letter_number > $after and {condition}") + f"limit {MOST_ENTRIES + 1}",
        {"after": number},
    )
    return answer.table.to_pylist(), answer.position
