"""Reports as pictures: what they say, and that a bar is as long as its figure."""

from __future__ import annotations

import re
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from entrypoints.plots.colours import DARK, LIGHT, Colours
from entrypoints.plots.figures import Kind
from entrypoints.plots.groups import NOT_KNOWN, TooMuchToDraw, groups_of
from entrypoints.plots.picture import png_of, svg_of
from entrypoints.plots.scales import time_ticks, value_ticks
from entrypoints.report_answer import ReportAnswer, ReportQuestion
from projections.reports import REPORTS
from projections.reports.report import Selection
from tests.entrypoints.calling import call

PNG_MARK = b"\x89PNG\r\n\x1a\n"
ROME = ZoneInfo("Europe/Rome")


def answer_of(rows: list[dict[str, Any]], *by: str, report: str = "refusals") -> ReportAnswer:
    """An answer of these rows; `refusals` has four counts."""
    about = {
        "period": "Calls entered from the beginning to now, groups in UTC",
        "position": 12,
        "calls_with_dead_letters": 0,
    }
    counts = {figure.name: 0 for figure in REPORTS[report].figures}
    filled = [{"is_total": False, **counts, **row} for row in rows]
    total = dict.fromkeys(by) | {"is_total": True} | counts
    table = pa.Table.from_pylist([*filled, total])
    return ReportAnswer(ReportQuestion(report, by, Selection("UTC")), about, table, "")


def texts_of(svg: str) -> str:
    """All that is written in a picture, line after line."""
    return " ".join(" ".join("".join(one.itertext()).split()) for one in texts_in(svg))


def texts_in(svg: str) -> list[ElementTree.Element]:
    return [one for one in ElementTree.fromstring(svg).iter() if one.tag.endswith("}text")]


def bar_widths(svg: str, colour: str) -> list[float]:
    """The widths of the bars in this colour; each begins at the left of its panel."""
    shapes = re.findall(rf'd="M(\S+?),\S+?h(\S+?)v\S+?" fill="{colour}"', svg)
    assert all(float(left) == 0 for left, _ in shapes)
    return [float(width) for _, width in shapes]


@pytest.fixture(scope="module")
def position(told: Path) -> int:
    return int(call(told, "report", "exits", "--json").json["position"])


@pytest.mark.parametrize("name", REPORTS)
def test_a_picture_says_what_its_report_says(
    told: Path, position: int, tmp_path: Path, name: str
) -> None:
    file = tmp_path / "report.svg"
    by = REPORTS[name].groupings[0]
    zone = ["--time-zone", "Europe/Rome"]
    said = call(told, "report", name, "--by", "hour", "--by", by, *zone, "--plot", str(file))
    assert said.out == f"Drawn to {file}.\n"
    svg = file.read_text()
    written = texts_of(svg)
    report = REPORTS[name]
    for words in [report.title, report.question, report.denominator, report.intervals]:
        assert words in written
    assert all(f": {figure.definition}" in written for figure in report.figures)
    assert f"computed at position {position:,}" in written
    assert "groups in Europe/Rome" in written
    assert not re.search(r"<script|<style|style=|href=|<image|url\(", svg)


def test_a_bar_begins_at_zero_and_is_as_long_as_its_figure(told: Path, tmp_path: Path) -> None:
    file = tmp_path / "exits.svg"
    call(told, "report", "exits", "--by", "reason", "--plot", str(file))
    document = call(told, "report", "exits", "--by", "reason", "--json").json
    counts = [group["exits"] for group in document["groups"]]
    drawn = bar_widths(file.read_text(), LIGHT.fills[Kind.COUNT])[: len(counts)]
    assert len(set(counts)) > 1
    assert [round(width / max(drawn), 3) for width in drawn] == [
        round(count / max(counts), 3) for count in sorted(counts, reverse=True)
    ]


