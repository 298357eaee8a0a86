"""A rule set written in a TOML file: parameters and changed cells of the role × phase table."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from domain.rights import ALLOWED, CELLS
from domain.rule_sets import RULE_SETS, ChangedRuleSet, RuleSet
from domain.rules import RULE_OF_ID
from domain.vocabulary import Phase, Role
from infra.errors import WRONG_USAGE, LedgerError
from infra.nearest import nearest

LARGEST_FILE_BYTES: Final = 64 * 1024
LONGEST_TEXT: Final = 100
LARGEST_NUMBER: Final = 1_000
KEYS: Final = ("name", "based_on", "parameters", "cells")


class WrongRules(LedgerError):  # noqa: N818 - it reads as the state it reports
    """The rule set cannot be read; the sentence says which place of the file is wrong."""

    exit_code = WRONG_USAGE


def rules_named(given: str) -> RuleSet:
    """The built-in rule set of this name, or the one in the TOML file at this path."""
    known = RULE_SETS.get(given)
    return known if known is not None else rules_in(Path(given))


def rules_in(path: Path) -> RuleSet:
    """The rule set of a TOML file. Raises `WrongRules` with the place and the next step."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE_BYTES + 1)
    except OSError as error:
        raise WrongRules(
            f"{path} is no rule set ({', '.join(RULE_SETS)}) and no file that can be read: "
            f"{error.strerror or error}."
        ) from None
    if len(content) > LARGEST_FILE_BYTES:
        raise WrongRules(f"{path} is larger than {LARGEST_FILE_BYTES:,} bytes: shorten it.")
    try:
        said = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise WrongRules(f"{path} is not valid TOML: {error}.") from None
    try:
        return rules_of(said)
    except WrongRules as wrong:
        raise WrongRules(f"{path}: {wrong}") from None


def rules_of(said: dict[str, Any]) -> RuleSet:
    """The rule set that a file's content describes."""
    for key in said:
        known("key", key, KEYS)
    based_on = known("rule set", said.get("based_on", "seed"), RULE_SETS)
    name = text("name", said.get("name"))
    if name in RULE_SETS:
        raise WrongRules(f"name {name!r} is that of a built-in rule set: choose another.")
    values = asdict(RULE_SETS[based_on]) | {"name": name}
    for parameter, value in table("parameters", said.get("parameters", {})).items():
        known("parameter", parameter, [key for key in values if key != "name"])
        values[parameter] = of_type(parameter, value, values[parameter])
    cells = sorted(cells_of(table("cells", said.get("cells", {}))))
    return ChangedRuleSet(**values, cells=tuple(cells))


def of_type(name: str, value: Any, default: Any) -> Any:
    """A parameter's value, of the type and within the bounds that it has."""
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise WrongRules(f"{name} must be true or false.")
    elif isinstance(default, int):
        if isinstance(value, bool) or not isinstance(value, int):
            raise WrongRules(f"{name} must be a whole number.")
        if not 0 <= value <= LARGEST_NUMBER:
            raise WrongRules(f"{name} must be between 0 and {LARGEST_NUMBER:,}.")
    else:
        return text(name, value)
    return value


def cells_of(roles: dict[str, Any]) -> Iterator[tuple[Role, Phase, str, str]]:
    """Role, phase, action and verdict of each changed cell."""
    for role_name, phases in roles.items():
        role = Role(known("role", role_name, [role.value for role in CELLS]))
        for phase_name, actions in table(f"cells.{role_name}", phases).items():
            phase = Phase(known("phase", phase_name, [phase.value for phase in Phase]))
            place = f"cells.{role_name}.{phase_name}"
            rows = [action for action, column in CELLS[role] if column is phase]
            for action, verdict in table(place, actions).items():
                known(f"cell of {place}", action, rows)
                verdict = text(f"{place}.{action}", verdict)  # noqa: PLW2901
                known("rule", verdict, (ALLOWED, *RULE_OF_ID))
                yield role, phase, action, verdict


def known(what: str, given: Any, among: Any) -> str:
    """The word, if it is one of these."""
    names = [str(name) for name in among]
    if isinstance(given, str) and given in names:
        return given
    shown = ascii(given)[:60]
    near = nearest(str(given), names)
    hint = f"did you mean {near}?" if near else f"there are {', '.join(names) or 'none'}."
    raise WrongRules(f"{shown} is no {what}: {hint}")


def table(name: str, value: Any) -> dict[str, Any]:
    """The value, if it is a table."""
    if not isinstance(value, dict):
        raise WrongRules(f"{name} must be a table.")
    return value


def text(name: str, value: Any) -> str:
    """The value, if it is text of a sensible length."""
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT:
        raise WrongRules(f"{name} must be text of 1 to {LONGEST_TEXT} characters.")
    return value
