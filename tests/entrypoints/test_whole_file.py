"""A file has its name only once all of it is written; a disk that is full is no wrong usage."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pytest

from entrypoints.ui.difference_file import COLUMNS, difference_file
from entrypoints.ui.whole_file import FileNotWritten, whole_file
from infra.errors import NOT_DONE
from tests.entrypoints.calling import call

FULL = Path("/dev/full")


@contextmanager
def little_room() -> Iterator[None]:
    """No file may grow beyond a thousand bytes: the machine refuses what is written after them.

    Nor would compiled modules be whole, so that none is written meanwhile.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with patch.object(sys, "dont_write_bytecode", True):
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_what_finds_no_room_leaves_nothing_and_what_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("as it was")
    with pytest.raises(FileNotWritten) as told, little_room(), whole_file(path) as beside:
        beside.write_bytes(bytes(2000))
    assert told.value.exit_code == NOT_DONE
    assert "nothing of it is left: File too large" in str(told.value)
    assert [one.name for one in tmp_path.iterdir()] == ["rows.csv"]
    assert path.read_text() == "as it was"


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_differences_that_find_no_room_leave_no_file(tmp_path: Path, ending: str) -> None:
    many = [f"{number} differs" for number in range(2000)]
    table = pa.table(dict.fromkeys(COLUMNS, many))
    with (
        pytest.raises(FileNotWritten),
        little_room(),
        difference_file(tmp_path / f"all{ending}") as take,
    ):
        take(table)
    assert not list(tmp_path.iterdir())


def test_what_a_link_leads_to_is_written_and_the_link_stays(tmp_path: Path) -> None:
    real, link = tmp_path / "real.svg", tmp_path / "link.svg"
    link.symlink_to(real)
    with whole_file(link) as beside:
        beside.write_text("drawn")
    assert link.is_symlink()
    assert real.read_text() == "drawn"


@pytest.mark.skipif(not FULL.is_char_device(), reason="this system has no device that is full")
def test_a_report_on_a_full_device_could_not_be_done_and_the_device_stays(tmp_path: Path) -> None:
    call(tmp_path, "record", "receive", "--call", "A", "--actor", "system", "--queue", "sales")
    for asked in (("report", "abandoned"), ("sql", "from calls")):
        answer = call(tmp_path, *asked, "--parquet", str(FULL))
        assert answer.code == NOT_DONE
        assert "/dev/full was not written, and nothing of it is left: No space left" in answer.said
    assert FULL.is_char_device()


def test_a_picture_that_finds_no_room_could_not_be_drawn(tmp_path: Path) -> None:
    call(tmp_path, "record", "receive", "--call", "A", "--actor", "system", "--queue", "sales")
    picture = tmp_path / "a.svg"
    asked = ("call", "timeline", "A", "--svg", str(picture))
    assert call(tmp_path, *asked).code == 0
    drawn = picture.read_bytes()
    assert len(drawn) > 1000
    with little_room():
        answer = call(tmp_path, *asked)
    assert answer.code == NOT_DONE
    assert picture.read_bytes() == drawn
