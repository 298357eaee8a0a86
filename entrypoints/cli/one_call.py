"""One call as of a moment: its events, and what the tables say of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from entrypoints.report_answer import moment_of
from entrypoints.ui.moment import AskedMoment
from entrypoints.ui.output import tell_note
from infra.errors import LedgerError
from infra.folder import LedgerFolder

NOW = AskedMoment()


class CallNotFoundError(LedgerError):
    """No call, or more than one, has this id."""


class OneCall(NamedTuple):
    """A call's events in order, what `calls` says of it, and the position both are true at."""

    events: list[dict[str, Any]]
    about: dict[str, Any]
    position: int
    moment: dict[str, Any]
    """The facts of the moment that was asked for; empty for now."""


def one_call(
    folder: LedgerFolder, call_id: str, source: str | None, asked: AskedMoment = NOW
) -> OneCall:
    """The call of this id, as of the moment that is asked for.

    Raises `CallNotFoundError` when there is none, or when two sources use the id.
    """
    from projections.serving.client import Reader

    parameters = {"call_id": call_id} | ({"source": source} if source else {})
    with Reader(folder) as reader:
        as_of = asked.looked_up(reader)
        found = reader.ask(
            f"select * from calls where call_id = $call_id"
            f"{' and source = $source' if source else ''} order by source",
            parameters,
            as_of=as_of,
        ).table.to_pylist()
        if not found:
            of_source = f" of source {source}" if source else ""
            raise CallNotFoundError(
                f"There {'is' if as_of is None else 'was'} no call {call_id}{of_source} in {folder}"
                f"{'' if as_of is None else ' at that moment'}; see call-ledger call list."
            )
        if len(found) > 1:
            names = " or ".join(f"--source {one['source']}" for one in found)
            raise CallNotFoundError(f"More than one source has a call {call_id}; add {names}.")
        answer = reader.ask(
            "select * from events where call_position = $call_position order by version",
            {"call_position": found[0]["call_position"]},
            as_of=as_of,
        )
        moment = moment_of(reader, as_of)
    tell_note(answer.note)
    return OneCall(answer.table.to_pylist(), found[0], answer.position, moment)
