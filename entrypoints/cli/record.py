"""`call-ledger record`: one command from flags or JSON, or many as JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, BinaryIO, Final, NamedTuple

import orjson
import typer
from typer.models import CommandInfo

from entrypoints.ui.compressed import refuse_compressed
from entrypoints.ui.failures import ListingCommand
from entrypoints.ui.options import DEFAULT_FOLDER, LedgerOption, RuleSetName
from entrypoints.ui.progress import progress
from infra.folder import LedgerFolder
from infra.nearest import did_you_mean

if TYPE_CHECKING:
    from domain.commands import Command
    from ledger.intake import Defaults
    from ledger.ledger import Ledger
    from ledger.outcomes import Request

LONGEST_NUMBER = 18

LINES_IN_ONE_GROUP = 2_000
"""Lines made durable by one write to the disk, when they come faster than that."""

READ_BYTES = 1 << 20


class Line(NamedTuple):
    """A line that is not empty, and its number in the file, from 1."""

    number: int
    text: bytes
    is_cut: bool = False
    """Whether it goes on after this text."""


class RecordCommand(ListingCommand):
    """Its help ends with the actions."""

    def listing(self) -> str:
        """Every action with its meaning, and its own flags below."""
        rows = [
            " ".join(
                [f"[bold]{action}[/bold]:", meaning_of(command_class), *flags_of(command_class)]
            )
            for action, command_class in command_classes().items()
        ]
        return "\n\n".join(["Actions, each with its own flags:", *rows])


def actions(incomplete: str) -> list[tuple[str, str]]:
    """Actions and what they mean, for completion."""
    return [
        (action, meaning_of(command_class))
        for action, command_class in command_classes().items()
        if action.startswith(incomplete)
    ]


def record(
    context: typer.Context,
    action: Annotated[
        str | None,
        typer.Argument(
            help="What is asked, for example hold; listed below.", autocompletion=actions
        ),
    ] = None,
    call: Annotated[
        str | None, typer.Option(metavar="ID", help="The call's id in its source.")
    ] = None,
    actor: Annotated[
        str | None,
        typer.Option(metavar="ID", help="An agent's id, or customer, system or unknown."),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The call's source; local when left out."),
    ] = None,
    via: Annotated[
        str | None, typer.Option(metavar="HOW", help="desktop, device or system.")
    ] = None,
    occurred_at: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="When it happens, with its zone; now when left out."),
    ] = None,
    expected_version: Annotated[
        int | None,
        typer.Option(metavar="N", help="Refuse unless the call is at this version."),
    ] = None,
    command_id: Annotated[
        str | None,
        typer.Option(metavar="UUID", help="Sending the same id again records nothing new."),
    ] = None,
    observed: Annotated[
        bool,
        typer.Option("--observed", help="It has already happened: record it, never refuse it."),
    ] = False,
    json: Annotated[
        str | None, typer.Option("--json", metavar="TEXT", help="One command as JSON.")
    ] = None,
    lines: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Many commands as JSON lines, in order; - is standard input."
        ),
    ] = None,
    rules: RuleSetName = "seed",
    ledger: LedgerOption = DEFAULT_FOLDER,
) -> None:
    """Record a command: the rules decide, and the outcome is on disk when this answers.

    One: [bold]call-ledger record receive --call 4711 --actor system --queue sales[/bold]

    Many: [bold]call-ledger record --lines FILE[/bold], one JSON object a line with the
    fields of docs/reference/commands.md. Each gets one outcome line; what cannot be read
    goes to quarantine.

    Exit code 1 when anything was refused or could not be read.
    """
    if action is not None and action.startswith("-"):
        raise typer.BadParameter(f"There is no flag {action} without an action; see --help.")
    if sum(given is not None for given in (action, json, lines)) != 1:
        raise typer.BadParameter("Give an action, --json or --lines; see --help for each.")
    flags = {
        "call": call,
        "actor": actor,
        "source": source,
        "via": via,
        "occurred_at": occurred_at,
        "expected_version": expected_version,
        "command_id": command_id,
        "observed": observed or None,
    }
    given = {name: value for name, value in flags.items() if value is not None}
    if action is None and (given or context.args):
        flag = f"--{next(iter(given)).replace('_', '-')}" if given else context.args[0]
        raise typer.BadParameter(f"{flag} goes with an action; --json and --lines have it inside.")
    if lines is not None:
        raise typer.Exit(record_lines(ledger, rules, lines))
    text = as_json(action, given, context.args) if action is not None else (json or "")
    raise typer.Exit(record_one(ledger, rules, text))


@cache
def command_classes() -> dict[str, type[Command]]:
    """The class of each command by its action."""
    from domain.commands import COMMAND_CLASSES

    return {command_class.action: command_class for command_class in COMMAND_CLASSES}


def meaning_of(command_class: type[Command]) -> str:
    """The first line of what the command says about itself."""
    return (command_class.__doc__ or "").splitlines()[0]


def flags_of(command_class: type[Command]) -> list[str]:
    """The flags that are this command's own."""
    from domain.commands import Command

    own_fields = set(Command.model_fields) | {"type"}
    return [
        f"--{name.replace('_', '-')}"
        for name in command_class.model_fields
        if name not in own_fields
    ]


