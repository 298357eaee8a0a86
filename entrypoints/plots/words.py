"""What stands above and below the panels of a plot."""

from __future__ import annotations

import textwrap

from entrypoints.plots.groups import Groups, listed
from entrypoints.report_answer import ReportAnswer, position_of
from entrypoints.ui.moment import notes_of
from entrypoints.ui.output import heading
from entrypoints.workers.lag import CALLS_WITH_DEAD_LETTERS
from infra.visible import visible


def above(answer: ReportAnswer, groups: Groups) -> list[str]:
    """The question, and what it was asked of."""
    question, about = answer.question, answer.about
    by = listed(question.groups) if question.groups else ""
    return [
        question.report.question,
        visible(f"{about['period']}; computed at {position_of(about)}."),
        *([f"By {by}{drawn_time(groups)}; “all” is over all groups."] if by else []),
    ]


def drawn_time(groups: Groups) -> str:
    """From which interval to which, with the year, which ticks do not say."""
    if not (intervals := groups.intervals):
        return ""
    form = "%Y-%m-%d %H:%M" if groups.interval == "hour" else "%Y-%m-%d"
    first, last = (f"{interval.local:{form}}" for interval in (intervals[0], intervals[-1]))
    return f", {first}" if first == last else f", {first} to {last}"


def below(answer: ReportAnswer, groups: Groups) -> list[str]:
    """What is left out, what each figure means, and of which moment it is."""
    report, about = answer.question.report, answer.about
    incomplete = about["calls_with_dead_letters"]
    return [
        *([groups.left_out] if groups.left_out else []),
        *(f"{heading(figure.name)}: {figure.definition}" for figure in report.figures),
        f"denominator: {report.denominator}",
        f"hours, days, weeks and periods: {report.intervals}",
        *notes_of(about),
        *([CALLS_WITH_DEAD_LETTERS.format(incomplete)] if incomplete else []),
    ]


def wrapped(text: str, characters: int) -> list[str]:
    """The text in lines of at most so many characters; a longer word stays whole."""
    return textwrap.wrap(text, characters, break_long_words=False) or [""]
