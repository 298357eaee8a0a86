"""The shape that the design promises: layers, sizes, names, and a reason for each dependency."""

from __future__ import annotations

import re
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
from grimp import build_graph
from importlinter.cli import lint_imports

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: list[str] = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
SOURCES = sorted(
    path
    for package in [*PACKAGES, "tests", "bench"]
    for path in (ROOT / package).rglob("*")
    if path.suffix in {".py", ".sql"}
)

LINES_LIMIT = 400

EMPTY_NAMES = re.compile(r"(^|_)(utils?|helpers?|managers?|misc|common|impl|stuff)(_|\.|$)")


def test_imports_run_one_way(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # It would turn off every logger that there is, also for the tests that come after.
    monkeypatch.setattr("logging.config.dictConfig", lambda _settings: None)
    broken = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert broken == 0, capsys.readouterr().out


def test_no_files_import_each_other_in_a_circle() -> None:
    graph = build_graph(*PYPROJECT["tool"]["importlinter"]["root_packages"], cache_dir=None)
    imports = {name: graph.find_modules_directly_imported_by(name) for name in graph.modules}
    assert imports["projections.rebuild"] >= {"projections.database"}
    TopologicalSorter(imports).prepare()  # Raises `CycleError`, which names the circle.


def test_there_are_sources_to_look_at() -> None:
    assert len(SOURCES) > 50


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_short_and_named_by_what_it_is(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= LINES_LIMIT
    assert not EMPTY_NAMES.search(path.name)


def test_what_tests_share_has_modules_of_its_own() -> None:
    takes = re.compile(r"^(from tests\S*\.test_\w+ import|import tests\S*\.test_\w+)", re.MULTILINE)
    tests = [path for path in SOURCES if path.parts[len(ROOT.parts)] == "tests"]
    assert [path for path in tests if takes.search(path.read_text())] == []


def names_in(requirements: list[str]) -> set[str]:
    return {re.split(r"[\s\[<>=!~;]", requirement)[0] for requirement in requirements}


def test_each_dependency_has_its_reason() -> None:
    wanted = names_in(PYPROJECT["project"]["dependencies"])
    wanted |= names_in(PYPROJECT["build-system"]["requires"])
    groups = PYPROJECT.get("dependency-groups", {})
    extras = PYPROJECT["project"].get("optional-dependencies", {})
    for requirements in [*groups.values(), *extras.values()]:
        wanted |= names_in([one for one in requirements if isinstance(one, str)])
    page = (ROOT / "docs/dependencies.md").read_text()
    explained = set(re.findall(r"^\| `([^`]+)` \| \S.+\|$", page, re.MULTILINE))
    assert explained == wanted
