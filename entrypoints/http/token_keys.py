"""The public keys of a company's sign-in, from a pinned file or https address, kept a while."""

from __future__ import annotations

import asyncio
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from pathlib import Path
from ssl import create_default_context
from typing import Any, Final
from urllib.error import URLError
from urllib.request import HTTPRedirectHandler, HTTPSHandler, Request, build_opener

import orjson
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

from infra.errors import LedgerUnavailable, WrongSetting

LOOK_AGAIN_SECONDS: Final = 600.0
"""How long a key set is used before it is read again: a key that is withdrawn is known by then."""

LOOK_FOR_UNKNOWN_SECONDS: Final = 60.0
"""How soon a key id that is not known may have the set read again: anybody can make one up."""

LONGEST_KEPT_SECONDS: Final = 24 * 3600.0
"""How long a set is used that cannot be read again; from then on no token is taken."""

LONGEST_READ_SECONDS: Final = 5.0
LARGEST_SET_BYTES: Final = 256 * 1024
MOST_KEYS: Final = 100
SMALLEST_RSA_BITS: Final = 2_048
KINDS: Final[dict[str, type[RSAKey | ECKey | OKPKey]]] = {
    "RSA": RSAKey,
    "EC": ECKey,
    "OKP": OKPKey,
}
"""Keys that come in pairs, of which the public half is enough to check a signature."""


class TokenKeys:
    """The key set, read again when it is old, or when a key is asked for that is not in it."""

    def __init__(self, place: str, clock: Callable[[], float] = time.monotonic) -> None:
        """Read it from a file or an https address.

        Raises `WrongSetting` or `LedgerUnavailable`.
        """
        self._place = place
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._keys = self._read()
        self._read_at = self._tried_at = clock()

    async def of(self, key_id: str) -> Key | None:
        """The key of this id, if the company has it.

        Raises `LedgerUnavailable` where the set could not be read for too long.
        """
        age_seconds = self._clock() - self._read_at
        if age_seconds >= LOOK_AGAIN_SECONDS or key_id not in self._keys:
            await self._look_again()
        if self._clock() - self._read_at >= LONGEST_KEPT_SECONDS:
            raise LedgerUnavailable(f"The keys at {self._place} cannot be read: see who has them.")
        return self._keys.get(key_id)

    async def _look_again(self) -> None:
        """Read the set, unless somebody did a moment ago; it stays where that fails."""
        async with self._one_at_a_time:
            if self._clock() - self._tried_at < LOOK_FOR_UNKNOWN_SECONDS:
                return
            self._tried_at = self._clock()
            try:
                keys = await asyncio.to_thread(self._read)
            except (LedgerUnavailable, WrongSetting):
                return
            self._keys, self._read_at = keys, self._clock()

    def _read(self) -> Mapping[str, Key]:
        return keys_in(content_of(self._place), self._place)


class NoRedirect(HTTPRedirectHandler):
    """The address is pinned: what is elsewhere is not it."""

    def redirect_request(self, *_: Any) -> None:
        """Go nowhere else."""


def content_of(place: str) -> bytes:
    """What is in the file or at the address. Raises `LedgerUnavailable` or `WrongSetting`."""
    if "://" in place and not place.startswith("https://"):
        raise WrongSetting(f"{place} is not safe: name a file or an https address of --oidc-keys.")
    try:
        if not place.startswith("https://"):
            with Path(place).open("rb") as file:
                return file.read(LARGEST_SET_BYTES + 1)
        return answered(place, {"Accept": "application/json"})
    except (OSError, URLError, ValueError) as error:
        raise LedgerUnavailable(
            f"The keys at {place} cannot be read ({type(error).__name__}): see whether they are "
            "there, or correct --oidc-keys."
        ) from None


def answered(address: str, headers: dict[str, str], body: bytes | None = None) -> bytes:
    """What somebody answers by https, who is sent a body or none; nobody is followed elsewhere.

    Raises `OSError` and ValueError.
    """
    if not address.startswith("https://"):
        raise ValueError(f"{address} is not safe")
    opener = build_opener(HTTPSHandler(context=create_default_context()), NoRedirect())
    asked = Request(address, body, headers)  # noqa: S310 - https alone
    with opener.open(asked, timeout=LONGEST_READ_SECONDS) as answer:
        content: bytes = answer.read(LARGEST_SET_BYTES + 1)
        return content


def keys_in(content: bytes, place: str) -> dict[str, Key]:
    """The keys that check signatures, by their ids; others of the set are passed over.

    Raises `WrongSetting` where it is no set of public keys.
    """
    try:
        if len(content) > LARGEST_SET_BYTES:
            raise ValueError("it is too large")
        entries = orjson.loads(content)["keys"]
        if not isinstance(entries, list) or len(entries) > MOST_KEYS:
            raise ValueError("it has no list of keys")
        found: dict[str, Key] = {}
        for entry in entries:
            key = key_of(entry)
            if key is None:
                continue
            if entry["kid"] in found:
                raise ValueError("two keys have one id")
            found[entry["kid"]] = key
        if not found:
            raise ValueError("none of its keys checks signatures")
    except (ValueError, KeyError, TypeError, JoseError) as error:
        raise WrongSetting(f"{place} is no set of public keys ({error}): correct it.") from None
    return found


def key_of(entry: Any) -> Key | None:
    """A public key that checks signatures; nothing of one that is for something else.

    Raises ValueError where it holds a secret: what is published is known to everybody.
    """
    if "d" in entry or "k" in entry:
        raise ValueError("it has a secret in it")
    kind = KINDS.get(entry["kty"])
    if kind is None or entry.get("use", "sig") != "sig" or not isinstance(entry.get("kid"), str):
        return None
    if kind is RSAKey and bits_of(entry["n"]) < SMALLEST_RSA_BITS:
        raise ValueError(f"an RSA key has less than {SMALLEST_RSA_BITS} bits")
    return kind.import_key(entry)


def bits_of(modulus: str) -> int:
    """How many bits a number of a key has."""
    return int.from_bytes(urlsafe_b64decode(f"{modulus}==")).bit_length()
