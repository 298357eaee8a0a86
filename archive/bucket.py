"""A prefix of a bucket: S3 shows an object when its upload is complete, and not before.

S3 has no lock. Two processes that write to one prefix are told apart by conditional requests: an
object is put only where there is none, or in the place of the very one that was read.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import IO, TYPE_CHECKING, cast

from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotFoundError,
    PreconditionError,
)

from archive.place import unavailable
from infra.s3 import Bucket

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from obstore.store import S3Store


class BucketPlace:
    """The objects under a prefix."""

    def __init__(self, url: str) -> None:
        """Take a URL as `Bucket.of` does. Raises `ArchiveUnavailable`."""
        bucket = Bucket.of(url)
        self._uri = bucket.uri
        with self._explained():
            self._store = bucket.store()

    def __str__(self) -> str:
        return self._uri

    def read(self, name: str) -> bytes | None:
        """An object's bytes."""
        found = self.read_to_replace(name)
        return None if found is None else found[0]

    @contextmanager
    def opened(self, name: str) -> Iterator[IO[bytes] | None]:
        """An object to be read in parts."""
        with self._explained():
            try:
                size_bytes = self._store.head(name)["size"]
            except (NotFoundError, FileNotFoundError):
                yield None
                return
            with ObjectFile(self._store, name, size_bytes) as file:
                # A raw file has all that its readers use, and to the type checker it is no IO.
                yield cast("IO[bytes]", file)

    def write(self, name: str, content: memoryview) -> None:
        """Upload an object; a process that dies meanwhile leaves none."""
        with self._explained():
            self._store.put(name, bytes(content))

    def create(self, name: str, content: memoryview) -> bool:
        """Upload an object unless there is one with other bytes; whether it is there now."""
        with self._explained():
            try:
                self._store.put(name, bytes(content), mode="create", use_multipart=False)
            except AlreadyExistsError:
                return self.read(name) == bytes(content)
        return True

    def read_to_replace(self, name: str) -> tuple[bytes, str] | None:
        """An object's bytes and its entity tag."""
        with self._explained():
            try:
                found = self._store.get(name)
            except (NotFoundError, FileNotFoundError):
                return None
            return bytes(found.bytes()), str(found.meta["e_tag"])

    def replace(self, name: str, content: memoryview, state: str | None) -> bool:
        """Upload an object in the place of the one with that entity tag, or of none."""
        with self._explained():
            try:
                if state is None:
                    self._store.put(name, bytes(content), mode="create", use_multipart=False)
                else:
                    self._store.put(
                        name, bytes(content), mode={"e_tag": state}, use_multipart=False
                    )
            except (AlreadyExistsError, PreconditionError):
                # A request that was made again because its answer was lost finds its own object.
                return self.read(name) == bytes(content)
        return True

    @property
    def has_lock(self) -> bool:
        return False

    def alone(self) -> AbstractContextManager[None]:
        """Nothing: S3 has no lock, and the first manifest counts."""
        return nullcontext()

    def names(self) -> list[str]:
        """The names of all objects there."""
        with self._explained():
            found = [entry["path"] for page in self._store.list() for entry in page]
        return sorted(name for name in found if "/" not in name)

    def remove(self, name: str) -> None:
        """Remove an object, if it is there."""
        with self._explained():
            try:
                self._store.delete(name)
            except (NotFoundError, FileNotFoundError):
                return

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (BaseError, OSError) as error:
            raise unavailable(self, str(error)) from None


class ObjectFile(io.RawIOBase):
    """An object as a file that is read in parts."""

    def __init__(self, store: S3Store, name: str, size_bytes: int) -> None:
        self._store = store
        self._name = name
        self._size_bytes = size_bytes
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place of it."""
        begins = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size_bytes}
        self._at = begins[whence] + offset
        return self._at

    def readinto(self, into: WriteableBuffer) -> int:
        """Read the next bytes, as many as there is room for."""
        room = memoryview(into).cast("B")
        end = min(self._at + len(room), self._size_bytes)
        if end <= self._at:
            return 0
        part = bytes(self._store.get_range(self._name, start=self._at, end=end))
        room[: len(part)] = part
        self._at += len(part)
        return len(part)
