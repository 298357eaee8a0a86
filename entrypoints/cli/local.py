"""The real servers on this machine, for tests, tutorials and laptops: `up`, `status`, `down`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerOption
from entrypoints.ui.output import print_table, write_json
from infra.folder import LedgerFolder

if TYPE_CHECKING:
    from infra.local.kafka import LocalKafka
    from infra.local.postgresql import LocalPostgresql

app = typer.Typer(
    help="Run Apache Kafka and PostgreSQL on this machine, without Docker.", no_args_is_help=True
)

Server = Literal["kafka", "postgresql"]
Only = Annotated[Server | None, typer.Option("--only", help="Only this server.")]


def kafka_of(ledger: LedgerFolder) -> LocalKafka:
    """The Kafka in the ledger's folder."""
    from infra.local.kafka import LocalKafka

    return LocalKafka(ledger.path / "servers" / "kafka")


def postgresql_of(ledger: LedgerFolder) -> LocalPostgresql:
    """The PostgreSQL in the ledger's folder."""
    from infra.local.postgresql import LocalPostgresql

    return LocalPostgresql(ledger.path / "servers" / "postgresql")


@app.command()
def up(
    brokers: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=3,
            metavar="N",
            help="One broker, or three that replicate; by default as many as before.",
        ),
    ] = None,
    only: Only = None,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Start the servers, wait until they are ready, and print the two settings that name them.

    [bold]call-ledger local up --brokers 3[/bold]
    """
    if only != "kafka":
        typer.echo(f"CALL_LEDGER_STORE={postgresql_of(ledger).start()}")
    if only != "postgresql":
        typer.echo(f"CALL_LEDGER_KAFKA={kafka_of(ledger).start(brokers)}")


@app.command()
def status(json: AsJson = False, ledger: LedgerOption = DEFAULT_FOLDER) -> None:
    """Show which servers are running, where, and where their logs are. Exit code 1 when one is not.

    [bold]call-ledger local status --json[/bold]
    """
    rows = list(servers(ledger))
    if json:
        write_json(rows)
    else:
        names = ("server", "runs", "address", "log")
        print_table(names, [tuple(row.values()) for row in rows])
    raise typer.Exit(0 if rows and all(row["runs"] for row in rows) else 1)


def servers(ledger: LedgerFolder) -> list[dict[str, Any]]:
    """Each server that was set up in the folder."""
    postgresql = postgresql_of(ledger)
    found: list[dict[str, Any]] = []
    if postgresql.data.exists():
        runs = postgresql.is_running
        found.append(
            {
                "server": "PostgreSQL",
                "runs": runs,
                "address": postgresql.url,
                "log": str(postgresql.log),
            }
        )
    found.extend(
        {
            "server": f"Kafka, broker {broker.number}",
            "runs": broker.is_running,
            "address": f"127.0.0.1:{broker.ports[0]}",
            "log": str(broker.log),
        }
        for broker in kafka_of(ledger).brokers
    )
    return found


@app.command()
def down(only: Only = None, ledger: LedgerOption = DEFAULT_FOLDER) -> None:
    """Stop the servers cleanly; their data is there again after `up`.

    [bold]call-ledger local down[/bold]
    """
    if only != "postgresql":
        kafka_of(ledger).stop()
    if only != "kafka":
        postgresql_of(ledger).stop()
