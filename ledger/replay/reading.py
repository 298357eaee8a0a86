"""The commands of one call in their order, told from its documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct

from domain.call import Call
from domain.decide import TOLD_AGAIN, acting_role, first_broken
from domain.evolve import evolve
from domain.rule_sets import RULE_SETS
from ledger.replay.asked import CERTAIN, Recognition, is_certain
from ledger.replay.kept import Asked, Kept, RecordedEvent, judged_command, refusal_kept, refused

REUSED_ID: Final = "L5"


class Taken(Struct, frozen=True, gc=False):
    """A command as it was recorded, what it met and what it came to."""

    kept: Kept
    asked: Asked
    rules: tuple[str, ...]
    """The rule that refused it, or the rules that the observation broke."""
    before: Call
    """The recorded call that it met."""
    after: Call
    position: int | None
    refusal_number: int | None


def commands_in(
    events: Sequence[RecordedEvent],
    refusals: Sequence[tuple[int, bytes]],
    fingerprints: Mapping[int, int | None],
    recognition: Recognition,
) -> Iterator[Taken | None]:
    """The commands of one call; None for each that cannot be told: it is not judged.

    The fingerprints are by the position of a command's first event.
    """
    call = Call()
    earlier: list[Asked] = []
    waiting = [(number, refusal_kept(number, document)) for number, document in refusals]
    at, end_of_all = 0, len(events)
    while at < end_of_all:
        position, kept, first = events[at]
        if waiting:
            yield from placed(waiting, call, kept)
        command_id = kept.commandid
        after, at = evolve(call, first), at + 1
        while at < end_of_all and events[at][1].commandid == command_id:
            after = evolve(after, events[at][2])
            at += 1
        asked: Asked | None = None
        if is_certain(first):
            asked = CERTAIN[kept.type](first)
        elif (fingerprint := fingerprints.get(position)) is not None:
            asked = recognition.proved(kept, first, earlier, fingerprint)
        if asked is None:
            yield None
        else:
            earlier.append(asked)
            broken = kept.rulesbroken and tuple(
                rule for rule in kept.rulesbroken.split() if rule != TOLD_AGAIN
            )
            yield Taken(kept, asked, broken or (), call, after, position, None)
        call = after
    if waiting:
        yield from placed(waiting, call, None)


def placed(waiting: list[tuple[int, Kept]], call: Call, before: Kept | None) -> Iterator[Taken]:
    """The refusals that the call met in this state, before the next command that was recorded.

    A refusal says when it was recorded, and commands that come together say the same: there the
    state is taken in which the rules then in force refuse by the very rule.
    """
    for one in tuple(waiting):
        number, kept = one
        if before is not None and kept.recordedat > before.recordedat:
            break
        asked, rule = refused(number, kept)
        if before is not None and kept.recordedat == before.recordedat:
            rules = RULE_SETS.get(kept.ruleset)
            expected: int | None = asked[1].get("expected_version")
            command = judged_command(kept.actor, asked, expected)
            met = rules is not None and rule == first_broken(
                call, command, rules, acting_role(call, command)
            )
            if rule != REUSED_ID and not met:
                break
        waiting.remove(one)
        yield Taken(kept, asked, (rule,), call, call, None, number)
