"""Tables that can be asked, wherever they are: a folder's, or those of several shards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from projections.as_of import AsOf
from projections.serving.protocol import Answer
from projections.serving.sandbox import USUAL, Bounds, Parameters


class ReadSide(Protocol):
    """Answers questions, with the position that the answer is true at."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """What is said of the tables beside each answer, for programs."""
        ...

    def ask(
        self,
        sql: str,
        parameters: Parameters | None = None,
        bounds: Bounds = USUAL,
        as_of: AsOf | None = None,
    ) -> Answer:
        """Answer a statement of the ledger's own."""
        ...

    def query(
        self,
        sql: str,
        parameters: Parameters | None = None,
        bounds: Bounds = USUAL,
        as_of: AsOf | None = None,
    ) -> Answer:
        """Answer a statement that anybody has written."""
        ...
