"""`call-ledger config`: every setting, with its value and its meaning."""

from __future__ import annotations

import typer

from entrypoints.ui.options import AsJson, settings_of
from entrypoints.ui.output import print_table, write_json


def config(context: typer.Context, json: AsJson = False) -> None:
    """Print every setting: its variable, its value, and what it means.

    [bold]CALL_LEDGER_TIME_ZONE=Europe/Rome call-ledger config[/bold]
    """
    from infra.settings import Settings

    settings = settings_of(context)
    rows = [
        {
            "variable": f"CALL_LEDGER_{name.upper()}",
            "value": value_shown(getattr(settings, name)),
            "set": name in settings.model_fields_set,
            "meaning": field.description,
        }
        for name, field in Settings.model_fields.items()
    ]
    if json:
        write_json(rows)
    else:
        print_table(list(rows[0]), [list(row.values()) for row in rows])


def value_shown(value: object) -> str | None:
    """A setting's value, none where it has none; of a URL what is not secret."""
    text = None if value is None else str(value)
    if text is None or "://" not in text:
        return text
    from infra.postgresql import without_password

    return without_password(text)
