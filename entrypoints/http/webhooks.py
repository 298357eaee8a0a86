"""Webhooks: what another system sends by itself, signed, once or more, in any order."""

from __future__ import annotations

import asyncio
import hmac
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import APIRouter, Request, Response

from entrypoints.http.problems import Problem, described
from entrypoints.http.service import Service, service_of
from importers.observation import Unreadable
from importers.webex_webhook import END, Delivery, delivery_of
from ledger.quarantine import Unread

LARGEST_BYTES: Final = 64 * 1024
OLDEST: Final = timedelta(days=1)
AHEAD: Final = timedelta(minutes=5)
BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "A delivery as Webex Contact Center sends it.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}

router = APIRouter(tags=["webhooks"])


@router.post(
    "/v1/webhooks/webex",
    summary="A delivery of Webex Contact Center",
    status_code=204,
    response_class=Response,
    responses={
        status: said for status, said in described(404, 413).items() if status not in (403, 429)
    },
    openapi_extra=BODY,
)
async def take_webex(request: Request) -> Response:
    """Signed by HMAC-SHA256 over the body, and not older than a day; one that comes again changes
    nothing. What cannot be read goes to quarantine. A call is recorded when its end has come, and
    nothing of it for ten seconds.
    """
    service = service_of(request)
    service.check_records()
    secrets = service.webhooks
    if secrets is None:
        raise Problem(404, "not-served", "No secret is set: see docs/how-to/webhook.md.")
    body = await request.body()
    if len(body) > LARGEST_BYTES:
        raise Problem(413, "too-large", f"At most {LARGEST_BYTES} bytes are taken.")
    if not is_signed(body, request.headers.get(secrets.header, ""), secrets.secret):
        raise Problem(401, "not-signed", f"{secrets.header} does not sign this body.")
    now = datetime.now(UTC)
    delivery = delivery_of(body)
    if isinstance(delivery, Delivery):
        created_at = datetime.fromtimestamp((delivery.activity.milliseconds or 0) / 1000, UTC)
        if not now - OLDEST <= created_at <= now + AHEAD:
            raise Problem(400, "not-of-now", "It is not of the last day: import its record.")
    await asyncio.to_thread(take, service, delivery, body, now)
    return Response(status_code=204)


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether the signature, hexadecimal or base64, is of these very bytes by this secret."""
    digest = hmac.digest(secret.encode(), body, "sha256")
    given = signature.strip().removeprefix("sha256=").encode()
    in_hexadecimal = hmac.compare_digest(given.lower(), digest.hex().encode())
    return in_hexadecimal or hmac.compare_digest(given, b64encode(digest))


def take(service: Service, delivery: Delivery | Unreadable, body: bytes, now: datetime) -> None:
    """Keep a delivery, or put what is none into quarantine; it is on disk then."""
    if isinstance(delivery, Unreadable):
        origin = f"webhook:{hmac.digest(b'', body, 'sha256').hex()}"
        service.ledger.quarantine.add_new([Unread(origin, body, delivery.reason)])
    elif service.recorder is not None:
        is_end = delivery.activity.name == END
        service.recorder.deliveries.keep(delivery.id, delivery.task_id, is_end, body, now)
