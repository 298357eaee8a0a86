"""A broker that asks for TLS and a password, or for a certificate, and that gives rights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from infra.kafka import Kafka
from infra.local.kafka import LocalKafka
from infra.local.lifetime import ended_with_this_process
from infra.local.servers import HOST, answers, free_ports, wait_until
from infra.settings import Settings
from tests.security.certificates import Authority

PASSWORD = "only-in-this-test"

Rights = Mapping[str, list[str]]
"""Operations, as Kafka calls them, by the name of a topic or of a transactional id."""


@dataclass(frozen=True)
class SecuredKafka:
    """Where it is, who has signed its certificate, and the way in of its administrator."""

    with_password: str
    with_certificate: str
    authority: Authority
    administrator: Kafka

    def add_accounts(self, *names: str) -> None:
        """Accounts that have the password, and no right."""
        mechanism = ScramMechanism.SCRAM_SHA_512
        users = [UserScramCredentialUpsertion(name, mechanism, PASSWORD, 4096) for name in names]
        with self.administrator.admin() as admin:
            assert admin.alter_user_scram_credentials(users) == dict.fromkeys(names)

    def give(self, rights_of: Mapping[str, Rights]) -> None:
        """Give each account its rights."""
        given = [
            ACL(
                f"User:{account}",
                "*",
                ACLOperation[operation],
                ACLPermissionType.ALLOW,
                ResourcePattern(kind_of(name), name),
            )
            for account, rights in rights_of.items()
            for name, operations in rights.items()
            for operation in operations
        ]
        with self.administrator.admin() as admin:
            assert admin.create_acls(given)["failed"] == []

    def topics(self) -> set[str]:
        """The topics that are there."""
        with self.administrator.admin() as admin:
            return set(admin.list_topics())

    def variables(self, account: str, **others: str) -> dict[str, str]:
        """The settings of docs/operations.md for an account with a password."""
        return {
            "CALL_LEDGER_KAFKA_USER": account,
            "CALL_LEDGER_KAFKA": self.with_password,
            "CALL_LEDGER_KAFKA_SECURITY": "SASL_SSL",
            "CALL_LEDGER_KAFKA_CA_FILE": str(self.authority.file),
            "CALL_LEDGER_KAFKA_PASSWORD": PASSWORD,
            **others,
        }


def kind_of(name: str) -> ResourceType:
    is_transactional_id = name.startswith("call-ledger.")
    return ResourceType.TRANSACTIONAL_ID if is_transactional_id else ResourceType.TOPIC


def kafka_of(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> Kafka:
    """The Kafka of these settings."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Kafka.of(Settings())


@contextmanager
def secured_kafka(folder: Path) -> Iterator[SecuredKafka]:
    """Start one; whoever comes over its open port may do everything."""
    authority = Authority(folder / "authority")
    server = LocalKafka(folder / "kafka")
    server._set_up(1)
    (broker,) = server.brokers
    ports = free_ports(2)
    listeners = {"SASL_SSL": ports[0], "SSL": ports[1]}
    more = "".join(f",{name}://{HOST}:{port}" for name, port in listeners.items())
    lines = broker.properties.read_text().splitlines()
    changed = [
        line + more if line.partition("=")[0].endswith("listeners") else line for line in lines
    ]
    certificate, key = authority.certificate("broker")
    both = folder / "broker-with-key.pem"
    both.write_text(key.read_text() + certificate.read_text())
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    changed += [
        "listener.security.protocol.map="
        "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL",
        "sasl.enabled.mechanisms=SCRAM-SHA-512",
        f"listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={scram}",
        "listener.name.ssl.ssl.client.auth=required",
        "ssl.keystore.type=PEM",
        f"ssl.keystore.location={both}",
        "ssl.truststore.type=PEM",
        f"ssl.truststore.location={authority.file}",
        "ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/",
        "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users=User:ANONYMOUS",
    ]
    plain = broker.ports[0]
    broker.properties.write_text("\n".join(changed) + "\n")
    with ended_with_this_process(server):
        broker.start()
        up = wait_until(lambda: all(map(answers, (plain, *ports))), 90)
        assert up, broker.log.read_text()
        yield SecuredKafka(
            f"{HOST}:{ports[0]}", f"{HOST}:{ports[1]}", authority, Kafka(f"{HOST}:{plain}")
        )


def wait_until_let_in(secured: SecuredKafka, account: str) -> None:
    """Wait until the broker knows the account's rights, which were given after its password."""
    anything = ResourcePatternFilter(ResourceType.ANY, None, ACLResourcePatternType.ANY)
    rights = ACLFilter(f"User:{account}", None, ACLOperation.ANY, ACLPermissionType.ANY, anything)
    with secured.administrator.admin() as admin:
        assert wait_until(lambda: bool(admin.describe_acls(rights)[0]), 60)
