"""Which place a path or a URL names: a folder, or a bucket of S3."""

from __future__ import annotations

from pathlib import Path

from archive.folder import FolderPlace
from archive.place import Place
from infra.s3 import S3


def place_of(where: str) -> Place:
    """The place that a path, or a URL of S3, names. Raises `ArchiveUnavailable`."""
    if not where.startswith(S3):
        return FolderPlace(Path(where))
    from archive.bucket import BucketPlace  # noqa: PLC0415 - a folder does without S3's library

    return BucketPlace(where)


def absolute(where: str) -> str:
    """The same place for a process that works in another folder."""
    return where if where.startswith(S3) else str(Path(where).absolute())
