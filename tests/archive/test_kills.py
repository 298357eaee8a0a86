"""Killed at any step, an archive or a store is the one of before or that of now, and goes on."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archive.folder import FolderPlace
from archive.restoring import restore
from infra.folder import LedgerFolder
from ledger.store.sqlite import SqliteEventStore
from tests.archive.archived import archived, files_of, findings, recorded

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload([__name__])
"""What takes long to start, importing, is done once for all of them."""


def killed_before_step(step: int, work: str, folder: Path, place: Path) -> None:
    """Work until the file system or the store is asked for something for the step-th time."""
    steps = 0

    def counted(asked: Callable[..., Any]) -> Callable[..., Any]:
        def ask(*arguments: Any, **named: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return asked(*arguments, **named)

        return ask

    os.fsync = counted(os.fsync)
    for name in ("replace", "unlink"):
        setattr(Path, name, counted(getattr(Path, name)))
    SqliteEventStore._append = counted(SqliteEventStore._append)  # type: ignore[method-assign]
    WORK[work](folder, place)


def bring_up(folder: Path, place: Path) -> None:
    archived(folder, FolderPlace(place))


def bring_back(folder: Path, place: Path) -> None:
    restore(FolderPlace(place), LedgerFolder(folder), lambda _done, _total: None)


WORK = {"create": bring_up, "restore": bring_back}


def was_killed(step: int, work: str, folder: Path, place: Path) -> bool:
    process = PROCESSES.Process(target=killed_before_step, args=(step, work, folder, place))
    process.start()
    process.join(60)
    assert process.exitcode in (0, -signal.SIGKILL)
    return process.exitcode != 0


@pytest.mark.slow
def test_an_archive_whose_making_is_killed_at_any_step_is_whole_and_goes_on(
    tmp_path: Path,
) -> None:
    folder, old, place = tmp_path / "ledger", tmp_path / "old", tmp_path / "archive"
    recorded(folder, calls=1)
    archived(folder, FolderPlace(old))
    recorded(folder, calls=2, quarantined=False)
    archived(folder, FolderPlace(tmp_path / "new"))
    before, after = files_of(FolderPlace(old)), files_of(FolderPlace(tmp_path / "new"))
    step = 1
    while True:
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(old, place)
        killed = was_killed(step, "create", folder, place)
        manifest = (place / "manifest.json").read_bytes()
        assert manifest in (before["manifest.json"], after["manifest.json"])
        assert findings(FolderPlace(place), folder) == []
        if not killed:
            break
        archived(folder, FolderPlace(place))
        assert files_of(FolderPlace(place)) == after
        step += 1
    assert step > 15


@pytest.mark.slow
def test_a_restoring_that_is_killed_at_any_step_leaves_no_half_store_and_goes_on(
    tmp_path: Path,
) -> None:
    folder, place = tmp_path / "ledger", FolderPlace(tmp_path / "archive")
    recorded(folder, calls=2)
    archived(folder, place)
    step = 1
    while True:
        back = tmp_path / f"back {step}"
        killed = was_killed(step, "restore", back, place.path)
        if LedgerFolder(back).has_store:
            assert findings(place, back) == []
        else:
            bring_back(back, place.path)
        again = FolderPlace(tmp_path / f"again {step}")
        archived(back, again)
        assert files_of(again) == files_of(place)
        if not killed:
            break
        step += 1
    assert step > 5
