"""Somebody else's text, in which nothing can steer a terminal, break a picture or hide."""

from __future__ import annotations

from typing import Final
from unicodedata import category

UNSEEN: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Control characters, halves of surrogate pairs, and breaks of lines and paragraphs."""

TURNS: Final = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of what follows, and could show it in another order."""


def visible(text: str) -> str:
    r"""The text in one line: `\n` for a line break, `\u200f` for a mark; joined emoji stay."""
    if text.isprintable():
        return text
    return "".join(
        sign.encode("unicode_escape").decode()
        if category(sign) in UNSEEN or sign in TURNS
        else sign
        for sign in text
    )
