"""The logs of the real processes hold no word of a field that can name a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from domain.commands import COMMAND_CLASSES
from infra.kafka import Kafka
from ledger.feed import StoreFeed
from ledger.intake import new_command_id
from tests.consumers.commanding import ask
from tests.docgen.personal_fields import personal_fields
from tests.entrypoints.long_running import long_running

SECRET = "Anna-Rossi"


def told(call_id: str, action: str, actor: str, **own: Any) -> bytes:
    said = {
        "type": f"call.{action}.v1",
        "command_id": str(new_command_id()),
        "source": "test",
        "call_id": call_id,
        "actor": actor,
        "occurred_at": "2026-01-01T10:00:00Z",
        **own,
    }
    return orjson.dumps(said)


def one_of_each_personal_field() -> list[bytes]:
    """Each readable, refused or unreadable; the personal fields all say the same name."""
    lines = [told("1", "receive", "system", queue="sales", customer=SECRET)]
    lines += [told("1", "offer", "system", agent="agent-1"), told("1", "answer", "agent-1")]
    for one in COMMAND_CLASSES:
        fields = personal_fields("commands.md") & one.model_fields.keys()
        if fields:
            action = one.model_fields["type"].default.split(".")[1]
            lines.append(told("1", action, "agent-1", **dict.fromkeys(fields, SECRET)))
            lines.append(told("1", action, "agent-1", **{key: [SECRET] for key in fields}))
    return [*lines, SECRET.encode(), told("2", "receive", "system", **{SECRET: SECRET})]


@pytest.mark.slow
def test_no_personal_field_reaches_a_log(tmp_path: Path, kafka: Kafka) -> None:
    lines = one_of_each_personal_field()
    ask(kafka, lines, key=b"1")
    elsewhere = tmp_path / "elsewhere"
    logs = []
    with long_running(tmp_path, kafka, "serve-commands") as process:
        process.wait_until_ready()
        process.wait_until(lambda: process.figures()["call_ledger_page_size_sum"] == len(lines))
        texts = [process.get(path)[1] for path in ("/metrics", "/readyz")]
        assert process.figures()["call_ledger_commands_total{unreadable}"] > 2
        assert process.figures()["call_ledger_commands_total{refused}"] > 0
        assert process.stop() == 0
        logs.append(process)
    for words, folder in (("publish", tmp_path), ("project", elsewhere)):
        with long_running(folder, kafka, words) as process:
            process.wait_until_ready()
            process.wait_until(lambda: process.figures()["call_ledger_position"] > 0)
            texts.append(process.get("/metrics")[1])
            assert process.stop() == 0
            logs.append(process)
    with StoreFeed(tmp_path) as feed:
        stored = b"".join(next(iter(feed.batches(0))).documents)
    assert SECRET.encode() in stored, "nothing personal was there to be kept back"
    assert all(process.lines for process in logs)
    texts += [str(process.lines) + process.said for process in logs]
    assert SECRET not in "".join(texts)
