"""The file of several ledgers: each call belongs to one of them, and a wrong file says why."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import WrongSetting
from infra.kafka import Kafka
from infra.ledger_rules import RULE, bucket_of
from infra.ledgers import WrongLedgers
from infra.settings import settings_with
from tests.several_ledgers import BY_SOURCE, ledgers_in

SOURCES = st.from_regex(r"\A[A-Za-z0-9._:/-]{1,64}\Z")
CALL_IDS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=128)
BY_HASH = """
by = "hash"
buckets = 4
[ledgers.north]
buckets = [0, 2]
[ledgers.south]
buckets = [1, 3]
"""


def test_a_call_belongs_to_the_ledger_that_names_its_source_or_to_the_default(
    tmp_path: Path,
) -> None:
    ledgers = ledgers_in(tmp_path)
    assert ledgers.rule.ledger_of("test", "4711") == "italy"
    assert ledgers.rule.ledger_of("another", "4711") == "rest"
    assert [one.folder for one in ledgers.members] == [tmp_path / "italy", tmp_path / "rest"]
    assert [ledgers.rule.calls_of(one.name) for one in ledgers.members] == [
        "sources: test", "sources: all others",
    ]  # fmt: skip


def test_without_a_default_calls_of_other_sources_belong_to_none(tmp_path: Path) -> None:
    ledgers = ledgers_in(tmp_path, 'by = "source"\n[ledgers.italy]\nsources = ["test"]\n')
    member = ledgers.member("italy")
    assert member.home_of("another", "4711") is None
    assert "Calls of source another belong to no ledger" in member.sentence_for("another", "4711")


@given(SOURCES, CALL_IDS, st.permutations(range(8)), st.integers(1, 7))
def test_every_call_belongs_to_exactly_one_ledger_whatever_the_order_of_the_file(
    source: str, call_id: str, buckets: list[int], cut: int
) -> None:
    parts = {"one": buckets[:cut], "two": buckets[cut:]}
    tables = {name: {"buckets": part} for name, part in parts.items()}
    turned = dict(reversed(tables.items()))
    homes = [
        RULE.validate_python({"by": "hash", "buckets": 8, "ledgers": one}).ledger_of(
            source, call_id
        )
        for one in (tables, turned)
    ]
    assert homes[0] == homes[1]
    (home,) = [name for name, part in parts.items() if bucket_of(source, call_id, 8) in part]
    assert homes[0] == home


@pytest.mark.parametrize(
    ("source", "call_id", "bucket"),
    [("webex", "4711", 5), ("webex", "4712", 14), ("local", "à la carte", 4), ("a", "b c", 7)],
)
def test_the_bucket_of_a_call_never_changes(source: str, call_id: str, bucket: int) -> None:
    assert bucket_of(source, call_id, 16) == bucket


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("by = ", "is no TOML"),
        ("buckets = 4", "by must be source or hash"),
        ('by = "day"', "by must be source or hash"),
        ('by = "source"\n[ledgers.Italy]\ndefault = true', "ledgers.Italy: "),
        ('by = "source"\n[ledgers.a]\nsources = ["we bex"]', "ledgers.a.sources.0: "),
        ('by = "source"\n[ledgers.a]\nsource = "webex"', "ledgers.a.source: "),
        ('by = "source"\n[ledgers.a]\n', "a has no sources and is not the default"),
        (f'{BY_SOURCE}[ledgers.b]\nsources = ["test"]', "the source test is named twice"),
        (f"{BY_SOURCE}[ledgers.b]\ndefault = true", "more than one ledger is the default"),
        (f'{BY_SOURCE}[ledgers.b]\nfolder = "italy"\nsources = ["b"]', "have the same folder"),
        (BY_HASH.replace("3]", "2]"), "bucket 2 is named twice"),
        (BY_HASH.replace(", 3]", "]"), "no ledger has bucket 3"),
        (BY_HASH.replace("3]", "3, 4]"), "buckets are 0 to 3, not 4"),
    ],
)
def test_a_file_that_is_not_right_says_what_and_where(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(WrongLedgers) as wrong:
        ledgers_in(tmp_path, text)
    assert why in str(wrong.value)
    assert wrong.value.exit_code == 2


def test_a_store_is_named_once_and_never_shown_where_it_is_wrong(tmp_path: Path) -> None:
    store = 'store = "postgresql://desk:secret@server/ledger"\n'
    text = BY_SOURCE.replace("sources", f"{store}sources").replace("default", f"{store}default")
    with pytest.raises(WrongLedgers, match="italy and rest have the same store") as wrong:
        ledgers_in(tmp_path, text)
    assert "secret" not in str(wrong.value)
    with pytest.raises(WrongLedgers, match="names no store") as wrong:
        ledgers_in(tmp_path, text.replace("postgresql", "mysql"))
    assert "secret" not in str(wrong.value)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(WrongLedgers, match="cannot be read"):
        settings_with(ledgers=tmp_path / "ledgers.toml", name="italy")


def test_the_name_chooses_store_folder_and_topics(tmp_path: Path) -> None:
    url = "postgresql://ledger@db/italy"
    file = ledgers_in(tmp_path, BY_SOURCE.replace("sources", f'store = "{url}"\nsources')).file
    settings = settings_with(ledgers=file, name="italy", kafka="localhost:9092")
    assert (settings.store, settings.path) == (url, tmp_path / "italy")
    assert Kafka.of(settings).topic("call-events") == "italy.call-events"


def test_settings_that_do_not_say_which_ledger_are_refused(tmp_path: Path) -> None:
    file = ledgers_in(tmp_path).file
    with pytest.raises(WrongSetting, match="say which one this is about"):
        Kafka.of(settings_with(ledgers=file, kafka="localhost:9092"))
    with pytest.raises(WrongLedgers, match="its ledgers are italy, rest"):
        settings_with(ledgers=file, name="spain")
    with pytest.raises(WrongSetting, match="no file names them"):
        settings_with(name="italy")
    with pytest.raises(WrongSetting, match="both say where italy has its store"):
        settings_with(ledgers=file, name="italy", store="sqlite")


def test_every_process_finds_the_same_ledger_for_a_call() -> None:
    """Whatever seed Python's own hashes have."""
    code = (
        "import json; from infra.ledger_rules import bucket_of;"
        "print(json.dumps([bucket_of('webex', str(n), 64) for n in range(200)]))"
    )
    told = [
        json.loads(subprocess.check_output([sys.executable, "-c", code], env={"PYTHONHASHSEED": s}))
        for s in ("1", "2")
    ]
    assert told[0] == told[1] == [bucket_of("webex", str(n), 64) for n in range(200)]
    assert len(set(told[0])) > 50
