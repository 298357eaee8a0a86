"""Entering by a company's sign-in: there and back, in a real browser, and in no other way."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Browser

from entrypoints.console.arrivals import LONGEST, Arrivals
from entrypoints.console.sessions import Sessions
from entrypoints.http.access_log import readings_of
from entrypoints.http.application import application
from entrypoints.http.keys import Keys
from entrypoints.http.server import listening
from entrypoints.http.service import Service
from entrypoints.http.sign_in import RETURN_PATH, SignIn
from entrypoints.http.token_keys import TokenKeys
from infra.errors import WrongSetting
from infra.folder import LedgerFolder
from tests.console.reading import Opened, Opener
from tests.entrypoints.calling import call
from tests.http.clients import Served
from tests.http.provider import CLIENT_ID, SECRET, Provider, provided
from tests.reports.week_of_march import tell
from tests.security.certificates import Authority


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """A sign-in that knows three people, and is trusted by this process."""
    authority = Authority(tmp_path_factory.mktemp("authority"))
    provider = Provider(
        people={
            "ada": {"name": "<b>Ada</b> Lovelace", "roles": ["auditor", "of-another-program"]},
            "grace": {"roles": ["writer"], "call_ledger_source": "test"},
            "nobody": {},
        },
    )
    with (
        pytest.MonkeyPatch.context() as patched,
        provided(provider, *authority.certificate("sign-in")),
    ):
        patched.setenv("SSL_CERT_FILE", str(authority.file))
        yield provider


@pytest.fixture(scope="module")
def company(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The week in March, served where the sign-in sends people back to."""
    folder = tmp_path_factory.mktemp("company")
    tell(folder / "ledger")
    keys = TokenKeys(str(provider.publish_keys(folder)))
    place = LedgerFolder(folder / "ledger")
    with (
        Service(place) as service,
        listening(application(service), "127.0.0.1", 0) as there,
        Served(place, there.url) as served,
    ):
        provider.redirect = f"{there.url}{RETURN_PATH}"
        service.sign_in = SignIn(provider.url, keys, CLIENT_ID, provider.redirect, SECRET)
        yield served


@pytest.fixture
def newcomer(browser: Browser, company: Served, provider: Provider) -> Iterator[Opened]:
    """Somebody with a browser of their own, in Rome."""
    provider.is_away = False
    with Opener(browser, company) as opener:
        yield opener.arrive(ignore_https_errors=True)


def sign_in(reader: Opened, sub: str, answer: str = "Sign in") -> None:
    reader.click("text=Sign in with your company")
    reader.page.fill("input[name=sub]", sub)
    reader.click(f"button >> text={answer}")


def test_who_signs_in_reads_by_their_role_and_the_log_says_so(
    newcomer: Opened, company: Served
) -> None:
    newcomer.go("/console/calls/centre/A")
    sign_in(newcomer, "ada")
    newcomer.page.wait_for_selector("h1 >> text=Call A")
    assert "<b>Ada</b> Lovelace" in newcomer.text
    assert newcomer.page.inner_text(".zone") == "Europe/Rome"
    assert newcomer.go("/console/access-log") == 200
    assert newcomer.go("/console/keys") == 403
    cookies = {one["name"]: one for one in newcomer.page.context.cookies()}
    (session,) = (one for name, one in cookies.items() if name.startswith("__Host-"))
    assert (session["sameSite"], session["httpOnly"], session["secure"]) == ("Strict", True, True)
    log = readings_of(company.folder, 0, 10_000)
    entered = [one for one in log if one["key_id"] == "oidc:ada"]
    assert [(one["operation"], one["role"], one["address"]) for one in entered[:2]] == [
        ("enter the console", "auditor", RETURN_PATH),
        ("read a call's events", "auditor", "/console/calls/centre/A"),
    ]
    assert not any("code=" in str(one["address"]) for one in log)


def test_who_leaves_is_shown_the_way_out_of_the_sign_in_too(newcomer: Opened) -> None:
    newcomer.go("/console/enter")
    sign_in(newcomer, "ada")
    newcomer.page.wait_for_url("**/console/find")
    newcomer.click("text=Leave")
    assert "not your company's sign-in" in newcomer.main
    assert newcomer.violations() == []
    newcomer.click("text=Leave the sign-in, too")
    assert CLIENT_ID in newcomer.text
    newcomer.go("/console/find")
    assert "/console/enter" in newcomer.page.url


@pytest.mark.parametrize(
    ("sub", "answer", "says"),
    [
        ("ada", "Cancel", "did not let you in (access_denied)"),
        ("grace", "Sign in", "a writer does not read"),
        ("nobody", "Sign in", "roles is missing"),
    ],
)
def test_who_may_not_read_does_not_enter(
    sub: str, answer: str, says: str, newcomer: Opened
) -> None:
    newcomer.go("/console/enter")
    sign_in(newcomer, sub, answer)
    assert says in newcomer.main
    assert newcomer.page.locator("header nav").count() == 0


Asked = dict[str, str]
Begun = Callable[[], tuple[httpx.Client, Asked]]


