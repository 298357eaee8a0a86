"""Reads Kafka's record batches whole, several times faster than record by record.

The client goes on to do all that is difficult: connections, leaders, offsets, checksums of
batches, and leaving out what was never committed. But its polls give one record for each batch,
whose value is the list of what is in it. Our messages are known to the byte, so a batch of them is
taken apart here; any other batch is left to the client.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from kafka import KafkaConsumer
from kafka.consumer.fetcher import Fetcher

from consumers.kafka.message_format import CONTENT_TYPE, POSITION, words_of_place

Record = tuple[int, bytes | None, bytes, bytes | None]
"""A message's offset, its key, its document, and its header `position`."""

NAME, KIND = CONTENT_TYPE
BETWEEN: Final = bytes([2 * 2]) + b"".join(
    bytes([2 * len(one)]) + one for one in (NAME.encode(), KIND, POSITION.encode())
)
"""What stands between our documents and their places; Kafka doubles short numbers."""


def poll_whole_batches(consumer: KafkaConsumer) -> None:
    """From now on each record that is polled stands for a batch; its value is a list of `Record`.

    The first list may begin before the offset that was asked for.
    """
    consumer._fetcher.PartitionRecords = PartitionBatches


class PartitionBatches(Fetcher.PartitionRecords):  # type: ignore[misc]
    """What was fetched of one partition."""

    def _unpack_records(self, tp: Any, records: Any, *deserializers: Any) -> Any:
        return super()._unpack_records(tp, Batches(records), *deserializers)


class Batches:
    """The client's batches, each of which seems to have one record."""

    def __init__(self, batches: Any) -> None:
        self._batches = batches

    def next_batch(self) -> Any:
        """The next one; the end of a transaction stays what it is."""
        batch = self._batches.next_batch()
        if batch is None or batch.magic != 2 or batch.is_control_batch:
            return batch
        return Batch(batch)


class Batch:
    """A batch that has one record when it is asked for them."""

    def __init__(self, batch: Any) -> None:
        self._batch = batch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[WholeBatch]:
        yield WholeBatch(self._batch)


class WholeBatch:
    """A record that stands for all of a batch."""

    key: Final = None
    headers: Final = ()
    checksum: Final = None

    def __init__(self, batch: Any) -> None:
        self.offset = batch.last_offset
        """The client goes on after it."""
        self.timestamp, self.timestamp_type = batch.max_timestamp, batch.timestamp_type
        self.size_in_bytes = batch.size_in_bytes
        self.value: list[Record] = taken_apart(batch)

    def validate_crc(self) -> bool:
        """A batch has one checksum, which the client has looked at."""
        return True


def taken_apart(batch: Any) -> list[Record]:
    """What is in a batch. Raises the client's `CorruptRecordError`."""
    batch._maybe_uncompress()
    body = bytes(memoryview(batch._buffer)[batch._pos :])
    if batch.last_offset_delta == batch.records_count - 1:
        ours = records_of_ours(body, batch.base_offset, batch.records_count)
        if ours is not None:
            return ours
    return [(one.offset, one.key, one.value or b"", words_of_place(one.headers)) for one in batch]


def records_of_ours(body: bytes, offset: int, count: int) -> list[Record] | None:
    """The records when all of them are as our publisher writes them, otherwise nothing.

    A record is its length, a byte, its time, its offset, and key, value and headers with their
    lengths. Numbers are doubled, seven bits a byte, the lowest first; an odd one is negative. Here
    a length has at most two bytes, and a place at most 63.
    """
    records: list[Record] = []
    at, gap = 0, len(BETWEEN)
    try:
        for number in range(offset, offset + count):
            size = body[at]
            at += 1
            if size > 127:
                more = body[at]
                size += (more - 1) << 7
                at += 1
            else:
                more = 0
            end = at + (size >> 1)
            at += 1
            while body[at] > 127:
                at += 1
            at += 1
            while body[at] > 127:
                at += 1
            key_size, key_at = body[at + 1], at + 2
            if key_size > 127:
                more |= body[key_at]
                key_size += (body[key_at] - 1) << 7
                key_at += 1
            at = key_at + (key_size >> 1)
            value_size, value_at = body[at], at + 1
            if value_size > 127:
                more |= body[value_at]
                value_size += (body[value_at] - 1) << 7
                value_at += 1
            value_end = value_at + (value_size >> 1)
            place_at = value_end + gap
            if (
                (size | key_size | value_size) & 1
                or body[value_end:place_at] != BETWEEN
                or body[place_at] != 2 * (end - place_at - 1)
                or (more | body[place_at]) > 127
            ):
                return None
            records.append(
                (number, body[key_at:at], body[value_at:value_end], body[place_at + 1 : end])
            )
            at = end
    except IndexError:
        return None
    return records if at == len(body) else None
