"""The page behind the address in a text: a caller who waits asks to be rung back, and may hang up.

Whoever has the address sees it, without signing in. Opening it changes nothing: telephones and mail scanners open what
they are sent. The address is written into no log.
"""

import logging
import re

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from callcenter.core import i18n
from callcenter.core.emergency_words import emergency_sentence
from callcenter.core.scope import Centre, CentreReason
from callcenter.routing.callback_link import LinkView, ask_by_link, read_link
from callcenter.web.context import At, TheWorld
from callcenter.web.rendering import page

router = APIRouter()
log = logging.getLogger(__name__)

_SCOPE = Centre(CentreReason.WEBHOOK)  # the address decides the practice
_HEADERS = {
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
    # Without a referrer older browsers send their form from nowhere, and it would be refused.
    "Referrer-Policy": "same-origin",
}


@router.api_route("/r/{token:path}", methods=["GET", "HEAD"])
def show_link(request: Request, world: TheWorld, at: At, token: str) -> Response:
    """How her call stands, with the button while she waits."""
    try:
        with world.database.reading(_SCOPE) as session:
            view = read_link(session, token, at=at)
    except Exception as fault:
        return _not_now(request, fault)
    return _answer(request, view)


@router.post("/r/{token:path}")
def ask(request: Request, world: TheWorld, at: At, token: str) -> Response:
    """She asks to be rung back; twice, or when she is not waiting any more, it changes nothing."""
    try:
        with world.database.unit_of_work(_SCOPE) as session:
            view = ask_by_link(session, token, at=at)
    except Exception as fault:
        return _not_now(request, fault)
    if view is None:
        return _answer(request, None)
    return RedirectResponse(f"/r/{token}", status_code=303, headers=_HEADERS)


def _answer(request: Request, view: LinkView | None) -> Response:
    if view is None:
        return _page(request, "unknown", status=404)
    return _page(request, view.standing.value, view)


def _not_now(request: Request, fault: Exception) -> Response:
    log.warning("the page of a caller who waits could not be read (%s)", type(fault).__name__)
    return _page(request, "later", status=503)


def _page(request: Request, standing: str, view: LinkView | None = None, *, status: int = 200) -> Response:
    settings = request.app.state.world.settings
    language = view.language if view is not None else settings.default_language
    i18n.set_language(language if language in i18n.LANGUAGES else "fr")
    emergency = emergency_sentence(
        "" if view is None else view.emergency_sentence,
        country="FR" if view is None else view.country,
        language=i18n.current_language(),
    )
    return page(
        request,
        "callback_link.html",
        status=status,
        headers=_HEADERS,
        standing=standing,
        view=view,
        emergency=_written(emergency),
    )


def _written(sentence: str) -> str:
    """A sentence made to be heard, as it is read: the digits of 112 stand together."""
    return re.sub(r"(?<=\b\d) (?=\d\b)", "", sentence).replace("'", "’")
