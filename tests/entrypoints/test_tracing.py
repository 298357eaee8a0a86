"""What belongs to a trace is told by each stage: in its log, or as spans that a collector gets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import orjson
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from infra.kafka import Kafka
from tests.consumers.commanding import ask
from tests.entrypoints.calling import call
from tests.ledger.lines import lines_of_calls

TRACE, SPAN = f"{0xABC:032x}", f"{0xDEF:016x}"
STAGES = ("serve-commands", "publish", "project")


def lines_with_traces(call_number: int) -> list[bytes]:
    """Of three commands the second is in a trace that is kept, the third in one that is not."""
    received, offered, answered, *_ = lines_of_calls(1, call_number)
    flags = {offered: "01", answered: "00"}
    return [
        orjson.dumps({**orjson.loads(one), "traceparent": f"00-{TRACE}-{SPAN}-{flags[one]}"})
        if one in flags
        else one
        for one in (received, offered, answered)
    ]


def run_all(
    folder: Path, kafka: Kafka, call_number: int = 0, **more: str
) -> dict[str, list[dict[str, str]]]:
    """Each stage to its end, and the lines of its log."""
    ask(kafka, lines_with_traces(call_number))
    variables = {
        "CALL_LEDGER_KAFKA": kafka.bootstrap,
        "CALL_LEDGER_KAFKA_PREFIX": kafka.prefix,
        **more,
    }
    logs = {}
    for stage in STAGES:
        ended = call(folder, stage, "--until-end", variables=variables)
        assert ended.code == 0, ended.said
        logs[stage] = [orjson.loads(line) for line in ended.err.splitlines()]
    return logs


@contextmanager
def collecting() -> Iterator[tuple[str, list[ExportTraceServiceRequest]]]:
    """A collector on this machine, and what was sent to it."""
    got: list[ExportTraceServiceRequest] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", got
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.slow
def test_each_stage_logs_the_trace_of_what_it_has_done_and_nothing_unless_asked(
    tmp_path: Path, kafka: Kafka
) -> None:
    silent = run_all(tmp_path, kafka)
    assert not [line for lines in silent.values() for line in lines if "trace" in line]
    logs = run_all(tmp_path, kafka, 1, CALL_LEDGER_TRACING="log")
    for stage in STAGES:
        assert [line["trace"] for line in logs[stage] if "trace" in line] == [TRACE]


@pytest.mark.slow
def test_a_collector_gets_a_span_of_each_stage_below_the_one_that_asked(
    tmp_path: Path, kafka: Kafka
) -> None:
    with collecting() as (url, got):
        run_all(
            tmp_path,
            kafka,
            CALL_LEDGER_TRACING="otlp",
            OTEL_EXPORTER_OTLP_ENDPOINT=url,
            NO_PROXY="127.0.0.1",
        )
    spans = [
        span
        for request in got
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]
    assert [span.name for span in spans] == list(STAGES)
    for span in spans:
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, SPAN)
        assert 0 < span.end_time_unix_nano - span.start_time_unix_nano < 60 * 10**9
