"""`call-ledger lake …`: the tables that several shards publish in one place."""

from __future__ import annotations

from typing import Annotated

import typer

from entrypoints.read_side import place_of
from entrypoints.ui.options import AsJson
from entrypoints.ui.output import print_table, write_json

app = typer.Typer(
    help="The tables that call-ledger project --shard publishes: how far they are, and files.",
    no_args_is_help=True,
)

Where = Annotated[
    str, typer.Argument(metavar="PLACE", help="A folder, file:PATH, or s3://bucket/prefix.")
]


@app.command()
def status(place: Where, json: AsJson = False) -> None:
    """Show how far each shard is, who has it, and how many files there are.

    [bold]call-ledger lake status tables[/bold]
    """
    where = place_of(place)
    from lake.rows import records
    from lake.table import Lake

    lake = Lake(where)
    files = lake.files()
    shards = [
        {
            "shard": f"{one.number}/{one.count}",
            "position": one.position,
            "commits": one.revision,
            "epoch": one.epoch,
            "published_at": one.published_at,
            "files": len(of := [file for file in files if file.shard == one.number]),
            "fresh_files": sum(file.is_fresh for file in of),
            "size_bytes": sum(file.size_bytes for file in of),
        }
        for one in records(lake, files).values()
    ]
    if json:
        write_json({"place": str(where), "version": lake.version, "shards": shards})
        return
    names = list(shards[0]) if shards else ["shard"]
    title = f"Shards in {where}, version {lake.version:,}"
    print_table(names, [list(one.values()) for one in shards], title)


@app.command()
def compact(place: Where, json: AsJson = False) -> None:
    """Fold fresh rows into few files, and delete files that nobody has needed for an hour.

    Every process with a shard does so by itself now and then; this is for a place that none writes
    to any more, and does no harm beside those that write and read.

    [bold]call-ledger lake compact tables[/bold]
    """
    where = place_of(place)
    from lake.folding import fold_all
    from lake.table import Lake

    lake = Lake(where)
    folded = fold_all(lake)
    deleted = lake.vacuum()
    left = len(lake.files())
    if json:
        write_json({"commits_folded": folded, "files_deleted": deleted, "files": left})
        return
    typer.echo(f"Folded {folded:,} commits and deleted {deleted:,} files; {left:,} are left.")
