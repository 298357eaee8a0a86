"""Apache Kafka on this machine, from packages alone: one broker, or three that replicate.

Each broker is also a controller (KRaft). They listen on free loopback ports, which they keep over
restarts, without TLS or passwords: they are for tests, tutorials and laptops.
"""

from __future__ import annotations

import subprocess
import uuid
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from infra.local.java import classpath, java, start_detached, stop_detached, the_one_running
from infra.local.servers import (
    HOST,
    ServerFailed,
    answers,
    free_ports,
    is_free,
    wait_until,
    would_not,
)

PATIENCE_SECONDS = 90
STOP_SECONDS = 8
"""A broker that is not gone by then is killed: what it acknowledged is on its disk."""

MEMORY = ("-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")
QUIET = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
)


@dataclass(frozen=True, slots=True)
class LocalBroker:
    """One broker: its files, its ports and its process."""

    number: int
    folder: Path

    @property
    def properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def log(self) -> Path:
        return self.folder / "kafka.log"

    @property
    def ports(self) -> tuple[int, int]:
        """Where clients connect, and where the controllers talk to one another."""
        for line in self.properties.read_text().splitlines():
            if line.startswith("listeners="):
                clients, controllers, *_ = (
                    int(address.rpartition(":")[2]) for address in line.split(",")
                )
                return clients, controllers
        raise ServerFailed(f"{self.properties} names no listeners: delete {self.folder.parent}.")

    @property
    def is_running(self) -> bool:
        """Whether the broker's process is there."""
        return the_one_running(self._pid, str(self.properties)) is not None

    def start(self) -> None:
        """Start the process, without waiting until it is ready."""
        if not self.is_running:
            words = [*java(), *MEMORY, *QUIET, "-cp", classpath(), "kafka.Kafka"]
            start_detached([*words, str(self.properties)], self.log, self._pid)

    def stop(self, at_once: bool = False) -> None:
        """End the process and wait until it is gone; `at_once` is kill -9."""
        stop_detached(self._pid, str(self.properties), 0 if at_once else STOP_SECONDS)

    @property
    def _pid(self) -> Path:
        return self.folder / "pid"


@dataclass(frozen=True, slots=True)
class LocalKafka:
    """The cluster whose data, logs and settings are in `folder`."""

    folder: Path

    @property
    def brokers(self) -> list[LocalBroker]:
        """Those that were set up, in the order of their numbers."""
        found = self.folder.absolute().glob("broker-*/server.properties")
        return [
            LocalBroker(int(properties.parent.name.removeprefix("broker-")), properties.parent)
            for properties in sorted(found)
        ]

    @property
    def bootstrap(self) -> str:
        """What `CALL_LEDGER_KAFKA` is set to."""
        if not (brokers := self.brokers):
            raise ServerFailed(
                f"There is no Kafka in {self.folder}: start it with `call-ledger local up`."
            )
        return ",".join(f"{HOST}:{broker.ports[0]}" for broker in brokers)

    @property
    def is_running(self) -> bool:
        """Whether all of its brokers' processes are there."""
        brokers = self.brokers
        return bool(brokers) and all(broker.is_running for broker in brokers)

    def start(self, brokers: int | None = None) -> str:
        """Start what does not run, wait until all brokers are ready; return where they are.

        Without a number there are as many as were set up, or one. Raises `ServerFailed` with the
        log's place.
        """
        existing = self.brokers
        if existing and brokers not in (None, len(existing)):
            raise ServerFailed(
                f"The Kafka in {self.folder} has {len(existing)} brokers, not {brokers}: "
                "start it with as many, or delete that folder for a new one."
            )
        if not existing:
            self._set_up(brokers or 1)
        elif not any(broker.is_running for broker in existing):
            self._have_free_ports()
        for broker in self.brokers:
            broker.start()
        self.wait_until_ready()
        return self.bootstrap

    def wait_until_ready(self) -> None:
        """Wait until clients see every broker. Raises `ServerFailed` with the log's place."""
        brokers = self.brokers

        def settled() -> bool:
            return not all(broker.is_running for broker in brokers) or self._is_ready()

        in_time = wait_until(settled, PATIENCE_SECONDS)
        for broker in brokers:
            if not broker.is_running:
                raise would_not(f"Kafka's broker {broker.number}", broker.log, "did not start")
        if not in_time:
            why = f"was not ready in {PATIENCE_SECONDS} seconds"
            raise would_not("Kafka", brokers[0].log, why)

    def stop(self, at_once: bool = False) -> None:
        """End every broker and wait until it is gone."""
        brokers = self.brokers
        # All at once: the last one alone has no quorum to sign off with, and would wait for it.
        with ThreadPoolExecutor(max(1, len(brokers))) as threads:
            list(threads.map(lambda broker: broker.stop(at_once), brokers))

    def _is_ready(self) -> bool:
        brokers = self.brokers
        if not all(answers(broker.ports[0]) for broker in brokers):
            return False
        from infra.kafka import brokers_seen  # noqa: PLC0415 - loads the client only when needed

        return brokers_seen(self.bootstrap) == len(brokers)

    def _set_up(self, count: int) -> None:
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        ports = free_ports(2 * count)
        all_ports = list(zip(ports[::2], ports[1::2], strict=True))
        for number in range(1, count + 1):
            broker = LocalBroker(number, self.folder.absolute() / f"broker-{number}")
            broker.folder.mkdir(parents=True)
            write_properties(broker, all_ports)
            format_storage(broker, cluster)

    def _have_free_ports(self) -> None:
        brokers = self.brokers
        ports = [broker.ports for broker in brokers]
        if not all(is_free(port) for pair in ports for port in pair):
            fresh = free_ports(2 * len(brokers))
            ports = list(zip(fresh[::2], fresh[1::2], strict=True))
            for broker in brokers:
                write_properties(broker, ports)


def write_properties(broker: LocalBroker, ports: list[tuple[int, int]]) -> None:
    """Write the one file of settings; `ports` are those of all brokers in order."""
    count = len(ports)
    clients, controllers = ports[broker.number - 1]
    voters = ",".join(f"{n}@{HOST}:{pair[1]}" for n, pair in enumerate(ports, 1))
    in_sync = max(1, count - 1)
    settings = {
        "process.roles": "broker,controller",
        "node.id": broker.number,
        "controller.quorum.voters": voters,
        "listeners": f"PLAINTEXT://{HOST}:{clients},CONTROLLER://{HOST}:{controllers}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{clients}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": broker.folder / "data",
        "default.replication.factor": count,
        "offsets.topic.replication.factor": count,
        "offsets.topic.num.partitions": 4,
        "transaction.state.log.replication.factor": count,
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": 4,
        "auto.create.topics.enable": "false",
        "unclean.leader.election.enable": "false",
        "group.initial.rebalance.delay.ms": 0,
    }
    broker.properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))


def format_storage(broker: LocalBroker, cluster: str) -> None:
    """Prepare the broker's disk, which Kafka wants done once. Raises `ServerFailed`."""
    tool = [*java(), *MEMORY, "-cp", classpath(), "kafka.tools.StorageTool", "format"]
    with broker.log.open("w") as log:
        done = subprocess.run(  # noqa: S603 - our own program
            # One word each: an id may begin with a hyphen.
            [*tool, f"--cluster-id={cluster}", f"--config={broker.properties}"],
            stdout=log,
            stderr=subprocess.STDOUT,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    if done.returncode != 0:
        broker.properties.unlink()
        raise would_not(f"Kafka's broker {broker.number}", broker.log, "could not be set up")
