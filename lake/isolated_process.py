"""The process that computes an analyst's statement over what shards have published."""

from __future__ import annotations

from typing import Any

import duckdb

from infra.s3 import Bucket
from lake.place import LakePlace
from projections.errors import ProjectionError
from projections.serving.isolated_process import computed, run


class PublishedTables:
    """The tables of one version, by the files that it has."""

    def __init__(self, given: dict[str, Any]) -> None:
        published = given["published"]
        bucket = published["bucket"]
        self._place = LakePlace(published["uri"], bucket and Bucket(**bucket))
        self._statements: list[str] = published["statements"]

    def show_to(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Have them under their names; no file beyond the place is read from then on."""
        self._place.show_to(connection)
        directory = self._place.url("").replace("'", "''")
        connection.execute(f"set allowed_directories = ['{directory}']")
        for statement in self._statements:
            connection.execute(statement)

    def is_unchanged(self) -> bool:
        """A file is written once."""
        return True

    def broken(self) -> ProjectionError:
        """A file is gone, or the place is."""
        return ProjectionError(
            f"The tables in {self._place} could not be read: check the place and the network, and"
            " ask again."
        )


if __name__ == "__main__":
    run(computed, PublishedTables)
