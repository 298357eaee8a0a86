"""The timeline in the terminal: characters first, so that it reads without colour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo

from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from domain.vocabulary import TimeSource
from entrypoints.timeline.history import Entry
from entrypoints.timeline.lanes import RECORD, Interval, Lane, MarkKind, State, Timeline
from entrypoints.timeline.scale import Scale
from entrypoints.ui.duration import as_clock
from infra.visible import visible

LABEL_CELLS = 16
TICK_CELLS = 12
NARROWEST_CELLS = 24
RECORD_LABEL = "the record"

# Each state: its fill, the fill where only ASCII can be shown, its colour.
STATES: dict[State, tuple[str, str, str]] = {
    State.WAITING: ("·", ".", "bright_black"),
    State.RINGING: ("╌", ":", "yellow"),
    State.TALK: ("█", "=", "green"),
    State.HOLD: ("░", "-", "dark_orange"),
    State.CONSULT: ("▒", "%", "cyan"),
    State.CONFERENCE: ("▓", "#", "blue"),
    State.WRAP_UP_ASSIST: ("╬", "+", "magenta"),
    State.WRAP_UP: ("≈", "~", "medium_purple"),
}
MARKS: dict[MarkKind, str] = {
    MarkKind.OFFER: "o",
    MarkKind.OFFER_LOST: "m",
    MarkKind.TRANSFER_REQUESTED: ">",
    MarkKind.TRANSFER_ACCEPTED: "T",
    MarkKind.TRANSFER_LOST: "f",
    MarkKind.EXIT: "x",
    MarkKind.REASON: "w",
    MarkKind.EXTENSION: "e",
    MarkKind.CORRECTION: "c",
    MarkKind.NOTE: "n",
    MarkKind.INCOMPLETE: "i",
    MarkKind.RULE_BROKEN: "!",
}
SEVERAL = "*"
NO_BREAK = "\N{NO-BREAK SPACE}"


class TimelineView:
    """A rich renderable that fills the width: title, axis, lanes, legend, numbered events.

    Beyond `entries_limit` the list of events is cut in the middle; the lanes show all of them.
    """

    def __init__(
        self, timeline: Timeline, zone: tzinfo | None = None, entries_limit: int = 200
    ) -> None:
        self.timeline = timeline
        self.scale = Scale(timeline, zone)
        self.entries_limit = entries_limit

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> Iterator[RenderableType]:
        cells = max(NARROWEST_CELLS, options.max_width - LABEL_CELLS)
        timeline, ascii_only = self.timeline, options.ascii_only
        title = Text.assemble(("Call ", "bold"), (visible(timeline.call_id), "bold"))
        title.append(f" · {visible(timeline.source)} · {self.scale.caption}")
        yield title
        if timeline.clock_back_seconds:
            yield Text(
                f"The times of this call disagree by up to {timeline.clock_back_seconds:g} s: "
                "it is drawn in the order of its versions, and time never goes back.",
                style="yellow",
            )
        yield Text()
        yield from self.axis(cells)
        for lane in timeline.lanes:
            name = lane.party if lane.party != RECORD else RECORD_LABEL
            if lane.intervals:
                yield label(name) + bar(lane, self.scale, cells, ascii_only)
                name = ""
            marks = mark_row(lane, self.scale, cells)
            if marks.strip():
                yield label(name) + Text(marks, "bold")
        yield Text()
        yield legend(timeline, ascii_only)
        yield Text()
        yield self.listing()

    def axis(self, cells: int) -> Iterator[Text]:
        """The scale: UTC, the reader's own time where it differs, and where the ticks are."""
        ticks = list(self.scale.ticks(max(2, cells // TICK_CELLS)))
        places = [round(tick.fraction * (cells - 1)) for tick in ticks]
        knows_time = any(tick.local for tick in ticks)
        head = "UTC" if knows_time else "from the start"
        head = "" if self.scale.is_by_order else head
        yield label(head) + written(places, [tick.label for tick in ticks], cells)
        if any(tick.local != tick.label for tick in ticks) and knows_time:
            own = written(places, [tick.local for tick in ticks], cells)
            yield label(self.scale.zone_name) + own
        line = ["-"] * cells
        for place in places:
            line[place] = "+"
        yield label("") + Text("".join(line), "bright_black")

    def listing(self) -> RenderableType:
        """The numbered events; beyond the limit the first and the last of them."""
        entries, half = self.timeline.entries, max(1, self.entries_limit // 2)
        if len(entries) <= 2 * half:
            return listed(entries, self.scale)
        left_out = len(entries) - 2 * half
        return Group(
            listed(entries[:half], self.scale),
            Text(f"  … {left_out:,} events not shown …", "italic"),
            listed(entries[-half:], self.scale),
        )


def label(name: str) -> Text:
    """The text at a lane's left, cut to its column."""
    text = Text(visible(name), "bold")
    text.truncate(LABEL_CELLS - 1, overflow="ellipsis", pad=True)
    return text + Text(" ")


def written(places: list[int], labels: list[str], cells: int) -> Text:
    """Labels that begin at their places, each left out where the one before still stands."""
    line, free = "", 0
    for place, text in zip(places, labels, strict=True):
        begin = max(0, min(place, cells - len(text)))
        if begin >= free:
            line = line.ljust(begin) + text
            free = len(line) + 1
    return Text(line[:cells], "bright_black")


def bar(lane: Lane, scale: Scale, cells: int, ascii_only: bool) -> Text:
    """The lane's states, each cell showing what took most of it, named where there is room."""
    shown = coverage(lane.intervals, scale, cells)
    text, begin = Text(), 0
    while begin < cells:
        state, end = shown[begin], begin
        while end < cells and shown[end] == state:
            end += 1
        if state is None:
            text.append(" " * (end - begin))
        else:
            fill, plain, colour = STATES[state]
            fill = plain if ascii_only else fill
            name = f" {state} " if end - begin >= len(state) + 5 else ""
            text.append(fill * 2 + name if name else "", colour)
            text.append(fill * (end - begin - (len(name) + 2 if name else 0)), colour)
        begin = end
    return text


def coverage(intervals: tuple[Interval, ...], scale: Scale, cells: int) -> list[State | None]:
    """For each cell the state that covers most of it; a state that took no time loses to any."""
    most, shown = [-1.0] * cells, [None] * cells  # type: tuple[list[float], list[State | None]]
    for interval in intervals:
        begin, end = scale.fraction(interval.start) * cells, scale.fraction(interval.end) * cells
        for cell in range(min(int(begin), cells - 1), min(int(end), cells - 1) + 1):
            covered = max(0.0, min(end, cell + 1) - max(begin, cell))
            if covered > most[cell] and (covered > 0 or begin == end):
                most[cell], shown[cell] = covered, interval.state
    return shown


def mark_row(lane: Lane, scale: Scale, cells: int) -> str:
    """The lane's marks, each at its time; several kinds in one cell become one sign."""
    line = [" "] * cells
    for mark in lane.marks:
        cell = min(int(scale.fraction(mark.moment) * cells), cells - 1)
        sign = MARKS[mark.kind]
        line[cell] = sign if line[cell] in (" ", sign) else SEVERAL
    return "".join(line).rstrip()


def legend(timeline: Timeline, ascii_only: bool) -> Text:
    """The states and the marks that the picture has; a sign and its word stay on one line."""
    states = {interval.state for lane in timeline.lanes for interval in lane.intervals}
    marks = {mark.kind for lane in timeline.lanes for mark in lane.marks}
    text = Text()
    for state, (fill, plain, colour) in STATES.items():
        if state in states:
            text.append((plain if ascii_only else fill) * 2, colour)
            text.append(f" {state}".replace(" ", NO_BREAK) + "  ")
    text.append("\n")
    for kind, sign in MARKS.items():
        if kind in marks:
            text.append(sign, "bold").append(f" {kind}".replace(" ", NO_BREAK) + "  ")
    return text.append(SEVERAL, "bold").append(f"{NO_BREAK}several")


def listed(entries: tuple[Entry, ...], scale: Scale) -> Table:
    """Events with number, time, actor, role and sentence."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("time (UTC)" if scale.timeline.time_of_day_known else "time", no_wrap=True)
    table.add_column("actor", overflow="fold", max_width=24)
    table.add_column("role", no_wrap=True)
    table.add_column("what happened", overflow="fold", ratio=1)
    for entry in entries:
        table.add_row(
            str(entry.version),
            time_of(entry, scale),
            escape(visible(entry.actor)),
            entry.role.replace("_", " "),
            escape(visible(entry.full_sentence)) + remark(entry),
        )
    return table


def time_of(entry: Entry, scale: Scale) -> str:
    """The entry's own time; where it was derived only the distance from the start."""
    if entry.time_source is not TimeSource.EXACT:
        since = entry.occurred_at - scale.timeline.start.time
        sign = "-" if since.total_seconds() < 0 else "+"
        return f"{sign}{as_clock(abs(since.total_seconds()))}"
    return f"{entry.occurred_at:%H:%M:%S.%f}"[:-3]


def remark(entry: Entry) -> str:
    """Which rules an observation broke, and a clock that went back."""
    broke = f" [bold red](broke {' '.join(entry.rules_broken)})[/]" if entry.rules_broken else ""
    seconds = entry.clock_back_seconds
    return broke + (f" [yellow](its time is {seconds:g} s back)[/]" if seconds else "")
