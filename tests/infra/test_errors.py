"""Every error of the project has one root, and the exit code with which a command ends by it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

from infra.errors import FINDING, NOT_DONE, WRONG_USAGE, LedgerError

PACKAGES = (
    *("domain", "infra", "ledger", "projections"),
    *("archive", "consumers", "importers", "simulation", "entrypoints"),
)


def error_classes() -> Iterator[type[Exception]]:
    for package in PACKAGES:
        path = importlib.import_module(package).__path__
        for module in pkgutil.walk_packages(path, f"{package}."):
            if module.name.endswith("__main__"):
                continue
            for found in vars(importlib.import_module(module.name)).values():
                if (
                    isinstance(found, type)
                    and issubclass(found, Exception)
                    and found.__module__ == module.name
                ):
                    yield found


@pytest.mark.parametrize("error", sorted(error_classes(), key=str))
def test_an_error_derives_from_the_root_and_carries_its_exit_code(error: type[Exception]) -> None:
    assert issubclass(error, LedgerError), error
    assert error.exit_code in (FINDING, WRONG_USAGE, NOT_DONE)


def test_there_are_errors_to_be_looked_at() -> None:
    assert len(list(error_classes())) >= 15
