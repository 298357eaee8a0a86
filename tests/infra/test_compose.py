"""The compose file says the same as the servers that packages start, and as the README does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from infra.local import java as local_java
from infra.local import postgresql as local_postgresql
from infra.local.kafka import LocalBroker, write_properties
from infra.local.servers import HOST

INFRA = Path(__file__).parents[2] / "infra"
TEXT = (INFRA / "compose.yaml").read_text("utf-8")
SERVICES: dict[str, Any] = yaml.safe_load(TEXT)["services"]
PLACES = {"controller.quorum.voters", "listeners", "advertised.listeners", "log.dirs"}
"""What is where in a container is not where it is on this machine."""


def settings_of_a_local_broker(folder: Path) -> dict[str, str]:
    broker = LocalBroker(1, folder)
    write_properties(broker, [(9092, 9093)])
    lines = broker.properties.read_text("utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines)


def settings_in_compose() -> dict[str, str]:
    said = SERVICES["kafka"]["environment"]
    return {
        name.removeprefix("KAFKA_").lower().replace("_", "."): str(value)
        for name, value in said.items()
    }


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


def test_every_volume_that_is_used_is_there_and_every_service_says_when_it_is_ready() -> None:
    volumes = yaml.safe_load(TEXT)["volumes"]
    used = {one.partition(":")[0] for service in SERVICES.values() for one in service["volumes"]}
    assert used == set(volumes)
    assert all(service["healthcheck"]["test"] for service in SERVICES.values())
