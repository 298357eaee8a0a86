"""What becomes of the wrap-ups of a call: pending, open, applied or void (Q3, Q4, Q17)."""

from __future__ import annotations

from msgspec.structs import replace

from domain.call import Call, WrapUp, WrapUpStatus
from domain.events import WrapUpApplied, WrapUpExtended


def with_wrap_up(
    call: Call, number: int | None, agent: str | None, status: WrapUpStatus
) -> tuple[WrapUp, ...]:
    """Open a wrap-up for an agent, in the place of that agent's latest one.

    One whose reason was told before has it, and is closed by it unless it is only pending.
    """
    if number is None or agent is None:
        return call.wrap_ups
    known = call.wrap_up(agent)
    if known is None or known.number != number:
        return with_latest(call, WrapUp(number, agent, status, seen_to_open=True))
    if status is WrapUpStatus.OPEN:
        status = known.status
    return with_latest(call, replace(known, status=status, seen_to_open=True))


def without_pending(call: Call, number: int | None) -> tuple[WrapUp, ...]:
    """Void a wrap-up, and with it a provisional reason (Q17)."""
    return tuple(
        replace(wrap_up, status=WrapUpStatus.VOID, reason=None)
        if wrap_up.number == number
        else wrap_up
        for wrap_up in call.wrap_ups
    )


def with_final(call: Call, number: int | None, agent: str | None) -> tuple[WrapUp, ...]:
    """Make a pending wrap-up final, and its provisional reason with it; or open a new one (Q3)."""
    if all(wrap_up.number != number for wrap_up in call.wrap_ups):
        return with_wrap_up(call, number, agent, WrapUpStatus.OPEN)
    return tuple(
        replace(
            wrap_up,
            status=WrapUpStatus.APPLIED if wrap_up.reason_given else WrapUpStatus.OPEN,
            seen_to_open=True,
        )
        if wrap_up.number == number
        else wrap_up
        for wrap_up in call.wrap_ups
    )


def after_reason(call: Call, applied: WrapUpApplied) -> Call:
    """Note that the reason was given; a provisional one does not close the wrap-up (Q3)."""
    number, agent = applied.wrap_up_number, applied.wrap_up_agent
    known = wrap_up_numbered(call, number, agent)
    given = replace(
        known,
        status=WrapUpStatus.PENDING if applied.provisional else WrapUpStatus.APPLIED,
        reason=applied.reason,
        applied_version=call.version + 1,
    )
    return replace(
        call,
        version=call.version + 1,
        wrap_ups=with_latest(call, given),
        wrap_ups_opened=max(call.wrap_ups_opened, number),
    )


def after_extension(call: Call, extended: WrapUpExtended) -> Call:
    """Count the extension; one that is reported of a wrap-up never seen to open opens it."""
    number, agent = extended.wrap_up_number, extended.wrap_up_agent
    known = wrap_up_numbered(call, number, agent)
    return replace(
        call,
        version=call.version + 1,
        wrap_ups=with_latest(call, replace(known, extensions=known.extensions + 1)),
        wrap_ups_opened=max(call.wrap_ups_opened, number),
    )


def wrap_up_numbered(call: Call, number: int, agent: str) -> WrapUp:
    """The agent's wrap-up of this number, opened where it was never seen to open."""
    known = call.wrap_up(agent)
    if known is None or known.number != number:
        return WrapUp(number, agent, WrapUpStatus.OPEN)
    return known


def with_latest(call: Call, latest: WrapUp) -> tuple[WrapUp, ...]:
    """Put an agent's latest wrap-up last; earlier ones stay where a reason can be corrected."""
    others = [
        wrap_up
        for wrap_up in call.wrap_ups
        if wrap_up.number != latest.number
        and (wrap_up.agent != latest.agent or wrap_up.applied_version is not None)
    ]
    return (*others, latest)
