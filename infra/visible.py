"""Text of others, as it may be shown: nothing in it drives a terminal or hides what it says."""

from __future__ import annotations

import re
from typing import Final

UNSEEN: Final = re.compile(
    "(\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f)|"  # a flag
    "[\x00-\x1f\x7f-\x9f"  # control characters: line breaks, tabs, escape sequences, C1
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e007f]"
)
"""Controls, line separators, marks and overrides of direction, what has no width, and what no XML
may have.

The joiners of emoji and of letters (U+200C, U+200D) and their variants stay, and so do the tags of
a flag, such as Scotland's: they belong to what is written.
"""

SHORT: Final = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    """The text in one line, with what cannot be seen written as `\\n`, `\\x1b` or `\\u202e`."""
    return UNSEEN.sub(lambda found: found[1] or escaped(found[0]), text)


def visible_lines(text: str) -> str:
    """The same for text of several lines, whose line breaks stay."""
    return "\n".join(map(visible, text.split("\n")))


def escaped(character: str) -> str:
    """One character as Python writes it in text."""
    number = ord(character)
    if number < 0x100:
        return SHORT.get(character) or f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
