"""The lanes of a call for a page: in the reader's language and in the page's colours.

Bars and marks are those of the picture that `call timeline --svg` draws.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring
from zoneinfo import ZoneInfo

from markupsafe import Markup

from entrypoints.console.folded import FoldedScale
from entrypoints.console.words import Words
from entrypoints.timeline.lanes import RECORD, Interval, Lane, MarkKind, State, Timeline
from entrypoints.timeline.picture import (
    BAR,
    LETTER,
    PLOT,
    anchor_of,
    clusters,
    cut,
    define_patterns,
    draw_mark,
    draw_shares,
    identifier,
    place,
    slot_of,
    span,
    states_in,
    with_room,
)
from entrypoints.timeline.picture import LEFT as INDENT
from entrypoints.timeline.scale import Tick
from entrypoints.timeline.styles import MARKS, STATES

WIDTH: Final = INDENT + PLOT + 24
TOP, LANE, TICKS, GAP = 30, 54, 8, 14


class Row(NamedTuple):
    """One interval in the table of lanes."""

    party: str
    state: State
    interval: Interval


def drawing(timeline: Timeline, words: Words) -> Markup:
    """The lanes as SVG, which is a part of the page."""
    scale = FoldedScale(timeline, ZoneInfo(words.time_zone))
    bottom = TOP + LANE * len(timeline.lanes)
    svg = element("svg", viewBox=f"0 0 {WIDTH} {bottom + 30}", role="img")
    svg.set("class", "lanes")
    label = words.say("What each party of call %(call_id)s did", call_id=timeline.call_id)
    svg.set("aria-label", label)
    define_patterns(svg)
    draw_axis(svg, scale, bottom, words)
    draw_folds(svg, scale, bottom, words)
    for number, lane in enumerate(timeline.lanes):
        draw_lane(svg, lane, scale, TOP + LANE * number, words)
    draw_handovers(svg, scale)
    return Markup(tostring(svg, encoding="unicode"))  # noqa: S704 - ElementTree escapes


def element(name: str, **attributes: str | float) -> Element:
    """An element; names with `_` become attributes with `-`, and `kind` the class."""
    one = Element(name)
    for key, value in attributes.items():
        one.set("class" if key == "kind" else key.replace("_", "-"), written(value))
    return one


def add(parent: Element, name: str, **attributes: str | float) -> Element:
    """An element within another one."""
    one = element(name, **attributes)
    parent.append(one)
    return one


def written(value: str | float) -> str:
    """A place with as many digits as a screen can show."""
    return value if isinstance(value, str) else f"{value:.2f}".rstrip("0").rstrip(".")


def draw_axis(svg: Element, scale: FoldedScale, bottom: float, words: Words) -> None:
    """Grid lines, the reader's own time above the lanes and UTC below them."""
    ticks = list(scale.ticks(TICKS))
    knows_time = any(tick.local for tick in ticks)
    if knows_time:
        add(svg, "text", x=0, y=14, kind="pale").text = cut(words.time_zone, 20)
        add(svg, "text", x=0, y=bottom + 20, kind="pale").text = "UTC"
    elif not scale.is_by_order:
        add(svg, "text", x=0, y=14, kind="pale").text = words.say("from the start")
    if scale.is_by_order:
        label = words.say("in order, not in time")
        add(svg, "text", x=INDENT, y=14, kind="pale").text = label
        return
    for tick in ticks:
        x, side = INDENT + tick.fraction * PLOT, anchor(scale, tick)
        add(svg, "line", x1=x, x2=x, y1=TOP - 8, y2=bottom, kind="grid")
        above = add(svg, "text", x=x, y=14, kind="pale", text_anchor=side)
        above.text = tick.local or tick.label
        if knows_time:
            below = add(svg, "text", x=x, y=bottom + 20, kind="pale", text_anchor=side)
            below.text = tick.label


def draw_folds(svg: Element, scale: FoldedScale, bottom: float, words: Words) -> None:
    """A shade over each stretch that is folded; how long it was when it is pointed at."""
    for fold in scale.folds:
        x, end = (INDENT + scale.place(time) * PLOT for time in (fold.start, fold.end))
        band = add(svg, "rect", x=x, y=TOP - 8, width=end - x, height=bottom - TOP + 8)
        band.set("class", "fold")
        said = words.say("%(time)s without a talk", time=words.duration(fold.seconds))
        SubElement(band, "title").text = said


def anchor(scale: FoldedScale, tick: Tick) -> str:
    """Labels are centred, but for those at the borders, and those beside a fold lie outside it."""
    starts, ends = ({scale.place(moment) for moment in side} for side in sides(scale))
    if tick.fraction in starts and tick.fraction > 0:
        return "end"
    return "start" if tick.fraction in ends and tick.fraction < 1 else anchor_of(tick)


def sides(scale: FoldedScale) -> tuple[list[datetime], list[datetime]]:
    """When the folds begin, and when they end."""
    return [fold.start for fold in scale.folds], [fold.end for fold in scale.folds]


def folded(timeline: Timeline, words: Words) -> str:
    """What is said below a picture with folds; nothing where there are none."""
    folds = FoldedScale(timeline).folds
    if not folds:
        return ""
    return words.say_many(
        "The shaded stretch, %(time)s without a talk, is drawn shorter than it was.",
        "The shaded stretches, %(time)s without a talk, are drawn shorter than they were.",
        len(folds),
        time=words.duration(sum(fold.seconds for fold in folds)),
    )


