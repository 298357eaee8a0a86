"""`call-ledger snapshot`: models and events in a DuckDB file for everybody's own tools."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.ui.failures import ended_by_interrupt
from entrypoints.ui.options import DEFAULT_FOLDER, AsJson, LedgerOption, settings_of
from entrypoints.ui.output import tell_note, write_json
from entrypoints.ui.progress import progress
from entrypoints.ui.values import rows_of

if TYPE_CHECKING:
    from infra.settings import Settings

WithPersonal = Annotated[
    bool | None,
    typer.Option(
        "--with-personal/--without-personal",
        help="Whether fields that can name a person are filled, or all null. Without, where "
        "CALL_LEDGER_STORE or CALL_LEDGER_KAFKA names a company's servers; with, otherwise.",
        show_default=False,
    ),
]


def snapshot(
    context: typer.Context,
    file: Annotated[
        Path, typer.Argument(help="The file; a snapshot that is there is replaced at once.")
    ],
    with_personal: WithPersonal = None,
    json: AsJson = False,
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Make a DuckDB file with models and events, which any tool that reads DuckDB may open.

    Its table [bold]snapshot[/bold] says at which position it is, when it was made and whether it
    has personal data. Whoever reads the file before it goes on reading that.

    [bold]call-ledger snapshot calls.duckdb[/bold]
    """
    from projections.serving.client import Reader

    with (
        ended_by_interrupt(),
        progress("projecting", unit="events") as moved,
        Reader(ledger, progress=moved) as reader,
    ):
        answer = reader.publish(file, includes_personal(with_personal, settings_of(context)))
    names, rows = rows_of(answer.table)
    tell_note(answer.note)
    about = dict(zip(names, rows[0], strict=True))
    if json:
        write_json({"file": str(file), **about})
        return
    personal = "with" if about["has_personal_data"] else "without"
    typer.echo(f"{file} shows position {answer.position:,}, {personal} personal data.")


def includes_personal(asked: bool | None, settings: Settings) -> bool:
    """Whether a snapshot has personal data: as asked, else where there is no company."""
    return asked if asked is not None else settings.store == "sqlite" and settings.kafka is None
