"""Other people's text is shown in one line, and nothing in it steers a terminal or a picture."""

from __future__ import annotations

from domain.events import WrapUpApplied
from domain.vocabulary import WrapUpMode
from entrypoints.timeline.sentences import sentence


def test_a_sentence_is_one_line() -> None:
    applied = WrapUpApplied(
        wrap_up_number=1,
        wrap_up_agent="a1",
        reason="sold",
        mode=WrapUpMode.BY_AGENT,
        note="on\nTuesday",
    )
    assert sentence(applied, "a1", "owner", personal=True).endswith(r"(note: on\nTuesday)")
