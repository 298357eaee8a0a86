"""Every message of the console: those that the code and the templates have, and its terms."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir

from entrypoints.console.terms import SENTENCES, TERMS

ROOM = Path(__file__).parent.parent.parent / "entrypoints" / "console"
Message = tuple[str | None, str | tuple[str, ...]]
"""Its context, and itself, with its plural where it has one."""


def messages() -> set[Message]:
    return {*written(), *terms(), *((None, sentence) for sentence in SENTENCES)}


def terms() -> Iterator[Message]:
    for kind, words in TERMS.items():
        for word in words:
            yield kind, str(word).replace("_", " ")


def written() -> Iterator[Message]:
    found = extract_from_dir(
        ROOM,
        method_map=[("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")],
        options_map={"**.html": {"trimmed": "true", "encoding": "utf-8"}},
        keywords={
            "_": None,
            "gettext": None,
            "ngettext": (1, 2),
            "pgettext": ((1, "c"), 2),
            "say": None,
            "say_many": (1, 2),
            "Place": None,
        },
    )
    for _, _, message, _, context in found:
        one = message if isinstance(message, str) else tuple(message)
        yield context, one
