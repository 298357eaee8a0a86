"""The role × phase table: for every role, phase and action, allowed or the rule that refuses.

The auditor lays these grids beside the page. `ok` allows, subject to the guards of the rules;
anything else names the rule that refuses. What a role may not do at all stands before what
the call allows at that moment, as the rules ask. Columns are the phases in which that role
can exist; in any other phase, and in a row that is left out, R22 refuses: rights go by role.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from domain.vocabulary import Phase, Role

ALLOWED: Final = "ok"

OWNER = """
action                 connected held consult_asked consulting conference wrap_up_assist
hold                   ok        H1   H1            H1         R7         R20
hold-agent             H1        H1   H1            H1         R8         R20
resume                 H1        ok   H1            H1         Q5         R20
start-consult          ok        ok   C1            C1         ok         R20
answer-consult         C6        C6   C6            C6         C6         C6
decline-consult        C6        C6   C6            C6         C6         C6
cancel-consult         C6        C6   ok            C6         ok         C6
end-consult            C6        C6   C6            ok         ok         C6
start-conference       R1        R1   R1            ok         ok         R1
request-transfer       ok        ok   T1            ok         ok         R9
accept-transfer        R12       R12  R12           R12        R12        R12
decline-transfer       R12       R12  R12           R12        R12        R12
withdraw-transfer      ok        ok   T1            ok         ok         T1
exit                   Q6        Q6   Q6            Q6         ok         Q6
end-conference         R16       R16  R16           R16        ok         ok
hang-up                ok        E1   E1            E1         ok         ok
end-call               ok        E1   E1            E1         ok         ok
apply-wrap-up          ok        ok   ok            ok         ok         ok
extend-wrap-up         ok        ok   ok            ok         ok         ok
"""

# A2 before a conference. The conference column is a further consult under `multi-party`.
CONSULTED = """
action                 consulting conference wrap_up_assist
hold                   H1         R7         R20
hold-agent             H1         R7         R20
resume                 H1         Q5         R20
start-consult          C1         C1         R20
answer-consult         C6         C6         C6
decline-consult        C6         C6         C6
cancel-consult         C6         C6         C6
end-consult            C6         C6         C6
start-conference       R3         R3         R3
request-transfer       R9         R9         R9
accept-transfer        ok         R12        R12
decline-transfer       ok         R12        R12
withdraw-transfer      R9         R9         R9
exit                   ok         ok         ok
end-conference         R14        R14        R14
hang-up                ok         ok         ok
end-call               R14        R14        R14
apply-wrap-up          R15        R15        R15
extend-wrap-up         R15        R15        R15
"""

# A2 in conference, and after the customer has left it.
MEMBER = """
action                 conference wrap_up_assist
hold                   R7         R20
hold-agent             R7         R20
resume                 Q5         R20
start-consult          C1         R20
answer-consult         C6         C6
decline-consult        C6         C6
cancel-consult         C6         C6
end-consult            C6         C6
start-conference       R3         R3
request-transfer       R9         R9
accept-transfer        ok         R12
decline-transfer       ok         R12
withdraw-transfer      R9         R9
exit                   ok         ok
end-conference         R14        R14
hang-up                ok         ok
end-call               R14        R14
apply-wrap-up          R15        R15
extend-wrap-up         R15        R15
"""

CUSTOMER = """
action                 queued connected held consult_asked consulting conference
abandon                ok     R18       R18  R18           R18        R18
leave                  ok     ok        ok   ok            ok         ok
exit                   ok     ok        ok   ok            ok         ok
hang-up                ok     ok        ok   ok            ok         ok
hold                   H1     H1        H1   H1            H1         R7
hold-agent             H1     H1        H1   H1            H1         R7
resume                 H1     H1        H1   H1            H1         Q5
start-consult          C1     C1        C1   C1            C1         C1
start-conference       R3     R3        R3   R3            R3         R3
request-transfer       R9     R9        R9   R9            R9         R9
accept-transfer        R12    R12       R12  R12           R12        R12
decline-transfer       R12    R12       R12  R12           R12        R12
withdraw-transfer      R9     R9        R9   R9            R9         R9
end-conference         R14    R14       R14  R14           R14        R14
end-call               R14    R14       R14  R14           R14        R14
apply-wrap-up          R21    R21       R21  R21           R21        R21
extend-wrap-up         R21    R21       R21  R21           R21        R21
"""

# Somebody whom an offer, a consult or a transfer waits for, and who is not in the call yet.
INVITED = """
action                 queued connected held consult_asked conference
answer                 ok     O1        O1   O1            O1
miss-offer             ok     O1        O1   O1            O1
decline-offer          ok     O1        O1   O1            O1
answer-consult         C6     C6        C6   ok            ok
decline-consult        C6     C6        C6   ok            ok
accept-transfer        R12    ok        ok   R12           R12
decline-transfer       R12    ok        ok   R12           R12
"""

# An agent who has handed the call on, or whose call has ended: nothing but the own wrap-up.
FORMER_OWNER = """
action                 queued connected held consult_asked consulting conference wrap_up_assist ended closed
apply-wrap-up          ok     ok        ok   ok            ok         ok         ok             ok    W5
extend-wrap-up         ok     ok        ok   ok            ok         ok         ok             ok    W5
"""

SYSTEM = """
action                 not_received queued connected held consult_asked consulting conference wrap_up_assist ended closed
receive                ok           L1     L1        L1   L1            L1         L1         L1             L1    L1
offer                  L1           ok     O1        O1   O1            O1         O1         O1             L4    L4
miss-offer             L1           ok     O1        O1   O1            O1         O1         O1             L4    L4
fail-conference        L1           R1     R1        R1   R1            ok         ok         R1             L4    L4
fail-transfer          L1           T1     ok        ok   T1            ok         ok         T1             L4    L4
end-call               L1           ok     ok        ok   ok            ok         ok         ok             L4    L4
apply-default-wrap-up  L1           ok     ok        ok   ok            ok         ok         ok             ok    R21
"""

GRIDS: Final[dict[Role, str]] = {
    Role.CUSTOMER: CUSTOMER,
    Role.OWNER: OWNER,
    Role.CONSULTED: CONSULTED,
    Role.MEMBER: MEMBER,
    Role.INVITED: INVITED,
    Role.FORMER_OWNER: FORMER_OWNER,
    Role.SYSTEM: SYSTEM,
}

RIGHTS_BY_ROLE: Final = "R22"
"""What refuses everything that no grid speaks of."""

LEDGER_ACTIONS: Final = frozenset({"correct", "note-activity", "mark-incomplete"})
"""Acts on the record, not in the call: no role is needed, only a call that has been received."""


def cells(grid: str) -> dict[tuple[str, Phase], str]:
    """Read a grid into its cells by action and phase."""
    header, *rows = (line.split() for line in grid.strip().splitlines())
    phases = [Phase(name) for name in header[1:]]
    return {
        (action, phase): verdict
        for action, *verdicts in rows
        for phase, verdict in zip(phases, verdicts, strict=True)
    }


CELLS: Final[dict[Role, dict[tuple[str, Phase], str]]] = {
    role: cells(grid) for role, grid in GRIDS.items()
}

NO_RIGHTS: Final[dict[tuple[str, Phase], str]] = {}

ACTIONS: Final[tuple[str, ...]] = tuple(
    dict.fromkeys(action for role in CELLS for action, _ in CELLS[role])
)
"""Every action the table speaks of, in the order of its first row."""


Changes = Mapping[tuple[Role, Phase, str], str]
"""Cells that a rule set has otherwise than the table, each with its own verdict."""

NO_CHANGES: Final[Changes] = {}


def verdict(role: Role, phase: Phase, action: str, changes: Changes = NO_CHANGES) -> str:
    """Return `ok`, or the id of the rule that refuses this role this action in this phase."""
    if changes and (role, phase, action) in changes:
        return changes[role, phase, action]
    if action in LEDGER_ACTIONS and role is not Role.UNKNOWN:
        return "L1" if phase is Phase.NOT_RECEIVED else ALLOWED
    return CELLS.get(role, NO_RIGHTS).get((action, phase), RIGHTS_BY_ROLE)


def verdict_for_anybody(phase: Phase, action: str, changes: Changes = NO_CHANGES) -> str:
    """Judge an unknown actor of an observation by what anybody could have done there.

    Return `ok` if some role may; otherwise what refuses the first role that is spoken of.
    """
    if action in LEDGER_ACTIONS:
        return verdict(Role.OUTSIDER, phase, action)
    roles = [role for role in CELLS if (action, phase) in CELLS[role]]
    spoken = [verdict(role, phase, action, changes) for role in roles]
    if ALLOWED in spoken:
        return ALLOWED
    return spoken[0] if spoken else RIGHTS_BY_ROLE
