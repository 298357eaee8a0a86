"""The page for operators names every metric, every alert's command and every setting of Kafka."""

from __future__ import annotations

import re
from pathlib import Path

from infra.settings import Settings
from tests.entrypoints.calling import call
from tests.entrypoints.measured import measured

PAGE = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")


def test_every_metric_is_explained() -> None:
    explained = set(re.findall(r"`([a-z_]+?)(?:_total)?(?:\{[a-z,]+\})?`", PAGE))
    assert measured() >= {"position", "projected_position", "group_size", "refusals"}
    assert measured() <= explained


def test_every_setting_of_kafka_has_its_example_and_config_lists_it(tmp_path: Path) -> None:
    listed = {row["variable"] for row in call(tmp_path, "config", "--json").json}
    names = {f"CALL_LEDGER_{name.upper()}" for name in Settings.model_fields}
    assert names == listed
    for name in names - {"CALL_LEDGER_KAFKA_PREFIX"}:
        assert name in PAGE or "KAFKA" not in name


def test_config_never_shows_a_password(tmp_path: Path) -> None:
    secret = {"CALL_LEDGER_KAFKA_PASSWORD": "open-sesame"}
    for words in (("config",), ("config", "--json")):
        assert "open-sesame" not in call(tmp_path, *words, variables=secret).said
