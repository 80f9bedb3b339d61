"""What everybody in a room hears before their call is recorded."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from callcenter.telephony import twiml
from callcenter.telephony.sentences import recording_notice
from callcenter.web.webhooks.verified import add_webhook, read_webhook, xml

router = APIRouter()


async def say_notice(request: Request) -> Response:
    """One sentence, in the language of the practice; without the database."""
    await read_webhook(request)
    language = request.query_params.get("language", "")
    return xml(twiml.notice(recording_notice(language), language=language))


add_webhook(router, "/recording-notice", say_notice)
