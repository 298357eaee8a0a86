"""How each activity of a Webex call is read as an observation."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from domain import commands
from domain.call import Call, WrapUpStatus
from domain.commands import Command
from domain.decide import observe
from domain.rule_sets import SEED
from domain.vocabulary import SYSTEM, UNKNOWN, TargetKind, TimeSource, Via
from importers.webex_going_on import going_on, is_childs_perhaps, parents_end
from importers.webex_order import CUSTOMER_STATES, History, Placed
from importers.webex_records import Activity, Task
from infra.errors import LedgerError

WEBEX: Final = UUID("6f1d1c0a-6f0e-5d53-9a3e-1b9f5f2d7c11")
"""The namespace of command ids: the same activity always gives the same command."""

READINGS: Final = {
    "new": "the call is received; within a consult it is the child's (an entry point), and noted",
    "parked": "noted, and the call counts as queued; an offer that is open was missed",
    "connect": "an offer to an agent; one that is still open before it was missed",
    "connected": "the offer is answered; the child's answers the consult; after a transfer noted",
    "on-hold": "hold; noted where the consult has put the customer on hold already",
    "hold-done": "resume; noted where the conference or a transfer has ended the hold",
    "ctq": "a consult to a queue starts",
    "consult": "a consult starts: to an entry point where a child follows; noted after `ctq`",
    "consulting": "the consult is answered; noted where a child follows, which answers or not",
    "consult-done": "the consult ends, or is cancelled if nobody has answered",
    "Conference": "the request only: noted",
    "conferencing": "the conference is established",
    "conference-done": "the member exits, for the call goes on; noted where there is no conference",
    "blind-transfer": "a transfer is requested, to an agent for want of knowledge",
    "ConsultTransfer": "a transfer is requested, after a consult or in conference",
    "Transferred": "the transfer is accepted",
    "vt-transfer": "a blind transfer to a queue, in effect at once; noted where there is no owner",
    "ended": "the call ends, by whom is unknown; the child's and a second one are noted",
    "WrapUp": "the wrap-up that opened last has a reason, an unknown one, when its time is over",
}
"""What is made of each activity; those that are not here are noted, so that each leaves a trace."""

REASON_NOT_TOLD: Final = "unknown"

ENDS_OF_CONSULT: Final = frozenset(
    {"consult", "ctq", "consult-done", "conferencing", "Transferred", "ended"}
)
"""After these a consult is answered by nobody else."""


class NotYetKnownError(LedgerError):
    """What an activity is read as depends on what the record does not have yet."""


class CallReading:
    """Reads the activities of one call, oldest first, into observations.

    It follows the call as the ledger will, because what an activity means depends on the state
    that it meets: a `connected` is an answer, a child's answer, or the state after a transfer.

    Of a call that is still going on it reads up to the first activity whose reading the rest of
    the record may change. So a later record of the call begins with the same observations.
    """

    def __init__(self, source: str, task: Task, history: History) -> None:
        self.source = source
        self.task = task
        self.history = history
        self.call = Call()
        self.observations: list[Command] = []
        self.parties = 0
        self.repeats: dict[str, int] = {}
        self.made: dict[str, int] = {}
        self.identity = ""
        self.occurred_at = datetime(1970, 1, 1, tzinfo=UTC)
        self.end = parents_end(history.placed)
        self.open = going_on(history.placed, self.end) if task.tells_durations else frozenset()
        self.held_back_count = 0
        self.is_exact = history.has_times

    def read(self) -> Iterator[Command]:
        """Give the observations of the call in their order, as far as they are known."""
        if not self.is_going_on:
            self.read_whole()
        elif self.can_begin:
            self.read_known()
        else:
            self.held_back_count = len(self.history.placed)
        yield from self.observations

    @property
    def is_going_on(self) -> bool:
        """Whether more of the call may come: something is not over, or its end is not there yet.

        Where only an end is missing, a record without times is read all the same: it has nothing
        by which to tell a call that goes on from one that was never ended.
        """
        if self.open:
            return True
        names = {one.name for one in self.history.placed}
        is_over = self.end is not None or "callbackFailed" in names or not names & CUSTOMER_STATES
        return self.history.has_times and self.task.missing is None and not is_over

    @property
    def can_begin(self) -> bool:
        """Whether a call that is going on has anything that no later record changes.

        A page may be followed by one that has the beginning. Where times follow from durations,
        all of them are needed until the call's end.
        """
        if self.task.missing is not None:
            return False
        if self.history.has_times or self.has_only_begun:
            return True
        has_ended = self.end is not None and self.end < min(self.open)
        return has_ended and self.end_is_known and self.history.order_known

    @property
    def has_only_begun(self) -> bool:
        """Whether the record says nothing but that there is a call, not even when."""
        placed = self.history.placed
        return not self.history.has_times and [one.name for one in placed] == ["new"]

    @property
    def end_is_known(self) -> bool:
        """Whether the `ended` taken for the call's own is so in every later record, too."""
        return self.end is not None and not is_childs_perhaps(self.history.placed, self.end)

    def read_known(self) -> None:
        """Read a call that is going on, up to what is not yet known."""
        for position, one in enumerate(self.history.placed):
            try:
                self.require(one.activity.milliseconds is not None or not self.history.has_times)
                if position == 0:
                    self.begin()
                self.read_activity(position, one)
            except NotYetKnownError:
                self.held_back_count = len(self.history.placed) - position
                return

    def read_whole(self) -> None:
        """Read a record that says of nothing that it is going on."""
        self.begin()
        for position, one in enumerate(self.history.placed):
            self.read_activity(position, one)
        if not self.history.order_known:
            self.at_activity("order")
            self.observe(commands.NoteActivity, activity="order of activities not known")
        if self.task.missing is not None:
            self.at_activity(f"missing {self.task.missing}")
            self.observe(commands.MarkIncomplete, missing=self.task.missing)

    def begin(self) -> None:
        """Receive a call whose record has no `new` to say so."""
        placed = self.history.placed
        self.starts_with_new = bool(placed) and placed[0].name == "new"
        if not self.starts_with_new:
            self.at_activity("beginning", placed[0].milliseconds if placed else 0)
            self.receive()

    def at_activity(self, identity: str, milliseconds: int | None = None) -> None:
        """Move on to the activity that the next observations come from."""
        self.identity = identity[:128]
        if milliseconds is not None:
            self.occurred_at = at(milliseconds)

    def identity_of(self, activity: Activity) -> str:
        """The activity's own id, or its name and time, or its name and which of them it is.

        Not its duration: that grows. On a page of a cut record they are counted page by page.
        """
        if activity.id is not None:
            return activity.id
        if activity.created_time is not None:
            return f"{activity.created_time}-{activity.name}"
        same = f"{self.task.page}{activity.name}"
        self.repeats[same] = self.repeats.get(same, 0) + 1
        return f"{same}:{self.repeats[same]}"

    def observe(self, command_class: type[Command], actor: str = SYSTEM, **own: Any) -> None:
        """Add an observation; what an activity is made into twice has two command ids."""
        name = f"{self.source}/{self.task.id}/{self.identity}/{command_class.action}"
        self.made[name] = self.made.get(name, 0) + 1
        own = {"occurred_at": self.occurred_at, "correlation_id": self.identity, **own}
        command = command_class(
            command_id=uuid5(WEBEX, f"{name}/{self.made[name]}"),
            source=self.source,
            call_id=self.task.id,
            actor=actor,
            via=Via.SYSTEM,
            time_source=TimeSource.EXACT if self.is_exact else TimeSource.DERIVED,
            **own,
        )
        self.call = observe(self.call, command, SEED).call
        self.observations.append(command)

    def read_activity(self, position: int, placed: Placed) -> None:
        """Read one activity in the state that the call is in."""
        self.at_activity(self.identity_of(placed.activity), placed.milliseconds)
        self.is_exact = placed.activity.milliseconds is not None
        call = self.call
        match placed.name:
            case "new" if not call.received:
                self.receive()
            case "parked":
                self.miss_open_offer()
                self.note(placed)
            case "connect" if not placed.of_child:
                self.miss_open_offer()
                queue = placed.activity.queue_id
                self.observe(commands.Offer, agent=self.next_party(), queue=queue)
            case "connected" if placed.of_child and self.consult_is_asked:
                self.answer_consult()
            case "connected" if not placed.of_child and call.owner is None:
                self.ensure_owner()
            case "on-hold" if call.hold_number is None:
                self.observe(commands.Hold, UNKNOWN)
            case "hold-done" if call.hold_number is not None:
                self.observe(commands.Resume, UNKNOWN)
            case "ctq":
                self.start_consult(TargetKind.QUEUE, placed.activity.queue_id or "unknown-queue")
            case "consult" if call.consult is None or call.consult.party is not None:
                kind = self.kind_of_consult(position)
                target = {
                    TargetKind.QUEUE: "unknown-queue",
                    TargetKind.ENTRY_POINT: "unknown-entry-point",
                }.get(kind)
                self.start_consult(kind, target or self.next_party())
            case "consulting" if not self.is_to_entry_point and (
                call.consult is None or call.consult.party is None
            ):
                self.ensure_consult_answered()
            case "consult-done" if call.consult is not None:
                answered = call.consult.party is not None
                self.observe(commands.EndConsult if answered else commands.CancelConsult, UNKNOWN)
            case "conferencing":
                self.ensure_consult_answered()
                self.observe(commands.StartConference, UNKNOWN)
            case "conference-done" if self.member is not None:
                self.observe(commands.Exit, self.member)
            case "blind-transfer":
                self.ensure_owner()
                self.observe(
                    commands.RequestTransfer,
                    UNKNOWN,
                    target_kind=TargetKind.AGENT,
                    target=self.next_party(),
                )
            case "ConsultTransfer":
                if call.conference_number is None:
                    self.ensure_consult_answered()
                self.observe(commands.RequestTransfer, UNKNOWN)
            case "Transferred":
                receiver = call.transfer.receiver if call.transfer else None
                self.observe(commands.AcceptTransfer, receiver or self.next_party())
            case "vt-transfer" if call.owner is not None:
                queue = placed.activity.queue_id or "unknown-queue"
                to_queue = {"target_kind": TargetKind.QUEUE, "target": queue}
                self.observe(commands.RequestTransfer, call.owner.id, **to_queue)
            case "ended" if position == self.end:
                self.require(
                    not self.is_going_on or (position not in self.open and self.end_is_known)
                )
                self.observe(commands.EndCall, UNKNOWN)
            case "WrapUp":
                self.require(position not in self.open)
                given_at = self.occurred_at + timedelta(
                    milliseconds=placed.activity.duration_ms or 0
                )
                self.observe(
                    commands.ApplyWrapUp,
                    self.wrapping_up(),
                    reason=REASON_NOT_TOLD,
                    occurred_at=given_at,
                )
            case _:
                self.note(placed)

    def require(self, known: bool) -> None:
        """Go no further where a later record may say otherwise."""
        if not known:
            raise NotYetKnownError

    def note(self, placed: Placed) -> None:
        """Keep an activity that the rules do not speak of, or that changes nothing here.

        It is kept with its duration, which may come after the next activity has begun.
        """
        duration_ms = placed.activity.duration_ms
        may_come = self.is_going_on and self.task.tells_durations
        self.require(duration_ms is not None or not may_come)
        self.observe(commands.NoteActivity, activity=placed.name, duration_ms=duration_ms)

    def receive(self) -> None:
        """Receive the call; it has a queue if it was ever parked or offered."""
        waits = [
            one.activity
            for one in self.history.placed
            if one.name in ("parked", "connect") and not one.of_child
        ]
        has_ended = self.end is not None
        self.require(not self.is_going_on or bool(waits) or has_ended or self.has_only_begun)
        queue = (waits[0].queue_id or "unknown") if waits else None
        correlation_id = self.identity
        if waits and self.starts_with_new and not self.history.has_times:
            self.identity = f"{self.identity} and waits"
        self.observe(
            commands.Receive,
            queue=queue,
            channel=self.task.channel_type,
            correlation_id=correlation_id,
        )

    def next_party(self) -> str:
        """A name for somebody whom the record does not name, in the order of appearance."""
        self.parties += 1
        return f"unknown-{self.parties}"

    def miss_open_offer(self) -> None:
        """An offer that is followed by another or by waiting was not answered."""
        if self.call.open_offers:
            self.observe(commands.MissOffer)

    def ensure_owner(self) -> None:
        """Let the call have an owner, whose offer or answer may be among what is missing."""
        if self.call.owner is not None:
            return
        if not self.call.open_offers:
            self.observe(commands.Offer, agent=self.next_party())
        if self.call.open_offers:
            self.observe(commands.Answer, self.call.open_offers[0].agent)

    def start_consult(self, kind: TargetKind, target: str) -> None:
        """Start a consult, by an owner."""
        self.ensure_owner()
        self.observe(commands.StartConsult, UNKNOWN, target_kind=kind, target=target)

    def ensure_consult_answered(self) -> None:
        """Let there be an answered consult, whose beginning may be among what is missing."""
        if self.call.consult is None:
            self.start_consult(TargetKind.AGENT, self.next_party())
        if self.consult_is_asked:
            self.answer_consult()

    def answer_consult(self) -> None:
        """Answer the consult, by the agent asked or by whoever picks up (Q22)."""
        consult = self.call.consult
        is_agent = consult is not None and consult.target_kind is TargetKind.AGENT
        target = consult.target if consult is not None and is_agent else None
        self.observe(commands.AnswerConsult, target or self.next_party())

    def kind_of_consult(self, position: int) -> TargetKind:
        """An entry point where a child follows, a queue where somebody there accepts, or an agent.

        The record itself does not tell an agent from a dial number.
        """
        for one in self.history.placed[position + 1 :]:
            if one.of_child:
                return TargetKind.ENTRY_POINT
            if one.name == "ctq-accepted":
                return TargetKind.QUEUE
            if one.name in ENDS_OF_CONSULT:
                return TargetKind.AGENT
        self.require(not self.is_going_on)
        return TargetKind.AGENT

    @property
    def consult_is_asked(self) -> bool:
        return self.call.consult is not None and self.call.consult.party is None

    @property
    def is_to_entry_point(self) -> bool:
        consult = self.call.consult
        return consult is not None and consult.target_kind is TargetKind.ENTRY_POINT

    @property
    def member(self) -> str | None:
        """Who is in the conference beside customer and owner, if there is one."""
        owner = self.call.owner
        if self.call.conference_number is None:
            return None
        others = [party.id for party in self.call.agents if owner is None or party.id != owner.id]
        return others[0] if others else None

    def wrapping_up(self) -> str:
        """The agent whose wrap-up opened last, as `WrapUp` began; where none is, one not known."""
        waiting = [one for one in self.call.wrap_ups if one.status is WrapUpStatus.OPEN]
        if waiting:
            return max(waiting, key=lambda one: one.number).agent
        return UNKNOWN if self.call.wrap_up(UNKNOWN) is None else self.next_party()


def at(milliseconds: int) -> datetime:
    """The time that many milliseconds after 1970, in UTC."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
