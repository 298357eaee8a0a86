"""PostgreSQL over TLS as docs/operations.md says: who answers is checked, or nothing is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.errors import LedgerUnavailable
from infra.local.postgresql import LocalPostgresql
from infra.postgresql import Postgresql, connect
from ledger.feed import StoreFeed
from ledger.ledger import Ledger
from tests.ledger.scenes import connected, requests
from tests.ledger.stores import PostgresqlStore, ledger_at
from tests.security.certificates import Authority
from tests.security.tls_front import tls_front

UrlOf = Callable[..., str]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who has signed the server's certificate, which names 127.0.0.1."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def url_of(postgresql: LocalPostgresql, authority: Authority) -> Iterator[UrlOf]:
    """An empty schema's URL over TLS, with the words of docs/operations.md."""
    plain = urlsplit(PostgresqlStore.new(postgresql.url).url)
    assert plain.port is not None
    with tls_front(plain.port, *authority.certificate("db")) as port:

        def url(trusted: Path = authority.file, host: str = "127.0.0.1", port: int = port) -> str:
            there = plain._replace(netloc=f"ledger@{host}:{port}")
            return f"{there.geturl()}&sslmode=verify-full&sslrootcert={trusted}"

        yield url


def test_a_server_that_is_verified_in_full_takes_and_gives_events(
    url_of: UrlOf, tmp_path: Path
) -> None:
    folder = ledger_at(tmp_path, url_of())
    with Ledger.open(folder) as ledger:
        ledger.record_many(requests(connected()))
    with StoreFeed(folder) as feed:
        assert feed.head() == (3, 0)
    with connect(Postgresql(url_of())) as connection:
        assert connection.pgconn.ssl_in_use


@pytest.mark.parametrize(
    ("difference", "reason"),
    [
        ("another authority", "certificate verify failed"),
        ("another host", 'does not match host name "localhost"'),
        ("no TLS", "server does not support SSL"),
    ],
)
def test_a_server_that_is_not_the_one_meant_is_refused_in_one_sentence(
    difference: str,
    reason: str,
    url_of: UrlOf,
    postgresql: LocalPostgresql,
    tmp_path: Path,
) -> None:
    plain_port = urlsplit(postgresql.url).port
    url = {
        "another authority": lambda: url_of(trusted=Authority(tmp_path / "other").file),
        "another host": lambda: url_of(host="localhost"),
        "no TLS": lambda: url_of(port=plain_port),
    }[difference]()
    with pytest.raises(LedgerUnavailable, match=reason) as refused:
        Ledger.open(ledger_at(tmp_path, url))
    sentence = str(refused.value)
    print(sentence)
    assert "check sslmode and sslrootcert" in sentence
    assert sentence.count("\n") == 0
