"""By what rule each call belongs to one ledger of several, and where these are."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from itertools import chain
from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    model_validator,
)

from domain.text import Source
from infra.store_url import store_named

MOST_LEDGERS: Final = 100
MOST_BUCKETS: Final = 4_096

LedgerName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,29}$")]
"""What a ledger is called: it stands in topics and documents, so it is short and plain."""


class Place(BaseModel):
    """Where a ledger is."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    store: Annotated[str, AfterValidator(store_named)] = "sqlite"
    """Its event store: sqlite, in its folder, or the URL of a PostgreSQL."""
    folder: str | None = None
    """The folder of its tables, as seen from the file's; its name where it is left out."""


class OfSources(Place):
    """A ledger that has the calls of some sources."""

    sources: list[Source] = Field(default=[], max_length=10_000)
    default: bool = False
    """Whether it has the calls of all sources, too, that no ledger names."""


class OfBuckets(Place):
    """A ledger that has the calls of some buckets."""

    buckets: list[int] = Field(min_length=1, max_length=MOST_BUCKETS)


class BySource(BaseModel):
    """A call belongs to the ledger that names its source."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    by: Literal["source"]
    ledgers: dict[LedgerName, OfSources] = Field(min_length=1, max_length=MOST_LEDGERS)

    @model_validator(mode="after")
    def _each_source_has_one_ledger(self) -> BySource:
        named = [*chain.from_iterable(place.sources for place in self.ledgers.values())]
        if twice := sorted({source for source in named if named.count(source) > 1}):
            raise ValueError(f"the source {twice[0]} is named twice")
        if sum(place.default for place in self.ledgers.values()) > 1:
            raise ValueError("more than one ledger is the default")
        for name, place in self.ledgers.items():
            if not place.sources and not place.default:
                raise ValueError(f"{name} has no sources and is not the default")
        return self

    @cached_property
    def _of_source(self) -> dict[str, str]:
        return {source: name for name, place in self.ledgers.items() for source in place.sources}

    @cached_property
    def _default(self) -> str | None:
        return next((name for name, place in self.ledgers.items() if place.default), None)

    def ledger_of(self, source: str, call_id: str) -> str | None:  # noqa: ARG002 - a rule's face
        """The ledger that names the source, or else the default."""
        return self._of_source.get(source, self._default)

    def calls_of(self, name: str) -> str:
        """Its sources."""
        place = self.ledgers[name]
        others = ["all others"] if place.default else []
        return f"sources: {', '.join([*place.sources, *others])}"


class ByHash(BaseModel):
    """A call belongs to the ledger that has its bucket, by a hash of its source and id."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    by: Literal["hash"]
    buckets: int = Field(ge=2, le=MOST_BUCKETS)
    """How many there are; it never changes."""
    ledgers: dict[LedgerName, OfBuckets] = Field(min_length=1, max_length=MOST_LEDGERS)

    @model_validator(mode="after")
    def _each_bucket_has_one_ledger(self) -> ByHash:
        named = [*chain.from_iterable(place.buckets for place in self.ledgers.values())]
        if twice := sorted({bucket for bucket in named if named.count(bucket) > 1}):
            raise ValueError(f"bucket {twice[0]} is named twice")
        if missing := sorted(set(range(self.buckets)) - set(named)):
            raise ValueError(f"no ledger has bucket {missing[0]}")
        if len(named) > self.buckets:
            raise ValueError(f"buckets are 0 to {self.buckets - 1}, not {max(named)}")
        return self

    @cached_property
    def _of_bucket(self) -> dict[int, str]:
        return {bucket: name for name, place in self.ledgers.items() for bucket in place.buckets}

    def ledger_of(self, source: str, call_id: str) -> str:
        """The ledger that has the call's bucket."""
        return self._of_bucket[bucket_of(source, call_id, self.buckets)]

    def calls_of(self, name: str) -> str:
        """Its buckets."""
        return f"buckets: {', '.join(map(str, self.ledgers[name].buckets))} of {self.buckets}"


def bucket_of(source: str, call_id: str, buckets: int) -> int:
    """The bucket of a call: the first 8 bytes of SHA-256 over source, space and id, modulo.

    A source has no space in it, so no two calls are hashed alike.
    """
    digest = sha256(f"{source} {call_id}".encode()).digest()
    return int.from_bytes(digest[:8]) % buckets


RULE: Final[TypeAdapter[BySource | ByHash]] = TypeAdapter(
    Annotated[BySource | ByHash, Field(discriminator="by")]
)
