"""A webhook that is known to come from our account at the carrier."""

import logging
from collections import defaultdict
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, HTTPException, Request
from fastapi.responses import Response

from callcenter.core.scope import Centre, CentreReason
from callcenter.telephony.signature import is_signed
from callcenter.web.context import TheWorld
from callcenter.web.webhooks.body import read_body

log = logging.getLogger(__name__)
SCOPE = Centre(CentreReason.WEBHOOK)
_MOST_FIELDS = 200


@dataclass(frozen=True, slots=True)
class Webhook:
    """The verified form parameters of one webhook."""

    params: dict[str, list[str]]

    def get(self, name: str) -> str:
        """One parameter; empty when it was not sent."""
        return self.params.get(name, [""])[0]


def verified(request: Request, world: TheWorld, body: Annotated[bytes, Depends(read_body)]) -> Webhook:
    """Refuse what is not signed with our token for our public address: 403, nothing done, logged without a number."""
    params: dict[str, list[str]] = defaultdict(list)
    try:
        for name, value in parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS
        ):
            params[name].append(value)
    except ValueError:
        raise _refused(request, "too many parameters") from None
    query = request.url.query
    url = world.settings.public_url + request.url.path + (f"?{query}" if query else "")
    signature = request.headers.get("X-Twilio-Signature")
    if not is_signed(url, params, signature, tokens=world.settings.auth_tokens):
        raise _refused(request, "wrong signature" if signature else "no signature")
    webhook = Webhook(dict(params))
    if webhook.get("AccountSid") != world.settings.twilio_account_sid:
        raise _refused(request, "another account")
    return webhook


FromCarrier = Annotated[Webhook, Depends(verified)]


def xml(document: str) -> Response:
    """A document for the carrier to execute."""
    return Response(document, media_type="text/xml")


def noted() -> Response:
    """A report was heard; repeated or late, the answer is the same."""
    return Response(status_code=204)


def _refused(request: Request, why: str) -> HTTPException:
    log.warning("webhook refused: %s at %s", why, request.url.path)
    return HTTPException(403)
