"""One call's commands decided anew, by the recorded state and by the state that comes of it."""

from __future__ import annotations

from typing import Final, NamedTuple

from domain.call import Call
from domain.commands import LARGEST_VERSION, ApplyDefaultWrapUp, Command, Correct
from domain.decide import acting_role, all_broken, first_broken, observe
from domain.effects import happen
from domain.pending_events import PendingEvents
from domain.rule_sets import RULE_SETS, RuleSet
from ledger.replay.kept import done_command, judged_command, made
from ledger.replay.reading import REUSED_ID, Taken

RECORDED_STATE: Final = "recorded"
REPLAYED_STATE: Final = "replayed"

NOT_OF_THE_CALL: Final = frozenset({"L2", REUSED_ID})
"""Rules about the asker's view and the command's id, which no other rule set has otherwise."""

NO_VERSION: Final = LARGEST_VERSION + 1
"""That of an event that did not happen."""

Verdict = tuple[str, ...]
"""The rule that refuses, or the rules that an observation breaks; none where it is allowed."""


class Difference(NamedTuple):
    """One decision that is other than it was, judged by one of the two states."""

    state: str
    """recorded, or replayed: the state that the earlier differences leave."""
    change: str
    before: str
    after: str
    role: str
    phase: str
    action: str
    call_position: int | None
    source: str
    call_id: str
    command_id: str
    actor: str
    position: int | None
    """Of the command's first event, where it was recorded."""
    refusal_number: int | None
    """Of its refusal, where it was refused."""
    met_version: int
    """The version of the recorded call that the command met."""
    rule_set: str
    """The rule set that decided it then, and its hash."""
    rule_set_hash: str


class JudgedCall:
    """Judges the commands of one call in order, and counts them."""

    def __init__(self, rules: RuleSet, against: RuleSet | None) -> None:
        self._side = Side(rules)
        self._against = None if against is None else Side(against)
        self.differences: list[Difference] = []
        self.judged = self.differing = self.observed = 0

    def take(self, taken: Taken, call_position: int | None) -> None:
        """Judge one command, met by the recorded state before it."""
        self.judged += 1
        self.observed += taken.kept.observed
        if taken.rules and NOT_OF_THE_CALL.intersection(taken.rules):
            return
        side, against = self._side, self._against
        command = judged_command(taken.kept.actor, taken.asked)
        now = judged(taken.before, command, taken.kept.observed, side.rules)
        is_default = isinstance(command, ApplyDefaultWrapUp)
        if against is None and now == taken.rules and side.replayed is None and not is_default:
            return
        found = len(self.differences)
        was = taken.rules if against is None else against.judge(taken, command)
        side.judge(taken, command, now)
        if was != now or is_default:
            self._compare(RECORDED_STATE, was, now, taken.before, command, taken, call_position)
        if side.replayed is not None or (against is not None and against.replayed is not None):
            state = taken.before if side.replayed is None else side.replayed
            was = taken.rules if against is None else against.in_its_state
            now = side.in_its_state
            self._compare(REPLAYED_STATE, was, now, state, command, taken, call_position)
        side.move(taken, is_default)
        if against is not None:
            against.move(taken, is_default)
        self.differing += len(self.differences) > found

    def _compare(
        self,
        state_name: str,
        was: Verdict,
        now: Verdict,
        state: Call,
        command: Command,
        taken: Taken,
        call_position: int | None,
    ) -> None:
        kept = taken.kept
        change = change_of(was, now, kept.observed)
        if not change and not now and isinstance(command, ApplyDefaultWrapUp):
            before = self._against.rules if self._against else RULE_SETS.get(kept.ruleset)
            if before is not None and before.default_reason != self._side.rules.default_reason:
                change = "would give another reason"
        if not change:
            return
        self.differences.append(
            Difference(
                state_name,
                change,
                " ".join(was),
                " ".join(now),
                acting_role(state, command).value,
                state.phase.value,
                command.action,
                call_position,
                kept.source,
                kept.subject,
                kept.commandid,
                kept.actor,
                taken.position,
                taken.refusal_number,
                taken.before.version,
                kept.ruleset,
                kept.rulesethash,
            )
        )


class Side:
    """One rule set, and the call as it would be, had this set decided since the first difference.

    As long as nothing differs that is the recorded state, and each verdict is found once.
    """

    def __init__(self, rules: RuleSet) -> None:
        self.rules = rules
        self.replayed: Call | None = None
        """None as long as it is the recorded state."""
        self.in_its_state: Verdict = ()
        """The verdict on the last command by the replayed state."""
        self._versions: dict[int, int] = {}
        """Of recorded events since they differ: which version each has in the replayed state."""

    def judge(self, taken: Taken, command: Command, by_record: Verdict | None = None) -> Verdict:
        """The verdict by the recorded state; that by the replayed one is kept."""
        observed = taken.kept.observed
        verdict = by_record
        if verdict is None:
            verdict = judged(taken.before, command, observed, self.rules)
        self.in_its_state = (
            verdict
            if self.replayed is None
            else judged(self.replayed, self._of_its_state(command), observed, self.rules)
        )
        return verdict

    def _of_its_state(self, command: Command) -> Command:
        """The command with the versions of the replayed state: a correction names an event by its
        own, and one that did not happen there has none.
        """
        if not isinstance(command, Correct):
            return command
        version = self._versions.get(command.corrected_version, command.corrected_version)
        return made(Correct, {**command.__dict__, "corrected_version": version})

    def move(self, taken: Taken, is_default: bool) -> None:
        """Bring the replayed state to what follows the command that was judged last."""
        if self.replayed is None and self.in_its_state == taken.rules and not is_default:
            return
        state = taken.before if self.replayed is None else self.replayed
        after = state
        command = self._of_its_state(done_command(taken.kept, taken.asked))
        if taken.kept.observed:
            after = observe(state, command, self.rules).call
        elif not self.in_its_state:
            pending = PendingEvents(state)
            happen(pending, command, self.rules)
            after = pending.call
        for number in range(1, taken.after.version - taken.before.version + 1):
            version = state.version + number
            happened = version <= after.version
            self._versions[taken.before.version + number] = version if happened else NO_VERSION
        self.replayed = None if after == taken.after else after


def change_of(was: Verdict, now: Verdict, observed: bool) -> str:
    """What is other between two verdicts, in words; empty where nothing is."""
    if was == now:
        return ""
    if not was:
        return "would break rules" if observed else "would be refused"
    if not now:
        return "would break no rule" if observed else "would be allowed"
    return "would break other rules" if observed else "would be refused by another rule"


def judged(call: Call, command: Command, observed: bool, rules: RuleSet) -> Verdict:
    """The verdict of the rules on a command that meets the call in this state."""
    role = acting_role(call, command)
    if observed:
        return all_broken(call, command, rules, role)
    broken = first_broken(call, command, rules, role)
    return () if broken is None else (broken,)
