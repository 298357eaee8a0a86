"""A batch that is read whole has what the client itself reads in it, record by record."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka.record import MemoryRecords
from kafka.record.memory_records import MemoryRecordsBuilder

from consumers.kafka.batch_decoder import Record, decoded, records_of_ours
from consumers.kafka.message_format import CONTENT_TYPE, POSITION, headers_of, words_of_place
from infra.kafka_client import body_of

Sent = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]]]
BASE_OFFSET = 4_711


def written(messages: list[Sent], compression: int = 0) -> Any:
    """One batch of these messages, as it comes from Kafka."""
    builder = MemoryRecordsBuilder(2, compression, 10_000_000)
    for number, (key, value, headers) in enumerate(messages):
        builder.append(1_700_000_000_000 + 100 * number, key, value, headers)
    return closed(builder)


def closed(builder: MemoryRecordsBuilder) -> Any:
    builder.close()
    # The broker says in the first eight bytes where the batch begins.
    buffer = BASE_OFFSET.to_bytes(8, "big") + bytes(builder.buffer())[8:]
    return MemoryRecords(buffer).next_batch()


def by_the_client(batch: Any) -> list[Record]:
    return [(one.offset, one.key, one.value or b"", words_of_place(one.headers)) for one in batch]


def ours_alone(batch: Any) -> list[Record] | None:
    return records_of_ours(body_of(batch), batch.base_offset, batch.records_count)


def ours(document: bytes, key: bytes = b"call-1", at: int = 7) -> Sent:
    return key, document, list(headers_of(at, 3, document))


@given(
    st.lists(
        st.tuples(st.binary(max_size=300), st.binary(max_size=8_000), st.integers(1, 2**62)),
        min_size=1,
        max_size=30,
    )
)
def test_our_messages_are_taken_apart_without_the_client(
    messages: list[tuple[bytes, bytes, int]],
) -> None:
    sent = [ours(document, key, at) for key, document, at in messages]
    assert ours_alone(written(sent)) == by_the_client(written(sent))


ANY_HEADERS = st.lists(
    st.tuples(
        st.sampled_from([CONTENT_TYPE[0], POSITION, "", "other"]),
        st.none() | st.sampled_from([CONTENT_TYPE[1], b"", b"7 3 00000000"]) | st.binary(),
    ),
    max_size=4,
)


@given(
    st.lists(
        st.binary(max_size=40).map(ours)
        | st.tuples(st.none() | st.binary(), st.none() | st.binary(max_size=200), ANY_HEADERS),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from([0, 1]),
)
def test_any_batch_is_read_as_the_client_reads_it(messages: list[Sent], compression: int) -> None:
    batch = written(messages, compression)
    assert decoded(batch) == by_the_client(written(messages, compression))


STRANGE: dict[str, Sent] = {
    "no key": (None, b"{}", list(headers_of(7, 3, b"{}"))),
    "no document": (b"call-1", None, list(headers_of(7, 3, b""))),
    "no headers": (b"call-1", b"{}", []),
    "a header more": (b"call-1", b"{}", [*headers_of(7, 3, b"{}"), ("more", b"")]),
    "headers the other way round": (b"call-1", b"{}", [*reversed(headers_of(7, 3, b"{}"))]),
    "a long place": (b"call-1", b"{}", [CONTENT_TYPE, (POSITION, b"7" * 64)]),
    "no place": (b"call-1", b"{}", [CONTENT_TYPE, (POSITION, None)]),
    "a large document": ours(b"x" * 8_193),
    "a large key": (b"k" * 8_193, b"{}", list(headers_of(7, 3, b"{}"))),
}


@pytest.mark.parametrize("kind", STRANGE)
def test_one_message_of_another_shape_leaves_the_batch_to_the_client(kind: str) -> None:
    messages = [ours(b"{}"), STRANGE[kind], ours(b"[]")]
    assert ours_alone(written(messages)) is None
    assert decoded(written(messages)) == by_the_client(written(messages))


def test_what_looks_like_our_headers_inside_a_document_stays_in_it() -> None:
    inside = body_of(written([ours(b"{}")]))
    messages = [ours(inside), ours(inside * 20)]
    assert ours_alone(written(messages)) == by_the_client(written(messages))


def test_a_batch_with_holes_is_left_to_the_client() -> None:
    builder = MemoryRecordsBuilder(2, 0, 10_000_000)
    for sent in (ours(b"{}"), ours(b"[]")):
        builder.append(1_700_000_000_000, *sent)
        builder.skip(5)
    assert [one[0] for one in decoded(closed(builder))] == [BASE_OFFSET, BASE_OFFSET + 6]