def as_json(action: str, given: dict[str, Any], own: Sequence[str]) -> str:
    """The command as a line of JSON, from the flags that all have and those of its own."""
    fields = fields_of_flags(action, own)
    if missing := [f"--{name}" for name in ("call", "actor") if name not in given]:
        raise typer.BadParameter(f"{action} needs {' and '.join(missing)}.")
    given = {"call_id": given.pop("call"), **given}
    try:
        return orjson.dumps(given | fields).decode()
    except orjson.JSONEncodeError:
        raise typer.BadParameter("A flag's value is not text in UTF-8.") from None


def fields_of_flags(action: str, flags: Sequence[str]) -> dict[str, Any]:
    """The command's own fields from its own flags, each with one value."""
    command_class = command_classes().get(action)
    if command_class is None:
        known = ", ".join(command_classes())
        near = did_you_mean(action, command_classes())
        raise typer.BadParameter(f"{action!r} is no action; there are {known}.{near}")
    fields: dict[str, Any] = {"type": command_class.model_fields["type"].default}
    own = flags_of(command_class)
    left = list(flags)
    while left:
        flag, _, value = left.pop(0).partition("=")
        if flag not in own:
            has = f"its own are {' '.join(own)}" if own else "it has none of its own"
            raise typer.BadParameter(f"{action} has no {flag}; {has}.{did_you_mean(flag, own)}")
        if not value and not left:
            raise typer.BadParameter(f"{flag} needs a value.")
        fields[flag[2:].replace("-", "_")] = as_number(value or left.pop(0), command_class, flag)
    return fields


def as_number(value: str, command_class: type[Command], flag: str) -> str | int:
    """The value as the field wants it: a number where it is one, so that JSON says so too."""
    field = command_class.model_json_schema()["properties"][flag[2:].replace("-", "_")]
    kinds = {field.get("type"), *(option.get("type") for option in field.get("anyOf", []))}
    is_number = value.isdecimal() and len(value) <= LONGEST_NUMBER and "integer" in kinds
    return int(value) if is_number else value


def record_one(folder: LedgerFolder, rules: str, text: str) -> int:
    """Record one command and say what came of it; returns the exit code."""
    from domain.rule_sets import RULE_SETS
    from ledger.intake import Unreadable, read_request
    from ledger.ledger import Ledger
    from ledger.outcomes import Misdirected, Recorded

    try:
        request = read_request(text.encode("utf-8", "surrogateescape"), defaults())
    except Unreadable as error:
        raise typer.BadParameter(str(error)) from None
    with Ledger.open(folder, RULE_SETS[rules], doing="record") as ledger:
        outcome = ledger.record(request.command, request.observed)
    again = " again: this command was recorded before" if outcome.repeated else ""
    if isinstance(outcome, Recorded):
        types = ", ".join(orjson.loads(document)["type"] for document in outcome.documents)
        typer.echo(f"Recorded{again}: {types}.")
        typer.echo(f"Position {outcome.position:,}, version {outcome.version} of the call.")
        return 0
    if isinstance(outcome, Misdirected):
        typer.echo(f"Not recorded: {outcome.sentence}")
        return 1
    typer.echo(f"Refused{again} by {outcome.rule}: {outcome.sentence}")
    typer.echo(f"Kept as refusal {outcome.number}; see call-ledger report refusals --calls.")
    return 1


