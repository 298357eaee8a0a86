"""Comma-separated values that a spreadsheet takes as what they are.

A spreadsheet runs a cell that begins like a formula, and a customer's note may. Such text gets an
apostrophe before it, which tells a spreadsheet that it is text. `--raw` leaves it out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from entrypoints.ui.values import Written, as_text

UNSEEN: Final = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e01ef"
)
"""Marks without a width, and letters that are blank.

Readers take some of them away: a byte order mark, where a file begins.
"""

FORMULA: Final = re.compile(rf"""[\s"'{UNSEEN}]*[=+\-@＝＋－＠﹢﹣﹦﹫\x00-\x1f\x7f-\x9f]""")
"""How text begins that must not stand in a cell as it is, by OWASP's list of CSV injection.

An apostrophe before it is so, too: so taking one away gives back what was there.
"""

QUOTED: Final = re.compile(r'[",;\t\r\n]')
"""Characters of which one is enough that a cell is quoted."""

BYTE_ORDER_MARK: Final = "\ufeff"


def csv_line(values: Sequence[Any], raw: bool) -> str:
    """One line; nothing known is an empty cell, and empty text is `""`."""
    return ",".join(csv_cell(value, raw) for value in values) + "\n"


def csv_cell(value: Any, raw: bool) -> str:
    """One cell, quoted where it has to be."""
    text = as_text(value)
    if text is None:
        return ""
    if isinstance(value, str) and not isinstance(value, Written) and not raw:
        text = safe(text)
    # In one expression with the characters it takes seven times as long for a long text.
    if not text or text[0].isspace() or text[-1].isspace() or QUOTED.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def safe(text: str) -> str:
    """The text, with an apostrophe before it where it could be run."""
    return f"'{text}" if FORMULA.match(text) else text
