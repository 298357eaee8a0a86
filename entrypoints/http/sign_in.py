"""A company's sign-in (OpenID Connect): people enter by an authorization code with PKCE."""

from __future__ import annotations

import time
from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from typing import Any, Final, NamedTuple
from urllib.error import HTTPError
from urllib.parse import quote, urlencode, urlsplit

import orjson

from entrypoints.http.identity_tokens import IdentityTokens
from entrypoints.http.signed_tokens import TokenRefused
from entrypoints.http.token_keys import TokenKeys, answered
from infra.errors import LedgerUnavailable, WrongSetting

RETURN_PATH: Final = "/console/signed-in"
LOOK_AGAIN_SECONDS: Final = 600.0


class Provider(NamedTuple):
    """The addresses of the sign-in, as its own description has them."""

    authorization: str
    token: str
    end_session: str


class SignIn:
    """The sign-in of one issuer, to which this server is known as a client."""

    def __init__(
        self, issuer: str, keys: TokenKeys, client_id: str, redirect: str, secret: str = ""
    ) -> None:
        """`redirect` is where people come back, as the sign-in knows it. Raises `WrongSetting`."""
        there = urlsplit(redirect)
        is_safe = there.scheme == "https" or there.hostname in ("127.0.0.1", "::1", "localhost")
        if not is_safe or there.path != RETURN_PATH or there.query or there.fragment:
            raise WrongSetting(
                f"{redirect} is not where people come back: give --oidc-redirect the console's own "
                f"address, as https://ledger.example{RETURN_PATH}."
            )
        self.identity_tokens = IdentityTokens(issuer, client_id, keys)
        self._issuer = issuer
        self._client_id, self._redirect, self._secret = client_id, redirect, secret
        self._provider: Provider | None = None
        self._look_at = 0.0

    def address(self, state: str, nonce: str, verifier: str) -> str:
        """Where somebody signs in. Raises `LedgerUnavailable` where nobody answers there."""
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "scope": "openid profile",
            "client_id": self._client_id,
            "redirect_uri": self._redirect,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return with_query(self._described().authorization, asked)

    def address_to_leave(self) -> str:
        """Where somebody signs out; empty where the sign-in has no such page, or is not there."""
        try:
            there = self._described().end_session
        except LedgerUnavailable:
            return ""
        return with_query(there, {"client_id": self._client_id}) if there else ""

    def identity_token(self, code: str, verifier: str) -> str:
        """The ID token for a code.

        Raises `TokenRefused` where there is none, and `LedgerUnavailable` where nobody answers.
        """
        asked = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": verifier,
        }
        headers = {"Accept": "application/json"}
        if self._secret:
            pair = f"{quote(self._client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            asked["client_id"] = self._client_id
        try:
            content = answered(self._described().token, headers, urlencode(asked).encode())
        except HTTPError as error:
            if 400 <= error.code < 500:
                raise TokenRefused("the sign-in does not take the code") from None
            raise unavailable(self._issuer) from None
        except (OSError, ValueError):
            raise unavailable(self._issuer) from None
        token = object_of(content).get("id_token")
        if not isinstance(token, str):
            raise TokenRefused("the sign-in gives no ID token")
        return token

    def _described(self) -> Provider:
        """The sign-in's addresses, of at most ten minutes ago; raises `LedgerUnavailable`."""
        if self._provider is None or time.monotonic() >= self._look_at:
            place = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            try:
                said = object_of(answered(place, {"Accept": "application/json"}))
            except (OSError, ValueError):
                raise unavailable(self._issuer) from None
            there = [
                said.get(name, "")
                for name in ("authorization_endpoint", "token_endpoint", "end_session_endpoint")
            ]
            if said.get("issuer") != self._issuer or not all(
                isinstance(one, str) and one.startswith("https://") for one in there[:2]
            ):
                raise unavailable(self._issuer)
            if not isinstance(there[2], str) or not there[2].startswith("https://"):
                there[2] = ""
            self._provider = Provider(*there)
            self._look_at = time.monotonic() + LOOK_AGAIN_SECONDS
        return self._provider


def with_query(address: str, asked: dict[str, str]) -> str:
    """The address with more of a question."""
    return f"{address}{'&' if '?' in address else '?'}{urlencode(asked)}"


def object_of(content: bytes) -> dict[str, Any]:
    """The JSON object that somebody has answered. Raises ValueError where it is none."""
    found = orjson.loads(content)
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    return found


def unavailable(issuer: str) -> LedgerUnavailable:
    """What is told where the sign-in does not answer as it should."""
    return LedgerUnavailable(f"The sign-in {issuer} does not answer: try again in a moment.")
