"""Tokens that a company's sign-in has signed (JWS): by whom, and how they are written."""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from typing import Any, Final, NamedTuple

from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry, deserialize_compact

from entrypoints.http.token_keys import TokenKeys
from infra.errors import LedgerError

LARGEST_TOKEN_BYTES: Final = 8 * 1024
CLOCKS_DIFFER_SECONDS: Final = 30
"""How far ahead of ours the clock of whoever signs may be."""

LARGEST_TIME: Final = 253_402_300_799
"""The end of the year 9999, as seconds since 1970."""

ALGORITHMS: Final = {
    "RS256": "RSA",
    "PS256": "RSA",
    "ES256": "EC",
    "ES384": "EC",
    "Ed25519": "OKP",
}
"""With a key pair alone, and the kind of its key: no secret is shared, and `none` is not there."""

HEADER_NAMES: Final = frozenset({"alg", "typ", "kid", "x5t", "x5t#S256"})
"""Nothing by which a token could bring its own key, and nothing that has to be understood."""

SHAPE: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
REGISTRY: Final = JWSRegistry(algorithms=[*ALGORITHMS])


class TokenRefused(LedgerError):  # noqa: N818 - it reads as the state it reports
    """The token is not taken; the words say why, and nothing of what is in it."""


class Header(NamedTuple):
    """By what a token says that it is signed."""

    algorithm: str
    key_id: str


class Signed(NamedTuple):
    """What a token says that one of the company's keys has signed, and by which key."""

    claims: dict[str, Any]
    key_id: str
    key: Key


async def verified(text: str, keys: TokenKeys, types: frozenset[str]) -> Signed:
    """What a signed token of one of these types says; whom it is for is not looked at.

    Raises `TokenRefused`, and `LedgerUnavailable` where keys cannot be read.
    """
    if len(text) > LARGEST_TOKEN_BYTES:
        raise TokenRefused(f"it has more than {LARGEST_TOKEN_BYTES} bytes")
    if not SHAPE.fullmatch(text):
        raise TokenRefused("it is no signed token")
    header_bytes, claims_bytes, _ = map(decoded, text.split("."))
    header = header_in(header_bytes, types)
    key = await keys.of(header.key_id)
    if key is None or key.key_type != ALGORITHMS[header.algorithm]:
        raise TokenRefused("no key of ours is what it was signed with")
    if key.get("alg") not in (None, header.algorithm):
        raise TokenRefused("its key is for another algorithm")
    try:
        deserialize_compact(text, key, registry=REGISTRY)
    except (JoseError, ValueError) as error:
        raise TokenRefused("its signature is not right") from error
    return Signed(object_in(claims_bytes), header.key_id, key)


def header_in(content: bytes, types: frozenset[str]) -> Header:
    """What the header says, of a token of one of these types. Raises `TokenRefused`."""
    said = object_in(content)
    if said.keys() - HEADER_NAMES:
        raise TokenRefused("its header has what is not taken there")
    algorithm, kind, key_id = said.get("alg"), said.get("typ", ""), said.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenRefused("its algorithm is not taken")
    if not isinstance(kind, str) or kind.lower() not in types:
        raise TokenRefused(f"its typ is not {' or '.join(sorted(filter(None, types)))}")
    if not isinstance(key_id, str):
        raise TokenRefused("it does not say by which key (kid)")
    return Header(algorithm, key_id)


def decoded(segment: str) -> bytes:
    """The bytes of a segment. Raises `TokenRefused`."""
    try:
        return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        raise TokenRefused("it is not written as tokens are") from None


def object_in(content: bytes) -> dict[str, Any]:
    """A JSON object that says each thing once. Raises `TokenRefused`."""
    try:
        found = json.loads(
            content.decode(), object_pairs_hook=without_repeats, parse_constant=refuse_constant
        )
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise TokenRefused("it holds no JSON object")
    return found


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Readers differ in which of two they take."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise TokenRefused("it says something twice")
    return found


def refuse_constant(_: str) -> None:
    """NaN and Infinity are no JSON, and compare as nobody expects."""
    raise TokenRefused("it has a number that is none")


def time_in(claims: dict[str, Any], name: str) -> int:
    """Seconds since 1970. Raises `TokenRefused` where it is anything but a whole number."""
    found = claims.get(name)
    if type(found) is not int or not 0 <= found <= LARGEST_TIME:
        raise TokenRefused(f"{name} is no time")
    return found
