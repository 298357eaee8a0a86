"""Whole columns reach PostgreSQL as they are, nulls and empty ones included."""

from __future__ import annotations

import psycopg
import pytest

from infra.local.postgresql import LocalPostgresql
from ledger.store.postgresql_arrays import BytesArray, numbers_array

LARGEST = 2**63 - 1


@pytest.mark.parametrize(
    "numbers", [[], [0], [None], [1, None, -1], [LARGEST, -LARGEST - 1], list(range(3_000))]
)
def test_numbers_come_back_as_they_were(
    postgresql: LocalPostgresql, numbers: list[int | None]
) -> None:
    with psycopg.connect(postgresql.url) as connection:
        found = connection.execute("SELECT %t::int8[]", (numbers_array(numbers),)).fetchone()
    assert found == (numbers,)


@pytest.mark.parametrize(
    "elements",
    [[], [b""], [b"\0", b"\xff" * 300, b"{},\\x"], [bytes([one % 256]) for one in range(3_000)]],
)
def test_bytes_come_back_as_they_were(postgresql: LocalPostgresql, elements: list[bytes]) -> None:
    with psycopg.connect(postgresql.url) as connection:
        cursor = connection.cursor(binary=True)
        found = cursor.execute("SELECT %b::bytea[]", (BytesArray(elements),)).fetchone()
    assert found == (elements,)
