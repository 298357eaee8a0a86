"""How the ledger reads what neither the page nor its readings Q1 to Q24 say; tests show each."""

from __future__ import annotations

from typing import Final

OWN_READINGS: Final[tuple[str, ...]] = (
    "A wrap-up opens once for each time somebody owns the call: the customer's exit opens it for "
    "good, and the call's end after that opens no other; nor is there a second beside one that "
    "the same agent still has open (R16, R18, W1, Q4).",
    "A former owner who is back in the call as consulted party or member gives the reason of the "
    "earlier part after leaving again (R15 before Q21); one who is merely invited back may give "
    "it at once.",
    "The kind of a transfer goes by how it is asked for: in conference, from an answered consult "
    "that is under way, or blind. A consult that has ended before does not change it (T1).",
    "In wrap-up assist the owner ends instead of exiting, under both rule sets (Q6, Q18).",
    "When the owner leaves a conference under `multi-party`, a consult under way ends and an open "
    "transfer is taken back; an external party becomes owner only where no agent is left (Q6).",
    "Somebody who is only being consulted is not in the conference: it ends when fewer than two "
    "others are left in it (R4, Q7).",
    "A consult asked from a conference does not put the customer on hold (R7 before C5).",
    "A command must say who acts: by an unknown actor it is refused (R22). An observation need "
    "not: whoever answers unnamed is whom the call waited for, and an unnamed reason closes the "
    "oldest open wrap-up.",
    "Of an observation that meets something open: a transfer request to somebody else takes the "
    "place of the open one, a consult of somebody else that of the one under way, a different "
    "reason keeps the number of the wrap-up, and nobody comes into a call that has ended. What "
    "is so already is recorded as told again (L6).",
    "After a transfer to a queue an acceptance is the answer: some systems tell it in the shape "
    "of a transfer to an agent (Q24). Without a customer nobody waits there.",
    "A miss that is told after somebody else's answer is a miss; the offer was closed before (O2).",
    "An answer that is told after another agent's, by one whom the queue rang as well, was "
    "answered elsewhere: it lets nobody in (O2, L6).",
    "Of an observed consult: an answer to one that is over lets nobody in; cancelled or declined "
    "after its answer, it ends and its party leaves; who declines one that another has answered "
    "ends nothing (C6, L6).",
    "A reason that is told before the wrap-up opens is that of the wrap-up which opens next for "
    "this agent; opened by a transfer request, it is provisional until the acceptance (Q3, W5).",
    "A stale command is refused as stale (L2) before anything else is asked: whoever sent it "
    "judged by another state of the call.",
    "Offering or ending a call that has ended is refused by L4; a resume in conference, whoever "
    "asks, by Q5: nobody is on hold.",
)
