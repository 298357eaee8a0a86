"""What routes depend on, made on the event loop's own thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from inspect import signature
from typing import Any, TypeVar

Made = TypeVar("Made")


def made_at_once(make: Callable[..., Made]) -> Callable[..., Awaitable[Made]]:
    """A class, or a function, as a coroutine of the same parameters.

    FastAPI makes anything else on another thread, and in a busy server the way there and back
    takes longer than whole answers.
    """

    async def made(**given: Any) -> Made:
        return make(**given)

    made.__signature__ = signature(make, eval_str=True)  # type: ignore[attr-defined]
    return made
