"""The timeline as one standalone SVG: no script, no font and no file besides."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import tzinfo
from itertools import groupby
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from entrypoints.timeline.lanes import RECORD, Interval, Lane, Mark, MarkKind, State, Timeline
from entrypoints.timeline.scale import Scale, Tick
from entrypoints.timeline.styles import MARKS, STATES
from entrypoints.ui.duration import as_clock
from infra.visible import visible, visible_lines

WIDTH, LEFT, RIGHT = 1200, 150, 40
PLOT = WIDTH - LEFT - RIGHT
TOP, LANE, BAR, MARK_DROP, MARK_ROOM = 112, 64, 28, 11, 14
TICKS, LETTER = 9, 7.0
TITLE_LINES = 12
NARROW = 2.0
INK, PALE, GRID = "#1b1b1b", "#5f6368", "#e3e6ea"


def picture(timeline: Timeline, zone: tzinfo | None = None) -> str:
    """Draw the timeline; `zone` is the reader's, the system's own when left out.

    Tooltips carry each state's period and each mark's sentence, without personal text. States
    too short for a bar are stacked by their shares, so a call of any length stays a small file.
    """
    scale = Scale(timeline, zone)
    bottom = TOP + LANE * len(timeline.lanes)
    legend_rows = legend(timeline)
    height = bottom + 58 + 26 * len(legend_rows)
    svg = Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {WIDTH} {height}",
            "width": str(WIDTH),
            "height": str(height),
            "role": "img",
            "font-family": "system-ui, 'Segoe UI', 'DejaVu Sans', sans-serif",
            "font-size": "13",
        },
    )
    SubElement(svg, "title").text = f"Timeline of call {timeline.call_id}"
    SubElement(svg, "desc").text = scale.caption
    define_patterns(svg)
    SubElement(svg, "rect", {"width": "100%", "height": "100%", "fill": "#ffffff"})
    heading(svg, scale)
    axis(svg, scale, bottom)
    handovers(svg, scale)
    for number, lane in enumerate(timeline.lanes):
        draw_lane(svg, lane, scale, TOP + LANE * number)
    for number, row in enumerate(legend_rows):
        draw_legend(svg, row, bottom + 62 + 26 * number)
    for element in svg.iter():
        element.text = element.text and visible_lines(element.text)
    indent(svg, " ")
    return tostring(svg, encoding="unicode") + "\n"


def text(parent: Element, x: float, y: float, words: str, **attributes: str) -> Element:
    """Add words at a place; names with `_` become attributes with `-`."""
    given = {name.replace("_", "-"): value for name, value in attributes.items()}
    element = SubElement(parent, "text", {"x": f"{x:.1f}", "y": f"{y:.1f}", "fill": INK} | given)
    element.text = visible(words)
    return element


def cut(words: str, most: int) -> str:
    """Words that are too long for their place, shortened."""
    words = visible(words)
    return words if len(words) <= most else words[: max(0, most - 1)] + "…"


def define_patterns(svg: Element) -> None:
    """One 8 × 8 tile a state: its colour, and strokes that tell it apart in grey."""
    defs = SubElement(svg, "defs")
    for state, paint in STATES.items():
        size = {"width": "8", "height": "8"}
        tile = SubElement(
            defs, "pattern", {"id": identifier(state), "patternUnits": "userSpaceOnUse"} | size
        )
        SubElement(tile, "rect", size | {"fill": paint.colour})
        if paint.strokes:
            stroke = {"stroke": paint.ink, "stroke-opacity": "0.28", "stroke-width": "1.6"}
            SubElement(tile, "path", {"d": paint.strokes, "stroke-linecap": "round"} | stroke)
    arrow = {"id": "arrow", "viewBox": "0 0 8 8", "refX": "7", "refY": "4"}
    head = SubElement(
        defs, "marker", arrow | {"markerWidth": "7", "markerHeight": "7", "orient": "auto"}
    )
    SubElement(head, "path", {"d": "M0 0L8 4L0 8Z", "fill": INK})


def identifier(state: str) -> str:
    """A name that the picture's own parts can refer to."""
    return "state-" + state.replace(" ", "-")


def heading(svg: Element, scale: Scale) -> None:
    """Which call, when, and what cannot be told about its times."""
    timeline = scale.timeline
    name = cut(f"Call {timeline.call_id}", 70)
    text(svg, 24, 36, name, font_size="20", font_weight="600")
    still = "" if timeline.is_closed else " · not closed yet"
    words = f"{timeline.source} · {scale.caption} · {len(timeline.entries):,} events{still}"
    text(svg, 24, 58, words, fill=PALE)
    if timeline.clock_back_seconds:
        warning = f"its times disagree by up to {timeline.clock_back_seconds:g} s: drawn in order"
        text(svg, WIDTH - RIGHT, 36, warning, fill="#b34700", text_anchor="end")


