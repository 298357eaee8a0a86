"""The topics of the ledger: made as `topics.yaml` says, refused where they lose events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import yaml
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import NoError, TopicAlreadyExistsError, for_code

from infra.kafka import Kafka, KafkaUnavailable

FILE: Final = Path(__file__).with_name("topics.yaml")
EVENTS, REFUSALS, EVENTS_POSITIONS = "call-events", "call-refusals", "call-events-positions"
COMMANDS, OUTCOMES, COMMANDS_POSITIONS = "call-commands", "call-outcomes", "call-commands-positions"

OF_ANY_NUMBER: Final = (COMMANDS, OUTCOMES)
"""Topics that may have more partitions than at first, or fewer: all that are there are used."""

PUBLISH_AGAIN: Final = "publish everything again with `call-ledger publish --from 1`"
SERVE_AGAIN: Final = (
    "answer all commands that are there with `call-ledger serve-commands --from-beginning`, where "
    "those that are known get their first answer again"
)
READ_AGAIN: Final = (
    "delete each projections.duckdb, and name another place for each shard with --into, so that "
    "`call-ledger project` reads from the beginning"
)
AFTERWARDS: Final = {
    EVENTS: f"{PUBLISH_AGAIN}, and {READ_AGAIN}",
    REFUSALS: f"{PUBLISH_AGAIN}, and {READ_AGAIN}",
    EVENTS_POSITIONS: PUBLISH_AGAIN,
    COMMANDS_POSITIONS: SERVE_AGAIN,
}
"""How to go on when one of these was made again; it is safe at any time."""

MOST_REPLICAS: Final = 3
MOST_IN_SYNC: Final = 2
CREATE_MILLISECONDS: Final = 30_000

MISSING_SECONDS: Final = 3.0
"""For so long a topic must be missing: each broker learns of a new one in its own time."""

PAUSE_SECONDS: Final = 0.2

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as it must be."""

    name: str
    about: str
    partitions: int
    settings: dict[str, str]

    def settings_on(self, brokers: int) -> dict[str, str]:
        """Its settings, with as many replicas in sync as the cluster can lose one of."""
        in_sync = min(MOST_IN_SYNC, max(1, brokers - 1))
        return {**self.settings, "min.insync.replicas": str(in_sync)}


@cache
def topics() -> dict[str, Topic]:
    """Every topic by its name."""
    read = yaml.safe_load(FILE.read_text("utf-8"))
    return {name: topic_of(name, said) for name, said in read.items()}


def topic_of(name: str, said: dict[str, Any]) -> Topic:
    """One entry of the file; Kafka wants every setting as text."""
    settings = {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in said["settings"].items()
    }
    return Topic(name, said["about"], said["partitions"], settings)


def create(kafka: Kafka) -> list[str]:
    """Make the topics that are not there, and return their names; those that are stay as they are.

    All are asked for, since a broker may still show one that was just deleted. Raises
    `KafkaUnavailable`.
    """
    with kafka.admin() as admin:
        existing = set(admin.list_topics())
        brokers = len(admin.describe_cluster()["brokers"])
        wanted = {
            kafka.topic(topic.name): {
                "num_partitions": topic.partitions,
                "replication_factor": min(MOST_REPLICAS, brokers),
                "configs": topic.settings_on(brokers),
            }
            for topic in topics().values()
        }
        answer = admin.create_topics(wanted, timeout_ms=CREATE_MILLISECONDS, raise_errors=False)
        made = []
        for topic in answer["topics"]:
            name, error = topic["name"], for_code(topic["error_code"])
            if error is NoError:
                made.append(name)
            elif error is not TopicAlreadyExistsError and name not in existing:
                raise error(topic["error_message"])
        admin.wait_for_topics(made, timeout_ms=CREATE_MILLISECONDS)
    return made


def check(kafka: Kafka, names: Iterable[str] | None = None) -> list[str]:
    """What is wrong with the topics, a sentence each; nothing when they keep everything.

    Raises `KafkaUnavailable`.
    """
    wanted = {kafka.topic(name): topics()[name] for name in names or topics()}
    with kafka.admin() as admin:
        brokers = len(admin.describe_cluster()["brokers"])
        described = looked_for(
            lambda: described_in(admin, wanted), lambda seen: all(map(all, seen))
        )
    return [
        problem
        for (name, topic), seen in zip(wanted.items(), described, strict=True)
        for problem in problems_of(topic, name, seen, brokers)
    ]


def looked_for(look: Callable[[], Found], is_all: Callable[[Found], bool]) -> Found:
    """What a look finds, once that is all, or something was missing for `MISSING_SECONDS`."""
    until = time.monotonic() + MISSING_SECONDS
    while True:
        found = look()
        if is_all(found) or time.monotonic() > until:
            return found
        time.sleep(PAUSE_SECONDS)


class Described(NamedTuple):
    """A topic's partitions and settings; none where it is not there, or not shown to an account."""

    partitions: list[dict[str, Any]]
    settings: dict[str, Any]


def described_in(admin: KafkaAdminClient, names: Iterable[str]) -> list[Described]:
    """What Kafka says of each topic."""
    partitions = {topic["name"]: topic["partitions"] for topic in admin.describe_topics([*names])}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
    settings = admin.describe_configs(resources, config_filter="all")["topic"]
    return [Described(partitions.get(name, []), settings[name]) for name in names]


def problems_of(topic: Topic, name: str, described: Described, brokers: int) -> list[str]:
    """What is wrong with one topic, of which Kafka says this."""
    partitions, found = described
    if not partitions:
        return [
            f"Topic {name} is not there: run `call-ledger topics create`, or give this account its "
            "rights on it."
        ]
    problems = []
    if len(partitions) != topic.partitions and topic.name not in OF_ANY_NUMBER:
        problems.append(
            f"Topic {name} has {len(partitions)} partitions instead of {topic.partitions}, by "
            "which a call's events are out of order for who reads it: end all processes, delete "
            f"it, and run `call-ledger topics create`; then {AFTERWARDS[topic.name]}."
        )
    replicas = min(len(partition["replica_nodes"]) for partition in partitions)
    if replicas < min(MOST_REPLICAS, brokers):
        problems.append(
            f"Topic {name} has {replicas} replicas on {brokers} brokers: "
            f"give it {min(MOST_REPLICAS, brokers)}, or one lost disk loses events."
        )
    if not found:
        return [
            *problems,
            f"Topic {name} does not show its settings: give this account its rights.",
        ]
    for setting, value in topic.settings_on(replicas).items():
        actual = found[setting]["value"]
        if actual != value:
            problems.append(
                f"Topic {name} has {setting}={actual} instead of {value}: set it, or what is "
                "written to it is lost, or cannot be read."
            )
    return problems


def check_safe(kafka: Kafka, *names: str) -> None:
    """Refuse to start on topics that would lose something. Raises `KafkaUnavailable`."""
    problems = check(kafka, names)
    if problems:
        raise KafkaUnavailable(" ".join(problems))
