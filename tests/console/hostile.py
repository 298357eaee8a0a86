"""A call in which each free field tries to be a part of the page."""

from __future__ import annotations

from typing import Final

from ledger.ledger import Ledger
from tests.ledger.scenes import command

MARKUP: Final = "<img src=x onerror=alert(1)>"
CALL_ID: Final = f"{MARKUP}/../\"' {{{{7*7}}}} %(x)s"
QUEUE, AGENT, REASON = f"queue {MARKUP}", f"agent {MARKUP}", f"reason {MARKUP}"
CUSTOMER, NOTE, WHY = f"customer {MARKUP}", f"note {MARKUP}\n</script>", f"why {MARKUP}"


def tell_hostile(ledger: Ledger) -> None:
    """Received, answered, confused with another system's words, wrapped up and corrected."""

    def tell(action: str, actor: str, observed: bool = False, **own: object) -> None:
        ledger.record(command(action, actor, CALL_ID, **own), observed)

    tell("receive", "system", queue=QUEUE, customer=CUSTOMER, entry_point=f"entry {MARKUP}")
    tell("offer", "system", agent=AGENT)
    tell("answer", AGENT)
    tell("end-conference", f"stranger {MARKUP}")
    tell("note-activity", "system", True, activity=f"activity {MARKUP}")
    tell("mark-incomplete", "system", True, missing=f"missing {MARKUP}")
    tell("leave", "customer")
    tell("apply-wrap-up", AGENT, reason=REASON, note=NOTE)
    tell("correct", f"auditor {MARKUP}", corrected_version=9, why=WHY, reason=f"right {MARKUP}")
