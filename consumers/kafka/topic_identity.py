"""Which topics Kafka has, by their ids: one that was deleted and made again is another topic.

Offsets and positions belong to a topic's id, never to its name alone. So whoever keeps them keeps
the ids beside them, compares them at the start, and looks again while it works.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from kafka import KafkaAdminClient
from kafka.errors import KafkaError, TopicAuthorizationFailedError

from infra.errors import LedgerError
from infra.kafka import Kafka, KafkaUnavailable, KeptAdmin
from infra.topics import PAUSE_SECONDS, looked_for

LOOK_AGAIN_SECONDS: Final = 2.0
"""How often a process that has nothing to do looks whether its topics are still there."""

NO_ID: Final = "00000000-0000-0000-0000-000000000000"

TOPICS: Final = "topics"
"""Under this name a checkpoint has the ids of its topics."""

TopicIds = Mapping[str, str]
"""The id of each topic by its name without the prefix."""


class TopicMadeAgain(LedgerError):  # noqa: N818 - it reads as the state it reports
    """A topic is not the one that was read or written before; the sentence says how to go on."""


class Seen(NamedTuple):
    """A topic as Kafka has it now."""

    topic_id: str
    partitions: int


def topics_seen(kafka: Kafka, admin: KafkaAdminClient, *names: str) -> dict[str, Seen]:
    """The topics that are there, by their names without the prefix.

    Raises `KafkaError`, and `KafkaUnavailable` where Kafka does not tell ids.
    """
    described = {
        topic["name"]: topic for topic in admin.describe_topics([*map(kafka.topic, names)])
    }
    return {name: seen for name in names if (seen := seen_in(described.get(kafka.topic(name))))}


def seen_in(described: Mapping[str, Any] | None) -> Seen | None:
    """What Kafka says of a topic; nothing when it is not there."""
    if described is None:
        return None
    if described["error_code"] == TopicAuthorizationFailedError.errno:
        raise TopicAuthorizationFailedError(described["name"])
    if not described["partitions"] or not described["topic_id"]:
        return None
    if described["topic_id"] == NO_ID:
        raise KafkaUnavailable("Kafka does not tell the ids of its topics: use Kafka 2.8 or later.")
    return Seen(described["topic_id"], len(described["partitions"]))


def ids_in(checkpoint: Mapping[str, Any]) -> TopicIds:
    """The ids of the topics that a checkpoint speaks of."""
    ids: TopicIds = checkpoint.get(TOPICS, {})
    return ids


def why_made_again(name: str, now: str | None, way_on: str) -> str:
    """The sentence for a topic that is gone, or is another one by now."""
    if now is None:
        return (
            f"Topic {name} was deleted: run `call-ledger topics create` to make it again, then "
            f"{way_on}."
        )
    return f"Topic {name} was deleted and made again, what was on it is gone: {way_on}."


class WatchedTopics:
    """Topics that must stay those that they are while somebody reads or writes them."""

    def __init__(self, kafka: Kafka, way_on: str, *names: str) -> None:
        """Look what there is; `way_on` is what to do when one was made again.

        Raises `KafkaUnavailable`.
        """
        self._kafka = kafka
        self._way_on = way_on
        self._names = names
        self._admin = KeptAdmin(kafka)
        self._looked_at = time.monotonic()
        with kafka.explained():
            self.seen = looked_for(self._look, lambda seen: len(seen) == len(names))
        for name in names:
            if name not in self.seen:
                raise KafkaUnavailable(
                    f"Topic {kafka.topic(name)} is not there: run `call-ledger topics create`."
                )

    @property
    def ids(self) -> dict[str, str]:
        """The id of each topic."""
        return {name: seen.topic_id for name, seen in self.seen.items()}

    def compare(self, kept: TopicIds) -> None:
        """Raise `TopicMadeAgain` when these ids were kept of other topics than there are now."""
        for name, seen in self.seen.items():
            if kept.get(name, seen.topic_id) != seen.topic_id:
                sentence = why_made_again(self._kafka.topic(name), seen.topic_id, self._way_on)
                raise TopicMadeAgain(sentence)

    def check(self) -> None:
        """Look now; a broker that is away is waited for as long as patience lasts.

        Raises `TopicMadeAgain`, and `KafkaUnavailable`.
        """
        until = time.monotonic() + self._kafka.patience_seconds
        while True:
            try:
                now = looked_for(self._look, lambda seen: len(seen) == len(self.seen))
                break
            except KafkaError:
                self._admin.close()
                if time.monotonic() > until:
                    with self._kafka.explained():
                        raise
                time.sleep(PAUSE_SECONDS)
        self._compare_with(now)
        self._looked_at = time.monotonic()

    def are_the_same(self) -> bool:
        """As `check`, without waiting: whether a broker could say that they are the same."""
        self._looked_at = time.monotonic()
        try:
            now = self._look()
        except KafkaError:
            self._admin.close()
            return False
        if now != self.seen:
            self.check()
        return True

    def check_now_and_then(self) -> None:
        """Look when it was long ago; a broker that is away is nobody's business here."""
        if time.monotonic() > self._looked_at + LOOK_AGAIN_SECONDS:
            self.are_the_same()

    def close(self) -> None:
        """Close the connection."""
        self._admin.close()

    def _look(self) -> dict[str, Seen]:
        return topics_seen(self._kafka, self._admin.client(), *self._names)

    def _compare_with(self, now: Mapping[str, Seen]) -> None:
        for name, before in self.seen.items():
            topic, found = self._kafka.topic(name), now.get(name)
            if found is None or found.topic_id != before.topic_id:
                topic_id = None if found is None else found.topic_id
                raise TopicMadeAgain(why_made_again(topic, topic_id, self._way_on))
            if found.partitions != before.partitions:
                raise TopicMadeAgain(
                    f"Topic {topic} has {found.partitions} partitions now, and had "
                    f"{before.partitions}: start this process again, which reads all of them or "
                    "says what to do."
                )
