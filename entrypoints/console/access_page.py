"""The access log: who has read what, when, and by which question; for auditors."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import unquote, urlencode

from fastapi import APIRouter, Depends, Query, Request, Response

from entrypoints.console.frame import Page, Shown, Visitor, page
from entrypoints.http.access_log import latest_readings
from entrypoints.http.permissions import PERMISSIONS
from entrypoints.http.service import service_of

ACCESS: Final = "/console/access-log"
PAGE_READINGS: Final = 100
MORE_OPERATIONS: Final = ("enter the console",)

router = APIRouter(include_in_schema=False, route_class=Page)


@router.get(ACCESS)
def show_readings(
    request: Request,
    visitor: Annotated[Visitor, Depends(Shown("read who has read"))],
    key: str = "",
    operation: str = "",
    text: Annotated[str, Query(max_length=500)] = "",
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """Readings, the newest first; this one is among them."""
    service = service_of(request)
    service.log_reading(request, visitor.key, "read who has read")
    rows = latest_readings(service.folder, before, PAGE_READINGS + 1, key, operation, text)
    shown = [
        # An address says in its own signs what was asked; people read it without them.
        {**reading, "question": unquote(str(reading["address"])).partition("?")}
        for reading in rows[:PAGE_READINGS]
    ]
    filters = {
        name: value
        for name, value in (("key", key), ("operation", operation), ("text", text))
        if value
    }
    older = urlencode({**filters, "before": str(shown[-1]["number"])}) if rows[len(shown) :] else ""
    return page(
        request,
        "access_log.html",
        readings=shown,
        notes={key.id: key.note for key in service.keys.all()},
        operations=[*PERMISSIONS, *MORE_OPERATIONS],
        kept=filters,
        key=key,
        operation=operation,
        text=text,
        newest="" if before is None else f"?{urlencode(filters) or 'key='}",
        older=older and f"?{older}",
    )
