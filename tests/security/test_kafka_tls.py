"""The settings of TLS, passwords and certificates, against a broker that asks for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.kafka import Kafka, KafkaUnavailable
from infra.settings import Settings
from infra.topics import check, topics
from tests.security.certificates import Authority
from tests.security.secured_kafka import PASSWORD, SecuredKafka, kafka_of, wait_until_let_in

ACCOUNT = "looks-at-topics"


@pytest.fixture
def let_in(with_topics: SecuredKafka) -> SecuredKafka:
    """An account that may look at the topics, by its password or its certificate."""
    with_topics.add_accounts(ACCOUNT)
    with_topics.give({ACCOUNT: {name: ["DESCRIBE", "DESCRIBE_CONFIGS"] for name in topics()}})
    wait_until_let_in(with_topics, ACCOUNT)
    return with_topics


@pytest.fixture
def soon_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is not let in tries again and again; here not for long."""
    monkeypatch.setenv("CALL_LEDGER_PATIENCE_SECONDS", "4")


def by_password(secured: SecuredKafka, monkeypatch: pytest.MonkeyPatch, **other: str) -> Kafka:
    return kafka_of(monkeypatch, secured.variables(ACCOUNT, **other))


def by_certificate(secured: SecuredKafka, monkeypatch: pytest.MonkeyPatch, **other: str) -> Kafka:
    certificate, key = secured.authority.certificate(ACCOUNT)
    variables = {
        "CALL_LEDGER_KAFKA": secured.with_certificate,
        "CALL_LEDGER_KAFKA_SECURITY": "SSL",
        "CALL_LEDGER_KAFKA_CA_FILE": str(secured.authority.file),
        "CALL_LEDGER_KAFKA_CERTIFICATE_FILE": str(certificate),
        "CALL_LEDGER_KAFKA_KEY_FILE": str(key),
    }
    return kafka_of(monkeypatch, variables | other)


@pytest.mark.slow
def test_tls_and_a_password_let_in(let_in: SecuredKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(by_password(let_in, monkeypatch)) == []
    assert PASSWORD not in repr(Settings())


@pytest.mark.slow
def test_a_certificate_lets_in_without_a_password(
    let_in: SecuredKafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert check(by_certificate(let_in, monkeypatch)) == []


@pytest.mark.slow
@pytest.mark.usefixtures("soon_given_up")
def test_a_wrong_password_is_refused(let_in: SecuredKafka, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = by_password(let_in, monkeypatch, CALL_LEDGER_KAFKA_PASSWORD="another")
    with pytest.raises(KafkaUnavailable, match="its password and rights") as refused:
        check(wrong)
    assert "another" not in str(refused.value)


@pytest.mark.slow
@pytest.mark.usefixtures("soon_given_up")
def test_a_certificate_of_another_authority_is_refused_by_the_broker(
    let_in: SecuredKafka, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    certificate, key = Authority(tmp_path).certificate(ACCOUNT)
    with pytest.raises(KafkaUnavailable, match="the certificates"):
        check(
            by_certificate(
                let_in,
                monkeypatch,
                CALL_LEDGER_KAFKA_CERTIFICATE_FILE=str(certificate),
                CALL_LEDGER_KAFKA_KEY_FILE=str(key),
            )
        )


@pytest.mark.slow
@pytest.mark.usefixtures("soon_given_up")
def test_a_broker_with_a_certificate_of_another_authority_is_not_trusted(
    let_in: SecuredKafka, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = Authority(tmp_path).file
    with pytest.raises(KafkaUnavailable, match="the certificates"):
        check(by_password(let_in, monkeypatch, CALL_LEDGER_KAFKA_CA_FILE=str(other)))
