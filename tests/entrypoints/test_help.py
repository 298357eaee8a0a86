"""Help that teaches: quick, complete, with examples that work, and completion."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from entrypoints.cli.main import whole_command_line
from entrypoints.docgen.reference import below
from projections.models import readable_models
from projections.reports import REPORTS
from tests.entrypoints.calling import ROOT, call, environment
from tests.several_ledgers import ledgers_in

COMMANDS = dict(below("call-ledger", whole_command_line()))
LEAVES = [
    path
    for path, command in COMMANDS.items()
    # Servers that an example started would go on running: tests/infra starts and ends them.
    if not hasattr(command, "commands") and "call-ledger local" not in path
]
FOR_A_COMPANY = {"topics", "publish", "project", "lake", "serve-commands", "reconcile"}
TRIED_ELSEWHERE = {"call-ledger migrate", "call-ledger serve"}
"""One needs a server, and the other is one, which docs/how-to/http.md tries."""

EXAMPLE = re.compile(r"\[bold\]([A-Z_a-z/=]* ?call-ledger .*?)\[/bold\]")
SAMPLES = Path(__file__).parents[1] / "importers" / "samples"


def loaded_by(folder: Path, *arguments: str) -> set[str]:
    """The packages that a command has imported by its end."""
    code = (
        "import sys; from entrypoints.cli.main import run\n"
        "try: run()\n"
        "finally: sys.stderr.write(' '.join({name.split('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_help_loads_neither_the_write_side_nor_the_read_side(tmp_path: Path) -> None:
    heavy = {"duckdb", "pyarrow", "eventsourcing", "psycopg", "simulation", "importers"}
    of_a_version = "email"  # what reads the version of a package loads it
    assert not loaded_by(tmp_path, "--help") & {*heavy, "pydantic", of_a_version}
    assert not loaded_by(tmp_path, "report", "exits", "--help") & heavy


def test_record_loads_nothing_of_the_read_side(tmp_path: Path) -> None:
    loaded = loaded_by(tmp_path, "record", "receive", "--call", "1", "--actor", "system")
    assert "eventsourcing" in loaded
    assert not loaded & {"duckdb", "pyarrow", "psycopg", "simulation", "importers"}


@pytest.mark.parametrize("columns", ["80", "120"])
@pytest.mark.parametrize("path", COMMANDS)
def test_every_help_fits_its_width(tmp_path: Path, path: str, columns: str) -> None:
    words = path.split()[1:]
    answer = call(tmp_path, *words, "--help", variables={"COLUMNS": columns})
    assert answer.code == 0
    assert max(map(len, answer.out.splitlines())) <= int(columns)


@pytest.mark.parametrize("path", COMMANDS)
def test_no_flag_reads_as_if_a_word_followed_it(tmp_path: Path, path: str) -> None:
    said = call(tmp_path, *path.split()[1:], "--help").out
    assert "--help" in said
    assert "<bool>" not in said


@pytest.mark.parametrize("path", COMMANDS)
def test_no_help_has_the_types_of_a_programming_language(tmp_path: Path, path: str) -> None:
    said = call(tmp_path, *path.split()[1:], "--help").out
    assert re.findall(r"<(?:str|int|float|path|list)\b", said) == []


def test_the_version_is_said_as_the_package_has_it(tmp_path: Path) -> None:
    answer = call(tmp_path, "--version")
    assert (answer.code, answer.out) == (0, f"call-ledger {version('call-ledger')}\n")


@pytest.mark.parametrize("path", COMMANDS)
def test_no_paragraph_of_a_help_is_broken_where_its_source_is(path: str) -> None:
    for paragraph in (COMMANDS[path].help or "").split("\n\n"):
        first, *others = paragraph.splitlines() or [""]
        assert all(line.startswith("[bold]") for line in others), first


@pytest.fixture(scope="module")
def before_examples(told: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that each example begins with a copy of: what examples name, in tables too."""
    folder = tmp_path_factory.mktemp("before") / "ledger"
    shutil.copytree(told, folder)
    call(
        folder,
        "record",
        "receive",
        "--call",
        "4711",
        "--actor",
        "system",
        "--command-id",
        "01890a5d-ac96-774b-bcce-b302099a8057",
    )
    call(folder, "record", "--lines", "-", typed=b"not a line\n")
    assert call(folder, "sql", "from calls where call_id = '4711'", "--json").json["rows"]
    return folder


