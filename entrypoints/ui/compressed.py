"""Input that is compressed: it is said, because its bytes would fill quarantine as lines."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import typer

from infra.visible import visible

UNPACKED_BY: Final = {
    b"\x1f\x8b": "gunzip -c",
    b"BZh": "bzip2 -dc",
    b"\xfd7zXZ\x00": "xz -dc",
    b"\x28\xb5\x2f\xfd": "zstd -dc",
    b"PK\x03\x04": "unzip -p",
}
"""What unpacks a file that begins so; no JSON does."""

LONGEST_MARK_BYTES: Final = max(map(len, UNPACKED_BY))


def refuse_compressed(beginning: bytes, path: Path) -> None:
    """Refuse what begins as a compressed file does. Raises `typer.BadParameter`."""
    for mark, program in UNPACKED_BY.items():
        if beginning.startswith(mark):
            name = "What is read" if str(path) == "-" else visible(str(path))
            raise typer.BadParameter(f"{name} is compressed: unpack it first with `{program}`.")
