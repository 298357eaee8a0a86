"""Where the table is: a folder, or a prefix of a bucket of S3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, unquote, urlsplit

import duckdb
from deltalake.exceptions import DeltaError
from obstore.exceptions import BaseError
from obstore.fsspec import FsspecStore
from obstore.store import LocalStore, ObjectStore, S3Store

from infra.errors import LedgerError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config

S3: Final = "s3://"
ATTEMPTS: Final = 5
"""So often a request is made that the network or the server loses."""


class LakeUnavailable(LedgerError):  # noqa: N818 - it reads as the state it reports
    """The place cannot be reached, read or written."""


@dataclass(frozen=True, slots=True)
class LakePlace:
    """A place, and how to get there."""

    uri: str
    """A path, or `s3://bucket/prefix`."""
    options: dict[str, str] = field(default_factory=dict)
    """Delta's words for what was said of the server; keys and rights come from the environment."""

    @classmethod
    def of(cls, where: str) -> LakePlace:
        """The place of a path, `file:path` or `s3://bucket/prefix?region=…&endpoint_override=…`."""
        parts = urlsplit(where)
        if not where.startswith(S3):
            path = unquote(parts.path) if parts.scheme == "file" else where
            return cls(str(Path(path).absolute()))
        said = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        options = {"AWS_REGION": said["region"]} if "region" in said else {}
        scheme = said.get("scheme", "https")
        if "endpoint_override" in said:
            options["AWS_ENDPOINT_URL"] = f"{scheme}://{said['endpoint_override']}"
        if scheme == "http":
            options["AWS_ALLOW_HTTP"] = "true"
        return cls(f"{S3}{parts.netloc}{parts.path.rstrip('/')}", options)

    def __str__(self) -> str:
        return self.uri

    @property
    def is_bucket(self) -> bool:
        return self.uri.startswith(S3)

    @property
    def _config(self) -> S3Config:
        config: S3Config = {}
        if "AWS_REGION" in self.options:
            config["region"] = self.options["AWS_REGION"]
        if "AWS_ENDPOINT_URL" in self.options:
            config["endpoint"] = self.options["AWS_ENDPOINT_URL"]
        return config

    @property
    def _client(self) -> ClientConfig:
        return {"allow_http": "AWS_ALLOW_HTTP" in self.options}

    def store(self) -> ObjectStore:
        """Writes files there, each whole or not at all."""
        if not self.is_bucket:
            return LocalStore(self.uri, mkdir=True)
        parts = urlsplit(self.uri)
        return S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            config=self._config,
            client_options=self._client,
            retry_config={"max_retries": ATTEMPTS},
        )

    def show_to(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Let DuckDB read files there, by this process's own client."""
        if self.is_bucket:
            connection.register_filesystem(
                FsspecStore("s3", config=self._config, client_options=self._client)
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
            said = (str(error) or type(error).__name__).splitlines()[0]
            raise LakeUnavailable(
                f"The tables in {self} could not be used ({said}): check the place, its space,"
                " the rights to it and the network, and try again."
            ) from error
