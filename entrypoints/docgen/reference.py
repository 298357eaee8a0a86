"""The reference pages: every command with its flags, every table with its columns."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import typer

from domain.field_meanings import FIELD_MEANINGS
from entrypoints.cli.main import whole_command_line
from entrypoints.docgen.markdown import document, table
from entrypoints.ui.failures import ListingCommand
from projections.models import FOLDER, Kind, readable_models

GENERATED = "<!-- Written by `python -m entrypoints.docgen` from {source}; edit there. -->"
BOLD = re.compile(r"\[bold\](.*?)\[/bold\]")
COMMAND = re.compile(r"^\[bold\](.*?)\[/bold\]$", re.MULTILINE)

EVENT_MEANINGS: Final = {
    **FIELD_MEANINGS,
    "call_position": "the ledger's number of the call: the position of its first event",
    "caused_by": "what it names as its cause, where that is not its command",
    "observed": "whether it was reported and not asked for",
    "position": "where it stands in the ledger, from 1, without a gap",
    "recorded_at": "when the ledger took it, UTC",
    "role": "what the actor was in the call at that moment",
    "rule_set": "the rule set by which it was judged",
    "rule_set_hash": "16 hexadecimal digits over that rule set",
    "rules_broken": "the rules that an observation broke; none is null",
    "type": "what happened; see events.md",
    "version": "its number in the call, from 1, without a gap",
}

BECOMES: Final = {
    Kind.TABLE: "A table.",
    Kind.VIEW: "A view: computed when it is read.",
}


def command_line_document() -> str:
    """Every command: its help, its arguments and flags, what its help lists."""
    parts = [
        "# The command line",
        GENERATED.format(source="`entrypoints/`"),
        "Every command says this of itself too: `call-ledger report exits --help`.",
    ]
    for path, command in below("call-ledger", whole_command_line()):
        parts += [
            f"{'#' * min(4, len(path.split()) + 1)} `{path}`",
            paragraphs(command.help or ""),
            flags_table(command),
            paragraphs(ending_of(command)),
        ]
    return document(part for part in parts if part)


def below(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """The command and all under it, each with the words that call it."""
    yield path, command
    for name, subcommand in getattr(command, "commands", {}).items():
        yield from below(f"{path} {name}", subcommand)


def ending_of(command: Any) -> str:
    """What the command's help ends with."""
    return command.listing() if isinstance(command, ListingCommand) else (command.epilog or "")


def paragraphs(text: str) -> str:
    """Help text as markdown: an example of its own line is a block, other bold text is code."""
    text = COMMAND.sub(r"```sh\n\1\n```", text.replace("\f", "").strip())
    return BOLD.sub(r"`\1`", text)


def flags_table(command: Any) -> str:
    """The arguments and flags, with what each means and what it is when left out."""
    context = typer.Context(command)
    rows = [
        (f"`{written(parameter, context)}`", (parameter.help or ""), when_left_out(parameter))
        for parameter in command.params
        if parameter.name not in ("help", "install_completion", "show_completion")
    ]
    return table(("flag", "meaning", "left out"), rows) if rows else ""


def written(parameter: Any, context: Any) -> str:
    """The parameter as it is typed."""
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper()
    kind = parameter.metavar or parameter.display_type(context).strip("<>").replace("|", " or ")
    value = "" if parameter.is_flag else f" {kind}"
    return f"{parameter.opts[0]}{value}"


def when_left_out(parameter: Any) -> str:
    """What holds without it: the variable that may set it, then its default."""
    if parameter.required:
        return "required"
    default = "" if parameter.default in (None, False) else f"`{parameter.default}`"
    variable = f"`${parameter.envvar}`" if parameter.envvar else ""
    return ", then ".join(part for part in (variable, default) if part)


def models_document() -> str:
    """Every table that SQL can be asked of: a row, its columns, their types and meanings."""
    import yaml

    types = types_of_columns(["events", *(model.name for model in readable_models())])
    parts = [
        "# The tables",
        GENERATED.format(source="`projections/models/`"),
        "What `call-ledger sql` reads. Times end in `_at` and are UTC, durations end in "
        "`_seconds`. `call_position` joins the tables: it is one number a call, whatever its "
        "source. The key of a table tells each of its rows from every other. The SQL of each "
        "model is in `projections/models/`.",
        "## `events`",
        "One row per event. The columns after `rules_broken` are those of the events' bodies, "
        "null where a type has no such field; numbers count from 1 within the call.",
        table(
            ("column", "type", "meaning"),
            ((f"`{name}`", kind, EVENT_MEANINGS[name]) for name, kind in types["events"]),
        ),
    ]
    for model in sorted(readable_models(), key=lambda model: model.name):
        about = yaml.safe_load((FOLDER / f"{model.name}.yml").read_text("utf-8"))
        parts += [
            f"## `{model.name}`",
            f"{model.grain} {about['description']}",
            f"Key: {', '.join(f'`{column}`' for column in model.key)}. {BECOMES[model.kind]}",
            table(
                ("column", "type", "meaning"),
                ((f"`{name}`", kind, about["columns"][name]) for name, kind in types[model.name]),
            ),
        ]
    return document(parts)


def types_of_columns(names: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Each table's columns with their types, as an empty ledger's file has them."""
    from projections.database import Projections

    with tempfile.TemporaryDirectory() as folder:
        projections = Projections(Path(folder) / "empty.duckdb")
        try:
            return {
                name: [
                    (column, "word" if kind.startswith("ENUM") else kind.lower())
                    for column, kind, *_ in projections.connection.execute(
                        f"describe {name}"
                    ).fetchall()
                ]
                for name in names
            }
        finally:
            projections.close()
