"""Rebuild: every table computed anew beside the current ones, by whoever has the tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from threading import Lock, Thread
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from entrypoints.cli.rebuild import SHOWN, source_of
from entrypoints.console.entrance import Form
from entrypoints.console.frame import Page, Shown, Visitor, page
from entrypoints.console.operations_page import OPERATIONS, refuse_of_shards, visitor_named
from entrypoints.http.problems import Problem
from entrypoints.http.service import Service, service_of
from infra.errors import LedgerError

if TYPE_CHECKING:
    import pyarrow as pa

    from projections.rebuild import Rebuilt

REBUILD: Final = f"{OPERATIONS}/rebuild"
MAY: Final = Shown("rebuild the tables")

router = APIRouter(include_in_schema=False, route_class=Page)


@dataclass
class Rebuilding:
    """The last rebuild that was asked for here: how far it is, or what came of it."""

    who: str = ""
    begun_at: datetime | None = None
    step: str = ""
    done: int = 0
    total: int = 0
    rebuilt: Rebuilt | None = None
    differences: list[dict[str, Any]] = field(default_factory=list)
    """The first of them."""
    failed: str = ""

    @property
    def goes_on(self) -> bool:
        """Whether it is not over."""
        return self.begun_at is not None and self.rebuilt is None and not self.failed


class Rebuilder:
    """Rebuilds one at a time, on a thread of its own."""

    def __init__(self) -> None:
        self.latest = Rebuilding()
        self._lock = Lock()

    def begin(self, service: Service, who: str, keeps: bool, from_store: bool) -> bool:
        """Begin, unless one goes on."""
        with self._lock:
            if self.latest.goes_on:
                return False
            self.latest = Rebuilding(who, datetime.now(UTC))
        Thread(target=rebuild, args=(service, self.latest, keeps, from_store), daemon=True).start()
        return True


def rebuild(service: Service, rebuilding: Rebuilding, keeps: bool, from_store: bool) -> None:
    """Have the tables rebuilt, and note how far it is."""
    from projections.rebuild import Step
    from projections.serving.rebuilding import Wish, have_performed

    def tell(step: Step, done: int, total: int) -> None:
        rebuilding.step, rebuilding.done, rebuilding.total = step.value, done, total

    def take(table: pa.Table) -> None:
        # The models name nobody; what the events say of a customer is for auditors.
        rows = (row for row in table.to_pylist() if row["model"] not in ("events", "refusals"))
        rebuilding.differences.extend(islice(rows, SHOWN - len(rebuilding.differences)))

    try:
        # Whoever asked first has the tables: this process, or one that serves them already.
        with service.reader() as reader:
            reader.ask("select 1")
        with source_of(service.folder, from_store, None) as source:
            wish = Wish(keeps, False, SHOWN, None if source is None else source.name, False)
            rebuilding.rebuilt = have_performed(service.folder.path, wish, tell, take, source)
    except LedgerError as error:
        rebuilding.failed = str(error)
    except Exception:
        rebuilding.failed = "This is a mistake in call-ledger itself; please report it."
        raise


@router.get(REBUILD)
def show_rebuild(request: Request, visitor: Annotated[Visitor, Depends(MAY)]) -> Response:
    """How far it is, or what came of it, and what may be begun."""
    service = service_of(request)
    service.log_reading(request, visitor.key, MAY.operation)
    refuse_of_shards(service, visitor)
    return page(request, "rebuild.html", rebuilding=rebuilder_of(request).latest)


@router.get(f"{REBUILD}/progress")
def show_progress(request: Request, visitor: Annotated[Visitor, Depends(MAY)]) -> Response:  # noqa: ARG001 - who has entered may
    """The same, for a page that asks each second; it has nobody's data, so the log has no line."""
    return page(request, "rebuild.html", rebuilding=rebuilder_of(request).latest)


@router.post(REBUILD)
def begin_rebuild(
    request: Request, visitor: Annotated[Visitor, Depends(MAY)], form: Form
) -> Response:
    """Begin; the current tables answer meanwhile."""
    service = service_of(request)
    keeps, from_store = "keep" in form, "from_store" in form
    service.check_records()
    service.log_reading(request, visitor.key, MAY.operation, " ".join(["begin", *sorted(form)]))
    refuse_of_shards(service, visitor)
    if not rebuilder_of(request).begin(service, visitor_named(visitor), keeps, from_store):
        raise Problem(409, "under-way", visitor.words.say("A rebuild goes on already."))
    return RedirectResponse(REBUILD, 303)


def rebuilder_of(request: Request) -> Rebuilder:
    """The one of the server that this request came to."""
    rebuilder: Rebuilder = request.app.state.rebuilder
    return rebuilder
