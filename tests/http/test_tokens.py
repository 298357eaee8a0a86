"""Access tokens of a company's sign-in let in whom they are of, and a hostile one nobody."""

from __future__ import annotations

import asyncio
import hmac
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey, RSAKey

from entrypoints.http.signed_tokens import LARGEST_TOKEN_BYTES, TokenRefused
from entrypoints.http.token_keys import LOOK_AGAIN_SECONDS, TokenKeys
from entrypoints.http.tokens import Tokens
from tests.entrypoints.calling import call
from tests.http.clients import JSON, Served
from tests.http.conftest import served_in
from tests.http.process import serving
from tests.http.sign_in import AUDIENCE, ISSUER, SignIn, segment

SIGN_IN = SignIn()
OTHER = ECKey.generate_key("P-256", {"kid": "elliptic"})
TOKEN, CLAIMS, HEADER = SIGN_IN.token, SIGN_IN.claims, SIGN_IN.header


def seconds_now() -> int:
    """When a test asks: a file of tests is read long before some of them run."""
    return int(time.time())


@pytest.fixture(scope="module")
def served_company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A ledger whose server takes tokens of the sign-in."""
    folder = tmp_path_factory.mktemp("company")
    keys = TokenKeys(str(SIGN_IN.publish(folder)))
    with served_in(folder / "ledger", Tokens(ISSUER, AUDIENCE, keys)) as served:
        yield served


def signed_with_the_public_key() -> str:
    """HS256 with what everybody knows: taken where the header alone chooses the algorithm."""
    words = HEADER(alg="HS256", kid="rsa"), CLAIMS()
    message = ".".join(segment(json.dumps(one).encode()) for one in words)
    assert isinstance(SIGN_IN.rsa, RSAKey)
    secret = SIGN_IN.rsa.as_pem(private=False)
    return f"{message}.{segment(hmac.digest(secret, message.encode(), 'sha256'))}"


def with_last_bit_changed(token: str) -> str:
    """The same bytes of signature, written otherwise: what is left over of its last letter."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + letters[letters.index(token[-1]) ^ 1]


def number(name: str, text: str) -> str:
    """A token with a number as this text has it."""
    return TOKEN(
        claims=json.dumps(CLAIMS(**{name: 0})).replace(f'"{name}": 0', f'"{name}": {text}')
    )


def parts() -> list[str]:
    """Header, claims and signature of a right token."""
    return TOKEN().split(".")


def with_claims(claims: bytes) -> str:
    """A right token, with other claims than were signed."""
    header, _, signature = parts()
    return f"{header}.{segment(claims)}.{signature}"


def with_signature(signature: str) -> str:
    """A right token, with another signature."""
    header, claims, _ = parts()
    return f"{header}.{claims}.{signature}"


