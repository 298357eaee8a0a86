"""Every touch of what kafka-python keeps to itself, and the versions in which it was looked at.

The client does what is difficult: connections, leaders, offsets, checksums, leaving out what was
never committed. Where it stands still for ever, or is too slow by far, its own parts are used here
and nowhere else. `tests/infra/test_kafka_client.py` fails when a version has moved them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from typing import Any, Final

from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.consumer.fetcher import Fetcher
from kafka.errors import KafkaError
from kafka.net.inet import KafkaNetSocket
from kafka.net.transport import KafkaSSLTransport

from infra.errors import LedgerError

FIRST_CHECKED: Final = (3, 0, 12)
FIRST_UNCHECKED: Final = (3, 1)


def check_version(installed: str) -> None:
    """Refuse a version whose parts nobody looked at. Raises `LedgerError`."""
    numbers = tuple(int(number) for number in installed.split(".")[:3] if number.isdecimal())
    if not FIRST_CHECKED <= numbers < FIRST_UNCHECKED:
        raise LedgerError(
            f"kafka-python {installed} is installed, and call-ledger was checked with 3.0.12 and "
            "later of 3.0 only: install call-ledger with all it needs."
        )


check_version(version("kafka-python"))


def close_what_does_not_connect() -> None:
    """Have the client close the socket of a broker that does not answer, or does not let it in.

    Its version 3.0 leaves it to the garbage collector: a process that waits for a broker would
    have ever more of them open meanwhile.
    """
    connect, shake_hands = KafkaNetSocket.sock_connect, KafkaSSLTransport.handshake

    async def connect_or_close(factory: Any, net: Any, socket: Any, *where: Any, **how: Any) -> Any:
        try:
            return await connect(factory, net, socket, *where, **how)
        except BaseException:
            socket.close()
            raise

    async def shake_hands_or_close(transport: Any) -> None:
        try:
            await shake_hands(transport)
        except BaseException as error:
            transport.abort(error)
            raise

    KafkaNetSocket.sock_connect = connect_or_close
    KafkaSSLTransport.handshake = shake_hands_or_close


close_what_does_not_connect()


def ask_again_when_not_ready(producer: KafkaProducer) -> None:
    """Let the client go on when the broker that it needs is not ready.

    Told so by an exception, its version 3.0 forgets what it was about to ask, and stands still with
    the page until that is too old; told so by an answer, it asks again.
    """
    client = producer._sender._client
    await_ready = client.await_ready

    def is_ready(*broker: Any, **how: Any) -> bool:
        try:
            return bool(await_ready(*broker, **how))
        except KafkaError:
            return False

    client.await_ready = is_ready


def close_within(producer: KafkaProducer, seconds: float) -> None:
    """Close a producer, without what it could not send in that time.

    Its own `close` raises then, and leaves its thread and its messages where they are.
    """
    try:
        producer.close(timeout=seconds, null_logger=True)
    except KafkaError:
        producer._sender.force_close()
        producer._closed = True


def next_offsets(consumer: KafkaConsumer) -> dict[TopicPartition, int]:
    """The offset that each partition goes on from.

    The client's own `position` asks the broker at times, and fails while it is away.
    """
    return {
        partition: state.position.offset
        for partition, state in consumer._subscription.assignment.items()
    }


def resume(consumer: KafkaConsumer, partitions: Iterable[TopicPartition]) -> None:
    """Read on where it was paused; what was fetched by then is fetched again.

    The client keeps that aside and, with other partitions about, may never come back to it: then
    the partition stands still for ever, without an error.
    """
    for partition in partitions:
        consumer._fetcher._paused_partition_records.pop(partition, None)
        consumer.resume(partition)


def poll_whole_batches(consumer: KafkaConsumer, decode: Callable[[Any], list[Any]]) -> None:
    """From now on each record that is polled stands for a batch; its value is what `decode` makes.

    The first batch may begin before the offset that was asked for.
    """

    class PartitionBatches(Fetcher.PartitionRecords):  # type: ignore[misc]
        """What was fetched of one partition."""

        def _unpack_records(self, tp: Any, records: Any, *deserializers: Any) -> Any:
            return super()._unpack_records(tp, Batches(records, decode), *deserializers)

    consumer._fetcher.PartitionRecords = PartitionBatches


class Batches:
    """The client's batches, each of which seems to have one record."""

    def __init__(self, batches: Any, decode: Callable[[Any], list[Any]]) -> None:
        self._batches = batches
        self._decode = decode

    def next_batch(self) -> Any:
        """The next one; the end of a transaction stays what it is."""
        batch = self._batches.next_batch()
        if batch is None or batch.magic != 2 or batch.is_control_batch:
            return batch
        return Batch(batch, self._decode)


class Batch:
    """A batch that has one record when it is asked for them."""

    def __init__(self, batch: Any, decode: Callable[[Any], list[Any]]) -> None:
        self._batch = batch
        self._decode = decode

    def __getattr__(self, name: str) -> Any:
        return getattr(self._batch, name)

    def __iter__(self) -> Iterator[WholeBatch]:
        yield WholeBatch(self._batch, self._decode)


class WholeBatch:
    """A record that stands for all of a batch."""

    key: Final = None
    headers: Final = ()
    checksum: Final = None

    def __init__(self, batch: Any, decode: Callable[[Any], list[Any]]) -> None:
        self.offset = batch.last_offset
        """The client goes on after it."""
        self.timestamp, self.timestamp_type = batch.max_timestamp, batch.timestamp_type
        self.size_in_bytes = batch.size_in_bytes
        self.value = decode(batch)

    def validate_crc(self) -> bool:
        """A batch has one checksum, which the client has looked at."""
        return True


def body_of(batch: Any) -> bytes:
    """A batch's records as they are written. Raises the client's `CorruptRecordError`."""
    batch._maybe_uncompress()
    return bytes(memoryview(batch._buffer)[batch._pos :])
