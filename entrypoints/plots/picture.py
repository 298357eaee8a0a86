"""A report's answer as SVG or PNG. Nothing is fetched: the picture is made of what it is given."""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Final

from entrypoints.plots.colours import colours_of
from entrypoints.report_answer import ReportAnswer
from infra.errors import WRONG_USAGE, LedgerError

PNG_SCALE: Final = 2
"""Pixels of a PNG for each of the picture: sharp on the screens of today."""


class CannotPlot(LedgerError):  # noqa: N818 - it reads as the state it reports
    """The packages that draw are not installed."""


class NoPicture(LedgerError):  # noqa: N818 - it reads as the state it reports
    """A file's name says no format that can be drawn."""

    exit_code = WRONG_USAGE


def format_of(path: Path) -> str:
    """`svg` or `png`, by the file's name. Raises `NoPicture`."""
    ending = path.suffix.lower().removeprefix(".")
    if ending not in ("svg", "png"):
        raise NoPicture(f"{path} is no picture: give --plot a name that ends in .svg or .png.")
    return ending


def svg_of(answer: ReportAnswer, is_dark: bool = False) -> str:
    """The answer as SVG, without scripts and styles. Raises `CannotPlot` and `TooMuchToDraw`."""
    try:
        import vl_convert

        from entrypoints.plots.chart import chart_of
    except ImportError as error:
        raise cannot_plot(error) from None
    chart = chart_of(answer, colours_of(is_dark))
    svg = vl_convert.vegalite_to_svg(chart, allowed_base_urls=[])
    description = escape(chart["description"], quote=True)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{description}" ', 1)


def png_of(answer: ReportAnswer, is_dark: bool = False) -> bytes:
    """The answer as PNG. Raises as `svg_of` does."""
    svg = svg_of(answer, is_dark)
    import vl_convert

    return vl_convert.svg_to_png(svg, scale=PNG_SCALE)


def picture(answer: ReportAnswer, path: Path, is_dark: bool) -> bytes:
    """The answer in the format of this file's name. Raises as `svg_of` does, and `NoPicture`."""
    if format_of(path) == "svg":
        return svg_of(answer, is_dark).encode()
    return png_of(answer, is_dark)


def cannot_plot(error: ImportError) -> CannotPlot:
    """What to do where a package is missing."""
    return CannotPlot(
        f"No picture can be drawn, because {error.name} is not installed: install "
        "call-ledger[plot], as with `uv sync --extra plot`."
    )
