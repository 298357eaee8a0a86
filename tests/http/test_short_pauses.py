"""While it serves, Python looks for cycles among few objects at a time."""

from __future__ import annotations

import gc
from itertools import pairwise

from entrypoints.http.short_pauses import short_pauses

MANY = 50_000
FEW = 6_000


def test_new_objects_are_looked_at_by_few_at_a_time_and_old_ones_as_seldom_as_before() -> None:
    before = gc.get_threshold()
    kept: list[list[int]] = []
    looked = [0]
    generations = []

    def note(phase: str, about: dict[str, int]) -> None:
        if phase == "start":
            looked.append(len(kept))
            generations.append(about["generation"])

    with short_pauses():
        gc.callbacks.append(note)
        try:
            kept.extend([number] for number in range(MANY))
        finally:
            gc.callbacks.remove(note)
    assert max(later - earlier for earlier, later in pairwise([*looked, MANY])) <= FEW
    assert set(generations) == {0}
    assert gc.get_threshold() == before
