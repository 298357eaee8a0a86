"""Pages of a list, each found by the key of the last row before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response

from entrypoints.http.asked import Asked, document
from entrypoints.http.service import Service
from entrypoints.report_answer import moment_of
from projections.reports.report import where


def following(request: Request, name: str, last: object) -> str:
    """The address of the page after this one: the same question from the last row on."""
    asked = [one for one in request.query_params.multi_items() if one[0] != name]
    return f"{request.url.path}?{urlencode([*asked, (name, str(last))])}"


def newest_rows(
    request: Request,
    service: Service,
    asked: Asked,
    table: str,
    number: str,
    conditions: Iterable[str],
    parameters: Mapping[str, Any],
    limit: int,
) -> Response:
    """A table's rows under the conditions, those of the highest numbers first, as a page of them.

    The page after it has those before (`?before=`) the last row's number.
    """
    with asked.reader(service) as reader:
        as_of = asked.moment.looked_up(reader)
        answer = reader.ask(
            f"select * from {table} {where(conditions)} order by {number} desc limit {limit + 1}",
            parameters,
            as_of=as_of,
        )
        about = {**reader.facts, "position": answer.position, **moment_of(reader, as_of)}
    headers = asked.reached(answer.position)
    found = answer.table.to_pylist()
    shown = found[:limit]
    more = following(request, "before", shown[-1][number]) if len(found) > limit else None
    return document({**about, table: shown, "next": more}, headers)
