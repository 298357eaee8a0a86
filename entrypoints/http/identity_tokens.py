"""ID tokens of a company's sign-in: who has signed in there, checked whole, or not taken at all."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from typing import Final, NamedTuple

from entrypoints.http.keys import ApiRole, Caller
from entrypoints.http.signed_tokens import CLOCKS_DIFFER_SECONDS, TokenRefused, time_in, verified
from entrypoints.http.token_keys import TokenKeys
from entrypoints.http.tokens import caller_of

LONGEST_NAME: Final = 100
TYPES: Final = frozenset({"", "jwt"})
"""What an ID token says that it is; many say nothing."""

NAMES: Final = ("name", "preferred_username", "email", "sub")
"""Claims by which a person is called on the pages, the first that there is."""


class Person(NamedTuple):
    """Who has signed in, and how long that is vouched for."""

    caller: Caller
    name: str
    expires_at: datetime


class IdentityTokens:
    """Whose ID tokens are taken, and for which client of theirs they have to be."""

    def __init__(self, issuer: str, client_id: str, keys: TokenKeys) -> None:
        self._issuer, self._client_id, self._keys = issuer, client_id, keys

    async def person(self, token: str, nonce: str, now: datetime) -> Person:
        """Who signed in. Raises `TokenRefused`, and `LedgerUnavailable` without keys."""
        claims = (await verified(token, self._keys, TYPES)).claims
        if claims.get("iss") != self._issuer:
            raise TokenRefused("it is of another issuer")
        if claims.get("aud") not in (self._client_id, [self._client_id]):
            raise TokenRefused("it is for somebody else")
        if claims.get("azp", self._client_id) != self._client_id:
            raise TokenRefused("it was given to somebody else")
        said = claims.get("nonce")
        if not isinstance(said, str) or not hmac.compare_digest(said.encode(), nonce.encode()):
            raise TokenRefused("it is not the answer to this sign-in")
        issued_at, expires_at = time_in(claims, "iat"), time_in(claims, "exp")
        if issued_at - CLOCKS_DIFFER_SECONDS > now.timestamp():
            raise TokenRefused("it is not valid yet")
        if expires_at <= now.timestamp():
            raise TokenRefused("it has expired")
        if not isinstance(claims.get("sub"), str) or not claims["sub"]:
            raise TokenRefused("sub is missing")
        caller = caller_of(claims)
        if caller.role is ApiRole.WRITER:
            raise TokenRefused("a writer does not read")
        names = (claims.get(one) for one in NAMES)
        name = next(one for one in names if isinstance(one, str) and one)
        return Person(caller, name[:LONGEST_NAME], datetime.fromtimestamp(expires_at, UTC))
