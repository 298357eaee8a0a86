"""Connections to Kafka with every setting that matters said: nothing is left to a default.

The client's defaults lose events: it commits by itself, starts at the end where it has no offset,
reads what was never committed, and makes topics that nobody described.
"""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
from kafka.errors import AuthorizationError, KafkaError

from infra.errors import LedgerError
from infra.kafka_client import ask_again_when_not_ready
from infra.settings import PATIENCE_SECONDS, Settings, check_is_one

logging.getLogger("kafka").addHandler(logging.NullHandler())

NEVER_REVIVED: Final = (2, 4)
"""With a later protocol the client answers being fenced by fencing its successor (KIP-360)."""

LOOK_MILLISECONDS: Final = 15_000
"""How long a server that is just starting may take to say what it is."""

LARGEST_MESSAGE_BYTES: Final = 1_000_000
FETCH_BYTES: Final = 8_000_000
POLL_MESSAGES: Final = 10_000


class KafkaUnavailable(LedgerError):  # noqa: N818 - it reads as the state it reports
    """Kafka cannot be reached, or does not do what was asked."""


@dataclass(frozen=True, slots=True)
class Kafka:
    """Which Kafka, how to get in, and what the names of our topics begin with there."""

    bootstrap: str
    prefix: str = ""
    security: Mapping[str, Any] = field(default_factory=dict)
    """The client's own settings of TLS and SASL."""
    patience_seconds: float = PATIENCE_SECONDS
    """How long messages are tried to be delivered, and a transaction may be silent."""

    @classmethod
    def of(cls, settings: Settings) -> Kafka:
        """The Kafka that the settings name, for one ledger.

        Raises `KafkaUnavailable` when they name none, and `WrongSetting` when they name several
        ledgers.
        """
        check_is_one(settings)
        if settings.kafka is None:
            raise KafkaUnavailable(
                "No Kafka is named: set CALL_LEDGER_KAFKA to its host:port, or start one with "
                "`call-ledger local up`."
            )
        security: dict[str, Any] = {"security_protocol": settings.kafka_security}
        files = {
            "ssl_cafile": settings.kafka_ca_file,
            "ssl_certfile": settings.kafka_certificate_file,
            "ssl_keyfile": settings.kafka_key_file,
        }
        security |= {name: str(file) for name, file in files.items() if file is not None}
        if settings.kafka_security.startswith("SASL"):
            password = settings.kafka_password
            security["sasl_mechanism"] = settings.kafka_mechanism
            security["sasl_plain_username"] = settings.kafka_user
            security["sasl_plain_password"] = password and password.get_secret_value()
        return cls(settings.kafka, settings.kafka_prefix, security, settings.patience_seconds)

    def topic(self, name: str) -> str:
        """The name of a topic there."""
        return f"{self.prefix}{name}"

    @property
    def hung_seconds(self) -> float:
        """When a call hangs: this is longer than every time-out that the client keeps by itself."""
        return 1.5 * self.patience_seconds

    @property
    def _patience_milliseconds(self) -> int:
        return int(1_000 * self.patience_seconds)

    @property
    def _connection(self) -> dict[str, Any]:
        return {
            "bootstrap_servers": self.bootstrap.split(","),
            "security_protocol": "PLAINTEXT",
            "bootstrap_timeout_ms": self._patience_milliseconds // 4,
            "request_timeout_ms": self._patience_milliseconds // 4,
            "reconnect_backoff_max_ms": 1_000,
            **self.security,
        }

    @property
    def _way_in(self) -> str:
        """What else to check: the client does not say why it was not let in."""
        is_open = self.security.get("security_protocol", "PLAINTEXT") == "PLAINTEXT"
        return "" if is_open else ", the account, its password and rights, the certificates"

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn the client's errors into a sentence with the next step."""
        try:
            yield
        except AuthorizationError as error:
            raise KafkaUnavailable(
                f"Kafka at {self.bootstrap} does not let this account do what it needs to "
                f"({type(error).__name__}): give it its rights, docs/operations.md lists them."
            ) from error
        except KafkaError as error:
            raise KafkaUnavailable(
                f"Kafka at {self.bootstrap} did not do what was asked ({said(error)}): check that "
                f"it runs, that CALL_LEDGER_KAFKA names it{self._way_in}, and `call-ledger topics "
                "check`."
            ) from error

    @contextmanager
    def admin(self) -> Iterator[KafkaAdminClient]:
        """A connection that describes and makes topics. Raises `KafkaUnavailable`."""
        with self.explained():
            client = self.admin_client()
            try:
                yield client
            finally:
                client.close()

    def admin_client(self) -> KafkaAdminClient:
        """As `admin`, for who closes it. Raises `KafkaError`."""
        return KafkaAdminClient(client_id="call-ledger", **self._connection)

    def producer(self, transactional_id: str | None = None) -> KafkaProducer:
        """A producer whose messages are on every in-sync replica when it is told so.

        With a transactional id it fences its predecessor. Raises `KafkaError`.
        """
        has_fast_checksums()
        producer = KafkaProducer(
            client_id="call-ledger",
            acks="all",
            enable_idempotence=True,
            transactional_id=transactional_id,
            api_version=NEVER_REVIVED,
            transaction_timeout_ms=self._patience_milliseconds,
            delivery_timeout_ms=self._patience_milliseconds,
            max_block_ms=self._patience_milliseconds,
            max_in_flight_requests_per_connection=5,
            max_request_size=LARGEST_MESSAGE_BYTES,
            batch_size=256 * 1024,
            linger_ms=5,
            compression_type=None,
            allow_auto_create_topics=False,
            metrics_enabled=False,
            **self._connection,
        )
        ask_again_when_not_ready(producer)
        return producer

    def consumer(self, at_once: int = POLL_MESSAGES) -> KafkaConsumer:
        """A consumer without a group: it reads committed messages from where it is told to.

        One poll gives so many `at_once`. Raises `KafkaError`.
        """
        has_fast_checksums()
        return KafkaConsumer(
            client_id="call-ledger",
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="none",
            isolation_level="read_committed",
            check_crcs=True,
            allow_auto_create_topics=False,
            fetch_max_wait_ms=100,
            fetch_max_bytes=5 * FETCH_BYTES,
            max_partition_fetch_bytes=FETCH_BYTES,
            max_poll_records=at_once,
            metrics_enabled=False,
            **self._connection,
        )