def axis(svg: Element, scale: Scale, bottom: float) -> None:
    """Grid lines, UTC above the lanes and the reader's own time below them."""
    ticks = list(scale.ticks(TICKS))
    knows_time = any(tick.local for tick in ticks)
    if not scale.is_by_order:
        text(svg, 24, TOP - 14, "UTC" if knows_time else "from the start", fill=PALE)
    if knows_time:
        text(svg, 24, bottom + 20, scale.zone_name, fill=PALE)
    for tick in ticks:
        x = LEFT + tick.fraction * PLOT
        line = {"x1": f"{x:.1f}", "x2": f"{x:.1f}", "y1": str(TOP - 6), "y2": str(bottom)}
        SubElement(svg, "line", line | {"stroke": GRID})
        anchor = anchor_of(tick)
        text(svg, x, TOP - 14, tick.label, fill=PALE, text_anchor=anchor)
        text(svg, x, bottom + 20, tick.local, fill=PALE, text_anchor=anchor)


def anchor_of(tick: Tick) -> str:
    """Labels are centred, but for those at the borders."""
    if tick.fraction < 0.02:
        return "start"
    return "end" if tick.fraction > 0.98 else "middle"


def draw_lane(svg: Element, lane: Lane, scale: Scale, top: float) -> None:
    """One party: its name, its states, its marks under them."""
    group = SubElement(svg, "g")
    middle = top + 12 + BAR / 2
    name = lane.party if lane.party != RECORD else "the record"
    weight = "400" if lane.party == RECORD else "600"
    label = text(group, 24, middle + 5, cut(name, 14), font_weight=weight)
    SubElement(label, "title").text = name
    ground = {"x1": str(LEFT), "x2": str(LEFT + PLOT), "stroke": GRID}
    SubElement(group, "line", ground | {"y1": f"{middle:.1f}", "y2": f"{middle:.1f}"})
    for slot, run in groupby(with_room(lane, scale), lambda interval: slot_of(interval, scale)):
        if slot is None:
            for interval in run:
                draw_interval(group, interval, scale, top + 12)
        else:
            draw_shares(group, list(run), scale, top + 12)
    under = middle if lane.party == RECORD else middle + BAR / 2 + MARK_DROP
    for near in clusters(lane, scale):
        draw_marks(group, near, scale, under)


def clusters(lane: Lane, scale: Scale) -> list[dict[MarkKind, list[Mark]]]:
    """The lane's marks by kind, those that would lie over one another together."""
    found: list[dict[MarkKind, list[Mark]]] = []
    free = 0.0
    for mark in sorted(lane.marks, key=lambda mark: mark.version):
        x = place(scale, mark)
        if x >= free:
            found.append({})
            free = x
        if mark.kind not in found[-1]:
            free += MARK_ROOM
        found[-1].setdefault(mark.kind, []).append(mark)
    return found


def place(scale: Scale, mark: Mark) -> float:
    """Where a mark lies, from the left border."""
    return LEFT + scale.fraction(mark.moment) * PLOT


def span(interval: Interval, scale: Scale) -> tuple[float, float]:
    """Where an interval lies, from the left border."""
    start, end = scale.fraction(interval.start), scale.fraction(interval.end)
    return LEFT + start * PLOT, LEFT + end * PLOT


def with_room(lane: Lane, scale: Scale) -> list[Interval]:
    """What of a lane is drawn: all but what took no time, as a state that only just begins."""
    spans = ((interval, *span(interval, scale)) for interval in lane.intervals)
    return [interval for interval, x, end in spans if x < end]


def states_in(timeline: Timeline, scale: Scale) -> set[State]:
    """The states that a picture has."""
    return {interval.state for lane in timeline.lanes for interval in with_room(lane, scale)}


def slot_of(interval: Interval, scale: Scale) -> int | None:
    """Which narrow slot an interval falls into that is too short for a bar of its own."""
    x, end = span(interval, scale)
    return None if end - x >= NARROW else int(x / (2 * NARROW))


def share_label(state: State, share: float) -> str:
    """How much of some moments a state took."""
    return f"{state}, {share:.0%} of these moments"


def draw_shares(
    group: Element,
    run: list[Interval],
    scale: Scale,
    y: float,
    label: Callable[[State, float], str] = share_label,
) -> None:
    """States that change faster than the picture can show, stacked by their shares of the time."""
    x, until = span(run[0], scale)[0], span(run[-1], scale)[1]
    widths: dict[State, float] = defaultdict(float)
    for interval in run:
        begin, end = span(interval, scale)
        widths[interval.state] += end - begin
    whole = sum(widths.values())
    for state in (state for state in STATES if state in widths):
        share = widths[state] / whole
        shape = {"x": f"{x:.2f}", "width": f"{max(1.0, until - x):.2f}"}
        shape |= {"y": f"{y:.2f}", "height": f"{share * BAR:.2f}"}
        bar = SubElement(group, "rect", shape | {"fill": f"url(#{identifier(state)})"})
        SubElement(bar, "title").text = label(state, share)
        y += share * BAR


