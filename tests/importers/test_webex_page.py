"""docs/webex.md says what the importer does."""

from __future__ import annotations

import re
from pathlib import Path

from importers.webex_order import STAGES
from importers.webex_reading import READINGS

PAGE = (Path(__file__).parents[2] / "docs" / "webex.md").read_text()


def test_the_table_of_activities_is_the_importers() -> None:
    section = PAGE.partition("## Each activity")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (.+) \|$", section, flags=re.MULTILINE))
    assert rows == READINGS


def test_every_activity_that_is_read_has_its_place_among_the_stages() -> None:
    assert set(READINGS) <= set(STAGES.split())
