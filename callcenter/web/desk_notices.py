"""What the desk says when a colleague was faster: who has the call, and the next one to take."""

from fastapi import Request
from fastapi.responses import Response

from callcenter.core.i18n import gettext
from callcenter.routing.taking import CallTaken
from callcenter.web.errors import problem_page
from callcenter.web.rendering import is_htmx, page


def call_taken(request: Request, taken: CallTaken) -> Response:
    """A notice beside the queue with the next choice on Enter; a browser without script gets the sentence as a page."""
    sentence = gettext(taken.sentence, **taken.values)
    if not is_htmx(request):
        return problem_page(request, sentence, taken.status)
    headers = {"HX-Retarget": "#notices", "HX-Reswap": "innerHTML", "HX-Trigger": "desk-changed"}
    return page(
        request,
        "desk/_taken.html",
        status=taken.status,
        headers=headers,
        sentence=sentence,
        next_entry_id=taken.next_entry_id,
    )
