"""What could not be read is read again or given up over HTTP, as by `call-ledger quarantine`."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from entrypoints.cli.quarantine import NOT_DISCARDED, NUMBERED, WAITING, number_in
from entrypoints.dead_letter_retry import retry_dead_letter
from entrypoints.http.asked import document
from entrypoints.http.keys import ApiKey, Caller
from entrypoints.http.permissions import AllowedTo
from entrypoints.http.problems import Problem, described
from entrypoints.http.service import Service, service_of
from ledger.intake import Unreadable
from ledger.outcomes import Recorded
from ledger.quarantine import LONGEST_WORD, NothingWaits

RESOLVE: Final = AllowedTo("resolve the quarantine")
WAITS: Final = f"select 1 from dead_letters where {NUMBERED} and {WAITING}"
NUMBER: Final = r"^((kafka|store)-)?[0-9]{1,18}$"
OF_SHARDS: Final = (
    "These tables are those of several shards: each process reads its dead letters at its start."
)

router = APIRouter(tags=["quarantine"])
Number = Annotated[
    str, Path(pattern=NUMBER, description="Its number in the list: 3, kafka-3 or store-3.")
]
Resolver = Annotated[Caller, Depends(RESOLVE)]


class GivenUp(BaseModel):
    """Why an entry is given up."""

    model_config = ConfigDict(extra="forbid")

    why: Annotated[
        str,
        Field(min_length=1, max_length=LONGEST_WORD, description="This is kept with the entry."),
    ]


@router.post("/v1/quarantine/{number}/retry", summary="Read it again", responses=described(404))
def retry_entry(request: Request, number: Number, key: Resolver) -> Response:
    """Try to read an entry again, and record it; `outcome` says what came of it.

    `recorded` or `refused`: it is resolved by that. `unreadable`: it goes on waiting, and `reason`
    says why. `read`: the event of a dead letter is in the tables now.
    """
    service = service_of(request)
    is_dead_letter, at = number_in(number)
    service.log_reading(request, key, RESOLVE.operation)
    came_to = letter_retried(service, at) if is_dead_letter else retried(service, at, key)
    return document({"number": number, **came_to}, {})


@router.post(
    "/v1/quarantine/{number}/discard", summary="Give it up", responses=described(404, 408, 413)
)
def discard_entry(request: Request, number: Number, key: Resolver, given_up: GivenUp) -> Response:
    """Give an entry up; who did so and why is kept with it, and its bytes are, too.

    A dead letter cannot be given up: its event is recorded.
    """
    service = service_of(request)
    is_dead_letter, at = number_in(number)
    if is_dead_letter:
        raise Problem(400, "malformed", NOT_DISCARDED)
    service.log_reading(request, key, RESOLVE.operation, given_up.why)
    try:
        service.ledger.quarantine.discard(at, who_is(key), given_up.why)
    except NothingWaits as error:
        raise nothing_waits(error) from None
    return document({"number": number, "outcome": "discarded"}, {})


def retried(service: Service, number: int, key: Caller) -> dict[str, Any]:
    """What came of an entry that is read again. Raises `Problem`."""
    try:
        outcome = service.ledger.quarantine.retry(number, who_is(key))
    except Unreadable as error:
        return {"outcome": "unreadable", "reason": str(error)}
    except NothingWaits as error:
        raise nothing_waits(error) from None
    if isinstance(outcome, Recorded):
        return {"outcome": "recorded", "position": outcome.position}
    refused = {"refusal_number": outcome.number, "rule": outcome.rule}
    return {"outcome": "refused", **refused, "sentence": outcome.sentence}


def letter_retried(service: Service, number: int) -> dict[str, Any]:
    """What came of a dead letter that whoever has the tables reads again. Raises `Problem`."""
    service.check_records()
    if service.tables.shards():
        raise Problem(400, "of-shards", OF_SHARDS)
    with service.reader() as reader:
        if not reader.ask(WAITS, {"number": number}).table.num_rows:
            raise nothing_waits(f"No dead letter of the number {number} waits: list them to see.")
    if reason := retry_dead_letter(service.folder, number):
        return {"outcome": "unreadable", "reason": reason}
    return {"outcome": "read"}


def nothing_waits(why: object) -> Problem:
    """Somebody else was there first, or nobody ever."""
    return Problem(404, "no-such-entry", str(why))


def who_is(key: Caller) -> str:
    """As whom a caller is kept beside what they did."""
    return f"key {key.id}" if isinstance(key, ApiKey) else key.id