def defaults() -> Defaults:
    """What a person may leave out."""
    from ledger.intake import Defaults

    return Defaults(occurred_at=datetime.now(UTC).isoformat())


def record_lines(folder: LedgerFolder, rules: str, path: Path) -> int:
    """Record JSON lines in groups, answering each line once its group is on disk."""
    from domain.rule_sets import RULE_SETS
    from ledger.ledger import Ledger

    exit_code = 0
    with (
        opened(path) as file,
        Ledger.open(folder, RULE_SETS[rules], doing="record") as ledger,
        progress("recording", unit="lines") as moved,
    ):
        for group in groups_of_lines(file, path):
            answers, all_recorded = answers_to(ledger, group, str(path))
            exit_code |= not all_recorded
            sys.stdout.buffer.write(b"".join(one + b"\n" for one in answers))
            sys.stdout.buffer.flush()
            moved(group[-1].number, None)
    return exit_code


def opened(path: Path) -> BinaryIO:
    """The file, or standard input for a dash."""
    if str(path) == "-":
        return sys.stdin.buffer
    try:
        return path.open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}.") from None


def groups_of_lines(file: BinaryIO, path: Path) -> Iterator[list[Line]]:
    """Lines as they come: what is there at once is one group, and nothing waits for more.

    A line of which quarantine does not keep all is cut, so that memory stays bounded. Raises
    `typer.BadParameter` where the file is compressed.
    """
    from ledger.intake import BYTE_ORDER_MARK
    from ledger.quarantine import LARGEST_KEPT_BYTES

    rest, overlong, number = b"", False, 0
    reader = getattr(file, "read1", file.read)
    while piece := reader(READ_BYTES):
        if not number and not rest:
            refuse_compressed(piece, path)
        *complete, rest = (rest + piece).split(b"\n")
        if overlong and complete:
            complete, overlong = complete[1:], False
        filled = [
            Line(at, text)
            for at, text in enumerate(complete, number + 1)
            if text.removeprefix(BYTE_ORDER_MARK).strip()
        ]
        number += len(complete)
        if len(rest) > LARGEST_KEPT_BYTES:
            if not overlong:
                number += 1
                filled.append(Line(number, rest, is_cut=True))
            rest, overlong = b"", True
        for begin in range(0, len(filled), LINES_IN_ONE_GROUP):
            yield filled[begin : begin + LINES_IN_ONE_GROUP]
    if rest.removeprefix(BYTE_ORDER_MARK).strip() and not overlong:
        yield [Line(number + 1, rest)]


def answers_to(ledger: Ledger, lines: list[Line], origin: str) -> tuple[list[bytes], bool]:
    """Record what can be read, quarantine what cannot, and answer each line in order.

    Also says whether all of them were recorded.
    """
    from ledger.answers import answer_to, answer_to_unreadable
    from ledger.intake import Unreadable, read_request, too_long
    from ledger.outcomes import Recorded
    from ledger.quarantine import Unread

    requests: dict[int, Request] = {}
    unread: dict[int, Unread] = {}
    filled_in = defaults()
    for line in lines:
        try:
            if line.is_cut:
                raise Unreadable(too_long(f"more than {len(line.text):,}"))
            requests[line.number] = read_request(line.text, filled_in)
        except Unreadable as error:
            unread[line.number] = Unread(f"{origin}:{line.number}", line.text, str(error))
    answers: dict[int, bytes] = {}
    numbers = ledger.quarantine.add_many([*unread.values()])
    for (line_number, one), number in zip(unread.items(), numbers, strict=True):
        answers[line_number] = answer_to_unreadable(number, one.reason, line=line_number)
    outcomes = ledger.record_many([*requests.values()])
    for (line_number, request), outcome in zip(requests.items(), outcomes, strict=True):
        extra = {"line": line_number} | ({"repeated": True} if outcome.repeated else {})
        answers[line_number] = answer_to(request.command, outcome, **extra)
    all_recorded = not unread and all(isinstance(one, Recorded) for one in outcomes)
    return [answers[line.number] for line in lines], all_recorded


OWN_FLAGS: Final = {"allow_extra_args": True, "ignore_unknown_options": True}
COMMAND: Final = CommandInfo(cls=RecordCommand, context_settings=OWN_FLAGS, callback=record)
