"""The classes that were linked once are those of the Kafka and the Java that tests start."""

from __future__ import annotations

import subprocess

from infra.local.java import classpath, java
from infra.local.kafka import MEMORY
from tests.linked_classes import link_classes, linked_file


def test_java_takes_the_linked_classes_for_those_of_kafka() -> None:
    if not linked_file().exists():
        link_classes()
    only_with_them = ["-XX:AOTMode=on", f"-XX:AOTCache={linked_file()}"]
    begun = subprocess.run(
        [*java(), *MEMORY, *only_with_them, "-cp", classpath(), "-version"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert begun.returncode == 0, begun.stdout
