"""The alerts and the dashboard: over metrics that there are, and each alert fires in time."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.entrypoints.measured import measured
from tests.infra.image import ROOT
from tests.infra.programs import program

FOLDER = ROOT / "infra/alerts"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FOLDER / "call-ledger.yaml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
TRIED = sorted((Path(__file__).parent / "alerts").glob("*.yaml"))
DASHBOARD: dict[str, Any] = json.loads((ROOT / "infra/grafana/call-ledger.json").read_text("utf-8"))
PAGE = (ROOT / "docs/operations.md").read_text("utf-8")
OF_A_COUNTER_OR_HISTOGRAM = re.compile(r"_(total|bucket|sum|count)$")
CLUSTER = "kubernetes_sd_configs: [{role: pod}]"
"""Debian's promtool was built without it."""
INTERVAL = {"$__rate_interval": "5m", "$instance": ".*"}
"""What Grafana puts in the place of its variables."""


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program("promtool"), *words], capture_output=True, text=True, check=False
    )


def metrics_in(expression: str) -> Iterator[str]:
    for name in re.findall(r"\bcall_ledger_([a-z_]+)", expression):
        yield OF_A_COUNTER_OR_HISTOGRAM.sub("", name)


def expressions() -> list[str]:
    """Every question of the dashboard, as Grafana asks it."""
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    for variable, value in INTERVAL.items():
        asked = [one.replace(variable, value) for one in asked]
    return asked


@pytest.mark.parametrize("name", ["prometheus.yaml", "prometheus-kubernetes.yaml"])
def test_prometheus_reads_the_alerts_and_its_jobs(name: str, tmp_path: Path) -> None:
    text = (FOLDER / name).read_text("utf-8")
    config = tmp_path / name
    config.write_text(text.replace(CLUSTER, "static_configs: []"), "utf-8")
    checked = promtool("check", "config", "--syntax-only", config)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_alert_fires_when_it_should_and_not_before() -> None:
    tried = promtool("test", "rules", *TRIED)
    assert tried.returncode == 0, tried.stdout + tried.stderr
    cases = [
        case
        for path in TRIED
        for test in yaml.safe_load(path.read_text("utf-8"))["tests"]
        for case in test["alert_rule_test"]
    ]
    fires = {
        (case["alertname"], alert["exp_labels"]["severity"])
        for case in cases
        for alert in case["exp_alerts"]
    }
    quiet = {case["alertname"] for case in cases if not case["exp_alerts"]}
    assert fires == {(rule["alert"], rule["labels"]["severity"]) for rule in RULES}
    assert quiet == {name for name, _ in fires}


def test_every_alert_and_every_panel_is_over_metrics_that_there_are() -> None:
    names = measured()
    used = [*(rule["expr"] for rule in RULES), *expressions()]
    assert {name for one in used for name in metrics_in(one)} <= names
    shown = {name for one in expressions() for name in metrics_in(one)}
    assert shown >= {name for rule in RULES for name in metrics_in(rule["expr"])} - {"lag_known"}


def test_every_alert_has_its_line_for_operators() -> None:
    explained = re.findall(r"^\| `(CallLedger\w+)` \| \S.+ \| \S.+ \|$", PAGE, re.MULTILINE)
    assert set(explained) == {rule["alert"] for rule in RULES}
    assert len(explained) == len(set(explained))


def test_prometheus_understands_every_question_of_the_dashboard(tmp_path: Path) -> None:
    rules = [{"record": f"panel:{n}", "expr": one} for n, one in enumerate(expressions())]
    file = tmp_path / "dashboard.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), "utf-8")
    checked = promtool("check", "rules", file)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_no_panel_lies_on_another_and_each_says_what_it_shows() -> None:
    squares: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        own = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not own & squares, panel["title"]
        assert place["x"] + place["w"] <= 24
        assert panel["description"]
        squares |= own
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(numbers) == len(set(numbers))
