"""Refusals become pages with a sentence and the next choice; faults are logged and admit it."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException

from callcenter.core import i18n
from callcenter.core.errors import Problem
from callcenter.core.i18n import N_
from callcenter.web.rendering import is_htmx, page, redirect

log = logging.getLogger(__name__)

_SENTENCES = {
    403: N_("This page is not for your account."),
    404: N_("There is no such page."),
    405: N_("This page cannot be used that way."),
    413: N_("What was sent is too large."),
    422: N_("Something on this form could not be read."),
    503: N_("That takes too long at the moment. Nothing is lost; try again."),
}


_SECRET = ("/r/", "/m/", "/on-call/feed/")  # what follows lets somebody in


class SignInNeeded(Exception):
    """Nobody is signed in: the whole page goes to the sign-in page, also when only a fragment was asked for."""


def install_error_pages(app: FastAPI) -> None:
    """Answer refusals and faults."""
    app.add_exception_handler(SignInNeeded, _sign_in)
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _unreadable)
    # Figures and characters that the database cannot hold: no form of ours sends them.
    app.add_exception_handler(DataError, _unreadable)
    app.add_exception_handler(OverflowError, _unreadable)
    app.add_exception_handler(Exception, _fault)


def problem_page(request: Request, sentence: str, status: int) -> Response:
    """The sentence as a page, or as a notice beside what is on screen when htmx asked."""
    block = "notice" if is_htmx(request) else None
    headers = {"HX-Retarget": "#notices", "HX-Reswap": "innerHTML"} if block else None
    return page(request, "problem.html", block=block, status=status, headers=headers, sentence=sentence)


def _sign_in(request: Request, _error: Exception) -> Response:
    return redirect(request, "/sign-in")


def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_page(request, i18n.gettext(error.sentence, **error.values), error.status)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    sentence = _SENTENCES.get(error.status_code, N_("That did not work. Nothing is lost; try again."))
    return problem_page(request, i18n.gettext(sentence), error.status_code)


def _unreadable(request: Request, error: Exception) -> Response:
    log.warning("unreadable: %s %s (%s)", request.method, _place(request), type(error).__name__)
    return problem_page(request, i18n.gettext(_SENTENCES[422]), 422)


def _fault(request: Request, error: Exception) -> Response:
    # The path only: names and numbers never stand in it, and the query may one day.
    log.error("fault in %s %s", request.method, _place(request), exc_info=error)
    return problem_page(request, i18n.gettext(N_("That did not work. Nothing is lost; try again.")), 500)


def _place(request: Request) -> str:
    """The path as a log may hold it: whoever has an address that was sent to a patient, or a calendar, may use it."""
    path = request.url.path
    return next((f"{secret}..." for secret in _SECRET if path.startswith(secret)), path)
