"""`call-ledger keys …` and `access-log`: who may ask over HTTP, and who has read what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerOption
from entrypoints.ui.output import print_table, write_json

if TYPE_CHECKING:
    from entrypoints.http.keys import ApiKey

app = typer.Typer(
    help="API keys: who may ask over HTTP, in which role, and until when.", no_args_is_help=True
)

MOST_SHOWN = 100_000


@app.command()
def create(
    role: Annotated[
        Literal["writer", "analyst", "auditor", "admin"], typer.Option(help="What the key is for.")
    ],
    note: Annotated[
        str, typer.Option(metavar="TEXT", help="For whom or what it is; shown in the list.")
    ],
    source: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of a writer: the source that it writes as."),
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="Of a writer: the agent whose desktop it is. Left out, it acts for every party.",
        ),
    ] = None,
    days: Annotated[int, typer.Option(metavar="N", help="How long it is valid.")] = 90,
    json: AsJson = False,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Make a key and show it, once: it is all that goes to standard output.

    [bold]call-ledger keys create --role auditor --note "Ada, audit 2026"[/bold]
    """
    from entrypoints.http.keys import ApiRole, Keys

    now = datetime.now(UTC)
    key, text = Keys(ledger).make(ApiRole(role), source, agent, note, now, timedelta(days=days))
    if json:
        write_json({"key": text, **facts_of(key, now)})
        return
    typer.echo(text)
    until = f"{key.expires_at:%Y-%m-%d %H:%M} UTC"
    typer.echo(f"Key {key.id} is valid until {until}, and is not shown again.", err=True)


@app.command("list")
def list_keys(json: AsJson = False, ledger: LedgerOption = DEFAULT_FOLDER) -> None:
    """List the keys that were made, without the keys themselves.

    [bold]call-ledger keys list[/bold]
    """
    from entrypoints.http.keys import Keys

    now = datetime.now(UTC)
    facts = [facts_of(key, now) for key in Keys(ledger).all()]
    if json:
        write_json({"keys": facts})
        return
    names = ["id", "role", "source", "agent", "note", "expires_at", "state"]
    print_table(names, [[one[name] for name in names] for one in facts], without_empty=True)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, from the list.")],
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Let a key be valid no more; a server knows of it within a second.

    [bold]call-ledger keys revoke 1f2e3d4c[/bold]
    """
    from entrypoints.http.keys import Keys

    Keys(ledger).revoke(key_id, datetime.now(UTC))
    typer.echo(f"Key {key_id} is valid no more.")


def facts_of(key: ApiKey, now: datetime) -> dict[str, object]:
    """What may be shown of a key."""
    state = "valid" if key.is_valid_at(now) else "revoked" if key.revoked_at else "expired"
    return {**key.model_dump(exclude={"secret_sha256"}), "state": state}


def access_log(
    after: Annotated[
        int, typer.Option(min=0, metavar="N", help="Only readings after this number.")
    ] = 0,
    limit: Annotated[
        int, typer.Option(min=1, max=MOST_SHOWN, metavar="N", help="How many.")
    ] = 1_000,
    json: AsJson = False,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Show who has read what over HTTP, by which key, in the order in which it was read.

    [bold]call-ledger access-log[/bold]
    """
    from entrypoints.http.access_log import Reading, readings_of

    readings = readings_of(ledger, after, limit)
    if json:
        write_json({"readings": readings})
        return
    names = ["number", *Reading._fields]
    print_table(names, [[one[name] for name in names] for one in readings])
