"""The Helm chart as a cluster gets it: rendered by Helm itself, with little set and with all."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.infra.programs import program

CHART = Path(__file__).parents[2] / "infra/helm/call-ledger"
LEAST = {"kafka": {"servers": "kafka:9093"}}
ALL = {
    "image": {"repository": "registry.example.com/call-ledger", "tag": "0.1.0"},
    "imagePullSecrets": [{"name": "registry"}],
    "store": {"ca": {"secret": "store-ca"}},
    "kafka": {
        "servers": "kafka-1:9093,kafka-2:9093",
        "prefix": "north.",
        "ca": {"secret": "kafka-ca"},
        "certificate": {"secret": "kafka-certificate"},
    },
    "serve": {
        "tlsSecret": "serve-tls",
        "storage": {"class": "fast"},
        "env": {"CALL_LEDGER_OIDC_ISSUER": "https://sign-in.example.com"},
        "secretEnv": {"CALL_LEDGER_WEBEX_SECRET": {"name": "webex", "key": "secret"}},
    },
    "project": {"replicas": 3},
    "topics": {"create": True},
    "networkPolicy": {
        "serveFrom": [{"namespaceSelector": {"matchLabels": {"name": "desktops"}}}],
        "allTo": [{"ports": [{"port": 4318, "protocol": "TCP"}]}],
        "serveTo": [{"ports": [{"port": 443, "protocol": "TCP"}]}],
        "store": {"to": [{"ipBlock": {"cidr": "192.0.2.0/24"}}]},
    },
    "podAnnotations": {"example.com/owner": "operations"},
    "nodeSelector": {"disk": "fast"},
    "tolerations": [{"key": "ledger", "operator": "Exists"}],
    "affinity": {"podAntiAffinity": {}},
}
PLACE = "s3://bucket/tables"
SHARDS = {
    **LEAST,
    "ledger": {"name": "italy"},
    "serve": {"lake": PLACE},
    "project": {"enabled": False},
    "shards": {"count": 2, "into": PLACE},
}
READERS = {**SHARDS, "serve": {"lake": PLACE, "readOnly": True}}
VALUES: dict[str, dict[str, Any]] = {
    "least": LEAST,
    "all": ALL,
    "shards": SHARDS,
    "readers": READERS,
}


def helm(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run Helm, with files of its own in a folder of the test."""
    places = {f"HELM_{one}_HOME": str(folder) for one in ("CACHE", "CONFIG", "DATA")}
    return subprocess.run(
        [program("helm"), *words],
        env={**os.environ, **places},
        capture_output=True,
        text=True,
        check=False,
    )


def render(folder: Path, values: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """What would be sent to a cluster."""
    given = folder / "values.yaml"
    given.write_text(yaml.safe_dump(values), "utf-8")
    version = ("--kube-version", "1.37.0")
    return helm(folder, "template", "ledger", str(CHART), *version, "--values", str(given))


def pods(objects: Sequence[Any]) -> Iterator[Any]:
    """Every template of a pod."""
    for one in objects:
        spec = one["spec"].get("jobTemplate", one)["spec"]
        if "template" in spec:
            yield spec["template"]


def process(pod: Any) -> str:
    """What the pod runs, by its label."""
    name: str = pod["metadata"]["labels"]["app.kubernetes.io/component"]
    return name


def selects(policy: Any, pod: Any) -> bool:
    """Whether a network policy is about a pod."""
    selector, labels = policy["spec"]["podSelector"], pod["metadata"]["labels"]
    return selector["matchLabels"].items() <= labels.items() and all(
        labels.get(one["key"]) in one["values"] for one in selector.get("matchExpressions", ())
    )
