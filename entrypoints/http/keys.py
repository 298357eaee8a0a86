"""API keys: who may ask over HTTP, in which role, as whom, and until when.

A key is shown once, when it is made. The file has its SHA-256, which is enough for 256 random
bits, and never the key.
"""

from __future__ import annotations

import hmac
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from domain.text import Name, Source, Word
from infra.errors import WRONG_USAGE, LedgerError, LedgerUnavailable
from infra.folder import LedgerFolder, make_folder

FILE_NAME: Final = "keys.json"
MOST_KEYS: Final = 10_000
LOOK_AGAIN_SECONDS: Final = 1.0
"""How soon a key is known to be revoked: to look at the file for each request would take longer
than to check the key."""

LONGEST_LIFE: Final = timedelta(days=366)
SHAPE: Final = re.compile(r"clk_([0-9a-f]{8})_([0-9a-f]{64})", re.ASCII)
"""A beginning by which scanners for secrets know it, the key's id, and 256 bits."""


class ApiRole(StrEnum):
    """What a key is for; `permissions.py` says what each may do."""

    WRITER = "writer"
    ANALYST = "analyst"
    AUDITOR = "auditor"
    ADMIN = "admin"


class KeyRefused(LedgerError):  # noqa: N818 - it reads as the state it reports
    """A key cannot be made or revoked so; the sentence says why."""

    exit_code = WRONG_USAGE


class Caller(BaseModel):
    """Who asks: a key, or somebody whom the company's sign-in vouches for."""

    model_config = ConfigDict(frozen=True)

    id: Name
    """The key's id, or `oidc:` and the subject of the access token."""
    role: ApiRole
    source: Source | None
    """The source that a writer writes as, and no other."""
    agent: Name | None
    """The agent that a desktop acts as; without one it acts for every party of its source."""


class ApiKey(Caller):
    """What is kept of a key."""

    note: Word
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    secret_sha256: str

    def is_valid_at(self, now: datetime) -> bool:
        """Whether it may be used then."""
        return self.revoked_at is None and now < self.expires_at


KEYS: Final = TypeAdapter(dict[str, ApiKey])


class Keys:
    """The keys of one ledger, in a file of its folder; any process may change them."""

    def __init__(self, folder: LedgerFolder) -> None:
        self._folder = folder.path
        self._path = folder.path / FILE_NAME
        self._known: dict[str, ApiKey] = {}
        self._read_of: tuple[int, int] | None = None
        self._look_at = 0.0

    def make(
        self,
        role: ApiRole,
        source: str | None,
        agent: str | None,
        note: str,
        now: datetime,
        life: timedelta,
    ) -> tuple[ApiKey, str]:
        """Make a key; returns what is kept of it, and the key itself, which is not.

        Raises `KeyRefused`.
        """
        if (role is ApiRole.WRITER) != (source is not None):
            raise KeyRefused("A writer's key has a --source, and no other key has one.")
        if agent is not None and role is not ApiRole.WRITER:
            raise KeyRefused("Only a writer's key acts as an --agent.")
        if not timedelta() < life <= LONGEST_LIFE:
            raise KeyRefused(f"A key lasts from 1 to {LONGEST_LIFE.days} days: name other --days.")
        key_id, secret = secrets.token_hex(4), secrets.token_hex(32)
        try:
            key = ApiKey(
                id=key_id,
                role=role,
                source=source,
                agent=agent,
                note=note,
                created_at=now,
                expires_at=now + life,
                secret_sha256=digest(secret),
            )
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise KeyRefused(f"--{first['loc'][-1]} is not right: {first['msg']}.") from None
        with self._changing() as keys:
            if len(keys) >= MOST_KEYS:
                raise KeyRefused(f"There are {MOST_KEYS:,} keys already, in {self._path}.")
            keys[key_id] = key
        return key, f"clk_{key_id}_{secret}"

    def revoke(self, key_id: str, now: datetime) -> ApiKey:
        """Let the key be valid no more; it stays in the list. Raises `KeyRefused`."""
        with self._changing() as keys:
            key = keys.get(key_id)
            if key is None:
                raise KeyRefused(f"There is no key {key_id}: see call-ledger keys list.")
            keys[key_id] = key.model_copy(update={"revoked_at": key.revoked_at or now})
            return keys[key_id]

    def all(self) -> list[ApiKey]:
        """Every key that was made, in order."""
        return sorted(
            self._current(at_once=True).values(), key=lambda key: (key.created_at, key.id)
        )

    def of(self, text: str, now: datetime) -> ApiKey | None:
        """The key that this is, if it is one and valid then."""
        shaped = SHAPE.fullmatch(text)
        if shaped is None:
            return None
        key = self._current().get(shaped[1]) or self._current(at_once=True).get(shaped[1])
        if key is None:
            return None
        is_it = hmac.compare_digest(key.secret_sha256, digest(shaped[2]))
        return key if is_it and key.is_valid_at(now) else None

    def named(self, key_id: str, now: datetime) -> ApiKey | None:
        """The key of this id, if it is valid then."""
        key = self._current().get(key_id)
        return key if key is not None and key.is_valid_at(now) else None

    def _current(self, at_once: bool = False) -> dict[str, ApiKey]:
        """The keys; a change of the file is seen within a second, or at once."""
        if time.monotonic() < self._look_at and not at_once:
            return self._known
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self._known, self._read_of = {}, None
            return self._known
        read_of = found.st_ino, found.st_mtime_ns
        if read_of != self._read_of:
            self._known, self._read_of = self._read(), read_of
        self._look_at = time.monotonic() + LOOK_AGAIN_SECONDS
        return self._known

    def _read(self) -> dict[str, ApiKey]:
        try:
            return KEYS.validate_json(self._path.read_bytes())
        except ValidationError:
            raise LedgerUnavailable(
                f"{self._path} is not what this version writes: restore it from a backup, or "
                "delete it and make new keys."
            ) from None

    @contextmanager
    def _changing(self) -> Iterator[dict[str, ApiKey]]:
        """Change the keys; the file is there as before or as after, whatever happens."""
        make_folder(self._folder)
        with FileLock(self._path.with_suffix(".lock")):
            keys = self._read() if self._path.exists() else {}
            yield keys
            aside = self._path.with_suffix(".new")
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(descriptor, "wb") as file:
                file.write(KEYS.dump_json(keys, indent=2))
                file.flush()
                os.fsync(descriptor)
            aside.replace(self._path)


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return sha256(secret.encode()).hexdigest()
