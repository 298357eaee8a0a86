"""`call-ledger migrate`: from the folder's SQLite ledger into PostgreSQL."""

from __future__ import annotations

from typing import Annotated

import typer

from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerOption, settings_of
from entrypoints.ui.output import print_table, write_json
from entrypoints.ui.progress import progress

To = Annotated[
    str,
    typer.Option(
        "--to", metavar="URL", help="The PostgreSQL database: postgresql://user@server/database."
    ),
]


def migrate(
    context: typer.Context, to: To, json: AsJson = False, ledger: LedgerOption = DEFAULT_FOLDER
) -> None:
    """Copy the SQLite ledger into PostgreSQL, with its positions and bytes, and compare both.

    If it is killed, run it again: it resumes where it stopped. The SQLite ledger is not changed.

    [bold]call-ledger migrate --to postgresql://ledger@db/ledger[/bold]
    """
    from infra.postgresql import Postgresql
    from infra.store_url import POSTGRESQL
    from ledger.store.migration import migrate as migrated

    if not to.startswith(POSTGRESQL):
        raise typer.BadParameter("--to is a URL: postgresql://user@server/database.")
    server = Postgresql(to, settings_of(context).patience_seconds)
    with progress("copying", unit="events") as moved:
        content = migrated(ledger.path, server, moved)
    rows = [(table, one.rows, one.sha256) for table, one in content.items()]
    if json:
        write_json({table: {"rows": count, "sha256": sha256} for table, count, sha256 in rows})
    else:
        print_table(("table", "rows", "sha256"), rows)
        typer.echo("Both are the same. Set CALL_LEDGER_STORE to use PostgreSQL from now on.")
