"""The simulation's shares and durations, computed from the two recorded files."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import Any

WEBEX = Path(__file__).parents[3] / "shared" / "data" / "webex"
ACTIVITIES = WEBEX / "car_77tasks_865activities.json"
TERMINATIONS = WEBEX / "csr_250tasks_termination_reason.json"


def tasks_of(path: Path) -> list[dict[str, Any]]:
    tasks: list[dict[str, Any]] = json.loads(path.read_text())["data"]["taskDetails"]["tasks"]
    return tasks


@dataclass(frozen=True)
class Activities:
    """The activities of each call, oldest first."""

    calls: list[list[tuple[str, int]]]

    @classmethod
    def read(cls) -> Activities:
        return cls(
            [
                [(node["eventName"], node["duration"]) for node in reversed(nodes)]
                for task in tasks_of(ACTIVITIES)
                if (nodes := task["activities"]["nodes"])
            ]
        )

    def total(self, name: str) -> int:
        return sum(Counter(one for one, _ in call)[name] for call in self.calls)

    def calls_with(self, *names: str) -> int:
        return sum(all(name in dict(call) for name in names) for call in self.calls)

    def followed(self, name: str, following: str) -> int:
        return sum(
            one == name and other == following
            for call in self.calls
            for (one, _), (other, _) in zip(call, [*call[1:], ("", 0)], strict=True)
        )

    def seconds(
        self, name: str, among: Callable[[dict[str, int]], bool] = lambda _: True
    ) -> list[float]:
        return [
            duration / 1000
            for call in self.calls
            if among(dict(call))
            for one, duration in call
            if one == name and duration >= 0
        ]


def deciles(seconds: list[float]) -> tuple[float, ...]:
    inner = quantiles(seconds, n=10, method="inclusive")
    return tuple(round(value, 3) for value in (min(seconds), *inner, max(seconds)))


def shares() -> dict[str, tuple[int, int]]:
    activities, terminations = Activities.read(), tasks_of(TERMINATIONS)
    answered = activities.calls_with("connected")
    connected = [task for task in terminations if task["connectedDuration"] > 0]
    left_unanswered = sum(
        task["connectedDuration"] == 0 and task["terminatingEnd"] == "Customer"
        for task in terminations
    )
    ended_by = Counter(task["terminatingEnd"] for task in connected)
    consulting = activities.total("consulting")
    return {
        "queue_wait": (activities.calls_with("parked"), activities.calls_with("connect")),
        "abandoned": (left_unanswered, len(terminations)),
        "turned_away": (len(terminations) - len(connected) - left_unanswered, len(terminations)),
        "offer_not_answered": (
            activities.total("connect") - activities.followed("connect", "connected"),
            activities.total("connect"),
        ),
        "held": (
            activities.calls_with("on-hold") - activities.calls_with("on-hold", "consult"),
            answered,
        ),
        "consulted": (activities.calls_with("consult"), answered),
        "consult_to_queue": (activities.calls_with("ctq"), activities.calls_with("consult")),
        "consult_to_entry_point": (
            sum(
                dict(Counter(one for one, _ in call)).get("new", 0) > 1 for call in activities.calls
            ),
            activities.calls_with("consult"),
        ),
        "consult_answered": (consulting, activities.total("consult")),
        "conference": (activities.total("conferencing"), consulting),
        "consult_transfer": (activities.total("ConsultTransfer"), consulting),
        "blind_transfer": (activities.total("blind-transfer"), answered),
        "ended_by_customer": (ended_by["Customer"], len(connected)),
        "ended_by_system": (ended_by["System"], len(connected)),
        "wrapped_up": (activities.calls_with("WrapUp"), answered),
    }


def durations() -> dict[str, tuple[float, ...]]:
    activities, terminations = Activities.read(), tasks_of(TERMINATIONS)
    return {
        "queue_wait": deciles(activities.seconds("parked")),
        "patience": deciles(
            [
                task["totalDuration"] / 1000
                for task in terminations
                if task["connectedDuration"] == 0 and task["terminatingEnd"] == "Customer"
            ]
        ),
        "ring": deciles(activities.seconds("connect")),
        "talk": deciles(
            [
                task["connectedDuration"] / 1000
                for task in terminations
                if task["connectedDuration"] > 0
            ]
        ),
        "hold": deciles(activities.seconds("on-hold", lambda names: "consult" not in names)),
        "consult": deciles(activities.seconds("consulting")),
        "conference": deciles(activities.seconds("conferencing")),
        "after_conference": deciles(activities.seconds("conference-done")),
        "after_hold": deciles(activities.seconds("hold-done")),
        "transfer": deciles(activities.seconds("Transferred")),
        "wrap_up": deciles(activities.seconds("WrapUp")),
    }


def arrivals_by_hour() -> tuple[int, ...]:
    hours = Counter(
        datetime.fromtimestamp(task["createdTime"] / 1000, UTC).hour
        for task in tasks_of(TERMINATIONS)
    )
    return tuple(hours[hour] for hour in range(24))
