"""Each stage's part in the traces that events belong to: a span or a line of the log for each.

Off, nothing of it is loaded and no document is looked at.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, NamedTuple

from infra.errors import LedgerError
from infra.logs import Happening
from infra.settings import Tracing
from ledger.outcomes import Outcome, Recorded

# The quotation mark before the name is written with a backslash inside any text of a document.
SAMPLED: Final = re.compile(rb'"traceparent":"(00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f][13579bdf])"')
"""The trace of a document whose asker keeps what is told of it."""

NANOSECONDS: Final = 1_000_000_000


class TracedDocument(NamedTuple):
    """What a document says of its trace."""

    parent: str
    trace: str


class Stage:
    """One process of the ledger, as a trace shows it."""

    def __init__(self, tell: Callable[[TracedDocument, int, int], None]) -> None:
        """`tell` is given the document's trace, and when the stage began and ended with it."""
        self._tell = tell

    def took(self, documents: Iterable[bytes], seconds: float) -> None:
        """The stage is done with these, and had them for so long."""
        ended_at = time.time_ns()
        began_at = ended_at - int(seconds * NANOSECONDS)
        for document in documents:
            found = SAMPLED.search(document)
            if found is not None:
                traced = TracedDocument(found[1].decode(), found[2].decode())
                self._tell(traced, began_at, ended_at)

    def recorded(self, outcomes: Sequence[Outcome], seconds: float) -> None:
        """A group of commands is on disk; what was known before is told once."""
        for outcome in outcomes:
            if isinstance(outcome, Recorded) and not outcome.repeated:
                self.took(outcome.documents, seconds)


@contextmanager
def tracing(how: Tracing, process: str, log: logging.Logger) -> Iterator[Stage | None]:
    """The process's stage as the settings ask for it, and nothing where they ask for none.

    Raises `LedgerError` where the extra is not installed.
    """
    match how:
        case "off":
            yield None
        case "log":
            yield Stage(
                lambda traced, *_: log.info(Happening.TRACED, extra={"trace": traced.trace})
            )
        case "otlp":
            with sending_spans(process) as stage:
                yield stage


@contextmanager
def sending_spans(process: str) -> Iterator[Stage]:
    """A stage that sends spans by OTLP; OpenTelemetry's own variables say where to."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.trace import SpanKind
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ImportError:
        raise LedgerError(
            "Spans need packages of the extra `tracing`: install call-ledger[tracing], or set "
            "CALL_LEDGER_TRACING to log."
        ) from None
    provider = TracerProvider(resource=Resource.create({"service.name": f"call-ledger-{process}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("call-ledger")
    propagator = TraceContextTextMapPropagator()

    def tell(traced: TracedDocument, began_at: int, ended_at: int) -> None:
        context = propagator.extract({"traceparent": traced.parent})
        span = tracer.start_span(process, context, SpanKind.CONSUMER, start_time=began_at)
        span.end(ended_at)

    try:
        yield Stage(tell)
    finally:
        provider.shutdown()
