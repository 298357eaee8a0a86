"""`call-ledger record`: one command from flags or JSON, or many as JSON lines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import orjson
import typer

from domain.commands import COMMAND_CLASSES, Command
from domain.rule_sets import RULE_SETS
from entrypoints.options import DEFAULT_FOLDER, LedgerFolder, RuleSetName
from entrypoints.progress import progress
from ledger.intake import LARGEST_LINE_BYTES, Defaults, Unreadable, read_request
from ledger.ledger import Ledger
from ledger.outcomes import Outcome, Recorded, Request

LINES_IN_ONE_GROUP = 2_000
"""Lines made durable by one write to the disk, when they come faster than that."""

READ_BYTES = 1 << 20

OWN_FIELDS = set(Command.model_fields) | {"type"}
CLASS_OF_ACTION = {command_class.action: command_class for command_class in COMMAND_CLASSES}


def flags_of(command_class: type[Command]) -> list[str]:
    """The flags that are this command's own."""
    return [
        f"--{name.replace('_', '-')}"
        for name in command_class.model_fields
        if name not in OWN_FIELDS
    ]


def actions_table() -> str:
    """Every action with its own flags and its meaning, for the help."""
    rows = [
        f"[bold]{action}[/bold] {' '.join(flags_of(command_class))}: "
        f"{(command_class.__doc__ or '').splitlines()[0]}"
        for action, command_class in CLASS_OF_ACTION.items()
    ]
    return "\n\n".join(["Actions, with the flags of their own:", *rows])


def record(
    context: typer.Context,
    action: Annotated[
        str | None, typer.Argument(help="What is asked, for example hold; listed below.")
    ] = None,
    call: Annotated[str | None, typer.Option(help="The call's id in its source.")] = None,
    actor: Annotated[
        str | None, typer.Option(help="Who acts: an agent's id, customer, system or unknown.")
    ] = None,
    source: Annotated[str, typer.Option(help="The system that the call comes from.")] = "local",
    via: Annotated[str | None, typer.Option(help="desktop, device or system.")] = None,
    occurred_at: Annotated[
        str | None, typer.Option(help="When it happens, with a time zone; now when left out.")
    ] = None,
    expected_version: Annotated[
        int | None, typer.Option(help="Refuse when the call is at another version than this.")
    ] = None,
    command_id: Annotated[
        str | None, typer.Option(help="A UUID; the same one again records nothing new.")
    ] = None,
    observed: Annotated[
        bool, typer.Option("--observed", help="It has already happened: record it, never refuse.")
    ] = False,
    json: Annotated[
        str | None, typer.Option("--json", metavar="TEXT", help="One command as JSON.")
    ] = None,
    lines: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Many as JSON lines, in order; - is standard input."),
    ] = None,
    rules: RuleSetName = "seed",
    ledger: LedgerFolder = DEFAULT_FOLDER,
) -> None:
    """Record a command: the rules decide, and it is on disk when this answers.

    One command: record hold --call 4711 --actor agent-1. Many: record --lines FILE, one JSON
    object a line as in docs/commands.md, one outcome line each. What cannot be read goes to
    quarantine. Exit code 1 when anything was refused or could not be read.
    """
    if sum(given is not None for given in (action, json, lines)) != 1:
        raise typer.BadParameter("give an action, --json or --lines; see --help for each.")
    if lines is not None:
        sys.exit(record_lines(ledger, rules, lines))
    if json is not None:
        text = json.encode()
    else:
        fields = {
            "call_id": call,
            "actor": actor,
            "source": source,
            "via": via,
            "occurred_at": occurred_at,
            "expected_version": expected_version,
            "command_id": command_id,
            "observed": observed or None,
            **fields_of_flags(action or "", context.args),
        }
        text = orjson.dumps({name: value for name, value in fields.items() if value is not None})
    sys.exit(record_one(ledger, rules, text))


def fields_of_flags(action: str, flags: list[str]) -> dict[str, Any]:
    """The command's own fields from its own flags, each with one value."""
    command_class = CLASS_OF_ACTION.get(action)
    if command_class is None:
        known = ", ".join(CLASS_OF_ACTION)
        raise typer.BadParameter(f"{action!r} is no action; there are {known}.")
    fields: dict[str, Any] = {"type": command_class.model_fields["type"].default}
    own = flags_of(command_class)
    left = list(flags)
    while left:
        flag, _, value = left.pop(0).partition("=")
        if flag not in own:
            has = f"its own are {' '.join(own)}" if own else "it has none of its own"
            raise typer.BadParameter(f"{action} has no {flag}; {has}.")
        if not value and not left:
            raise typer.BadParameter(f"{flag} needs a value.")
        fields[flag[2:].replace("-", "_")] = as_number(value or left.pop(0), command_class, flag)
    return fields