def said(error: KafkaError) -> str:
    """The client's error in a few words."""
    words = str(error).splitlines()
    return words[0][:200] if words and words[0] else type(error).__name__


def has_fast_checksums() -> None:
    """Refuse to work without the checksum in C: everything would take three times as long."""
    if importlib.util.find_spec("crc32c") is None:
        raise LedgerError("The package crc32c is missing: install call-ledger with all it needs.")


def brokers_seen(bootstrap: str) -> int:
    """How many brokers a client sees now; none when it sees nothing."""
    try:
        client = KafkaAdminClient(
            bootstrap_servers=bootstrap.split(","),
            bootstrap_timeout_ms=LOOK_MILLISECONDS,
            request_timeout_ms=LOOK_MILLISECONDS,
        )
    except (KafkaError, OSError):
        return 0
    try:
        return len(client.describe_cluster()["brokers"])
    except (KafkaError, OSError):
        return 0
    finally:
        client.close()


class KeptAdmin:
    """The connection of `Kafka.admin`, kept for who asks again and again.

    To connect takes several times as long as to ask.
    """

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._client: KafkaAdminClient | None = None

    @property
    def is_open(self) -> bool:
        return self._client is not None

    def client(self) -> KafkaAdminClient:
        """The connection that is there, or a new one. Raises `KafkaError`."""
        if self._client is None:
            self._client = self._kafka.admin_client()
        return self._client

    def close(self) -> None:
        """Close the connection; whoever asks again opens another."""
        client, self._client = self._client, None
        if client is not None:
            client.close()