HOSTILE: dict[str, Callable[[], str]] = {
    "no algorithm": lambda: TOKEN(HEADER(alg="none")),
    "no algorithm and no signature": lambda: TOKEN(HEADER(alg="none")).rpartition(".")[0] + ".",
    "None in other letters": lambda: TOKEN(HEADER(alg="nOnE")),
    "a shared secret that is the public key": signed_with_the_public_key,
    "an algorithm that is not said": lambda: TOKEN(HEADER(alg=None)),
    "an algorithm of another kind of key": lambda: TOKEN(HEADER(alg="RS256")),
    "an algorithm that is a list": lambda: TOKEN(HEADER(alg=["ES256"])),
    "something unknown that is critical": lambda: TOKEN(HEADER(crit=["x"], x=1)),
    "nothing that is critical": lambda: TOKEN(HEADER(crit=[])),
    "claims that are not encoded": lambda: TOKEN(HEADER(crit=["b64"], b64=False)),
    "its own key": lambda: TOKEN(HEADER(jwk=OTHER.as_dict(private=False)), key=OTHER),
    "its own place of keys": lambda: TOKEN(HEADER(jku="https://evil.example/keys"), key=OTHER),
    "its own certificate": lambda: TOKEN(HEADER(x5c=["AAAA"]), key=OTHER),
    "its own place of a certificate": lambda: TOKEN(HEADER(x5u="https://evil.example/c")),
    "the wrong key": lambda: TOKEN(key=OTHER),
    "the id of another key": lambda: TOKEN(HEADER(kid="rsa")),
    "the id of no key": lambda: TOKEN(HEADER(kid="nobody")),
    "an id that is a path": lambda: TOKEN(HEADER(kid="../../dev/null")),
    "no id of a key": lambda: TOKEN(HEADER(kid=None)),
    "the type of an ID token": lambda: TOKEN(HEADER(typ="JWT")),
    "no type": lambda: TOKEN(HEADER(typ=None)),
    "a header that says something twice": lambda: TOKEN(
        '{"alg":"none","alg":"ES256","typ":"at+jwt","kid":"elliptic"}'
    ),
    "a header that is a list": lambda: TOKEN("[]"),
    "expired": lambda: TOKEN(claims=CLAIMS(iat=seconds_now() - 900, exp=seconds_now() - 1)),
    "not valid yet": lambda: TOKEN(claims=CLAIMS(nbf=seconds_now() + 300)),
    "of the future": lambda: TOKEN(claims=CLAIMS(iat=seconds_now() + 300)),
    "valid for too long": lambda: TOKEN(claims=CLAIMS(exp=seconds_now() + 4_000)),
    "another issuer": lambda: TOKEN(claims=CLAIMS(iss="https://evil.example/")),
    "an issuer that begins alike": lambda: TOKEN(claims=CLAIMS(iss=f"{ISSUER}x")),
    "another audience": lambda: TOKEN(claims=CLAIMS(aud="mail")),
    "several audiences": lambda: TOKEN(claims=CLAIMS(aud=[AUDIENCE, "mail"])),
    "no audience": lambda: TOKEN(claims=CLAIMS(aud=None)),
    "no issuer": lambda: TOKEN(claims=CLAIMS(iss=None)),
    "no subject": lambda: TOKEN(claims=CLAIMS(sub=None)),
    "a subject that is a number": lambda: TOKEN(claims=CLAIMS(sub=7)),
    "a subject that breaks the line": lambda: TOKEN(claims=CLAIMS(sub="ada\nbob")),
    "no client": lambda: TOKEN(claims=CLAIMS(client_id=None)),
    "no id": lambda: TOKEN(claims=CLAIMS(jti=None)),
    "no end": lambda: TOKEN(claims=CLAIMS(exp=None)),
    "no beginning": lambda: TOKEN(claims=CLAIMS(iat=None)),
    "an end that is a fraction": lambda: number("exp", f"{seconds_now() + 60}.5"),
    "an end with an exponent": lambda: number("exp", "2e9"),
    "an end that is text": lambda: number("exp", f'"{seconds_now() + 60}"'),
    "an end that is true": lambda: number("exp", "true"),
    "an end that is nothing": lambda: number("exp", "null"),
    "an end that is no number": lambda: number("exp", "NaN"),
    "an endless end": lambda: number("exp", "Infinity"),
    "a huge end": lambda: number("exp", "9" * 400),
    "an end of more digits than are read": lambda: number("exp", "9" * 5_000),
    "a beginning before time": lambda: number("iat", "-1"),
    "claims that say something twice": lambda: TOKEN(
        claims=json.dumps(CLAIMS())[:-1] + ', "roles": ["admin"]}'
    ),
    "claims that are a list": lambda: TOKEN(claims="[]"),
    "claims that are very deep": lambda: TOKEN(claims="[" * 4_000),
    "claims in another encoding": lambda: with_claims(json.dumps(CLAIMS()).encode("utf-16")),
    "too large": lambda: TOKEN(claims=CLAIMS(x="x" * LARGEST_TOKEN_BYTES)),
    "no signature": lambda: with_signature(""),
    "half of a signature": lambda: with_signature(parts()[2][:43]),
    "a signature of nothing but zeros": lambda: with_signature(segment(bytes(64))),
    "a signature written otherwise": lambda: with_last_bit_changed(TOKEN()),
    "a signature with what fills it up": lambda: f"{TOKEN()}==",
    "something after its end": lambda: f"{TOKEN()}.x",
    "other claims under the signature": lambda: with_claims(json.dumps(CLAIMS(sub="eve")).encode()),
    "no role": lambda: TOKEN(claims=CLAIMS(roles=None)),
    "an unknown role": lambda: TOKEN(claims=CLAIMS(roles=["owner"])),
    "two roles": lambda: TOKEN(claims=CLAIMS(roles=["auditor", "admin"])),
    "a role that is text": lambda: TOKEN(claims=CLAIMS(roles="auditor, admin")),
    "a writer without a source": lambda: TOKEN(claims=CLAIMS(roles=["writer"])),
    "a reader with a source": lambda: TOKEN(claims=CLAIMS(call_ledger_source="test")),
    "a reader with an agent": lambda: TOKEN(claims=CLAIMS(call_ledger_agent="a1")),
    "a source that is none": lambda: TOKEN(
        claims=CLAIMS(roles=["writer"], call_ledger_source="no spaces")
    ),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_token_lets_nobody_in(make: Callable[[], str], served_company: Served) -> None:
    answer = served_company.with_key(make()).get("/v1/rules")
    assert (answer.status_code, answer.json()["type"]) == (401, "urn:call-ledger:no-valid-key")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_lets_in_whom_it_is_of_and_the_log_says_so(served_company: Served) -> None:
    reader = served_company.with_key(TOKEN())
    assert reader.get("/v1/calls").status_code == 200
    readings = reader.get("/v1/readings").json()["readings"]
    assert {(one["key_id"], one["role"]) for one in readings} == {("oidc:ada", "auditor")}


@pytest.mark.parametrize("algorithm", ["RS256", "PS256"])
def test_every_kind_of_key_is_taken(algorithm: str, served_company: Served) -> None:
    token = TOKEN(HEADER(alg=algorithm, kid="rsa"), key=SIGN_IN.rsa, algorithm=algorithm)
    assert served_company.with_key(token).get("/v1/rules").status_code == 200


def test_a_token_that_was_taken_is_taken_no_longer_than_its_time_and_its_key(
    tmp_path: Path,
) -> None:
    published, seconds = SIGN_IN.publish(tmp_path), [0.0]
    tokens = Tokens(ISSUER, AUDIENCE, TokenKeys(str(published), lambda: seconds[0]))

    def asked(token: str, after_seconds: int = 0) -> str:
        now = datetime.fromtimestamp(seconds_now() + after_seconds, UTC)
        return asyncio.run(tokens.caller(token, now)).id

    token = TOKEN(claims=CLAIMS(iat=seconds_now(), exp=seconds_now() + 60))
    assert [asked(token) for _ in range(3)] == ["oidc:ada"] * 3
    with pytest.raises(TokenRefused, match="has expired"):
        asked(token, after_seconds=60)
    assert asked(token) == "oidc:ada"
    published.write_bytes(SIGN_IN.key_set(SIGN_IN.rsa))
    seconds[0] = LOOK_AGAIN_SECONDS
    with pytest.raises(TokenRefused, match="no key of ours"):
        asked(token)


def test_a_role_may_by_token_what_it_may_by_key(served_company: Served) -> None:
    analyst = served_company.with_key(TOKEN(claims=CLAIMS(roles=["analyst", "of-another-program"])))
    assert analyst.get("/v1/calls").status_code == 200
    assert analyst.get("/v1/readings").status_code == 403


def test_a_writers_token_writes_as_its_source_and_acts_as_its_agent(
    served_company: Served,
) -> None:
    claims = CLAIMS(roles=["writer"], call_ledger_source="test", call_ledger_agent="a1")
    writer = served_company.with_key(TOKEN(claims=claims))
    body = b'{"type": "call.receive.v1", "actor": "%s"}'

    def asked(source: str, actor: bytes) -> int:
        where = f"/v1/calls/{source}/1/commands"
        status: int = writer.post(where, content=body % actor, headers=JSON).status_code
        return status

    assert asked("other", b"a1") == 403
    assert asked("test", b"system") == 403
    assert asked("test", b"a1") in (201, 409)


def test_without_a_sign_in_no_token_lets_anybody_in(served: Served) -> None:
    answer = served.with_key(TOKEN()).get("/v1/rules")
    assert (answer.status_code, "call-ledger keys create" in answer.text) == (401, True)


@pytest.mark.slow
def test_the_command_takes_the_sign_in_that_it_is_told_of(tmp_path: Path) -> None:
    keys = str(SIGN_IN.publish(tmp_path))
    named = ["--oidc-issuer", ISSUER, "--oidc-audience", AUDIENCE, "--oidc-keys"]
    with serving(tmp_path / "ledger", *named, keys) as (_, url):
        sent = {"Authorization": f"Bearer {TOKEN()}"}
        assert httpx.get(f"{url}/v1/rules", headers=sent).status_code == 200
    refused = call(tmp_path, "serve", *named, str(tmp_path / "nothing"))
    assert (refused.code, "correct --oidc-keys" in refused.said) == (3, True)
    refused = call(tmp_path, "serve", "--oidc-issuer", ISSUER)
    assert (refused.code, "go together" in refused.said) == (2, True)
