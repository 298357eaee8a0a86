"""Pages of a list, each found by the key of the last row before it."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import Request


def following(request: Request, name: str, last: object) -> str:
    """The address of the page after this one: the same question from the last row on."""
    asked = [one for one in request.query_params.multi_items() if one[0] != name]
    return f"{request.url.path}?{urlencode([*asked, (name, str(last))])}"
