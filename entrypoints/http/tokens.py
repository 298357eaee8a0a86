"""Access tokens of a company's sign-in (OIDC, RFC 9068): checked whole, or not taken at all.

What a token says beyond the checks is not believed, and what it lacks is not filled in.
"""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Any, Final, NamedTuple

from joserfc.jwk import Key
from pydantic import ValidationError

from entrypoints.http.keys import ApiRole, Caller
from entrypoints.http.signed_tokens import (
    CLOCKS_DIFFER_SECONDS,
    LARGEST_TOKEN_BYTES,
    TokenRefused,
    time_in,
    verified,
)
from entrypoints.http.token_keys import TokenKeys

LONGEST_LIFE_SECONDS: Final = 3_600
TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})
TEXTS: Final = ("sub", "client_id", "jti")
"""Claims that have to be there, as RFC 9068 has them."""

MOST_CHECKED: Final = 10_000
"""Tokens that are remembered to be right: to check a signature takes longer than a command."""

SOURCE_CLAIM: Final = "call_ledger_source"
AGENT_CLAIM: Final = "call_ledger_agent"


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
        signed = await verified(text, self._keys, TYPES)
        self._check(signed.claims, now)
        return Checked(caller_of(signed.claims), signed.claims["exp"], signed.key_id, signed.key)

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
