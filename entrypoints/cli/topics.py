"""The topics in Kafka: `create` them, or `check` that they lose nothing."""

from __future__ import annotations

import typer

from entrypoints.ui.options import AsJson, settings_of
from entrypoints.ui.output import write_json

app = typer.Typer(help="Create and check the ledger's topics in Kafka.", no_args_is_help=True)


@app.command()
def create(context: typer.Context, json: AsJson = False) -> None:
    """Create the topics that do not exist yet; existing ones are not changed.

    [bold]call-ledger topics create[/bold]
    """
    from infra.kafka import Kafka
    from infra.topics import create as make

    made = make(Kafka.of(settings_of(context)))
    if json:
        write_json({"created": made})
    else:
        typer.echo(f"Created: {', '.join(made)}." if made else "Every topic is there already.")


@app.command()
def check(context: typer.Context, json: AsJson = False) -> None:
    """Compare each topic with what it must be, and with the topic whose positions were stored.

    Exit code 1 when one could lose something, or was deleted and made again.

    [bold]call-ledger topics check --json[/bold]
    """
    from consumers.kafka.checkpoints import problems_of_positions
    from infra.kafka import Kafka
    from infra.topics import check as compare

    kafka = Kafka.of(settings_of(context))
    problems = compare(kafka) or problems_of_positions(kafka)
    if json:
        write_json({"problems": problems})
    else:
        typer.echo("\n".join(problems) or "Every topic is as it must be.")
    raise typer.Exit(1 if problems else 0)
