"""A batch of commands, each decided against the state that the earlier ones of it leave."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import starmap
from uuid import uuid5

import orjson
from msgspec import Struct
from msgspec.structs import replace

from domain.call import Call
from domain.commands import Command
from domain.decide import Refused, decide, observe
from domain.rule_sets import RuleSet
from domain.rules import RULE_OF_ID
from ledger.application import CallApplication, RecordedCall, key_of
from ledger.command_fingerprint import command_fingerprint
from ledger.documents import Stamp, event_documents, refusal_document
from ledger.outcomes import KeptOutcome, Recorded, RefusedOutcome, Request
from ledger.store.interface import EventStore, NewRows, StoredOutcome, Turn

NEW_CALL = Call()

REUSED_ID = ("L5", RULE_OF_ID["L5"].sentence)
"""What refuses a command id that asked for something else before: only the ledger can tell."""


class FirstOutcome(Struct, frozen=True, gc=False):
    """What a command id asked for first, and what that came to."""

    fingerprint: int | None
    """None where it was recorded by a version that kept none: only the call is known then."""
    key: str
    outcome: KeptOutcome


class DecisionBatch:
    """Collects the rows of one transaction, and the calls as they will be after it.

    Nothing outside changes: when the transaction fails, the batch is thrown away.
    """

    def __init__(
        self,
        application: CallApplication,
        store: EventStore,
        rules: RuleSet,
        stamp: Stamp,
        turn: Turn,
        uncached: set[str],
    ) -> None:
        """Of the `uncached` calls the turn knows which have events."""
        self._application = application
        self._store = store
        self._rules = rules
        self._stamp = stamp
        self._position, self._refusal_number = turn.ends
        self.rows = NewRows()
        self.calls: dict[str, RecordedCall] = {}
        self._outcomes: dict[bytes, FirstOutcome] = {}
        self._stored = {stored.command_id: stored for stored in turn.outcomes}
        self._without_events = uncached.difference(starmap(key_of, turn.calls))

    def take_all(
        self,
        command_ids: Sequence[bytes],
        keys: Sequence[str],
        requests: Sequence[Request],
        isolated: bool,
    ) -> list[KeptOutcome | Exception]:
        """Decide all in order; isolated, one that cannot be decided at all fails alone."""
        outcomes: list[KeptOutcome | Exception] = []
        for command_id, key, request in zip(command_ids, keys, requests, strict=True):
            try:
                outcomes.append(self._take(command_id, key, request))
            except Exception as error:
                if not isolated:
                    raise
                outcomes.append(error)
        return outcomes

    def _take(self, command_id: bytes, key: str, request: Request) -> KeptOutcome:
        command, observed = request
        fingerprint = command_fingerprint(request)
        if command_id in self._outcomes or command_id in self._stored:
            return self._repeated(command_id, key, command, fingerprint)
        known = self._call(key)
        call = NEW_CALL if known is None else known.call
        if observed:
            decided = observe(call, command, self._rules)
        else:
            decision = decide(call, command, self._rules)
            if isinstance(decision, Refused):
                return self._refuse(command, decision, command_id, key, fingerprint)
            decided = decision
        documents = event_documents(command, decided, observed, self._stamp)
        # From here on nothing fails, so a request that fails leaves no half of itself.
        rows, first_position, version = self.rows, self._position + 1, call.version
        if known is None:
            call_position = first_position
            rows.calls.append((command.source, command.call_id, call_position))
        else:
            call_position = known.position
        position = self._position
        for document in documents:
            position += 1
            version += 1
            rows.events.append((position, call_position, version, document))
        rows.outcomes.append((command_id, first_position, len(documents), None, fingerprint))
        self._position = position
        self.calls[key] = RecordedCall(key, call_position, decided.call)
        recorded = Recorded(position, version, tuple(documents))
        self._outcomes[command_id] = FirstOutcome(fingerprint, key, recorded)
        return recorded

    def _refuse(
        self, command: Command, refused: Refused, command_id: bytes, key: str, fingerprint: int
    ) -> RefusedOutcome:
        """Keep the refusal as evidence, and as the outcome of this id."""
        number = self._refusal_number + 1
        document = refusal_document(number, command, refused, self._stamp)
        self.rows.refusals.append((number, document))
        self.rows.outcomes.append((command_id, None, 0, number, fingerprint))
        self._refusal_number = number
        outcome = RefusedOutcome(number, refused.rule, refused.sentence)
        self._outcomes[command_id] = FirstOutcome(fingerprint, key, outcome)
        return outcome

    def _repeated(
        self, command_id: bytes, key: str, command: Command, fingerprint: int
    ) -> KeptOutcome:
        """The first outcome of an id that asks for the same again; anything else is refused."""
        first = self._outcomes.get(command_id)
        if first is None:
            stored = self._stored[command_id]
            if stored.fingerprint not in (None, fingerprint):
                return self._refuse_reused_id(command, key, f"{fingerprint}", fingerprint)
            first = self._outcomes[command_id] = self._read_outcome(stored)
        if first.fingerprint == fingerprint:
            return replace(first.outcome, repeated=True)
        if first.fingerprint is not None:
            return self._refuse_reused_id(command, key, f"{fingerprint}", fingerprint)
        if first.key == key:
            return replace(first.outcome, repeated=True)
        return self._refuse_reused_id(command, key, key, fingerprint)

    def _read_outcome(self, stored: StoredOutcome) -> FirstOutcome:
        """What is recorded of an id's first outcome."""
        if stored.first_position is None:
            number = stored.refusal_number or 0
            read = orjson.loads(self._store.refusal(number))
            said = read["data"]
            outcome: KeptOutcome = RefusedOutcome(number, said["rule"], said["sentence"])
        else:
            documents = self._store.documents(stored.first_position, stored.events)
            read = orjson.loads(documents[-1])
            position = stored.first_position + stored.events - 1
            outcome = Recorded(position, read["version"], tuple(documents))
        return FirstOutcome(stored.fingerprint, key_of(read["source"], read["subject"]), outcome)

    def _refuse_reused_id(
        self, command: Command, key: str, reuse: str, fingerprint: int
    ) -> RefusedOutcome:
        """Refuse a command whose id asked for something else before.

        The id keeps its own outcome. The refusal is kept under an id made of this one and of what
        is asked now, so that the same reuse, sent again, meets the same refusal.
        """
        id_of_reuse = uuid5(command.command_id, reuse).bytes
        known = self._outcomes.get(id_of_reuse)
        if known is not None and isinstance(known.outcome, RefusedOutcome):
            return replace(known.outcome, repeated=True)
        for stored in self._store.outcomes_of([id_of_reuse]):
            return RefusedOutcome(stored.refusal_number or 0, *REUSED_ID, repeated=True)
        call = self._call(key)
        role = (NEW_CALL if call is None else call.call).role_of(command.actor)
        return self._refuse(command, Refused(*REUSED_ID, role), id_of_reuse, key, fingerprint)

    def _call(self, key: str) -> RecordedCall | None:
        known = self.calls.get(key)
        if known is not None or key in self._without_events:
            return known
        return self._application.call(key)
