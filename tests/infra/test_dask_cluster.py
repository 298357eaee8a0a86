"""The cluster for `rebuild --on`: pods that Kubernetes knows, with options that Dask has."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.infra.image import ROOT

CLUSTER = yaml.safe_load((ROOT / "infra/helm/dask-cluster.yaml").read_text("utf-8"))["spec"]
PARTS = ("worker", "scheduler")


def container_of(part: str) -> Any:
    (container,) = CLUSTER[part]["spec"]["containers"]
    return container


def test_its_pods_and_its_service_are_those_of_kubernetes(tmp_path: Path) -> None:
    objects = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": one}, "spec": CLUSTER[one]["spec"]}
        for one in PARTS
    ]
    service = CLUSTER["scheduler"]["service"]
    objects.append(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "scheduler"}, "spec": service}
    )
    file = tmp_path / "objects.yaml"
    file.write_text(yaml.safe_dump_all(objects), "utf-8")
    tool = Path(sys.executable).with_name("kubernetes-validate")
    checked = subprocess.run(
        [tool, "--strict", "-k", "1.37.0", file], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("part", PARTS)
def test_dask_has_what_it_is_told(part: str) -> None:
    container = container_of(part)
    assert container["command"] == ["dask", part]
    words = [*container["command"][1:], "--help"]
    helped = subprocess.run(
        [Path(sys.executable).with_name("dask"), *words], capture_output=True, text=True, check=True
    )
    for option in (one for one in container["args"] if one.startswith("--")):
        assert option in helped.stdout


@pytest.mark.parametrize("part", PARTS)
def test_its_pods_may_do_no_more_than_they_must(part: str) -> None:
    assert CLUSTER[part]["spec"]["securityContext"]["runAsNonRoot"] is True
    assert CLUSTER[part]["spec"]["enableServiceLinks"] is False
    assert container_of(part)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
