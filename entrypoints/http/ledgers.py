"""The ledgers of a company over HTTP: how far each of them is."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response

from entrypoints.cli.ledgers import of_each, row_of
from entrypoints.http.asked import document
from entrypoints.http.keys import Caller
from entrypoints.http.permissions import AllowedTo
from entrypoints.http.problems import described
from entrypoints.http.service import Service, service_of

SEE: Final = AllowedTo("see operations")
UNREADABLE: Final = "It cannot be read now: `call-ledger ledgers` says why."
TOLD: Final = (
    *("ledger", "calls", "position", "refusals", "projected_position", "lag_events"),
    *("published_position", "publish_lag_events", "problem"),
)

router = APIRouter(tags=["reports"])


@router.get("/v1/ledgers", summary="All ledgers", responses=described(404))
def list_ledgers(request: Request, key: Annotated[Caller, Depends(SEE)]) -> Response:
    """Which there are, which calls belong to each, and how far each is.

    Where the server was started with `--all-ledgers`; else there is nothing here.
    """
    service = service_of(request)
    service.log_reading(request, key, SEE.operation)
    return document({"ledgers": rows_of_all(service)}, {})


def rows_of_all(service: Service) -> list[dict[str, Any]]:
    """A row for each, without where it is; one that cannot be read says so."""
    rows = of_each(service.all_ledgers(), row_of)
    return [
        {name: row[name] for name in TOLD} | {"problem": row["problem"] and UNREADABLE}
        for row in rows
    ]
