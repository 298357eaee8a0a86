"""The pictures that the documents show are there, and are of pages that are there."""

from __future__ import annotations

import re

from entrypoints.docgen.pictures import PAGES, PICTURES
from tests.console.entering import entered
from tests.http.clients import Served

LARGEST_BYTES = 300_000


def test_each_picture_is_of_a_page_and_each_that_is_shown_is_there(week: Served) -> None:
    client = entered(week, "auditor")
    for name, path in PAGES.items():
        page = path.replace("simulation", "centre").format(call_id="A")
        assert client.get(page).status_code == 200, name
        assert 1_000 < (PICTURES / f"{name}.png").stat().st_size < LARGEST_BYTES, name
    readme = (PICTURES.parents[1] / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"docs/pictures/(\w+)\.png", readme)
    assert shown
    assert set(shown) <= PAGES.keys()
