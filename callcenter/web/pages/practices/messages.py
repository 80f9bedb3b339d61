"""How messages reach the practitioners of a practice: what each wishes, the ladder, the templates, and who is next."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlalchemy.orm import Session

from callcenter.directory.identity import Identity
from callcenter.directory.practitioners import list_practitioners, load_practitioner
from callcenter.dispatch.models import Urgency
from callcenter.dispatch.preferences import preferences_of, remove_code, set_code, set_preference
from callcenter.dispatch.recipients import addresses_of, ladder_of
from callcenter.dispatch.rules.ladder import URGENT
from callcenter.dispatch.templates import list_templates
from callcenter.web.context import At, Reads, Supervisor, TheWorld, Writes
from callcenter.web.forms import Typed, attempt
from callcenter.web.message_words import MAY_ANSWER_WORDS, TIMING_WORDS
from callcenter.web.pages.practices.frame import open_frame, saved, show_section
from callcenter.web.pages.who_next import who_next_context
from callcenter.web.preference_form import CodeForm, PreferenceForm, preference_context

router = APIRouter()
_BASE = "/practices/{practice_id}/messages"
_ONE = _BASE + "/practitioners/{practitioner_id}"


@router.get(_BASE)
def messages(
    request: Request,
    practice_id: int,
    session: Reads,
    me: Supervisor,
    at: At,
    practitioner: Annotated[str, Query()] = "",
) -> Response:
    """All that is set about the practice's messages, at a glance."""
    frame = open_frame(session, practice_id, me)
    practitioners = list_practitioners(session, practice_id)
    wishes = preferences_of(session, practice_id)
    ladder = ladder_of(session, practice_id, Urgency.URGENT)
    chosen = practitioner or (str(practitioners[0].id) if practitioners else "")
    context = who_next_context(
        session, frame.practice, me, practitioner=chosen, urgency=Urgency.URGENT, moment="", at=at
    )
    return show_section(
        request,
        frame,
        me,
        "messages",
        form=Typed(),
        wishes=wishes,
        addresses={one.id: addresses_of(session, one) for one in practitioners},
        names={one.id: one.name for one in practitioners},
        timing_words=TIMING_WORDS,
        ladder=ladder,
        is_default=ladder is URGENT,
        templates=list_templates(session, practice_id),
        may_answer_words=MAY_ANSWER_WORDS,
        **{name: value for name, value in context.items() if name != "practice"},
    )


@router.get(_ONE)
def preference(request: Request, practice_id: int, practitioner_id: int, session: Reads, me: Supervisor) -> Response:
    """How one practitioner is told, to be set for them."""
    return _show(request, session, practice_id, practitioner_id, me)


@router.post(_ONE)
def change(
    request: Request,
    practice_id: int,
    practitioner_id: int,
    typed: Annotated[PreferenceForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Supervisor,
    at: At,
) -> Response:
    """Set how this practitioner is told."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        found = load_practitioner(session, practice_id, practitioner_id)
        set_preference(session, found, typed.typed(), at=at, staff_id=me.staff_id, countries=world.settings.countries)

    refused = attempt(world, me, act)
    if refused:
        form = Typed(typed.model_dump(), refused)
        return _show(request, session, practice_id, practitioner_id, me, form=form)
    return saved(request, f"/practices/{practice_id}/messages/practitioners/{practitioner_id}")


@router.post(_ONE + "/code")
def change_code(
    request: Request,
    practice_id: int,
    practitioner_id: int,
    typed: Annotated[CodeForm, Form()],
    world: TheWorld,
    session: Reads,
    me: Supervisor,
    at: At,
) -> Response:
    """Set this practitioner's code for links."""

    def act(session: Session) -> None:
        open_frame(session, practice_id, me)
        found = load_practitioner(session, practice_id, practitioner_id)
        set_code(session, found, typed.code, typed.again, at=at, staff_id=me.staff_id)

    refused = attempt(world, me, act)
    if refused:
        return _show(request, session, practice_id, practitioner_id, me, code_form=Typed({}, refused))
    return saved(request, f"/practices/{practice_id}/messages/practitioners/{practitioner_id}")


@router.post(_ONE + "/code/removal")
def forget_code(
    request: Request, practice_id: int, practitioner_id: int, session: Writes, me: Supervisor, at: At
) -> Response:
    """Links ask for sign-in from now on."""
    open_frame(session, practice_id, me)
    remove_code(session, load_practitioner(session, practice_id, practitioner_id), at=at, staff_id=me.staff_id)
    return saved(request, f"/practices/{practice_id}/messages/practitioners/{practitioner_id}")


def _show(
    request: Request,
    session: Session,
    practice_id: int,
    practitioner_id: int,
    me: Identity,
    *,
    form: Typed | None = None,
    code_form: Typed | None = None,
) -> Response:
    frame = open_frame(session, practice_id, me)
    found = load_practitioner(session, practice_id, practitioner_id)
    context = preference_context(session, frame.practice, found, form=form, code_form=code_form)
    return show_section(
        request,
        frame,
        me,
        "messages",
        template="practices/message_preference.html",
        status=code_form.status if code_form else None,
        base=f"/practices/{practice_id}/messages/practitioners/{practitioner_id}",
        **context,
    )
