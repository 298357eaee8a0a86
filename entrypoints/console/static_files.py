"""Scripts and styles: few, our own or pinned, known by their content."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from entrypoints.http.problems import Problem

FOLDER: Final = Path(__file__).parent / "static"
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
PATH: Final = "/console/static/{name}"
FOR_EVER: Final = "public, max-age=31536000, immutable"

router = APIRouter(include_in_schema=False)


@cache
def contents() -> dict[str, bytes]:
    """What is served, by its name."""
    return {file.name: file.read_bytes() for file in FOLDER.iterdir() if file.suffix in TYPES}


@cache
def address(name: str) -> str:
    """Where a file is; other content is another address, so that it may be kept for ever."""
    version = sha256(contents()[name]).hexdigest()[:12]
    return f"{PATH.format(name=name)}?v={version}"


@router.get(PATH)
async def read_file(name: str, request: Request) -> Response:
    """One of them; they are nobody's secret."""
    content = contents().get(name)
    if content is None:
        raise Problem(404, "no-such-file", "There is no such file: open /console.")
    is_named = request.url.query == address(name).partition("?")[2]
    headers = {
        "Cache-Control": FOR_EVER if is_named else "no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, 200, headers, TYPES[Path(name).suffix])
