"""An event of one type, with whatever its fields may hold."""

from __future__ import annotations

from hypothesis import strategies as st
from msgspec import structs

from domain.event import Event


def any_of(event_class: type[Event]) -> st.SearchStrategy[Event]:
    fields = {field.name: st.from_type(field.type) for field in structs.fields(event_class)}
    return st.builds(event_class, **fields)
