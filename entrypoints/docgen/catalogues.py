"""The console's catalogues of messages, brought up to what its code and its templates say.

A new message stands there without its translation, and one that nobody says any more is gone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from entrypoints.console.terms import SENTENCES, TERMS
from entrypoints.console.words import FOLDER, Language

ROOM: Final = FOLDER.parent
Id = str | tuple[str, ...]
Message = tuple[str | None, Id]
"""Its context, and itself, with its plural where it has one."""

KEYWORDS: Final = {
    "_": None,
    "gettext": None,
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "say": None,
    "say_many": (1, 2),
    "Place": None,
    "N_": None,
}
HEAD: Final = """\
# The console's messages in {language}; `python -m entrypoints.docgen` brings new ones here.
msgid ""
msgstr ""
"Language: {language}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"

"""


def messages() -> set[Message]:
    """Every message: those that the code and the templates have, and words of the ledger."""
    return {*written(), *terms(), *((None, sentence) for sentence in SENTENCES)}


def terms() -> Iterator[Message]:
    """The words of the ledger, each in the context of its kind."""
    for kind, words in TERMS.items():
        for word in words:
            yield kind, str(word).replace("_", " ")


def written() -> Iterator[Message]:
    """The messages that stand in Python and in templates."""
    found = extract_from_dir(
        ROOM,
        method_map=[("**.py", "python"), ("**.html", "jinja2.ext:babel_extract")],
        options_map={"**.html": {"trimmed": "true", "encoding": "utf-8"}},
        keywords=KEYWORDS,
    )
    for _, _, message, _, context in found:
        yield context, as_id(message)


def catalogue(language: Language) -> dict[Message, Id]:
    """What a catalogue has."""
    with (FOLDER / f"{language}.po").open("rb") as file:
        return {
            (message.context, as_id(message.id)): as_id(message.string or "")
            for message in read_po(file, language)
            if message.id
        }


def as_id(text: str | Iterable[str]) -> Id:
    """A message, or its forms."""
    return text if isinstance(text, str) else tuple(text)


def text_of(language: Language, said: Mapping[Message, Id]) -> str:
    """A catalogue as a file, in the order of its messages."""
    written_out = Catalog(locale=language, fuzzy=False)
    for context, message in sorted(said, key=lambda key: (key[0] or "", str(key[1]))):
        written_out.add(message, said[context, message], context=context)
    content = BytesIO()
    write_po(content, written_out, width=100, omit_header=True, no_location=True)
    # The third form that CLDR knows is of numbers like a million, which gettext counts as many.
    plain = re.sub(r'msgstr\[2\] ""\n', "", content.getvalue().decode())
    return HEAD.format(language=language) + plain.strip() + "\n"


def write() -> None:
    """Bring them up to date."""
    italian, english = catalogue(Language.ITALIAN), catalogue(Language.ENGLISH)
    wanted = messages()
    translations = {key: italian.get(key) or empty(key[1]) for key in wanted}
    (FOLDER / "it.po").write_text(text_of(Language.ITALIAN, translations), encoding="utf-8")
    own = {term: translation for term, translation in english.items() if term in set(terms())}
    (FOLDER / "en.po").write_text(text_of(Language.ENGLISH, own), encoding="utf-8")


def empty(message: Id) -> Id:
    """A translation that is still to be written."""
    return "" if isinstance(message, str) else ("", "")
