"""What routes depend on is made on the event loop's own thread."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import iscoroutinefunction

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from entrypoints.http.application import application


def dependencies_of(dependant: Dependant) -> Iterator[Dependant]:
    """All that it depends on, and what that depends on."""
    for one in dependant.dependencies:
        yield one
        yield from dependencies_of(one)


def test_no_dependency_of_a_route_is_made_on_another_thread() -> None:
    routes = [route for route in application().router.routes if isinstance(route, APIRoute)]
    calls = {one.call for route in routes for one in dependencies_of(route.dependant)}

    on_other_threads = {
        call
        for call in calls
        if not iscoroutinefunction(call) and not iscoroutinefunction(type(call).__call__)
    }

    assert calls
    assert on_other_threads == set()