@pytest.fixture
def begun(company: Served) -> Iterator[Begun]:
    """Begins anew: a browser that is on its way, and what the sign-in was asked for it."""
    with ExitStack() as clients:

        def begin() -> tuple[httpx.Client, Asked]:
            client = clients.enter_context(httpx.Client(base_url=company.url, trust_env=False))
            there = client.get("/console/sign-in", params={"to": "//elsewhere.example"})
            assert there.status_code == 303
            client.headers["Cookie"] = there.headers["set-cookie"].partition(";")[0]
            assert "SameSite=lax" in there.headers["set-cookie"]
            asked = parse_qs(urlsplit(there.headers["location"]).query)
            return client, {name: values[0] for name, values in asked.items()}

        yield begin


def code_for(provider: Provider, asked: Asked, sub: str = "ada") -> str:
    """The code that the sign-in gives somebody for what it was asked."""
    form = {"sub": sub, "answer": "yes"}
    with httpx.Client() as browser:
        answer = browser.post(f"{provider.url}/authorize", params=asked, data=form)
    (code,) = parse_qs(urlsplit(answer.headers["location"]).query)["code"]
    return code


def test_a_code_is_taken_once_from_who_began_and_leads_to_no_other_site(
    begun: Begun, company: Served, provider: Provider
) -> None:
    client, asked = begun()
    assert (asked["redirect_uri"], asked["code_challenge_method"]) == (provider.redirect, "S256")
    code = code_for(provider, asked)
    back = {"code": code, "state": asked["state"]}
    stranger = httpx.get(f"{company.url}{RETURN_PATH}", params=back)
    assert stranger.status_code == 403
    entered = client.get(RETURN_PATH, params=back)
    assert entered.status_code == 200
    assert "elsewhere.example" not in entered.text
    assert "__Host-call-ledger=" in entered.headers["set-cookie"]
    assert client.get(RETURN_PATH, params=back).status_code == 403


def test_another_state_code_or_nonce_lets_nobody_in(begun: Begun, provider: Provider) -> None:
    client, asked = begun()
    assert client.get(RETURN_PATH, params={"code": "x", "state": "other"}).status_code == 403
    client, asked = begun()
    wrong = client.get(RETURN_PATH, params={"code": "made-up", "state": asked["state"]})
    assert "does not take the code" in wrong.text
    # A code that was given to somebody else's browser belongs to another verifier.
    (client, asked), (_, other) = begun(), begun()
    mixed = client.get(
        RETURN_PATH, params={"code": code_for(provider, other), "state": asked["state"]}
    )
    assert (mixed.status_code, "does not take the code" in mixed.text) == (403, True)
    client, asked = begun()
    code = code_for(provider, {**asked, "nonce": "another"})
    answer = client.get(RETURN_PATH, params={"code": code, "state": asked["state"]})
    assert (answer.status_code, "not the answer to this sign-in" in answer.text) == (403, True)


def test_while_the_sign_in_is_away_it_is_said_so(begun: Begun, provider: Provider) -> None:
    client, asked = begun()
    code = code_for(provider, asked)
    provider.is_away = True
    try:
        answer = client.get(RETURN_PATH, params={"code": code, "state": asked["state"]})
        assert (answer.status_code, "does not answer" in answer.text) == (503, True)
        assert "set-cookie" not in answer.headers
    finally:
        provider.is_away = False


def test_a_way_through_the_sign_in_ends_by_itself_and_is_gone_once() -> None:
    now = datetime.now(UTC)
    arrivals = Arrivals(lambda: now)
    token, arrival = arrivals.begin("/console/find", "UTC")
    assert arrivals.take(token, arrival.state) == arrival
    assert arrivals.take(token, arrival.state) is None
    token, arrival = arrivals.begin("/console/find", "UTC")
    now += LONGEST
    assert arrivals.take(token, arrival.state) is None


def test_a_session_lasts_no_longer_than_the_token(company: Served) -> None:
    now = datetime.now(UTC)
    sessions = Sessions(lambda: now)
    (key, *_) = Keys(company.folder).all()
    token = sessions.begin(key, "Ada", now + timedelta(minutes=5), "UTC")
    now += timedelta(minutes=5)
    assert sessions.of(token) is None


@pytest.mark.parametrize(
    "redirect",
    [
        "http://ledger.example/console/signed-in",
        "https://ledger.example/console/signed-in?x=1",
        "https://ledger.example/elsewhere",
        "nonsense",
    ],
)
def test_where_people_come_back_to_is_safe_and_our_own(redirect: str, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [Provider().key.as_dict(private=False)]}))
    options = ["--oidc-issuer", "https://x", "--oidc-audience", "x", "--oidc-keys", str(keys)]
    refused = call(tmp_path, "serve", *options, "--oidc-client", "x", "--oidc-redirect", redirect)
    assert (refused.code, "--oidc-redirect" in refused.said) == (2, True)
    with pytest.raises(WrongSetting):
        SignIn("https://x", TokenKeys(str(keys)), "x", redirect)
    alone = call(tmp_path, "serve", "--oidc-client", "x")
    assert (alone.code, "go together" in alone.said) == (2, True)