def as_number(value: str, command_class: type[Command], flag: str) -> str | int:
    """The value as the field wants it: a number where it is one, so that JSON says so too."""
    field = command_class.model_json_schema()["properties"][flag[2:].replace("-", "_")]
    kinds = {field.get("type"), *(option.get("type") for option in field.get("anyOf", []))}
    return int(value) if value.isdigit() and "integer" in kinds else value


def record_one(folder: Path, rules: str, text: bytes) -> int:
    """Record one command and say what came of it; returns the exit code."""
    try:
        request = read_request(text, defaults())
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
    typer.echo(f"Refused{again} by {outcome.rule}: {outcome.sentence}")
    typer.echo(f"Kept as refusal {outcome.number}; see call-ledger report refusals --calls.")
    return 1


def defaults() -> Defaults:
    """What a person may leave out."""
    return Defaults(occurred_at=datetime.now(UTC).isoformat())


def record_lines(folder: Path, rules: str, path: Path) -> int:
    """Record JSON lines in groups, answering each line once its group is on disk."""
    exit_code = 0
    with (
        Ledger.open(folder, RULE_SETS[rules], doing="record") as ledger,
        opened(path) as file,
        progress("recording", unit="lines") as moved,
    ):
        number = 0
        for group in groups_of_lines(file):
            answers = outcomes_of(ledger, group, number + 1, str(path))
            number += len(group)
            exit_code |= any(answer["outcome"] != "recorded" for answer in answers)
            sys.stdout.buffer.write(b"".join(orjson.dumps(one) + b"\n" for one in answers))
            sys.stdout.buffer.flush()
            moved(number, None)
    return exit_code


def opened(path: Path) -> BinaryIO:
    """The file, or standard input for a dash."""
    if str(path) == "-":
        return sys.stdin.buffer
    try:
        return path.open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{path} cannot be read: {error.strerror}.") from None


def groups_of_lines(file: BinaryIO) -> Iterator[list[bytes]]:
    """Lines as they come: what is there at once is one group, and nothing waits for more.

    A line beyond the largest is cut there, so that memory stays bounded; it goes to quarantine.
    """
    rest, overlong = b"", False
    reader = getattr(file, "read1", file.read)
    while piece := reader(READ_BYTES):
        *complete, rest = (rest + piece).split(b"\n")
        if overlong and complete:
            complete, overlong = complete[1:], False
        if len(rest) > LARGEST_LINE_BYTES:
            if not overlong:
                complete.append(rest)
            rest, overlong = b"", True
        filled = [line for line in complete if line.strip()]
        for begin in range(0, len(filled), LINES_IN_ONE_GROUP):
            yield filled[begin : begin + LINES_IN_ONE_GROUP]
    if rest.strip() and not overlong:
        yield [rest]


def outcomes_of(
    ledger: Ledger, lines: list[bytes], first_number: int, origin: str
) -> list[dict[str, Any]]:
    """Record what can be read, quarantine what cannot, and answer each line in order."""
    requests: list[Request] = []
    answers: list[dict[str, Any]] = []
    places: list[int] = []
    filled_in = defaults()
    for place, line in enumerate(lines):
        answer: dict[str, Any] = {"line": first_number + place}
        answers.append(answer)
        try:
            requests.append(read_request(line, filled_in))
            places.append(place)
        except Unreadable as error:
            number = ledger.quarantine.add(f"{origin}:{first_number + place}", line, str(error))
            answer |= {"outcome": "quarantined", "number": number, "reason": str(error)}
    for place, request, outcome in zip(places, requests, ledger.record_many(requests), strict=True):
        answers[place] |= answer_of(request, outcome)
    return answers


def answer_of(request: Request, outcome: Outcome) -> dict[str, Any]:
    """One outcome as the fields of its line."""
    answer: dict[str, Any] = {"command_id": request.command.command_id}
    if isinstance(outcome, Recorded):
        answer |= {
            "outcome": "recorded",
            "position": outcome.position,
            "version": outcome.version,
            "events": len(outcome.documents),
        }
    else:
        answer |= {
            "outcome": "refused",
            "number": outcome.number,
            "rule": outcome.rule,
            "sentence": outcome.sentence,
        }
    return answer | ({"repeated": True} if outcome.repeated else {})
