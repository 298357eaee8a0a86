"""Keeps the tables near the store while others ask, so that questions do not wait for rounds."""

from __future__ import annotations

import threading
import time
from typing import Final

from infra.folder import LedgerFolder
from projections.serving.client import Reader
from projections.serving.shared_owner import SharedOwner

LOOK_SECONDS: Final = 0.1
"""How often the store is looked at: other processes may write to it."""

SHARE: Final = 5
"""A round is followed by a pause of four times as long, or of `LONGEST_PAUSE_SECONDS`."""

LONGEST_PAUSE_SECONDS: Final = 2.0

END_SECONDS: Final = 30.0
"""How long the end waits for a round; a longer one is cut off, and done anew by who comes next."""


class BackgroundProjector:
    """A thread that asks for all that was recorded, so that whoever has the tables brings them up.

    It leaves time between its rounds: those who record need the processor, and a round of many
    events takes little longer than one of few.
    """

    def __init__(self, folder: LedgerFolder, owner: SharedOwner | None = None) -> None:
        """`owner` is what has the tables for others in this process, too."""
        self._folder = folder
        self._owner = owner
        self._ending = threading.Event()
        self._beginning = threading.Lock()
        self._thread: threading.Thread | None = None
        self.keeps_up = False
        """Whether its last round came to the end; else whoever asks waits, or is told why not."""

    def begin(self) -> None:
        """Begin, unless it has."""
        with self._beginning:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="projecting", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End after the round that is under way."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(END_SECONDS)

    def _run(self) -> None:
        reader: Reader | None = None
        pause_seconds = 0.0
        while not self._ending.wait(pause_seconds):
            began = time.monotonic()
            try:
                reader = reader or Reader(self._folder, owner=self._owner)
                reader.bring_up()
                self.keeps_up = True
            except Exception:  # whoever asks meets the same, and is told
                self.keeps_up = False
            pause_seconds = pause_after(time.monotonic() - began)
        if reader is not None:
            reader.close()


def pause_after(round_seconds: float) -> float:
    """For how long the processor is left to others after a round, in seconds."""
    return min(max(LOOK_SECONDS, round_seconds * (SHARE - 1)), LONGEST_PAUSE_SECONDS)
