"""`call-ledger rules`: the rules and the role × phase table, beside the page's own words."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.ui.options import AsJson
from entrypoints.ui.output import console, write_json

if TYPE_CHECKING:
    from rich.table import Table

    from domain.vocabulary import Phase


def rules(
    json: AsJson = False,
    table: Annotated[
        bool, typer.Option("--table", help="Show the role and phase table instead of the rules.")
    ] = False,
) -> None:
    """Print every rule beside the words of the help page that it comes from.

    With --table, print for every role, phase and action whether it is allowed,
    or which rule refuses it. Commands are decided by this very data.

    [bold]call-ledger rules --table[/bold]
    """
    from domain.rights import CELLS, GRIDS
    from domain.rule_sets import RULE_SETS
    from domain.rules_hash import hash_of

    if json:
        write_json(as_document())
    elif table:
        for role in GRIDS:
            console().print(grid_of(role.value, CELLS[role]))
    else:
        console().print(rules_table())
        for one in RULE_SETS.values():
            values = ", ".join(f"{name} {value}" for name, value in asdict(one).items())
            console().print(f"[bold]{one.name}[/bold] ({hash_of(one)}): {values}")


def as_document() -> dict[str, object]:
    """The rules, the table and the rule sets as one JSON document."""
    from domain.rights import CELLS, GRIDS
    from domain.rule_sets import RULE_SETS
    from domain.rules import RULES
    from domain.rules_hash import hash_of

    return {
        "rules": [
            {
                "id": rule.id,
                "page": rule.page,
                "sentence": rule.sentence,
                "kept_by": rule.kept_by,
            }
            for rule in RULES
        ],
        "table": [
            {"role": role, "phase": phase, "action": action, "verdict": verdict}
            for role in GRIDS
            for (action, phase), verdict in CELLS[role].items()
        ],
        "rule_sets": [{**asdict(one), "hash": hash_of(one)} for one in RULE_SETS.values()],
    }


def rules_table() -> Table:
    """One row per rule."""
    from rich.table import Table

    from domain.rules import RULES

    shown = Table(title="The rules", title_justify="left", show_lines=True)
    for name in ("rule", "what holds", "the page", "kept by"):
        shown.add_column(name, no_wrap=name == "rule")
    for rule in RULES:
        shown.add_row(rule.id, rule.sentence, rule.page, rule.kept_by.value)
    return shown


def grid_of(role: str, cells: dict[tuple[str, Phase], str]) -> Table:
    """One role's grid: actions down, phases across."""
    from rich.table import Table

    from domain.rights import ALLOWED

    shown = Table(title=f"What the {role.replace('_', ' ')} may do", title_justify="left")
    phases = list(dict.fromkeys(phase for _, phase in cells))
    shown.add_column("action", no_wrap=True)
    for phase in phases:
        shown.add_column(phase.replace("_", " "), overflow="fold")
    for action in dict.fromkeys(action for action, _ in cells):
        verdicts = [cells[action, phase] for phase in phases]
        shown.add_row(action, *("✓" if one == ALLOWED else one for one in verdicts))
    return shown
