"""The Helm chart: sound, of processes that the program has, with no more rights than they need."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import SecretStr

from entrypoints.http.application import application
from infra.settings import Settings
from tests.infra.chart import CHART, LEAST, PLACE, VALUES, helm, pods, process, render, selects
from tests.infra.command_lines import parse
from tests.infra.image import ROOT, stages

KUBERNETES = ("1.30.0", "1.37.0")
SECRET = {"CALL_LEDGER_STORE", "CALL_LEDGER_KAFKA_USER"} | {
    f"CALL_LEDGER_{name.upper()}"
    for name, field in Settings.model_fields.items()
    if SecretStr in (field.annotation, *get_args(field.annotation))
}
WITH_STORE = {"serve", "serve-commands", "publish"}
OF_SERVER = {"CALL_LEDGER_STORE": "ledger-to-store", "CALL_LEDGER_KAFKA": "ledger-to-kafka"}


@pytest.fixture(scope="module", params=VALUES)
def objects(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Every object of the chart, with little set and with all."""
    rendered = render(tmp_path_factory.mktemp("helm"), VALUES[request.param])
    assert rendered.returncode == 0, rendered.stderr
    return [one for one in yaml.safe_load_all(rendered.stdout) if one]


def variables(pod: Any) -> dict[str, Any]:
    (container,) = pod["spec"]["containers"]
    return {one["name"]: one for one in container["env"]}


def test_helm_finds_nothing_to_warn_of(tmp_path: Path) -> None:
    linted = helm(
        tmp_path, "lint", "--strict", str(CHART), "--kube-version", "1.37.0",
        "--set", "kafka.servers=kafka:9093",
    )  # fmt: skip
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize("version", KUBERNETES)
def test_every_object_is_one_of_kubernetes(objects: Any, version: str, tmp_path: Path) -> None:
    rendered = tmp_path / "rendered.yaml"
    rendered.write_text(yaml.safe_dump_all(objects), "utf-8")
    tool = Path(sys.executable).with_name("kubernetes-validate")
    checked = subprocess.run(
        [tool, "--strict", "-k", version, rendered], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert checked.stdout.count("passed") == len(objects)


def test_every_pod_runs_what_the_program_has_and_is_asked_what_it_answers(objects: Any) -> None:
    served = {route.path for route in application().routes if hasattr(route, "path")}
    seen = set()
    for pod in pods(objects):
        (container,) = pod["spec"]["containers"]
        path, options = parse(container["args"])
        seen.add(path)
        of_shard = "-shard" if options.get("shard") else ""
        assert process(pod) == path.replace(" ", "-") + of_shard
        if path.startswith("topics"):
            continue
        assert (options["port"], container["ports"][0]["containerPort"]) == (8080, 8080)
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            asked = container[probe]["httpGet"]
            assert asked["path"] in (served if path == "serve" else {"/livez", "/readyz"})
            assert asked.get("scheme", "HTTP") == (
                "HTTPS" if options.get("certificate") else "HTTP"
            )
    assert seen >= {"serve", "serve-commands", "publish", "project", "topics check"}


def test_every_variable_is_a_setting_and_what_is_secret_is_named_by_reference(objects: Any) -> None:
    known = {f"CALL_LEDGER_{name.upper()}" for name in Settings.model_fields}
    for pod in pods(objects):
        given = variables(pod)
        assert set(given) <= known
        by_reference = {name for name, one in given.items() if "value" not in one}
        assert by_reference == set(given) & SECRET
    assert "Secret" not in {one["kind"] for one in objects}


def test_no_service_of_the_cluster_sets_a_variable_that_looks_like_a_setting(objects: Any) -> None:
    assert all(pod["spec"]["enableServiceLinks"] is False for pod in pods(objects))


def test_every_pod_may_do_no_more_than_it_must(objects: Any) -> None:
    account = int(dict(stages()[1])["USER"].partition(":")[0])
    for pod in pods(objects):
        spec = pod["spec"]
        (container,) = spec["containers"]
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == account
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_every_file_that_a_pod_is_told_of_is_mounted(objects: Any) -> None:
    owners = [one for one in objects if "template" in one["spec"]]
    claims = {
        process(one["spec"]["template"]): one["spec"].get("volumeClaimTemplates", ())
        for one in owners
    }
    for pod in pods(objects):
        (container,) = pod["spec"]["containers"]
        places = {one["name"]: one["mountPath"] for one in container["volumeMounts"]}
        claimed = {one["metadata"]["name"] for one in claims.get(process(pod), ())}
        assert {one["name"] for one in pod["spec"]["volumes"]} | claimed == set(places)
        assert places["ledger"] == dict(stages()[1])["VOLUME"].strip('[]"')
        there = {
            f"{places[one['name']]}/{item['path']}"
            for one in pod["spec"]["volumes"]
            for item in one.get("secret", {}).get("items", ())
        }
        told = [*container["args"], *(one.get("value", "") for one in variables(pod).values())]
        assert {one for one in told if one.startswith("/etc/")} <= there


def test_a_pod_reaches_the_servers_that_it_is_told_of_and_no_others(objects: Any) -> None:
    policies = {one["metadata"]["name"]: one for one in objects if one["kind"] == "NetworkPolicy"}
    for pod in pods(objects):
        assert selects(policies["ledger-names-alone"], pod)
        given, said = variables(pod), pod["spec"]["containers"][0]["args"]
        # Of several ledgers it is the file that says where the store of this one is.
        has_store = process(pod) in WITH_STORE and not {PLACE, "--read-only"} <= {*said}
        of_file = "CALL_LEDGER_NAME" in given and has_store
        for variable, policy in OF_SERVER.items():
            expected = variable in given or (of_file and variable == "CALL_LEDGER_STORE")
            assert selects(policies[policy], pod) == expected
        to_lake = policies.get("ledger-to-lake")
        assert (to_lake is not None and selects(to_lake, pod)) == (PLACE in said)
        let_in = [name for name in ("serve", "metrics") if selects(policies[f"ledger-{name}"], pod)]
        others = {"serve": ["serve", "metrics"], "topics-create": [], "topics-check": []}
        assert let_in == others.get(process(pod), ["metrics"])


def test_a_node_can_be_emptied_whatever_runs_on_it(objects: Any) -> None:
    budgets = [one["spec"] for one in objects if one["kind"] == "PodDisruptionBudget"]
    assert len(budgets) == 3
    assert all(one["maxUnavailable"] == 1 for one in budgets)


def test_there_is_one_of_each_that_a_second_would_fence(objects: Any) -> None:
    one_each = {
        process(one["spec"]["template"]): (one["spec"]["replicas"], one["spec"]["strategy"]["type"])
        for one in objects
        if one["kind"] == "Deployment"
    }
    assert one_each == {"serve-commands": (1, "Recreate"), "publish": (1, "Recreate")}


def test_the_memory_of_duckdb_is_less_than_that_of_its_pod() -> None:
    project = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))["project"]
    limit = int(project["resources"]["limits"]["memory"].removesuffix("Gi")) * 2**30
    assert project["megabytes"] * 10**6 < 0.75 * limit


