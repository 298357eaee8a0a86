"""`call-ledger migrate`: from the folder's SQLite ledger into PostgreSQL."""

from __future__ import annotations

from typing import Annotated

import typer

from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerFolder
from entrypoints.ui.output import print_table, write_json
from entrypoints.ui.progress import progress

To = Annotated[
    str,
    typer.Option(
        "--to", metavar="URL", help="The PostgreSQL database: postgresql://user@server/database."
    ),
]


def migrate(to: To, json: AsJson = False, ledger: LedgerFolder = DEFAULT_FOLDER) -> None:
    """Copy the SQLite ledger into PostgreSQL, with its positions and bytes, and compare both.

    Killed, it goes on where it was when it is run again. The SQLite ledger stays as it is.

    [bold]call-ledger migrate --to postgresql://ledger@db/ledger[/bold]
    """
    from ledger.store.by_setting import SCHEMES
    from ledger.store.migration import migrate as migrated

    if not to.startswith(SCHEMES):
        raise typer.BadParameter("--to is a URL: postgresql://user@server/database.")
    with progress("copying", unit="events") as moved:
        content = migrated(ledger, to, moved)
    rows = [(table, one.rows, one.sha256) for table, one in content.items()]
    if json:
        write_json({table: {"rows": count, "sha256": sha256} for table, count, sha256 in rows})
    else:
        print_table(("table", "rows", "sha256"), rows)
        typer.echo("Both are the same. Set CALL_LEDGER_STORE to use PostgreSQL from now on.")
