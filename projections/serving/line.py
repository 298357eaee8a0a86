"""A line to the process that has the tables: where it answers, and to whom."""

from __future__ import annotations

import json
from multiprocessing.connection import Client, Connection
from pathlib import Path
from typing import Any, Final

from projections.errors import ProjectionError
from projections.serving.protocol import without_delay

ADDRESS_NAME: Final = "projections.owner"


def called_owner(folder: Path) -> Connection[Any, Any]:
    """A line to the process that has the folder's tables. Raises `OSError` where there is none."""
    address = folder / ADDRESS_NAME
    try:
        told = json.loads(address.read_text())
        place, authkey = ("127.0.0.1", told["port"]), bytes.fromhex(told["authkey"])
    except (ValueError, KeyError, TypeError):
        raise ProjectionError(
            f"{address} is not what this version writes: end the process that has the tables"
            " (`call-ledger doctor` says which), and ask again."
        ) from None
    line = Client(place, authkey=authkey)
    without_delay(line)
    return line