def test_a_picture_in_the_dark_is_of_other_colours(told: Path, tmp_path: Path) -> None:
    light, dark = tmp_path / "light.svg", tmp_path / "dark.svg"
    call(told, "report", "transfers", "--plot", str(light))
    call(told, "report", "transfers", "--plot", str(dark), "--dark")
    assert f'fill="{LIGHT.paper}"' in light.read_text()
    assert f'fill="{DARK.paper}"' in dark.read_text()
    assert texts_of(light.read_text()) == texts_of(dark.read_text())


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_can_be_read_on_their_paper(colours: Colours) -> None:
    for ink in (colours.ink, colours.faint_ink):
        assert contrast(ink, colours.paper) >= 4.5
    for fill in colours.fills.values():
        assert contrast(fill, colours.paper) >= 3


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""

    def light(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        ]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    darker, lighter = sorted((light(one), light(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_same_answer_is_the_same_picture() -> None:
    answer = answer_of([{"rule": "R14", "refusals": 3}, {"rule": None, "refusals": 1}], "rule")
    assert svg_of(answer) == svg_of(answer)
    assert png_of(answer).startswith(PNG_MARK)


def test_names_are_text_and_nothing_else() -> None:
    name = '</text><script>"&\u202ex'
    svg = svg_of(answer_of([{"agent": name, "refusals": 1}], "agent"))
    assert "<script" not in svg
    assert r'</text><script>"&\u202ex' in texts_of(svg)


def test_of_many_groups_the_greatest_are_drawn_and_the_others_counted() -> None:
    rows = [{"agent": f"agent-{number}", "refusals": number} for number in range(1, 61)]
    groups = groups_of(answer_of(rows, "agent"))
    assert groups.labels[0] == "agent-60"
    assert len(groups.labels) == 24
    assert groups.left_out == (
        "Drawn: the 24 groups by agent with the most refusals. 36 more are not drawn;"
        " they have 666 of 1,830 refusals."
    )


def test_numbers_keep_their_order_and_what_is_not_known_comes_last() -> None:
    rows = [
        {"exit_number": number, "exits": count}
        for number, count in ((3, 9), (None, 99), (1, 4), (2, 7))
    ]
    groups = groups_of(answer_of(rows, "exit_number", report="exits"))
    assert groups.labels == ("1", "2", "3", NOT_KNOWN)


def test_the_largest_figures_do_not_reach_into_the_next_column() -> None:
    rows = [{"agent": "agent-1", "contacts_handled": 12_345_678, "talk_seconds": 98_765_432.0}]
    svg = svg_of(answer_of(rows, "agent", report="agents"))
    edges = [float(place) for place in re.findall(r'translate\((\d+(?:\.\d+)?),\d+\)"><path', svg)]
    handled, talk, hold = sorted(edges)[-11:-8]
    assert talk - handled > 66 + 6 * len("12,345,678")
    assert hold - talk > 66 + 6 * len("27434:50:32")


def test_a_tick_at_the_top_of_its_scale_is_written() -> None:
    rows = [{"hour": "2026-01-01T00:00:00Z", "mean_handle_seconds": 0.05}]
    assert "0.05 s" in texts_of(svg_of(answer_of(rows, "hour", report="agents")))


def test_a_day_without_rows_is_a_gap() -> None:
    days = [date(2026, 3, 2), date(2026, 3, 5)]
    svg = svg_of(answer_of([{"day": day, "refusals": 2} for day in days], "day"))
    places = re.findall(rf'd="M(\S+?),\S+?h(\S+?)v\S+?" fill="{LIGHT.fills[Kind.COUNT]}"', svg)
    begins, widths = zip(*(map(float, place) for place in places), strict=True)
    assert begins[0] == 0
    assert begins[1] == pytest.approx(3 * widths[0], rel=0.01)


def test_more_hours_than_can_be_told_apart_are_refused() -> None:
    rows = [{"hour": at} for at in ("2026-01-01T00:00:00Z", "2026-12-31T23:00:00Z")]
    with pytest.raises(TooMuchToDraw, match=r"8,760 hours.*--from and --to, or draw it --by day"):
        groups_of(answer_of(rows, "hour"))


def test_an_answer_without_groups_says_so() -> None:
    assert "no group has a row" in texts_of(svg_of(answer_of([], "rule")))


@pytest.mark.parametrize("most", [1, 2, 5])
@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("greatest", [0.0, 0.004, 0.37, 1.0, 7.0, 59.0, 61.0, 86_399.0, 2e6])
def test_a_scale_begins_at_zero_and_reaches_its_greatest_value(
    greatest: float, kind: Kind, most: int
) -> None:
    ticks = value_ticks(greatest, kind, most)
    assert ticks[0].at == 0
    assert ticks[-1].at >= greatest
    assert len(ticks) <= most + 1
    assert len({tick.label for tick in ticks}) == len(ticks)


@pytest.mark.parametrize("days", [0, 1, 3, 20, 80, 400, 3000])
def test_ticks_of_hours_stand_at_hours_of_the_time_zone(days: int) -> None:
    first = datetime(2026, 3, 28, 9)
    ticks = time_ticks(first, first + timedelta(days=days, hours=9), ROME, True, 10)
    assert 1 <= len(ticks) <= 10
    for tick in ticks:
        local = datetime.fromtimestamp(tick.at, ROME)
        assert (local.minute, local.second) == (0, 0)
        assert ":" not in tick.label or tick.label == f"{local:%H:%M}"


def test_ticks_of_weeks_stand_at_mondays() -> None:
    first = datetime(2026, 1, 5)
    ticks = time_ticks(first, first + timedelta(days=60), UTC, False, 10)
    assert {datetime.fromtimestamp(tick.at, UTC).weekday() for tick in ticks} == {0}


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--plot", "exits.pdf"], "give --plot a name that ends in .svg or .png"),
        (["--plot", "exits.svg", "--calls"], "--plot draws figures"),
        (["--plot", "exits.svg", "--json"], "Choose one of"),
        (["--plot", "/nowhere/exits.svg"], "/nowhere/exits.svg cannot be written"),
        (["--dark"], "say --plot FILE, too"),
    ],
)
def test_what_cannot_be_drawn_is_said(told: Path, flags: list[str], said: str) -> None:
    answer = call(told, "report", "exits", *flags)
    assert answer.code == 2
    assert said in answer.said


def test_without_the_extra_a_plot_says_what_to_install(
    told: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    answer = call(told, "report", "exits", "--plot", str(tmp_path / "exits.svg"))
    assert answer.code == 3
    assert "install call-ledger[plot]" in answer.said
