"""Where the table is: a folder, or a prefix of a bucket of S3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import duckdb
from deltalake.exceptions import DeltaError
from obstore.exceptions import BaseError
from obstore.fsspec import FsspecStore
from obstore.store import LocalStore, ObjectStore

from infra.errors import LedgerError
from infra.s3 import S3, Bucket


class LakeUnavailable(LedgerError):  # noqa: N818 - it reads as the state it reports
    """The place cannot be reached, read or written."""


@dataclass(frozen=True, slots=True)
class LakePlace:
    """A place, and how to get there."""

    uri: str
    """A path, or `s3://bucket/prefix`."""
    bucket: Bucket | None = None

    @classmethod
    def of(cls, where: str) -> LakePlace:
        """The place of a path, `file:path` or `s3://bucket/prefix?region=…&endpoint_override=…`."""
        if where.startswith(S3):
            bucket = Bucket.of(where)
            return cls(bucket.uri, bucket)
        parts = urlsplit(where)
        path = unquote(parts.path) if parts.scheme == "file" else where
        return cls(str(Path(path).absolute()))

    def __str__(self) -> str:
        return self.uri

    @property
    def options(self) -> dict[str, str]:
        """Delta's words for what was said of the server."""
        bucket = self.bucket or Bucket(self.uri)
        options = {"AWS_REGION": bucket.region, "AWS_ENDPOINT_URL": bucket.endpoint}
        options["AWS_ALLOW_HTTP"] = "true" if bucket.allows_http else None
        return {name: value for name, value in options.items() if value is not None}

    def store(self) -> ObjectStore:
        """Writes files there, each whole or not at all."""
        return LocalStore(self.uri, mkdir=True) if self.bucket is None else self.bucket.store()

    def show_to(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let DuckDB read files there, by this process's own client."""
        if self.bucket is not None:
            connection.register_filesystem(
                FsspecStore("s3", config=self.bucket.config, client_options=self.bucket.client)
            )

    def url(self, path: str) -> str:
        """What DuckDB calls a file there."""
        return f"{self.uri}/{path}"

    @contextmanager
    def explained(self) -> Iterator[None]:
        """Turn what Delta, S3 or the operating system says into a sentence with the next step."""
        try:
            yield
        except (BaseError, DeltaError, OSError, duckdb.IOException) as error:
            sentence = (str(error) or type(error).__name__).splitlines()[0]
            raise LakeUnavailable(
                f"The tables in {self} could not be used ({sentence}): check the place, its space,"
                " the rights to it and the network, and try again."
            ) from error
