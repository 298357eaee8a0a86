"""Which part of the calls one of several projectors has."""

from __future__ import annotations

import re
from dataclasses import dataclass

from infra.errors import WRONG_USAGE, LedgerError


class WrongShard(LedgerError):  # noqa: N818 - it reads as the state it reports
    """No shard is named so, or the place has others."""

    exit_code = WRONG_USAGE


@dataclass(frozen=True, slots=True, order=True)
class Shard:
    """One of so many shards: it has every `count`-th partition of each topic."""

    number: int
    """From 1 on."""
    count: int

    @classmethod
    def named(cls, words: str, partitions: int) -> Shard:
        """The shard of words like `2/4`. Raises `WrongShard`; each must have a partition."""
        found = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", words)
        number, count = map(int, found.groups()) if found else (0, 0)
        if not 1 <= number <= count <= partitions:
            raise WrongShard(
                f"{words!r} names no shard: the second of four is 2/4, and there are at most"
                f" {partitions}, as many as partitions."
            )
        return cls(number, count)

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    def has(self, partition: int) -> bool:
        """Whether it reads the partition of this number."""
        return partition % self.count == self.number - 1