@pytest.mark.parametrize(
    ("values", "name"),
    [({"servre": {}}, "servre"), ({"project": {"replicas": "3"}}, "replicas")],
)
def test_a_value_that_it_does_not_know_is_refused(
    tmp_path: Path, values: dict[str, Any], name: str
) -> None:
    refused = render(tmp_path, {**VALUES["least"], **values})
    assert refused.returncode != 0
    assert name in refused.stderr


def test_each_shard_is_a_process_of_its_own_that_a_second_would_fence(tmp_path: Path) -> None:
    rendered = yaml.safe_load_all(render(tmp_path, VALUES["shards"]).stdout)
    objects = [one for one in rendered if one and one["kind"] == "StatefulSet"]
    said = {}
    for one in objects:
        pod = one["spec"]["template"]
        path, options = parse(pod["spec"]["containers"][0]["args"])
        said[one["metadata"]["name"]] = (path, options.get("shard"), options.get("into"))
        assert one["spec"]["replicas"] == 1
        assert one["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        assert variables(pod)["CALL_LEDGER_NAME"]["value"] == "italy"
    assert said == {
        "ledger-serve": ("serve", None, None),
        "ledger-project-shard-1": ("project", "1/2", PLACE),
        "ledger-project-shard-2": ("project", "2/2", PLACE),
    }
    selectors = [str(one["spec"]["selector"]) for one in objects]
    assert len(set(selectors)) == len(selectors)
    refused = render(tmp_path, {**LEAST, "shards": {"count": 2}})
    assert "shards.into says where the shards publish" in refused.stderr


def test_a_server_that_only_reads_what_shards_publish_knows_no_event_store(tmp_path: Path) -> None:
    values = {**VALUES["readers"], "ledger": {"name": ""}}
    for lake, has_store in ((PLACE, False), ("", True)):
        values["serve"] = {"lake": lake, "readOnly": True}
        rendered = yaml.safe_load_all(render(tmp_path, values).stdout)
        (pod,) = (one for one in pods([one for one in rendered if one]) if process(one) == "serve")
        _, options = parse(pod["spec"]["containers"][0]["args"])
        assert options["read_only"]
        assert ("CALL_LEDGER_STORE" in variables(pod)) == has_store


def test_without_kafka_it_says_what_to_set(tmp_path: Path) -> None:
    refused = render(tmp_path, {})
    assert refused.returncode != 0
    assert "kafka.servers says where Kafka is" in refused.stderr


def test_its_version_is_that_of_the_program() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert f'version = "{chart["appVersion"]}"' in (ROOT / "pyproject.toml").read_text("utf-8")
