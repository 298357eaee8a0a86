"""The panels of a plot: bars of groups beside one another, over time, or of a report's total."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import altair as alt

from entrypoints.plots.colours import Colours
from entrypoints.plots.figures import Kind, in_words, kind_of, number
from entrypoints.plots.groups import Groups, Row
from entrypoints.plots.scales import Tick, label_expression, time_ticks, value_ticks
from entrypoints.plots.words import wrapped
from entrypoints.ui.output import heading
from projections.reports.report import Figure

BAR_STEP: Final = 21
BAR_WIDTH: Final = 66
"""Of the longest bar; what it comes to is written after it."""
LEAST_COLUMN: Final = 112
LABEL_CHARACTER: Final = 6.4
"""Pixels of a character of a label, at most on average."""
LEAST_LABELS: Final = 60
TOTAL_LABELS: Final = 210
TOTAL_WIDTH: Final = 460
TOTAL_SHARE: Final = 0.84
AXIS_WIDTH: Final = 46
STRIPS_GAP: Final = AXIS_WIDTH + 10
GAP: Final = 14
HEAD_CHARACTERS: Final = 16
TIME_HEAD: Final = 100
"""The longest line above a column, and above a panel of time."""

Panel = Any
"""A chart, or charts put together: Altair has no one type of them."""


class Drawn(NamedTuple):
    """Panels, their width in pixels, and how much of that is left of where they begin."""

    panel: Panel
    width: int
    indent: int = 0


class Strips(NamedTuple):
    """The size of strips below one another, in pixels, and their ticks."""

    width: int
    height: int
    gap: int
    most_times: int
    most_value_ticks: int

    def base(self, at: int) -> int:
        """Where the zero of this strip is, from above."""
        return at * (self.height + self.gap) + self.height

    def height_of(self, count: int) -> int:
        """What so many take."""
        return self.base(count - 1)


TIME_STRIPS: Final = Strips(760, 58, 0, 10, 2)
GROUP_STRIPS: Final = Strips(120, 40, 16, 2, 1)


def beside_one_another(groups: Groups, figures: Sequence[Figure], colours: Colours) -> Drawn:
    """A row for each group and a column for each figure."""
    labels_width = width_of(groups.labels)
    heads = heads_of(figures, groups.total)
    columns = [column(groups.rows, figure.name, heads[figure.name], colours) for figure in figures]
    width = labels_width + sum(bars.width + GAP for bars in columns)
    labels = bar_labels(groups.labels, labels_width)
    return Drawn(beside(labels, *(bars.panel for bars in columns)), width)


def beside(*charts: Panel) -> Panel:
    """Charts whose rows are of one height, beside one another."""
    return alt.hconcat(*charts, spacing=GAP, bounds="flush")


def width_of(labels: Sequence[str]) -> int:
    """The pixels that the longest of these takes, at most."""
    return max(LEAST_LABELS, round(LABEL_CHARACTER * max(map(len, labels), default=0)))


def bar_labels(labels: Sequence[str], width: int) -> Panel:
    """The names of bars."""
    return label_column(labels, width, BAR_STEP * len(labels), lambda at: (at + 0.5) * BAR_STEP)


def label_column(
    labels: Sequence[str], width: int, height: int, place: Callable[[int], float]
) -> Panel:
    """Names, to the right, each at its place from above."""
    data = alt.InlineData(
        values=[{"label": label, "at": place(at)} for at, label in enumerate(labels)]
    )
    scale = alt.Scale(domain=[height, 0], nice=False, zero=False)
    return (
        alt.Chart(data, width=width, height=height)
        .mark_text(align="right", baseline="middle")
        .encode(x=alt.value(width), y=alt.Y("at:Q", axis=None, scale=scale), text="label:N")
    )


def column(rows: Sequence[Row], name: str, head: alt.TitleParams, colours: Colours) -> Drawn:
    """One figure of every group: a bar from zero, and what it comes to."""
    kind = kind_of(name)
    values = [
        (row.group, number(row.values[name]), in_words(row.values[name], kind)) for row in rows
    ]
    words_width = LABEL_CHARACTER * max(len(words) for _, _, words in values)
    width = max(LEAST_COLUMN, BAR_WIDTH + round(words_width))
    panel = bars(values, colours.fills[kind], colours, width, BAR_WIDTH / width)
    return Drawn(panel.properties(title=head), width)


def bars(
    values: Sequence[tuple[int, float | None, str]],
    fill: str,
    colours: Colours,
    width: int,
    share: float,
    least: float = 0,
) -> Panel:
    """Bars from zero on one scale, each with its value in words; of nothing known only a dash.

    The scale goes up to the greatest value, or to `least`; it takes that share of the width.
    """
    greatest = max(least, *(value or 0 for _, value, _ in values)) or 1
    data = alt.InlineData(
        values=[
            {"group": group, "value": value, "end": value or 0, "text": text}
            for group, value, text in values
        ]
    )
    y = alt.Y("group:O", axis=None, scale=alt.Scale(paddingInner=0.25, paddingOuter=0.125))
    x = alt.X("end:Q", axis=None, scale=alt.Scale(domain=[0, greatest / share], nice=False))
    base = alt.Chart(data, width=width, height=BAR_STEP * len(values))
    return alt.layer(
        base.mark_bar(color=fill).encode(x=x, y=y),
        base.mark_rule(color=colours.faint_ink).encode(x=alt.value(0)),
        base.mark_text(align="left", baseline="middle", dx=4).encode(x=x, y=y, text="text:N"),
    )


def of_the_total(groups: Groups, figures: Sequence[Figure], colours: Colours) -> Drawn:
    """The figures below one another, those of one kind on one scale; shares on that to 100%."""
    total = groups.total or {}
    panels = []
    for kind in Kind:
        names = [figure.name for figure in figures if kind_of(figure.name) is kind]
        if not names:
            continue
        labels = [heading(name) for name in names]
        values = [(number(total.get(name)), in_words(total.get(name), kind)) for name in names]
        drawn = bars(
            [(at, *value) for at, value in enumerate(values)],
            colours.fills[kind],
            colours,
            TOTAL_WIDTH,
            TOTAL_SHARE,
            least=1 if kind is Kind.SHARE else 0,
        )
        panels.append(beside(bar_labels(labels, TOTAL_LABELS), drawn))
    return Drawn(alt.vconcat(*panels, spacing=GAP), TOTAL_LABELS + GAP + TOTAL_WIDTH)


def over_time(
    groups: Groups, figures: Sequence[Figure], colours: Colours, place: ZoneInfo
) -> Drawn:
    """A panel for each figure, below one another, over one scale of time."""
    heads = heads_of(figures, groups.total, TIME_HEAD)
    last = figures[-1]
    panels = [
        strips(groups, figure.name, colours, place, TIME_STRIPS, figure is last).properties(
            title=heads[figure.name]
        )
        for figure in figures
    ]
    return Drawn(alt.vconcat(*panels, spacing=8), AXIS_WIDTH + TIME_STRIPS.width, AXIS_WIDTH)


def over_time_by_group(
    groups: Groups, figures: Sequence[Figure], colours: Colours, place: ZoneInfo
) -> Drawn:
    """A row for each group and a column for each figure, in which all groups have one scale."""
    size = GROUP_STRIPS
    labels_width = width_of(groups.labels)
    labels = label_column(
        groups.labels,
        labels_width,
        size.height_of(len(groups.labels)),
        lambda at: size.base(at) - size.height / 2,
    )
    heads = heads_of(figures, groups.total)
    columns = [
        strips(groups, figure.name, colours, place, size).properties(title=heads[figure.name])
        for figure in figures
    ]
    width = labels_width + len(columns) * (STRIPS_GAP + size.width)
    return Drawn(alt.hconcat(labels, *columns, spacing=STRIPS_GAP, bounds="flush"), width)


def strips(
    groups: Groups,
    name: str,
    colours: Colours,
    place: ZoneInfo,
    size: Strips,
    has_labels: bool = True,
) -> Panel:
    """One figure over time, a strip for each group: bars for what adds up, and steps for the rest.

    The scale from above is in pixels, so that all strips are in one chart: Vega does not line up
    columns of facets whose scales differ.
    """
    kind = kind_of(name)
    adds_up = kind in (Kind.COUNT, Kind.TIME_IN_ALL)
    greatest = max((number(row.values[name]) or 0 for row in groups.rows), default=0)
    ticks = value_ticks(greatest, kind, size.most_value_ticks)
    top = ticks[-1].at
    data = [
        {
            "began": row.interval.began,
            "ended": row.interval.ended,
            "height": size.base(row.group) - size.height * (value / top),
            "base": size.base(row.group),
        }
        for row in groups.rows
        if row.interval is not None and (value := number(row.values[name])) is not None
    ]
    of_values = [
        Tick(size.base(at) - size.height * (tick.at / top), tick.label)
        for at in range(len(groups.labels))
        for tick in ticks
    ]
    height = size.height_of(len(groups.labels))
    y = alt.Y(
        "height:Q",
        scale=alt.Scale(domain=[height, 0], nice=False, zero=False),
        axis=axis_of(of_values, minExtent=AXIS_WIDTH, maxExtent=AXIS_WIDTH),
    )
    base = alt.Chart(
        # A chart without any row has no scale, and then no axis.
        alt.InlineData(
            values=data or [{"began": None, "ended": None, "height": None, "base": None}]
        ),
        width=size.width,
        height=height,
    ).encode(x=times_of(groups, place, size.most_times, has_labels), x2="ended:Q", y=y)
    fill = colours.fills[kind]
    drawn = [base.mark_bar(color=fill, opacity=1 if adds_up else 0.3).encode(y2="base:Q")]
    if not adds_up:
        drawn.append(base.mark_rule(color=fill, strokeWidth=2))
    return alt.layer(*drawn)


def times_of(groups: Groups, place: ZoneInfo, most: int, has_labels: bool) -> alt.X:
    """The scale of time, from the first interval's begin to the last one's end."""
    intervals = groups.intervals
    first, last = intervals[0], intervals[-1]
    is_hourly = groups.interval == "hour"
    ticks = time_ticks(first.local, last.local, place if is_hourly else UTC, is_hourly, most)
    return alt.X(
        "began:Q",
        scale=alt.Scale(domain=[first.began, last.ended], nice=False, zero=False),
        axis=axis_of(ticks, labels=has_labels, grid=False, labelFlush=False),
    )


def axis_of(ticks: Sequence[Tick], **more: Any) -> alt.Axis:
    """An axis with our own labels at our own ticks."""
    places = [tick.at for tick in ticks]
    return alt.Axis(title=None, values=places, labelExpr=label_expression(ticks), **more)


def heads_of(
    figures: Sequence[Figure], total: dict[str, Any] | None, characters: int = HEAD_CHARACTERS
) -> dict[str, alt.TitleParams]:
    """Above each figure its name and what it is over all, all of one height."""
    lines = {figure.name: wrapped(heading(figure.name), characters) for figure in figures}
    most = max(map(len, lines.values()))
    return {
        name: alt.TitleParams(
            [*([" "] * (most - len(words))), *words],
            subtitle=f"all: {in_words((total or {}).get(name), kind_of(name))}",
            anchor="start",
            frame="group",
        )
        for name, words in lines.items()
    }
