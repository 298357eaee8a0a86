"""Access tokens of a company's sign-in (OIDC, RFC 9068): checked whole, or not taken at all.

What a token says beyond the checks is not believed, and what it lacks is not filled in.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from joserfc.errors import JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry, deserialize_compact
from pydantic import ValidationError

from entrypoints.http.keys import ApiRole, Caller
from entrypoints.http.token_keys import TokenKeys
from infra.errors import LedgerError

LARGEST_TOKEN_BYTES: Final = 8 * 1024
LONGEST_LIFE_SECONDS: Final = 3_600
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

TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
HEADER_NAMES: Final = frozenset({"alg", "typ", "kid", "x5t", "x5t#S256"})
"""Nothing by which a token could bring its own key, and nothing that has to be understood."""

SHAPE: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
TEXTS: Final = ("sub", "client_id", "jti")
"""Claims that have to be there, as RFC 9068 has them."""

MOST_CHECKED: Final = 10_000
"""Tokens that are remembered to be right: to check a signature takes longer than a command."""

SOURCE_CLAIM: Final = "call_ledger_source"
AGENT_CLAIM: Final = "call_ledger_agent"
REGISTRY: Final = JWSRegistry(algorithms=[*ALGORITHMS])


class TokenRefused(LedgerError):  # noqa: N818 - it reads as the state it reports
    """The token is not taken; the words say why, and nothing of what is in it."""


class Header(NamedTuple):
    """By what a token says that it is signed."""

    algorithm: str
    key_id: str


class Checked(NamedTuple):
    """A token that was checked: what it is taken for, as long as time and key allow."""

    caller: Caller
    expires_at: int
    key_id: str
    key: Key


class Tokens:
    """Whose access tokens are taken, and for whom they have to be."""

    def __init__(self, issuer: str, audience: str, keys: TokenKeys) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys
        self._checked: dict[bytes, Checked] = {}

    async def caller(self, text: str, now: datetime) -> Caller:
        """Who asks. Raises `TokenRefused`, and `LedgerUnavailable` where keys cannot be read."""
        if len(text) > LARGEST_TOKEN_BYTES:
            raise TokenRefused(f"it has more than {LARGEST_TOKEN_BYTES} bytes")
        known_by = sha256(text.encode()).digest()
        checked = self._checked.get(known_by)
        # A key set that was read again has new keys, so that a token is then checked again.
        if (
            checked is not None
            and int(now.timestamp()) < checked.expires_at
            and await self._keys.of(checked.key_id) is checked.key
        ):
            return checked.caller
        self._checked.pop(known_by, None)
        checked = await self._check_whole(text, int(now.timestamp()))
        if len(self._checked) >= MOST_CHECKED:
            self._checked.clear()
        self._checked[known_by] = checked
        return checked.caller

    async def _check_whole(self, text: str, now: int) -> Checked:
        """Check all that a token says. Raises as `caller` does."""
        if not SHAPE.fullmatch(text):
            raise TokenRefused("it is no signed token")
        header_bytes, claims_bytes, _ = map(decoded, text.split("."))
        header = header_in(header_bytes)
        key = await self._keys.of(header.key_id)
        if key is None or key.key_type != ALGORITHMS[header.algorithm]:
            raise TokenRefused("no key of ours is what it was signed with")
        if key.get("alg") not in (None, header.algorithm):
            raise TokenRefused("its key is for another algorithm")
        try:
            deserialize_compact(text, key, registry=REGISTRY)
        except (JoseError, ValueError) as error:
            raise TokenRefused("its signature is not right") from error
        claims = object_in(claims_bytes)
        self._check(claims, now)
        return Checked(caller_of(claims), claims["exp"], header.key_id, key)

    def _check(self, claims: dict[str, Any], now: int) -> None:
        """Whom it is from, whom it is for, and when."""
        if claims.get("iss") != self._issuer:
            raise TokenRefused("it is of another issuer")
        if claims.get("aud") not in (self._audience, [self._audience]):
            raise TokenRefused("it is for somebody else")
        issued_at, expires_at = time_in(claims, "iat"), time_in(claims, "exp")
        not_before = time_in(claims, "nbf") if "nbf" in claims else issued_at
        if expires_at - issued_at > LONGEST_LIFE_SECONDS:
            raise TokenRefused(f"it lasts more than {LONGEST_LIFE_SECONDS} seconds")
        if not max(issued_at, not_before) - CLOCKS_DIFFER_SECONDS <= now:
            raise TokenRefused("it is not valid yet")
        if not now < expires_at:
            raise TokenRefused("it has expired")
        for name in TEXTS:
            if not isinstance(claims.get(name), str) or not claims[name]:
                raise TokenRefused(f"{name} is missing")


def header_in(content: bytes) -> Header:
    """What the header says. Raises `TokenRefused`."""
    said = object_in(content)
    if said.keys() - HEADER_NAMES:
        raise TokenRefused("its header has what is not taken there")
    algorithm, kind, key_id = said.get("alg"), said.get("typ"), said.get("kid")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise TokenRefused("its algorithm is not taken")
    if not isinstance(kind, str) or kind.lower() not in TYPES:
        raise TokenRefused("it is no access token (typ at+jwt)")
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


def caller_of(claims: dict[str, Any]) -> Caller:
    """Who it is, in which one role, and as which source and agent. Raises `TokenRefused`."""
    named = claims.get("roles")
    if not isinstance(named, list):
        raise TokenRefused("roles is missing")
    roles = [role for role in ApiRole if role.value in named]
    if len(roles) != 1:
        raise TokenRefused(f"roles names not exactly one of {', '.join(ApiRole)}")
    (role,) = roles
    source, agent = claims.get(SOURCE_CLAIM), claims.get(AGENT_CLAIM)
    if (role is ApiRole.WRITER) != (source is not None):
        raise TokenRefused(f"a writer, and nobody else, has {SOURCE_CLAIM}")
    if agent is not None and role is not ApiRole.WRITER:
        raise TokenRefused(f"nobody but a writer has {AGENT_CLAIM}")
    try:
        return Caller(id=f"oidc:{claims['sub']}", role=role, source=source, agent=agent)
    except ValidationError:
        raise TokenRefused("its subject, source or agent is not right") from None
