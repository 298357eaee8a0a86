"""A company's sign-in that is one: Authlib's OpenID provider over https, with a page of its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AccessDeniedError, ClientMixin
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import AuthorizationCodeMixin, OpenIDCode
from flask import Flask, Response, jsonify, request
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT_ID, SECRET = "call-ledger-console", "a secret: with signs & spaces"
PAGE = """<!doctype html><title>Sign in</title>
<form method="post"><input name="sub"><button name="answer" value="yes">Sign in</button>
<button name="answer" value="no">Cancel</button></form>"""


@dataclass
class Client(ClientMixin):  # type: ignore[misc]  # Authlib has no types
    """The console, as it was registered."""

    provider: Provider
    client_id: str = CLIENT_ID

    def get_client_id(self) -> str:
        return self.client_id

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(one for one in scope.split() if one in ("openid", "profile"))

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri == self.provider.redirect

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return (method, endpoint) == ("client_secret_basic", "token")

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass
class Code(AuthorizationCodeMixin):  # type: ignore[misc]  # Authlib has no types
    """What was asked for, until the code is given back."""

    sub: str
    redirect_uri: str
    scope: str
    nonce: str
    code_challenge: str
    code_challenge_method: str

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> None:
        return None


@dataclass
class Provider:
    """What it knows, and what tests change about it."""

    url: str = ""
    redirect: str = ""
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What the ID token says of each."""
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(2048, {"kid": "provider", "use": "sig"})
    )
    codes: dict[str, Code] = field(default_factory=dict)
    is_away: bool = False

    def publish_keys(self, folder: Path) -> Path:
        path = folder / "keys-of-provider.json"
        path.write_text(json.dumps({"keys": [self.key.as_dict(private=False)]}))
        return path


def application(provider: Provider) -> Flask:
    class Grant(AuthorizationCodeGrant):  # type: ignore[misc]  # Authlib has no types
        TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

        def save_authorization_code(self, code: str, request: Any) -> None:
            said = request.payload.data
            provider.codes[code] = Code(
                *(request.user.sub, said["redirect_uri"], said["scope"], said["nonce"]),
                *(said["code_challenge"], said["code_challenge_method"]),
            )

        def query_authorization_code(self, code: str, client: Client) -> Code | None:
            return provider.codes.get(code)

        def delete_authorization_code(self, authorization_code: Code) -> None:
            provider.codes.clear()

        def authenticate_user(self, authorization_code: Code) -> Any:
            return SimpleNamespace(sub=authorization_code.sub)

    class IdToken(OpenIDCode):  # type: ignore[misc]  # Authlib has no types
        def resolve_client_private_key(self, client: Client) -> RSAKey:
            return provider.key

        def get_client_algorithm(self, client: Client) -> str:
            return "RS256"

        def get_client_claims(self, client: Client) -> dict[str, Any]:
            return {"iss": provider.url, "aud": [client.client_id]}

        def get_encode_header(self, client: Client) -> dict[str, str]:
            return {"alg": "RS256", "kid": "provider", "typ": "JWT"}

        def exists_nonce(self, nonce: str, request: Any) -> bool:
            return any(one.nonce == nonce for one in provider.codes.values())

        def generate_user_info(self, user: Any, scope: str) -> dict[str, Any]:
            return {"sub": user.sub, **provider.people.get(user.sub, {})}

    app = Flask(__name__)
    client = Client(provider)
    server = AuthorizationServer(
        app,
        query_client=lambda client_id: client if client_id == CLIENT_ID else None,
        save_token=lambda token, request: None,
    )
    server.register_grant(Grant, [IdToken(require_nonce=True), CodeChallenge(required=True)])

    @app.before_request
    def be_away() -> Any:
        return Response("away", 503) if provider.is_away else None

    @app.get("/.well-known/openid-configuration")
    def describe() -> Response:
        return jsonify(
            issuer=provider.url,
            authorization_endpoint=f"{provider.url}/authorize",
            token_endpoint=f"{provider.url}/token",
            end_session_endpoint=f"{provider.url}/end",
        )

    @app.route("/authorize", methods=["GET", "POST"])
    def authorize() -> Any:
        grant = server.get_consent_grant(end_user=None)
        if request.method == "GET":
            return PAGE
        if request.form["answer"] != "yes":
            refused = AccessDeniedError(
                redirect_uri=grant.redirect_uri, state=request.args["state"]
            )
            return server.handle_error_response(None, refused)
        user = SimpleNamespace(sub=request.form["sub"])
        return server.create_authorization_response(grant_user=user, grant=grant)

    @app.post("/token")
    def give_token() -> Any:
        return server.create_token_response()

    @app.get("/end")
    def end() -> str:
        return f"<!doctype html><title>Signed out</title>{request.args['client_id']}"

    return app


@contextmanager
def provided(provider: Provider, certificate: Path, key: Path) -> Iterator[Provider]:
    """The provider on a port of this machine."""
    app = application(provider)
    tls = (str(certificate), str(key))
    server = make_server("127.0.0.1", 0, app, threaded=True, ssl_context=tls)
    provider.url = f"https://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
