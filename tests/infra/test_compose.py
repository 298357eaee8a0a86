"""The compose file says the same as the servers that packages start, and as the README does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.local import java as local_java
from infra.local import postgresql as local_postgresql
from infra.local.kafka import LocalBroker, write_properties
from infra.local.servers import HOST
from infra.settings import Settings
from tests.infra.command_lines import parse
from tests.infra.image import stages

INFRA = Path(__file__).parents[2] / "infra"
TEXT = (INFRA / "compose.yaml").read_text("utf-8")
SERVICES: dict[str, Any] = yaml.safe_load(TEXT)["services"]
SHARDS: dict[str, Any] = yaml.safe_load((INFRA / "compose.shards.yaml").read_text("utf-8"))
OURS = {name: one for name, one in SERVICES.items() if one["image"] == "call-ledger"}
PLACES = {"controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"}
"""What is where in a container is not where it is on this machine."""
CONTAINERS = "CONTAINERS://{host}:19092"
"""Other containers come to a listener of their own: this machine's address is not theirs."""


def settings_of_a_local_broker(folder: Path) -> dict[str, str]:
    broker = LocalBroker(1, folder)
    write_properties(broker, [(9092, 9093)])
    lines = broker.properties.read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def settings_in_compose() -> dict[str, str]:
    said = SERVICES["kafka"]["environment"]
    settings = {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in said.items()
    }
    for listeners, host in (("listeners", ""), ("advertised.listeners", "kafka")):
        settings[listeners] = without(settings[listeners], CONTAINERS.format(host=host))
    protocols = "listener.security.protocol.map"
    settings[protocols] = without(settings[protocols], "CONTAINERS:PLAINTEXT")
    return settings


def without(listed: str, one: str) -> str:
    left = listed.split(",")
    left.remove(one)
    return ",".join(left)


def test_kafka_is_set_as_the_local_one(tmp_path: Path) -> None:
    there, here = settings_in_compose(), settings_of_a_local_broker(tmp_path)
    assert {name: there[name] for name in here.keys() - PLACES} == {
        name: here[name] for name in here.keys() - PLACES
    }
    assert there.keys() == here.keys()
    listeners = here["listeners"].replace(HOST, "")
    assert there["listeners"] == listeners
    assert there["advertised.listeners"] == here["advertised.listeners"]


def test_the_versions_are_those_of_the_packages() -> None:
    assert SERVICES["kafka"]["image"].rpartition(":")[2] in local_java.KAFKA
    assert SERVICES["postgresql"]["image"] == f"postgres:{local_postgresql.VERSION}"


def test_the_settings_that_it_names_lead_to_its_servers_on_this_machine_alone() -> None:
    environment = SERVICES["postgresql"]["environment"]
    assert environment["POSTGRES_USER"] == local_postgresql.USER
    assert environment["POSTGRES_DB"] == local_postgresql.DATABASE
    assert SERVICES["postgresql"]["ports"] == [f"{HOST}:5432:5432"]
    assert SERVICES["kafka"]["ports"] == [f"{HOST}:9092:9092"]
    store = f"postgresql://{local_postgresql.USER}@{HOST}:5432/{local_postgresql.DATABASE}"
    assert f"CALL_LEDGER_STORE={store} CALL_LEDGER_KAFKA={HOST}:9092" in TEXT


def test_every_volume_that_is_used_is_there_and_every_server_says_when_it_is_ready() -> None:
    volumes = yaml.safe_load(TEXT)["volumes"]
    used = [one for service in SERVICES.values() for one in service.get("volumes", ())]
    assert sorted(one.partition(":")[0] for one in used) == sorted(volumes)
    assert all(SERVICES[one]["healthcheck"]["test"] for one in ("postgresql", "kafka"))


@pytest.mark.parametrize("name", ["compose.yaml", "compose.shards.yaml"])
def test_it_is_a_compose_file_by_the_specification(name: str) -> None:
    tool = Path(sys.executable).with_name("check-jsonschema")
    schema = ("--builtin-schema", "vendor.compose-spec")
    checked = subprocess.run(
        [tool, *schema, INFRA / name], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("name", OURS)
def test_a_process_of_it_is_one_that_the_program_has(name: str) -> None:
    service = OURS[name]
    path, options = parse(service["command"])
    assert path == (" ".join(service["command"]) if name == "topics" else name)
    volume = dict(stages()[1])["VOLUME"].strip('[]"')
    if name != "topics":
        assert options["port"] == 8080, "the image's health check asks there"
        assert service["volumes"] == [f"{name}:{volume}"]
    known = {f"CALL_LEDGER_{one.upper()}" for one in Settings.model_fields}
    assert set(service["environment"]) <= known


@pytest.mark.parametrize("name", OURS)
def test_a_process_of_it_may_do_no_more_than_it_must(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["stop_grace_period"] == "90s"
    assert "ports" not in service or service["ports"] == [f"{HOST}:8080:8080"]
    waits_for = service["depends_on"]
    assert waits_for["kafka"] == {"condition": "service_healthy"}
    assert name == "topics" or waits_for["topics"]["condition"] == "service_completed_successfully"


def test_beside_it_two_shards_publish_where_the_server_reads() -> None:
    services = SHARDS["services"]
    assert services["project"] == {"scale": 0}
    volume = dict(stages()[1])["VOLUME"].strip('[]"')
    said = set()
    for name in ("project-shard-1", "project-shard-2"):
        path, options = parse(services[name]["command"])
        said.add((path, options["shard"], options["into"], options["port"]))
        assert services[name]["volumes"] == [f"shards:{volume}"]
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["build"]["args"] == {"EXTRAS": "lake"}
    assert said == {("project", f"{number}/2", f"{volume}/tables", 8080) for number in (1, 2)}
    path, options = parse(services["serve"]["command"])
    there = options.pop("lake").replace("/shards/", f"{volume}/")
    assert (path, there) == ("serve", f"{volume}/tables")
    assert services["serve"]["volumes"] == ["shards:/shards:ro"]
    in_front = parse(OURS["serve"]["command"])[1]
    assert {**in_front, "lake": None} == {**options, "lake": None}
