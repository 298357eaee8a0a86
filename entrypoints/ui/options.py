"""Options that several commands share, so that they read and behave the same everywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

LedgerFolder = Annotated[
    Path,
    typer.Option(
        "--ledger",
        metavar="FOLDER",
        envvar="CALL_LEDGER_PATH",
        help="The ledger's folder; it is made when something is first recorded.",
        show_default=True,
    ),
]
DEFAULT_FOLDER = Path("call-ledger")

AsJson = Annotated[bool, typer.Option("--json", help="Answer as JSON, for programs.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Answer as comma-separated values.")]
ToParquet = Annotated[
    Path | None, typer.Option("--parquet", metavar="FILE", help="Write the rows to a Parquet file.")
]
TimeZone = Annotated[
    str,
    typer.Option(
        envvar="CALL_LEDGER_TIME_ZONE",
        help="Time zone of --from, --to, of the groups and of the times shown beside UTC.",
        metavar="NAME",
    ),
]
RuleSetName = Annotated[
    Literal["seed", "multi-party"],
    typer.Option(
        "--rules", envvar="CALL_LEDGER_RULES", help="The rule set by which commands are judged."
    ),
]
UntilEnd = Annotated[
    bool, typer.Option("--until-end", help="End when there is nothing new, instead of waiting.")
]
Port = Annotated[
    int | None,
    typer.Option(
        min=0,
        max=65535,
        metavar="N",
        help="Answer /livez, /readyz and /metrics on this port; 0 is a free one, see the log.",
    ),
]
Host = Annotated[str, typer.Option(metavar="ADDRESS", help="The address that the port is on.")]
LOOPBACK = "127.0.0.1"
