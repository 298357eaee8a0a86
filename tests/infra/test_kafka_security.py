"""The settings of TLS and SASL, against a real broker that asks for both."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka.admin import ScramMechanism, UserScramCredentialUpsertion

from infra.kafka import Kafka, KafkaUnavailable
from infra.local_java import java
from infra.local_kafka import LocalKafka
from infra.local_servers import answers, free_ports, wait_until
from infra.settings import Settings
from infra.topics import check, create, topics

PASSWORD = "only-in-this-test"
STORE_PASSWORD = ["-storepass", PASSWORD, "-alias", "broker", "-storetype", "PKCS12"]


def keytool(*words: str) -> str:
    tool = Path(java()[0]).with_name("keytool")
    return subprocess.run(
        [tool, *words, *STORE_PASSWORD], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def make_certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A key store for the broker, and the certificate that clients check it against."""
    store, certificate = folder / f"{name}.p12", folder / f"{name}.pem"
    keytool(
        *("-genkeypair", "-keyalg", "RSA", "-keysize", "2048", "-validity", "2"),
        *("-dname", "CN=broker", "-ext", "san=ip:127.0.0.1", "-keystore", str(store)),
    )
    certificate.write_text(keytool("-exportcert", "-rfc", "-keystore", str(store)))
    return store, certificate


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a broker that asks for TLS and a password, and its certificate."""
    folder = tmp_path_factory.mktemp("secured")
    store, certificate = make_certificate(folder, "broker")
    server = LocalKafka(folder / "kafka")
    try:
        with Kafka(server.start()).admin() as admin:
            mechanism = ScramMechanism.SCRAM_SHA_512
            user = UserScramCredentialUpsertion("ledger", mechanism, PASSWORD)
            assert admin.alter_user_scram_credentials([user]) == {"ledger": None}
        server.stop()
        (broker,) = server.brokers
        (port,) = free_ports(1)
        listener = f"SASL_SSL://127.0.0.1:{port}"
        scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        lines = broker.properties.read_text().splitlines()
        changed = [
            f"{one},{listener}" if one.partition("=")[0].endswith("listeners") else one
            for one in lines
        ]
        protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
        changed += [
            f"listener.security.protocol.map={protocols},SASL_SSL:SASL_SSL",
            "sasl.enabled.mechanisms=SCRAM-SHA-512",
            f"listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={scram}",
            f"ssl.keystore.location={store}",
            "ssl.keystore.type=PKCS12",
            f"ssl.keystore.password={PASSWORD}",
            f"ssl.key.password={PASSWORD}",
        ]
        broker.properties.write_text("\n".join(changed) + "\n")
        broker.start()
        assert wait_until(lambda: answers(port), 60), broker.log.read_text()
        yield f"127.0.0.1:{port}", certificate
    finally:
        server.stop()


def kafka_of(
    monkeypatch: pytest.MonkeyPatch, address: str, certificate: Path, password: str
) -> Kafka:
    monkeypatch.setenv("CALL_LEDGER_KAFKA", address)
    monkeypatch.setenv("CALL_LEDGER_KAFKA_SECURITY", "SASL_SSL")
    monkeypatch.setenv("CALL_LEDGER_KAFKA_CA_FILE", str(certificate))
    monkeypatch.setenv("CALL_LEDGER_KAFKA_USER", "ledger")
    monkeypatch.setenv("CALL_LEDGER_KAFKA_PASSWORD", password)
    return Kafka.of(Settings())


@pytest.mark.slow
def test_tls_and_a_password_let_in(
    secured: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    kafka = kafka_of(monkeypatch, *secured, PASSWORD)
    assert len(create(kafka)) == len(topics())
    assert check(kafka) == []
    assert PASSWORD not in repr(Settings())


@pytest.mark.slow
def test_a_wrong_password_is_refused(
    secured: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KafkaUnavailable):
        check(kafka_of(monkeypatch, *secured, "another"))


@pytest.mark.slow
def test_a_broker_with_another_certificate_is_not_trusted(
    secured: tuple[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, other = make_certificate(tmp_path, "other")
    with pytest.raises(KafkaUnavailable):
        check(kafka_of(monkeypatch, secured[0], other, PASSWORD))
