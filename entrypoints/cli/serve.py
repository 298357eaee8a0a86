"""`call-ledger serve`: the HTTP interface."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.read_side import Lake, place_of
from entrypoints.ui.options import (
    DEFAULT_FOLDER,
    LOOPBACK,
    FolderOption,
    OidcAudience,
    OidcClient,
    OidcIssuer,
    OidcKeys,
    OidcRedirect,
    RequestsPerSecond,
    RuleSetName,
    settings_of,
    several_ledgers,
    with_store,
)

if TYPE_CHECKING:
    from entrypoints.http.service import WebhookSecret
    from entrypoints.http.sign_in import SignIn
    from entrypoints.http.tokens import Tokens
    from infra.settings import Settings

LOOK_SECONDS = 0.2


def serve(
    context: typer.Context,
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="The port; 0 picks a free one.")
    ] = 8080,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address on which the port is opened.")
    ] = LOOPBACK,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Our certificate, to be reached by TLS.")
    ] = None,
    certificate_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The key of that certificate.")
    ] = None,
    without_tls: Annotated[
        bool,
        typer.Option(
            "--without-tls",
            help="Open an address of the network without TLS: a proxy in front of it has it.",
        ),
    ] = False,
    oidc_issuer: OidcIssuer = None,
    oidc_audience: OidcAudience = None,
    oidc_keys: OidcKeys = None,
    oidc_client: OidcClient = None,
    oidc_redirect: OidcRedirect = None,
    most_streams: Annotated[
        int,
        typer.Option(
            min=0, max=100_000, metavar="N", help="How many may follow events at the same time."
        ),
    ] = 2_500,
    streams_per_key: Annotated[
        int,
        typer.Option(
            min=0, max=100_000, metavar="N", help="How many of them by one key, or one person."
        ),
    ] = 500,
    answer_seconds: Annotated[
        float,
        typer.Option(
            min=0.1,
            max=600,
            metavar="SECONDS",
            help="How long an answer may take to be computed; exports and SQL have their own.",
        ),
    ] = 60,
    requests_per_second: RequestsPerSecond = 10_000,
    rules: RuleSetName = "seed",
    lake: Lake = None,
    all_ledgers: Annotated[
        bool,
        typer.Option(
            "--all-ledgers",
            help="Report over all ledgers of the file, too, to whoever may read reports here.",
        ),
    ] = False,
    read_only: Annotated[
        bool,
        typer.Option("--read-only", help="Take no commands; who reads is written down as ever."),
    ] = False,
    folder: FolderOption = DEFAULT_FOLDER,
) -> None:
    """Take commands and answer questions over HTTP, until stopped; /openapi.json describes it.

    Who asks needs a key, which call-ledger keys create makes, or an access token of the company's
    sign-in (OIDC), where --oidc-issuer, --oidc-audience and --oidc-keys name one.

    With --lake PLACE commands go to the event store as ever, and what is asked is read from what
    call-ledger project --shard has published there: all shards as of one version.

    With --read-only nothing is recorded but who has read what, and commands are answered with 403.
    With --lake that needs no event store; without one there are no events as they were recorded,
    and no streams of new ones.

    With --all-ledgers a server of one of several ledgers also lists all of them, and reports over
    all: each with its position.

    [bold]call-ledger serve --port 8080[/bold]
    """
    from domain.rule_sets import RULE_SETS
    from entrypoints.http.application import application
    from entrypoints.http.server import Tls, listening
    from entrypoints.http.service import Limits, Service
    from entrypoints.http.short_pauses import short_pauses
    from entrypoints.workers.shutdown import shutdown_by_signals

    if (certificate is None) != (certificate_key is None):
        raise typer.BadParameter("--certificate and --certificate-key go together.")
    tls = Tls(certificate, certificate_key) if certificate and certificate_key else None
    if not is_loopback(host) and tls is None and not without_tls:
        raise typer.BadParameter(
            f"{host} is reached from the network: give --certificate and --certificate-key, or "
            "--without-tls where a proxy in front of it has them."
        )
    limits = Limits(most_streams, streams_per_key, requests_per_second, answer_seconds)
    tokens, sign_in = vouching(
        oidc_issuer, oidc_audience, oidc_keys, oidc_client, oidc_redirect, settings_of(context)
    )
    webhooks = webhooks_of(settings_of(context))
    ledger = with_store(context, folder)
    if lake is not None and all_ledgers:
        raise typer.BadParameter("--all-ledgers reads folders: leave --lake out.")
    place = None if lake is None else place_of(lake)
    several = several_ledgers(context, None) if all_ledgers else []
    with (
        shutdown_by_signals() as shutdown,
        short_pauses(),
        Service(
            ledger, RULE_SETS[rules], tokens, limits, webhooks, sign_in, place, several, read_only
        ) as service,
        listening(application(service), host, port, tls) as there,
    ):
        service.settings = settings_of(context)
        typer.echo(f"Serving {ledger} on {there.url}; Ctrl-C ends it.")
        while there.thread.is_alive() and not shutdown.wait(LOOK_SECONDS):
            pass


def webhooks_of(settings: Settings) -> WebhookSecret | None:
    """By what webhooks are signed; none where no secret is set."""
    from entrypoints.http.service import WebhookSecret

    secret = settings.webex_secret
    if secret is None:
        return None
    return WebhookSecret(settings.webex_signature_header, secret.get_secret_value())


def vouching(
    issuer: str | None,
    audience: str | None,
    keys: str | None,
    client: str | None,
    redirect: str | None,
    settings: Settings,
) -> tuple[Tokens | None, SignIn | None]:
    """The company's access tokens, and by what people enter the console beside keys.

    Neither where no sign-in is named, and no second where the console is no client of it.
    """
    if (client or redirect) and not (client and redirect and issuer and keys):
        raise typer.BadParameter(
            "--oidc-client and --oidc-redirect go together, and need --oidc-issuer, "
            "--oidc-audience and --oidc-keys."
        )
    if not issuer and not audience and not keys:
        return None, None
    if not issuer or not audience or not keys:
        raise typer.BadParameter("--oidc-issuer, --oidc-audience and --oidc-keys go together.")
    from entrypoints.http.sign_in import SignIn
    from entrypoints.http.token_keys import TokenKeys
    from entrypoints.http.tokens import Tokens

    read_once = TokenKeys(keys)
    tokens = Tokens(issuer, audience, read_once)
    if not client or not redirect:
        return tokens, None
    secret = settings.oidc_secret.get_secret_value() if settings.oidc_secret else ""
    return tokens, SignIn(issuer, read_once, client, redirect, secret)


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
