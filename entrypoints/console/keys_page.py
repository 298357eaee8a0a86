"""Keys: who may ask over HTTP and enter the console; made, shown once, and revoked by admins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from entrypoints.console.entrance import Form
from entrypoints.console.frame import Page, Shown, Visitor, page
from entrypoints.console.words import Words
from entrypoints.http.keys import LONGEST_LIFE, ApiKey, ApiRole, KeyRefused
from entrypoints.http.problems import Problem
from entrypoints.http.service import service_of

KEYS_PAGE: Final = "/console/keys"
MANAGE: Final = Shown("manage keys")
USUAL_DAYS: Final = 90
FIELDS: Final = ("role", "source", "agent", "note", "days")

router = APIRouter(include_in_schema=False, route_class=Page)
Manager = Annotated[Visitor, Depends(MANAGE)]


@router.get(KEYS_PAGE)
def show_keys(request: Request, visitor: Manager) -> Response:
    """Every key that was made, without the keys themselves."""
    service_of(request).log_reading(request, visitor.key, MANAGE.operation)
    return keys_page(request, {"days": str(USUAL_DAYS)})


@router.post(KEYS_PAGE)
def make_key(request: Request, visitor: Manager, form: Form) -> Response:
    """Make a key and show it, once; the log says who made it, and for what."""
    service, words = service_of(request), visitor.words
    given = {name: form.get(name, "").strip() for name in FIELDS}
    if refused := why_not(words, given):
        return keys_page(request, given, refused, status=400)
    asked = " ".join(f"{name}={value}" for name, value in given.items() if value)
    service.log_reading(request, visitor.key, MANAGE.operation, f"make {asked}")
    try:
        key, text = service.keys.make(
            ApiRole(given["role"]),
            given["source"] or None,
            given["agent"] or None,
            given["note"],
            datetime.now(UTC),
            timedelta(days=int(given["days"])),
        )
    except KeyRefused:
        refused = words.say("A name is not right: leave out what is not printed, and shorten it.")
        return keys_page(request, given, refused, status=400)
    return page(request, "key_made.html", made=key, text=text)


@router.post(f"{KEYS_PAGE}/{{key_id}}/revoke")
def revoke_key(request: Request, key_id: str, visitor: Manager) -> Response:
    """Let a key be valid no more; its sessions end with it."""
    service = service_of(request)
    service.log_reading(request, visitor.key, MANAGE.operation, "revoke")
    try:
        service.keys.revoke(key_id, datetime.now(UTC))
    except KeyRefused:
        raise Problem(404, "no-such-key", visitor.words.say("There is no such key.")) from None
    return RedirectResponse(f"{KEYS_PAGE}#key-{key_id}", 303)


def keys_page(
    request: Request, given: dict[str, str], refused: str = "", status: int = 200
) -> Response:
    """The list, and the form as it was filled in."""
    now = datetime.now(UTC)
    keys = [shown_of(key, now) for key in reversed(service_of(request).keys.all())]
    return page(
        request,
        "keys.html",
        status,
        keys=keys,
        given={name: given.get(name, "") for name in FIELDS},
        roles=list(ApiRole),
        refused=refused,
        longest_days=LONGEST_LIFE.days,
    )


def shown_of(key: ApiKey, now: datetime) -> dict[str, Any]:
    """What may be shown of a key."""
    state = "valid" if key.is_valid_at(now) else "revoked" if key.revoked_at else "expired"
    return {**key.model_dump(exclude={"secret_sha256"}), "state": state}


def why_not(words: Words, given: dict[str, str]) -> str:
    """Why no key is made of this; nothing where one is."""
    if given["role"] not in set(ApiRole):
        return words.say("Choose a role.")
    is_writer = given["role"] == ApiRole.WRITER
    if is_writer != bool(given["source"]):
        return words.say("A writer's key has a source, and no other key has one.")
    if given["agent"] and not is_writer:
        return words.say("Only a writer's key acts as an agent.")
    if not given["note"]:
        return words.say("Say for whom or what the key is.")
    if not given["days"].isdecimal() or not 1 <= int(given["days"][:9]) <= LONGEST_LIFE.days:
        return words.say("A key lasts from 1 to %(days)s days.", days=LONGEST_LIFE.days)
    return ""
