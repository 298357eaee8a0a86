"""The rules as data: one row each, in the order of the page, with the predicate that guards it.

A rule without a predicate is kept by the role × phase table (`rights.py`) or by what an
allowed command makes happen (`effects.py`); its row says which, and the examples in the tests
show it. Sources: R is the help page "Avviare una conferenza", in its own words; Q is how a
gap of the page is read; C, H, E, T, W and O are its sibling pages; L is this ledger's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from domain import guards
from domain.guards import Question
from domain.rule import LEDGER, SIBLING, Guard, Rule, effect, guard, record, table

RULES: Final[tuple[Rule, ...]] = (
    guard(
        "R1",
        "È necessario che sia stata già avviata una chiamata di consulenza.",
        "A conference starts only from a consult that is under way and answered.",
        Guard(guards.no_answered_consult, ("start-conference", "fail-conference")),
    ),
    guard(
        "R2",
        "Se l'agente 1 avvia una chiamata in conferenza quando consulta l'agente 2, "
        "quest'ultimo diventa parte della chiamata in conferenza.",
        "The consulted party, and no one else, becomes the member.",
        Guard(guards.not_the_consulted_party, ("start-conference",)),
    ),
    table(
        "R3",
        "Un cliente non può avviare una chiamata in conferenza.",
        "Only the owner starts the conference; neither customer nor consulted agent can.",
    ),
    effect(
        "R4",
        "Viene sospesa l'attesa per il cliente e l'utente, il cliente e l'agente di consulenza "
        "possono comunicare l'uno con l'altro.",
        "On start the customer comes off hold, and customer, owner and consulted party can talk.",
    ),
    effect(
        "R5",
        "quest'ultimo diventa parte della chiamata in conferenza",
        "On start the consulted party's role changes to conference member.",
    ),
    record(
        "R6",
        "si consiglia di avviare una conferenza sul Agent Desktop anziché utilizzare un "
        "dispositivo telefonico",
        "Use the desktop rather than the phone: advice, so what was used is recorded, "
        "never refused.",
    ),
    table(
        "R7",
        "Durante una chiamata in conferenza, non è possibile mettere in attesa il cliente.",
        "In conference nobody can put the customer on hold.",
    ),
    table(
        "R8",
        "l'agente 1 non può mettere in attesa un cliente o un agente 2",
        "In conference the owner cannot put the other agent on hold.",
    ),
    guard(
        "R9",
        "L'agente 1 può trasferire una chiamata all'agente 2.",
        "In conference the owner may transfer the call, and only to the other member.",
        Guard(guards.not_the_other_member, ("request-transfer",)),
    ),
    effect(
        "R10",
        "Quando la richiesta di trasferimento viene avviata, viene visualizzata la finestra di "
        "dialogo Motivi riepilogo per l'agente 1.",
        "When the transfer is requested, the owner's wrap-up opens.",
    ),
    effect(
        "R11",
        "La chiamata prosegue tra l'agente 2 e il cliente.",
        "After the transfer the call goes on between the receiver and the customer.",
    ),
    guard(
        "R12",
        "L'agente 2 può accettare una richiesta di trasferimento effettuata durante la chiamata "
        "in conferenza dall'agente 1.",
        "The receiver may accept, or decline, a transfer that the owner requested.",
        Guard(guards.no_transfer_for_the_actor, ("accept-transfer", "decline-transfer")),
    ),
    effect(
        "R13",
        "L'agente 2 può terminare una chiamata in conferenza facendo clic sul pulsante Esci "
        "dalla conferenza. La chiamata continua tra l'agente 1 e il cliente.",
        "The other member may exit; the call goes on between owner and customer, and no "
        "wrap-up opens for whoever exits.",
    ),
    table(
        "R14",
        "L'agente 2 non può terminare una chiamata in conferenza.",
        "Only the owner ends a conference or a call for everybody.",
    ),
    table(
        "R15",
        "L'agente 2 non può applicare un motivo del riepilogo per una chiamata in conferenza.",
        "A consulted agent or conference member cannot apply a wrap-up reason.",
    ),
    table(
        "R16",
        "L'agente 1 può terminare una chiamata in conferenza facendo clic sul pulsante Termina "
        "conferenza. Il cliente e l'agente 2 vengono eliminati dalla chiamata in conferenza.",
        "The owner may end the conference: everybody is dropped and the owner's wrap-up opens.",
    ),
    effect(
        "R17",
        "o riagganciando il telefono fisico",
        "The owner hanging up the physical phone does the same as ending the conference.",
    ),
    table(
        "R18",
        "Quando un cliente esce da una chiamata in conferenza, l'interazione termina e viene "
        "visualizzata la finestra di dialogo Motivi riepilogo per l'agente 1.",
        "When the customer exits, the customer's interaction ends and the owner's wrap-up "
        "opens; giving up in the queue is for a call that waits there.",
    ),
    effect(
        "R19",
        "Se il cliente esce da una chiamata in corso con l'agente 1 e l'agente 2, gli agenti "
        "possono continuare l'interazione.",
        "When the customer exits a call with two agents, they can go on: wrap-up assist.",
    ),
    table(
        "R20",
        "La chiamata entra quindi nello stato di assistenza di riepilogo e non è possibile "
        "sospendere, riprendere o consultare ulteriormente.",
        "In wrap-up assist there is no hold, no resume and no further consult.",
    ),
    guard(
        "R21",
        "viene visualizzata la finestra di dialogo Motivi riepilogo",
        "The owner applies the wrap-up reason, once the wrap-up is open.",
        Guard(
            guards.wrap_up_not_open,
            ("apply-wrap-up", "extend-wrap-up", "apply-default-wrap-up"),
        ),
    ),
    table(
        "R22",
        "Azioni che ogni partecipante alla chiamata in conferenza può eseguire",
        "Rights go by role: each role has its own actions, and who is not in the call has none.",
    ),
    effect(
        "Q1",
        "R18, R19",
        "The customer's exit ends the customer's session at once; the call ends when at most "
        "one agent is left or the owner ends it.",
    ),
    effect("Q2", "R13, R14", "Exit is my own part, end is everybody: two commands, two events."),
    effect(
        "Q3",
        "R10, R12",
        "The wrap-up opened by a request is pending; acceptance makes it final, and decline, "
        "failure or withdrawal closes it again.",
    ),
    effect(
        "Q4",
        "R15",
        "The right to wrap up goes by role at the time of leaving, so a call keeps a set of "
        "agents whose wrap-up is open.",
    ),
    table("Q5", "R20", "Where nobody is on hold, nobody can be resumed."),
    guard(
        "Q6",
        "R16",
        "The owner ends or transfers instead of exiting; where the rule set lets the owner "
        "leave, the agent longest in the call becomes owner.",
        Guard(guards.owner_may_not_leave, ("exit",)),
    ),
    guard(
        "Q7",
        "R4",
        "A conference has no more members than the rule set allows, the customer included.",
        Guard(guards.too_many_members, ("start-conference",)),
    ),
    record(
        "Q8",
        "R17",
        "Every exit says who left, who caused it, by what and why; order is by version, "
        "never by clock.",
    ),
    effect(
        "Q9",
        "R16",
        "Ending gives one conference-ended and one exit per party, under one causation id.",
    ),
    effect("Q12", "R13", "A member's phone hanging up is an exit by device."),
    effect(
        "Q13", "R1", "A conference that fails leaves the consult standing and the customer on hold."
    ),
    effect(
        "Q14",
        "R12, R13",
        "If the receiver leaves while the transfer is open, it fails and its wrap-up is void.",
    ),
    effect(
        "Q15",
        "R18, R9",
        "If the customer leaves while a transfer is open, it fails; the owner stays owner and "
        "the owner's wrap-up is open for good.",
    ),
    effect(
        "Q16",
        "R16, R9",
        "If the owner ends while a transfer is open, the request is withdrawn by it and the "
        "owner's wrap-up is open for good.",
    ),
    effect(
        "Q17",
        "R10",
        "A reason given while the wrap-up was pending is void when the transfer falls through.",
    ),
    table(
        "Q18",
        "R19, R20",
        "In wrap-up assist the owner may end and wrap up, the other may exit or hang up.",
    ),
    effect(
        "Q19",
        "R18, R19",
        "If the customer leaves during a consult: answered, the two agents can go on; not "
        "answered, the consult is cancelled.",
    ),
    table(
        "Q20", "R13", "After the member has left, the call is an ordinary one and may confer again."
    ),
    table(
        "Q21",
        "R22",
        "Who is not in the call is refused by R22, an agent who has left it included, but for "
        "that agent's own open wrap-up.",
    ),
    effect(
        "Q22",
        "R2",
        "Whoever answers a consult is the consulted party; at a dial number an external one, "
        "who never wraps up.",
    ),
    effect(
        "Q23",
        "R10",
        "The wrap-up is pending at the request for all three kinds of transfer, but for a "
        "blind one to a queue or an entry point (Q24).",
    ),
    effect(
        "Q24",
        "R10, R12",
        "A blind transfer to a queue or an entry point takes effect at its request: the owner "
        "has left, the owner's wrap-up is open for good, and the call waits there as a new "
        "queue entry. Whoever answers owns the call and is who received it.",
    ),
    guard(
        "C1",
        SIBLING,
        "A consult starts from a connected or held call, by its owner, one at a time.",
        Guard(guards.consult_under_way, ("start-consult",)),
    ),
    guard(
        "C2",
        SIBLING,
        "The target is an agent, a queue, a dial number or an entry point outside the call.",
        Guard(guards.target_in_the_call, ("start-consult", "request-transfer")),
    ),
    guard(
        "C3",
        SIBLING,
        "A dial number has 3 to 18 digits and only + # * : besides.",
        Guard(guards.not_a_dial_number, ("start-consult", "request-transfer")),
    ),
    effect(
        "C5",
        SIBLING,
        "The customer goes on hold when the consult starts; ending it leaves the customer held.",
    ),
    guard(
        "C6",
        SIBLING,
        "The consulted party may decline, and leave once it has answered; the owner may cancel "
        "before the answer and end after it.",
        Guard(
            guards.consult_not_asked,
            ("answer-consult", "decline-consult", "cancel-consult"),
        ),
        Guard(guards.no_answered_consult, ("end-consult",)),
    ),
    table(
        "H1",
        SIBLING,
        "Only the owner holds and resumes the customer; hold needs a connected call, resume a "
        "held one.",
    ),
    table("E1", SIBLING, "The agent cannot end a held call; the customer can always leave."),
    guard(
        "T1",
        SIBLING,
        "Blind, consult and conference transfer are three kinds; each is requested once and has "
        "one outcome.",
        Guard(guards.transfer_not_possible, ("request-transfer",)),
        Guard(guards.no_open_transfer, ("withdraw-transfer", "fail-transfer")),
    ),
    effect(
        "T2",
        SIBLING,
        "After a transfer the receiver owns the call and the former owner's wrap-up is open.",
    ),
    effect(
        "W1",
        SIBLING,
        "The owner's wrap-up opens when the call ends, by whichever side, and at a transfer.",
    ),
    guard(
        "W5",
        SIBLING,
        "One reason per agent and wrap-up; a second is refused.",
        Guard(
            guards.reason_given_already,
            ("apply-wrap-up", "extend-wrap-up", "apply-default-wrap-up"),
        ),
    ),
    record(
        "W7",
        SIBLING,
        "When the time runs out the default reason is applied by the system, never to be read "
        "as the agent's choice.",
    ),
    guard(
        "W8",
        SIBLING,
        "The agent may extend as often as the rule set allows, and then wraps up by hand.",
        Guard(guards.no_extension_left, ("extend-wrap-up",)),
        Guard(guards.wraps_up_by_hand, ("apply-default-wrap-up",)),
    ),
    record("W9", SIBLING, "The recorded wrap-up time counts, not the configured one."),
    guard(
        "O1",
        SIBLING,
        "An offer is answered, declined or missed; within one queue entry the queue does not "
        "offer the same call to the same agent again.",
        Guard(guards.offered_before, ("offer",)),
        Guard(guards.no_open_offer, ("answer", "miss-offer", "decline-offer")),
    ),
    guard(
        "O2",
        SIBLING,
        "A queue may offer to several agents at once: each offer has its own outcome. The first "
        "answer wins, and the others are answered elsewhere, which is no miss. Who misses or "
        "declines says whose offer it is.",
        Guard(guards.not_whose_offer, ("miss-offer", "decline-offer")),
    ),
    table("L1", LEDGER, "A call is received once, and before anything else."),
    guard(
        "L2",
        LEDGER,
        "A command that names the version it has seen is refused when the call has moved on.",
    ),
    guard(
        "L3",
        LEDGER,
        "A correction refers to a recorded event of the same call, and corrects a reason only "
        "where one was given.",
        Guard(guards.nothing_to_correct, ("correct",)),
    ),
    table("L4", LEDGER, "An ended call takes no more than wrap-ups and corrections."),
    record(
        "L5",
        LEDGER,
        "A command id names one command: its type, its call and what it asks. Sent again it has "
        "its first outcome; with any other content it is refused.",
    ),
    record(
        "L6",
        LEDGER,
        "What another system reports again, or what is so already, is recorded as told again: "
        "it keeps the number of the thing that it is about and changes no figure.",
    ),
)

RULE_OF_ID: Final[dict[str, Rule]] = {rule.id: rule for rule in RULES}


def guards_by_action() -> dict[str, tuple[tuple[str, Callable[[Question], bool]], ...]]:
    """For each action its guards, with their rule's id, in the order of the rules."""
    by_action: dict[str, list[tuple[str, Callable[[Question], bool]]]] = {}
    for rule in RULES:
        for guard_of_rule in rule.guards:
            for action in guard_of_rule.actions:
                by_action.setdefault(action, []).append((rule.id, guard_of_rule.broken))
    return {action: tuple(asked) for action, asked in by_action.items()}


GUARDS_OF_ACTION: Final = guards_by_action()
