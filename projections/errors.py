"""Why the read side cannot go on."""

from __future__ import annotations

from infra.errors import LedgerError


class ProjectionError(LedgerError):
    """The read side cannot go on; the sentence says what to do."""


class Gap(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The feed skipped positions; what follows must not be projected."""


class UnreadableEvent(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The feed has an event that is none this version can read; the sentence says where."""


class FileDamaged(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The file has bytes that DuckDB did not write, and is set aside."""


class StillFilling(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The file is being made anew, and an answer would go back behind an earlier one."""


class OtherLedger(ProjectionError):  # noqa: N818 - it reads as the state it reports
    """The tables are of another ledger than what they were to follow."""
