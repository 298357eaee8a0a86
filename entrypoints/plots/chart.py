"""A report's answer as one chart: what it is, its panels, and what its figures mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from zoneinfo import ZoneInfo

import altair as alt

from entrypoints.plots.colours import Colours
from entrypoints.plots.groups import Groups, groups_of
from entrypoints.plots.panels import (
    Drawn,
    Panel,
    beside_one_another,
    of_the_total,
    over_time,
    over_time_by_group,
)
from entrypoints.plots.words import above, below, wrapped
from entrypoints.report_answer import ReportAnswer

FONT: Final = "sans-serif"
LEAST_WIDTH: Final = 640
TEXT_CHARACTER: Final = 5.9
"""Pixels of a character of running text, at most on average."""
LINE: Final = 16
NOTHING: Final = "There is nothing to draw: no group has a row."


def chart_of(answer: ReportAnswer, colours: Colours) -> dict[str, Any]:
    """The chart as Vega-Lite. Raises `TooMuchToDraw`."""
    groups = groups_of(answer)
    panel, width, indent = panels_of(answer, groups, colours)
    width = max(width, LEAST_WIDTH)
    title = answer.question.report.title
    sentences = above(answer, groups)
    lines = [line for text in sentences for line in in_lines(text, width)]
    notes = text_block(below(answer, groups), width, colours, indent)
    chart = alt.vconcat(panel, notes, spacing=24)
    chart = chart.properties(
        title=alt.TitleParams(
            title,
            subtitle=lines,
            anchor="start",
            frame="bounds",
            fontSize=18,
            subtitleFontSize=12,
            subtitleLineHeight=LINE,
            subtitlePadding=6,
            offset=18,
        ),
        description=" ".join([f"{title}.", *sentences]),
        background=colours.paper,
        padding=20,
        autosize=alt.AutoSizeParams(type="pad"),
        config=config(colours),
    )
    document: dict[str, Any] = chart.to_dict()
    return document


def panels_of(answer: ReportAnswer, groups: Groups, colours: Colours) -> Drawn:
    """The panels that suit the groups, and their width in pixels."""
    figures = answer.question.report.figures
    place = ZoneInfo(answer.question.selection.time_zone)
    if not answer.question.groups:
        return of_the_total(groups, figures, colours)
    if not groups.rows:
        return Drawn(text_block([NOTHING], LEAST_WIDTH, colours), LEAST_WIDTH)
    if groups.interval is None:
        return beside_one_another(groups, figures, colours)
    if groups.labels == ("",):
        return over_time(groups, figures, colours, place)
    return over_time_by_group(groups, figures, colours, place)


def text_block(texts: Sequence[str], width: int, colours: Colours, indent: int = 0) -> Panel:
    """Sentences below one another, `indent` pixels left of where charts begin."""
    lines = [
        {"line": at, "text": text}
        for at, text in enumerate(line for text in texts for line in in_lines(text, width))
    ]
    height = LINE * len(lines)
    scale = alt.Scale(domain=[len(lines), 0], nice=False, zero=False)
    return (
        alt.Chart(alt.InlineData(values=lines), width=width, height=height)
        .mark_text(align="left", baseline="top", color=colours.faint_ink)
        .encode(
            x=alt.value(-indent),
            y=alt.Y("line:Q", axis=None, scale=scale),
            text="text:N",
        )
    )


def in_lines(text: str, width: int) -> list[str]:
    """The text in lines as wide as the picture."""
    return wrapped(text, round(width / TEXT_CHARACTER))


def config(colours: Colours) -> alt.Config:
    """What all charts have in common."""
    return alt.Config(
        font=FONT,
        aria=False,
        view=alt.ViewConfig(stroke=None),
        text=alt.MarkConfig(fontSize=11, color=colours.ink),
        title=alt.TitleConfig(
            color=colours.ink,
            subtitleColor=colours.faint_ink,
            fontSize=11,
            fontWeight="bold",
            subtitleFontSize=11,
            subtitlePadding=2,
            offset=6,
        ),
        axis=alt.AxisConfig(
            labelColor=colours.faint_ink,
            labelFontSize=10,
            domain=False,
            tickColor=colours.line,
            gridColor=colours.line,
            labelOverlap=False,
        ),
    )