def draw_lane(svg: Element, lane: Lane, scale: FoldedScale, top: float, words: Words) -> None:
    """One party: its name, its states, its marks under them."""
    middle = top + BAR / 2
    name = words.say("the record") if lane.party == RECORD else words.party(lane.party)
    label = add(svg, "text", x=0, y=middle + 5, kind="name")
    label.text = cut(name, 17)
    SubElement(label, "title").text = name

    def share_label(state: State, share: float) -> str:
        part, what = words.share(share), words.term("state", state)
        return words.say("%(state)s, %(share)s of these moments", state=what, share=part)

    add(svg, "line", x1=INDENT, x2=INDENT + PLOT, y1=middle, y2=middle, kind="grid")
    for slot, run in groupby(with_room(lane, scale), lambda interval: slot_of(interval, scale)):
        if slot is None:
            for interval in run:
                draw_interval(svg, interval, scale, top, words)
        else:
            draw_shares(svg, list(run), scale, top, share_label)
    under = middle if lane.party == RECORD else top + BAR + 10
    for near in clusters(lane, scale):
        first = min(place(scale, mark) for marks in near.values() for mark in marks)
        left = min(first, INDENT + PLOT - GAP * (len(near) - 1))
        for number, (kind, marks) in enumerate(near.items()):
            shape = draw_mark(svg, kind, left + GAP * number, under)
            shape.set("class", "sign")
            versions = ", ".join(str(mark.version) for mark in marks[:9])
            SubElement(shape, "title").text = f"{words.term('mark', kind)} ({versions})"


def draw_interval(
    svg: Element, interval: Interval, scale: FoldedScale, y: float, words: Words
) -> None:
    """One state as a bar, named where there is room."""
    x, end = span(interval, scale)
    width, state = end - x, words.term("state", interval.state)
    bar = add(svg, "rect", x=x, y=y, width=width, height=BAR, rx=min(4.0, width / 2), kind="state")
    bar.set("fill", f"url(#{identifier(interval.state)})")
    lasting = "" if scale.is_by_order else words.duration(interval.duration_seconds)
    open_still = words.say("not ended yet") if interval.is_open else ""
    SubElement(bar, "title").text = ", ".join(filter(None, (f"{state} {lasting}", open_still)))
    for text in (f"{state} {lasting}".strip(), state, lasting):
        if text and len(text) * LETTER <= width - 10:
            paint = STATES[interval.state]
            name = add(svg, "text", x=x + width / 2, y=y + BAR / 2 + 4.5, text_anchor="middle")
            name.attrib |= {"paint-order": "stroke", "stroke": paint.colour, "stroke-width": "5"}
            name.attrib |= {"fill": paint.ink, "class": "on-bar"}
            name.text = text
            break


def draw_handovers(svg: Element, scale: FoldedScale) -> None:
    """An arrow from the lane that gave the call to the lane that took it (T2)."""
    rows = {lane.party: number for number, lane in enumerate(scale.timeline.lanes)}
    for handover in scale.timeline.handovers:
        giver, receiver = rows.get(handover.giver), rows.get(handover.receiver)
        if giver is None or receiver is None or giver == receiver:
            continue
        x, down = INDENT + scale.fraction(handover.moment) * PLOT, giver < receiver
        begin = TOP + LANE * giver + (BAR if down else 0)
        end = TOP + LANE * receiver + (0 if down else BAR)
        add(svg, "path", d=f"M{x:.1f} {begin}V{end}", kind="handover", marker_end="url(#arrow)")


def legend(timeline: Timeline, words: Words) -> list[tuple[Markup, str]]:
    """The signs of states and marks that the picture has, each with its word."""
    states = states_in(timeline, FoldedScale(timeline))
    marks = {mark.kind for lane in timeline.lanes for mark in lane.marks}
    shown = [(swatch(state), words.term("state", state)) for state in STATES if state in states]
    return shown + [(sign(kind), words.term("mark", kind)) for kind in MARKS if kind in marks]


def swatch(state: State) -> Markup:
    """A piece of a bar; its pattern is one of the picture's."""
    svg = element("svg", width="26", height="16", kind="swatch", aria_hidden="true")
    add(svg, "rect", width=26, height=16, rx=3, fill=f"url(#{identifier(state)})")
    return Markup(tostring(svg, encoding="unicode"))  # noqa: S704 - ElementTree escapes


def sign(kind: MarkKind) -> Markup:
    """A mark."""
    svg = element("svg", width="16", height="16", kind="swatch", aria_hidden="true")
    draw_mark(svg, kind, 8, 8).set("class", "sign")
    return Markup(tostring(svg, encoding="unicode"))  # noqa: S704 - ElementTree escapes


def table_of(timeline: Timeline) -> Iterator[Row]:
    """The lanes as rows: each interval of each party, in the order in which they began."""
    rows = (
        Row(lane.party, interval.state, interval)
        for lane in timeline.lanes
        for interval in lane.intervals
    )
    yield from sorted(rows, key=lambda row: row.interval.start.order)
