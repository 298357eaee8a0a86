"""A prefix of a bucket of S3, as its URL names it; keys and rights come from the environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from obstore.store import ClientConfig, S3Config, S3Store

S3: Final = "s3://"
ATTEMPTS: Final = 5
"""So often a request is made that the network or the server loses."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """A prefix of a bucket, and the server that has it; without an endpoint it is Amazon's."""

    uri: str
    """`s3://bucket/prefix`."""
    region: str | None = None
    endpoint: str | None = None
    """Such as `http://host:port`."""
    allows_http: bool = False

    @classmethod
    def of(cls, url: str) -> Bucket:
        """Take `s3://bucket/prefix?region=…&endpoint_override=host:port&scheme=http`."""
        parts = urlsplit(url)
        given = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        scheme, endpoint = given.get("scheme", "https"), given.get("endpoint_override")
        return cls(
            f"{S3}{parts.netloc}{parts.path.rstrip('/')}",
            given.get("region"),
            f"{scheme}://{endpoint}" if endpoint else None,
            scheme == "http",
        )

    @property
    def config(self) -> S3Config:
        """What S3's client is told of the server."""
        config: S3Config = {}
        if self.region is not None:
            config["region"] = self.region
        if self.endpoint is not None:
            config["endpoint"] = self.endpoint
        return config

    @property
    def client(self) -> ClientConfig:
        """What is said of its connections."""
        return {"allow_http": self.allows_http}

    def store(self) -> S3Store:
        """The objects under the prefix."""
        from obstore.store import S3Store  # noqa: PLC0415 - a folder does without S3's library

        parts = urlsplit(self.uri)
        return S3Store(
            parts.netloc,
            prefix=parts.path.strip("/") or None,
            config=self.config,
            client_options=self.client,
            retry_config={"max_retries": ATTEMPTS},
        )
