"""What other people wrote never drives a terminal and never hides what it says."""

from __future__ import annotations

import unicodedata
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest

from infra.visible import visible, visible_lines

SCOTLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f"
FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("two\nlines", r"two\nlines"),
        ("a\tb\rc", r"a\tb\rc"),
        ("\x1b[2J\x1b]0;title\x07", r"\x1b[2J\x1b]0;title\x07"),
        ("\x9b31m", r"\x9b31m"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\u200f\u2067\ufeff\u2028", r"\u200f\u2067\ufeff\u2028"),
        ("\x00", r"\x00"),
        ("\ud800", r"\ud800"),
        ("Grüße 日本 عربي", "Grüße 日本 عربي"),
        ("\ufffe\uffff", r"\ufffe\uffff"),
        ("é ש", "é ש"),
        (FAMILY, FAMILY),
        ("می\u200cخواهم", "می\u200cخواهم"),
        (f"{SCOTLAND} 👍🏽 🇮🇹 ❤️", f"{SCOTLAND} 👍🏽 🇮🇹 ❤️"),
        ("ok\U000e0068\U000e0069", r"ok\U000e0068\U000e0069"),
        ("\U0001f3f4\U000e0068\U000e0069", "\U0001f3f4" + r"\U000e0068\U000e0069"),
        ("\U000e0001\U0001d173", r"\U000e0001\U0001d173"),
    ],
)
def test_what_cannot_be_seen_is_written_out_and_the_rest_is_as_it_was(
    text: str, shown: str
) -> None:
    assert visible(text) == shown


def test_no_control_and_no_direction_is_left_of_any_character() -> None:
    every = "".join(map(chr, range(0x110000)))
    left = visible(every)
    assert not [one for one in left if unicodedata.category(one) in ("Cc", "Cs", "Zl", "Zp")]
    turning = ("R", "AL", "L", "AN", "EN", "ET", "ES", "CS", "NSM", "ON", "BN", "S", "WS", "")
    assert {unicodedata.bidirectional(one) for one in left} <= set(turning)


def test_every_character_that_is_left_may_stand_in_a_picture() -> None:
    every = visible("".join(map(chr, range(0x110000))))
    assert ElementTree.fromstring(f"<text>{escape(every)}</text>").text == every


def test_what_is_shown_is_shown_the_same_again() -> None:
    once = visible("a\n\x1b\u202e")
    assert visible(once) == once


def test_line_breaks_may_stay_where_there_are_lines() -> None:
    assert visible_lines("a\n\x1bb") == "a\n\\x1bb"
