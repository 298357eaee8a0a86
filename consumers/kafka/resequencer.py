"""Puts messages of several partitions back into the order of the ledger, without a gap."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol


class Message(NamedTuple):
    """A document from Kafka with its place in the ledger, or the reason why it cannot be read."""

    number: int
    """The event's position, or the refusal's number; numbers are next to one another."""
    is_poison: bool
    call_position: int
    document: bytes
    topic: str
    partition: int
    offset: int
    key: bytes | None
    is_as_published: bool
    reason: str = ""


def turn_of(message: Message) -> int:
    """What messages are sorted by: one number is quicker than two."""
    return 2 * message.number + message.is_poison


class Order(Protocol):
    """Gives messages on in the ledger's order, as far as it is known."""

    @property
    def last(self) -> int:
        """The number of the last message that was given on."""
        ...

    @property
    def held(self) -> Sequence[Message]:
        """What waits for an earlier one, in order."""
        ...

    def take(self, messages: list[Message]) -> tuple[list[Message], list[Message]]:
        """Take messages as they came; give those whose turn it is, and those that were here before.

        Of two with the same number the one that can be read is given on.
        """
        ...


class PartOfTheOrder:
    """Gives on whatever comes: of some of the partitions nobody knows which numbers are missing.

    What was here in an earlier page is known to whoever keeps the rows.
    """

    last: Final = sys.maxsize
    held: Final[Sequence[Message]] = ()

    def take(self, messages: list[Message]) -> tuple[list[Message], list[Message]]:
        """Give all of them in order, but for further ones of the same number."""
        following: list[Message] = []
        again: list[Message] = []
        for message in sorted(messages, key=turn_of):
            is_again = following and following[-1].number == message.number
            (again if is_again else following).append(message)
        return following, again


class Resequencer:
    """Holds back what comes before its turn; partitions are read at different speeds."""

    def __init__(self, last: int) -> None:
        self.last = last
        """The number of the last message that was given on."""
        self.held: list[Message] = []
        """What waits for an earlier one, in order."""

    def take(self, messages: list[Message]) -> tuple[list[Message], list[Message]]:
        """Take messages as they came; give those whose turn it is, and those that were here before.

        Of two with the same number the one that can be read is given on.
        """
        self.held += messages
        self.held.sort(key=turn_of)
        following, before = [], []
        taken, last = 0, self.last
        for message in self.held:
            number = message.number
            if number == last + 1:
                following.append(message)
                last = number
            elif number <= last:
                before.append(message)
            else:
                break
            taken += 1
        self.last = last
        del self.held[:taken]
        return following, before