@pytest.mark.parametrize("path", [path for path in LEAVES if path not in TRIED_ELSEWHERE])
def test_every_command_has_an_example_that_works(
    before_examples: Path,
    path: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    folder = tmp_path / "ledger"
    shutil.copytree(before_examples, folder)
    if "call-ledger keys" in path:
        monkeypatch.setattr("secrets.token_hex", lambda size_bytes: "1f2e3d4c" * (size_bytes // 4))
        call(folder, "keys", "create", "--role", "auditor", "--note", "Ada")
    if "call-ledger paper" in path:
        call(folder, "report", "exits", "--save", "march")
    monkeypatch.chdir(tmp_path)
    reads_archive = path.startswith("call-ledger archive ") and not path.endswith("create")
    if reads_archive or path in ("call-ledger replay", "call-ledger rebuild"):
        call(folder, "archive", "create", "archive")
    shutil.copy(SAMPLES / "with_times.json", "tasks.json")
    ledgers_in(tmp_path)
    Path("FILE").write_bytes(b'{"type":"call.receive.v1","call_id":"9","actor":"system"}\n')
    examples = EXAMPLE.findall(COMMANDS[path].help)
    assert examples
    kafka = {}
    if path.split()[1] in FOR_A_COMPANY:
        there = request.getfixturevalue("kafka")
        kafka = {"CALL_LEDGER_KAFKA": there.bootstrap, "CALL_LEDGER_KAFKA_PREFIX": there.prefix}
    if path.startswith("call-ledger lake "):
        words = ("project", "--until-end", "--shard", "1/1", "--into", "tables")
        call(folder, *words, variables=kafka)
    for example in examples:
        *variables, _, rest = example.partition("call-ledger ")
        assert f"call-ledger {rest}".startswith(path)
        set_first = dict(one.split("=") for one in variables[0].split())
        answer = call(folder, *shlex.split(rest), variables={**kafka, **set_first})
        assert answer.code in (0, 1), (example, answer.said)


def test_the_help_of_record_lists_every_action_with_its_flags(tmp_path: Path) -> None:
    said = call(tmp_path, "record", "--help").said
    assert "apply-wrap-up: The agent gives the wrap-up reason" in said
    assert "--corrected-version --why --reason" in said


def test_the_help_of_sql_lists_every_table(tmp_path: Path) -> None:
    said = call(tmp_path, "sql", "--help").said
    assert "events: One row per event" in said
    for model in readable_models():
        assert f"{model.name}: {model.grain}" in said


@pytest.mark.parametrize("name", REPORTS)
def test_the_help_of_a_report_says_what_each_figure_means(tmp_path: Path, name: str) -> None:
    said = call(tmp_path, "report", name, "--help").said
    for figure in REPORTS[name].figures:
        assert figure.definition in said
    assert ", ".join(REPORTS[name].all_groupings) in said


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("call-ledger record start-", ["start-consult", "start-conference"]),
        ("call-ledger report wrap", ["wrap-ups"]),
        ("call-ledger report transfers --by t", ["target_kind", "target"]),
        ("call-ledger call list --phase c", ["connected", "consult_asked", "closed"]),
        ("call-ledger record hold --rules m", ["multi-party"]),
    ],
)
def test_words_are_completed(tmp_path: Path, typed: str, offered: list[str]) -> None:
    asked = {
        "_CALL_LEDGER_COMPLETE": "complete_bash",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
    }
    answer = call(tmp_path, variables=asked)
    assert set(offered) <= set(answer.out.split())
    last = typed.rsplit(maxsplit=1)[-1]
    assert all(word.startswith(last) for word in answer.out.split())
