"""The key set of a sign-in: pinned, of public keys alone, and read again when it has to be."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from entrypoints.http.token_keys import (
    LARGEST_SET_BYTES,
    LONGEST_KEPT_SECONDS,
    LOOK_AGAIN_SECONDS,
    LOOK_FOR_UNKNOWN_SECONDS,
    TokenKeys,
    keys_in,
)
from infra.errors import LedgerUnavailable, WrongSetting
from tests.http.sign_in import SignIn
from tests.security.certificates import Authority

SIGN_IN = SignIn()
SHORT = {"kid": "short", "kty": "RSA", "n": "AQAB" * 22, "e": "AQAB"}


class Published:
    """A key set in a file, looked at by a clock that the test moves."""

    def __init__(self, folder: Path) -> None:
        self.file = SIGN_IN.publish(folder)
        self.now = 0.0
        self.keys = TokenKeys(str(self.file), lambda: self.now)

    def has(self, key_id: str) -> bool:
        return asyncio.run(self.keys.of(key_id)) is not None


@pytest.fixture
def published(tmp_path: Path) -> Published:
    return Published(tmp_path)


def test_a_new_key_is_found_but_the_set_is_not_read_for_each_unknown_id(
    published: Published,
) -> None:
    assert published.has("rsa")
    new = ECKey.generate_key("P-256", {"kid": "new"})
    published.file.write_bytes(SIGN_IN.key_set(SIGN_IN.rsa, new))
    assert not published.has("new")
    published.now = LOOK_FOR_UNKNOWN_SECONDS
    assert published.has("new")


def test_a_key_that_is_withdrawn_is_known_to_be_when_the_set_is_old(published: Published) -> None:
    published.file.write_bytes(SIGN_IN.key_set(SIGN_IN.rsa))
    published.now = LOOK_AGAIN_SECONDS - 1
    assert published.has("elliptic")
    published.now = LOOK_AGAIN_SECONDS
    assert not published.has("elliptic")
    assert published.has("rsa")


def test_a_set_that_cannot_be_read_again_is_used_for_a_day_and_no_longer(
    published: Published,
) -> None:
    published.file.unlink()
    published.now = LONGEST_KEPT_SECONDS - 1
    assert published.has("rsa")
    published.now = LONGEST_KEPT_SECONDS
    with pytest.raises(LedgerUnavailable, match="cannot be read"):
        published.has("rsa")


SECRET = json.dumps({"keys": [OctKey.generate_key(256).as_dict(private=True)]})
PRIVATE = json.dumps({"keys": [SIGN_IN.rsa.as_dict(private=True)]})
PUBLIC = SIGN_IN.rsa.as_dict(private=False)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "no set of public keys"),
        ("[]", "no set of public keys"),
        ('{"keys": {}}', "no list of keys"),
        ('{"keys": []}', "none of its keys"),
        ('{"keys": [7]}', "no set of public keys"),
        (SECRET, "a secret in it"),
        (PRIVATE, "a secret in it"),
        (json.dumps({"keys": [PUBLIC, PUBLIC]}), "two keys have one id"),
        (json.dumps({"keys": [{**PUBLIC, "use": "enc"}]}), "none of its keys"),
        (json.dumps({"keys": [SHORT]}), "less than 2048 bits"),
        (" " * (LARGEST_SET_BYTES + 1), "too large"),
    ],
    ids=range(11),
)
def test_what_is_no_set_of_public_keys_is_not_taken(content: str, says: str) -> None:
    with pytest.raises(WrongSetting, match=says):
        keys_in(content.encode(), "keys.json")


def test_a_key_of_a_kind_that_is_not_known_is_passed_over() -> None:
    content = json.dumps({"keys": [{"kty": "ML-DSA", "kid": "new"}, PUBLIC]})
    found = keys_in(content.encode(), "keys.json")
    assert isinstance(found.pop("rsa"), RSAKey)
    assert not found


def test_an_address_without_tls_is_not_asked() -> None:
    with pytest.raises(WrongSetting, match="is not safe"):
        TokenKeys("http://127.0.0.1:1/keys")


class Publishing(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "/keys")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(SIGN_IN.key_set())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def publishing(certificate: Path, key: Path) -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Publishing) as server:
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_keys_are_read_by_https_from_whom_we_trust_and_from_the_pinned_address_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    with publishing(*authority.certificate("sign-in")) as url:
        with pytest.raises(LedgerUnavailable):
            TokenKeys(f"{url}/keys")
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        assert asyncio.run(TokenKeys(f"{url}/keys").of("rsa")) is not None
        with pytest.raises(LedgerUnavailable):
            TokenKeys(f"{url}/elsewhere")
