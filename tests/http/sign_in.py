"""A company's sign-in: signs access tokens, right ones and any other."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

from joserfc.jwk import ECKey, Key, RSAKey
from joserfc.jws import JWSRegistry

ISSUER = "https://sign-in.example/"
AUDIENCE = "call-ledger"


def segment(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


class SignIn:
    """Has two key pairs, of two kinds, and publishes their public halves."""

    def __init__(self) -> None:
        self.elliptic: Key = ECKey.generate_key("P-256", {"kid": "elliptic", "use": "sig"})
        self.rsa: Key = RSAKey.generate_key(2048, {"kid": "rsa", "use": "sig"})

    def key_set(self, *keys: Key) -> bytes:
        published = [key.as_dict(private=False) for key in keys or (self.elliptic, self.rsa)]
        return json.dumps({"keys": published}).encode()

    def publish(self, folder: Path) -> Path:
        path = folder / "keys-of-sign-in.json"
        path.write_bytes(self.key_set())
        return path

    def claims(self, **other: Any) -> dict[str, Any]:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "ada",
            "client_id": "console",
            "jti": "1",
            "iat": now,
            "exp": now + 600,
            "roles": ["auditor"],
            **other,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def header(self, **other: Any) -> dict[str, Any]:
        header = {"alg": "ES256", "typ": "at+jwt", "kid": "elliptic", **other}
        return {name: value for name, value in header.items() if value is not None}

    def token(
        self,
        header: dict[str, Any] | str | None = None,
        claims: dict[str, Any] | str | None = None,
        key: Key | None = None,
        algorithm: str = "ES256",
    ) -> str:
        """A token of these words, which are taken as they are where they are text."""
        parts = (
            self.header() if header is None else header,
            self.claims() if claims is None else claims,
        )
        words = [one if isinstance(one, str) else json.dumps(one) for one in parts]
        message = ".".join(segment(one.encode()) for one in words)
        signed = JWSRegistry.algorithms[algorithm].sign(message.encode(), key or self.elliptic)
        return f"{message}.{segment(signed)}"
