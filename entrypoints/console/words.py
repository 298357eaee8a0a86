"""The words, numbers and times of a page in its reader's language and place.

Messages are whole English sentences; `translations/it.po` has them in the words of the help page,
and `translations/en.po` the words of the ledger as people say them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_datetime
from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal, format_percent, get_decimal_symbol

from domain.vocabulary import CUSTOMER, SYSTEM, UNKNOWN
from entrypoints.timeline.history import in_utc
from entrypoints.ui.duration import as_clock

FOLDER: Final = Path(__file__).parent / "translations"


class Language(StrEnum):
    """A language that the console speaks."""

    ENGLISH = "en"
    ITALIAN = "it"


PLACES: Final = {Language.ENGLISH: "en_GB", Language.ITALIAN: "it_IT"}
"""Whose numbers and dates are shown where the browser names no country."""


def N_(message: str) -> str:  # noqa: N802 - the name by which gettext's tools know it
    """Marks a message that is said elsewhere."""
    return message


@cache
def translations(language: Language) -> NullTranslations:
    """The messages of a language; of English, the words that people say otherwise."""
    compiled = BytesIO()
    with (FOLDER / f"{language}.po").open("rb") as file:
        write_mo(compiled, read_po(file, language))
    compiled.seek(0)
    return GNUTranslations(compiled)


@dataclass(frozen=True)
class Words:
    """How a page speaks to one reader."""

    language: Language
    place: str
    """The locale of numbers and dates, like `it_IT`."""
    time_zone: str = "UTC"
    """The reader's own, shown beside UTC."""

    def say(self, message: str, **values: object) -> str:
        """A message in the reader's language, with its values in their places."""
        text = translations(self.language).gettext(message)
        return text % values if values else text

    def say_many(self, one: str, many: str, number: int, **values: object) -> str:
        """A message in the form that the number asks for; `%(number)s` is the number."""
        text = translations(self.language).ngettext(one, many, number)
        return text % {"number": self.number(number), **values}

    def term(self, kind: str, value: object) -> str:
        """A word of the ledger, like a phase, as its kind is named in the reader's language."""
        return translations(self.language).pgettext(kind, str(value).replace("_", " "))

    def party(self, party: str) -> str:
        """Somebody as a sentence names them: an agent by its id."""
        named = {
            CUSTOMER: self.say("the customer"),
            SYSTEM: self.say("the system"),
            UNKNOWN: self.say("somebody unknown"),
        }
        return named.get(party, party)

    def subject(self, party: str) -> str:
        """Somebody at the beginning of a sentence."""
        named = {
            CUSTOMER: self.say("The customer"),
            SYSTEM: self.say("The system"),
            UNKNOWN: self.say("Somebody unknown"),
        }
        return named.get(party, party)

    def parties(self, parties: Sequence[str]) -> str:
        """Several of them in a list."""
        return self.listed([self.party(party) for party in parties])

    def number(self, value: float) -> str:
        """A number with the reader's separators; at most two decimals."""
        return format_decimal(round(value, 2), locale=self.place)

    def share(self, value: float) -> str:
        """A share as a percentage with one decimal."""
        return format_percent(value, "#,##0.0\N{NO-BREAK SPACE}%", locale=self.place)

    def listed(self, names: Sequence[str]) -> str:
        """Names in one list, as the language joins them."""
        return format_list(names, locale=self.place)

    def moment(self, moment: datetime, seconds: bool = True) -> str:
        """Day and time in the reader's own zone."""
        return self._moment(moment, ZoneInfo(self.time_zone), seconds)

    def day(self, moment: datetime) -> str:
        """The day in the reader's own zone."""
        place = ZoneInfo(self.time_zone)
        return format_datetime(in_utc(moment), "d MMM y", tzinfo=place, locale=self.place)

    def utc(self, moment: datetime, seconds: bool = True) -> str:
        """Day and time in UTC."""
        return self._moment(moment, UTC, seconds)

    def clock(self, moment: datetime, in_utc_too: bool = False) -> str:
        """The time of day with milliseconds, in UTC or in the reader's own zone."""
        place = UTC if in_utc_too else ZoneInfo(self.time_zone)
        return format_datetime(in_utc(moment), "HH:mm:ss.SSS", tzinfo=place, locale=self.place)

    def _moment(self, moment: datetime, place: tzinfo, seconds: bool) -> str:
        pattern = "d MMM y, HH:mm:ss" if seconds else "d MMM y, HH:mm"
        return format_datetime(in_utc(moment), pattern, tzinfo=place, locale=self.place)

    def duration(self, seconds: float) -> str:
        """A duration as a clock shows it: 0:07, 12:30, 1:02:03, and 0:04.43 below ten seconds."""
        return as_clock(seconds, get_decimal_symbol(self.place))


def words_for(chosen: str | None, accepted: str, time_zone: str = "UTC") -> Words:
    """The words of the language that was chosen, or else of the first accepted that is spoken."""
    tags = list(preferred(accepted))
    wanted = [chosen] if chosen in set(Language) else [tag.split("-")[0] for tag in tags]
    language = next((Language(tag) for tag in wanted if tag in set(Language)), Language.ENGLISH)
    place = next((tag for tag in tags if tag.split("-")[0] == language and "-" in tag), None)
    return Words(language, known(place) or PLACES[language], time_zone)


def preferred(accepted: str) -> Iterable[str]:
    """The tags of an `Accept-Language`, the most wanted first."""
    weighed = []
    for number, part in enumerate(accepted[:1_000].split(",")):
        tag, _, weight = part.strip().partition(";q=")
        try:
            weighed.append((-float(weight or 1), number, tag.lower()))
        except ValueError:
            continue
    return [tag for _, _, tag in sorted(weighed)]


def known(tag: str | None) -> str | None:
    """The locale of a tag like `en-us`, if there is one."""
    if tag is None:
        return None
    try:
        return str(Locale.parse(tag, sep="-"))
    except (ValueError, LookupError):
        return None