def draw_interval(group: Element, interval: Interval, scale: Scale, y: float) -> None:
    """One state as a bar, named where there is room, with its period as a tooltip."""
    x, end = span(interval, scale)
    width = end - x
    shape = {"x": f"{x:.2f}", "y": f"{y:.1f}", "width": f"{width:.2f}", "height": str(BAR)}
    look = {"fill": f"url(#{identifier(interval.state)})", "rx": f"{min(4.0, width / 2):.1f}"}
    look |= {"stroke": "#ffffff", "stroke-width": "1.2" if width > 3 else "0"}
    bar = SubElement(group, "rect", shape | look)
    lasting = "" if scale.is_by_order else as_clock(interval.duration_seconds)
    still = ", not ended yet" if interval.is_open else ""
    SubElement(bar, "title").text = f"{interval.state} {lasting}{still}".replace(" ,", ",")
    words = f"{interval.state} {lasting}".strip()
    if len(words) * LETTER > width - 10:
        words = str(interval.state)
    if len(words) * LETTER <= width - 10:
        paint = STATES[interval.state]
        name = text(group, x + width / 2, y + BAR / 2 + 4.5, words, text_anchor="middle")
        halo = {"paint-order": "stroke", "stroke": paint.colour, "stroke-width": "5"}
        name.attrib |= halo | {"fill": paint.ink, "font-size": "12", "pointer-events": "none"}


def draw_marks(group: Element, near: dict[MarkKind, list[Mark]], scale: Scale, y: float) -> None:
    """The marks of a cluster side by side, a kind once, with all of its sentences."""
    first = min(place(scale, mark) for marks in near.values() for mark in marks)
    left = min(first, LEFT + PLOT - MARK_ROOM * (len(near) - 1))
    for number, (kind, marks) in enumerate(near.items()):
        shape = draw_mark(group, kind, left + MARK_ROOM * number, y)
        lines = [f"{mark.version}. {mark.sentence}" for mark in marks[:TITLE_LINES]]
        if len(marks) > TITLE_LINES:
            lines.append(f"… and {len(marks) - TITLE_LINES:,} more")
        SubElement(shape, "title").text = "\n".join(lines)


def draw_mark(parent: Element, kind: MarkKind, x: float, y: float) -> Element:
    """The sign of a mark around its place."""
    path, fill, line = MARKS[kind]
    group = SubElement(parent, "g", {"transform": f"translate({x:.1f} {y:.1f})"})
    SubElement(group, "circle", {"r": "7", "fill": "#ffffff"})
    look = {"fill": fill, "stroke": line, "stroke-width": "1.8", "stroke-linejoin": "round"}
    SubElement(group, "path", {"d": path} | look | {"stroke-linecap": "round"})
    return group


def handovers(svg: Element, scale: Scale) -> None:
    """An arrow from the lane that gave the call to the lane that took it (T2)."""
    rows = {lane.party: number for number, lane in enumerate(scale.timeline.lanes)}
    for handover in scale.timeline.handovers:
        giver, receiver = rows.get(handover.giver), rows.get(handover.receiver)
        if giver is None or receiver is None or giver == receiver:
            continue
        x = LEFT + scale.fraction(handover.moment) * PLOT
        down = giver < receiver
        begin = TOP + LANE * giver + 12 + (BAR if down else 0)
        end = TOP + LANE * receiver + 12 + (0 if down else BAR)
        line = {"d": f"M{x:.1f} {begin}V{end}", "stroke": INK, "stroke-width": "1.8"}
        arrow = SubElement(svg, "path", line | {"fill": "none", "marker-end": "url(#arrow)"})
        SubElement(arrow, "title").text = f"{handover.giver} handed over to {handover.receiver}"


def legend(timeline: Timeline) -> list[list[str]]:
    """The states and the marks that the picture has, in rows that fit its width."""
    states = states_in(timeline, Scale(timeline))
    marks = {mark.kind for lane in timeline.lanes for mark in lane.marks}
    rows: list[list[str]] = []
    for names in ([s for s in STATES if s in states], [m for m in MARKS if m in marks]):
        used = float(WIDTH)
        for name in names:
            used += legend_width(name)
            if used > WIDTH - 24:
                rows.append([])
                used = 24 + legend_width(name)
            rows[-1].append(name)
    return rows


def legend_width(name: str) -> float:
    """The room that one word of the legend takes, its sign included."""
    return 52 + len(name) * LETTER


def draw_legend(svg: Element, names: list[str], y: float) -> None:
    """One row of the legend."""
    x = 24.0
    for name in names:
        if isinstance(name, MarkKind):
            draw_mark(svg, name, x + 12, y)
        else:
            box = {"x": f"{x:.1f}", "y": f"{y - 8:.1f}", "width": "24", "height": "16", "rx": "3"}
            SubElement(svg, "rect", box | {"fill": f"url(#{identifier(name)})"})
        text(svg, x + 32, y + 4.5, name)
        x += legend_width(name)
