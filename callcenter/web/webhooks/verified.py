"""A webhook that is known to come from our account at the carrier."""

import logging
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from starlette.requests import ClientDisconnect

from callcenter.core.scope import Centre, CentreReason
from callcenter.telephony.signature import is_signed
from callcenter.web.context import World, world
from callcenter.web.webhooks.body import read_body

log = logging.getLogger(__name__)
SCOPE = Centre(CentreReason.WEBHOOK)
_MOST_FIELDS = 200
_CALL_SID = re.compile(r"CA[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Webhook:
    """The verified form parameters of one webhook."""

    params: dict[str, list[str]]

    def get(self, name: str) -> str:
        """One parameter; empty when it was not sent."""
        return self.params.get(name, [""])[0]

    @property
    def call_sid(self) -> str:
        """The call it is about. Raises 400 without a whole SID: it names a room, which strangers must not share."""
        sid = self.get("CallSid")
        if not _CALL_SID.fullmatch(sid):
            raise HTTPException(400)
        return sid


async def read_webhook(request: Request) -> tuple[World, Webhook]:
    """The world and this webhook, verified on the loop: no thread is waited for before a caller is answered.

    Raises 403 for what is not signed with our token for our public address, or of another account; 413 for a body
    longer than any webhook. Nothing is done then, and no number is logged.
    """
    the_world = world(request)
    body = await read_body(request)
    params: dict[str, list[str]] = defaultdict(list)
    try:
        for name, value in parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        ):
            params[name].append(value)
    except ValueError:
        raise _refused(request, "too many parameters") from None
    # As it was sent: what the framework makes of the address fails on a nonsense host and on bytes that are no UTF-8.
    query = request.scope["query_string"].decode("utf-8", "replace")
    url = the_world.settings.public_url + request.scope["path"] + (f"?{query}" if query else "")
    signature = request.headers.get("X-Twilio-Signature")
    if not is_signed(url, params, signature, tokens=the_world.settings.auth_tokens):
        raise _refused(request, "wrong signature" if signature else "no signature")
    webhook = Webhook(dict(params))
    if webhook.get("AccountSid") != the_world.settings.twilio_account_sid:
        raise _refused(request, "another account")
    return the_world, webhook


def add_webhook(router: APIRouter, path: str, answer: Callable[[Request], Awaitable[Response]]) -> None:
    """Let ``answer`` answer what the carrier posts to this path; a refusal is its bare status.

    The pages' refusals are rendered in the framework's threads, which pages may keep busy while the database is slow.
    """

    async def answer_or_refuse(request: Request) -> Response:
        try:
            return await answer(request)
        except HTTPException as refusal:
            return Response(status_code=refusal.status_code)
        except ClientDisconnect:  # before the whole body was there: nothing was done, and nobody reads this
            return Response(status_code=400)

    router.add_route(path, answer_or_refuse, methods=["POST"])


def xml(document: str) -> Response:
    """A document for the carrier to execute."""
    return Response(document, media_type="text/xml")


def noted() -> Response:
    """A report was heard; repeated or late, the answer is the same."""
    return Response(status_code=204)


def _refused(request: Request, why: str) -> HTTPException:
    log.warning("webhook refused: %s at %s", why, request.scope["path"])
    return HTTPException(403)
