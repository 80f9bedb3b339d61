"""The emergency card and its gestures: over the desk when htmx asks, a page of its own without script."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.errors import Conflict, NotFound, Problem
from callcenter.core.i18n import N_, gettext
from callcenter.core.scope import Practices
from callcenter.desk.emergency import (
    close_relay,
    note_read_back,
    note_taken_over,
    ringing_in_vain,
    save_place,
)
from callcenter.desk.emergency_card import EmergencyCard, emergency_card
from callcenter.desk.emergency_dialling import dial_emergency
from callcenter.desk.emergency_gate import answer_gate
from callcenter.desk.handling import has_passed_on
from callcenter.desk.hanging_up import hang_up
from callcenter.desk.models import EmergencyRelay
from callcenter.desk.relay_rules import RelayState
from callcenter.routing.models import Agent
from callcenter.telephony.dialling import dial_leg
from callcenter.telephony.sweeping import hang_up_legs
from callcenter.triage.script import ANSWER_LABELS
from callcenter.web.context import At, Operator, Reads, TheWorld, World
from callcenter.web.rendering import is_htmx, page, redirect

router = APIRouter()

Typed = Annotated[str, Form()]


@router.get("/desk/emergency")
def show_card(request: Request, world: TheWorld, me: Operator, session: Reads, call: int | None = None) -> Response:
    """The card of her call: alone for htmx, as a page otherwise."""
    return whole_card(request, world, me, _her_call(session, me, call))


@router.get("/desk/emergency/live")
def show_live(
    request: Request, world: TheWorld, me: Operator, session: Reads, call: int | None = None, ask: str = ""
) -> HTMLResponse:
    """All of the card that changes by itself; nothing of it is ever typed into. ``ask`` asks a question again.

    It goes for whoever was cut off and whose patient a colleague has now, and when it has just been closed.
    """
    call_id = _her_call(session, me, call)
    if has_passed_on(session, call_id, staff_id=me.staff_id) or session.get(EmergencyRelay, call_id) is None:
        gone = {"HX-Retarget": "#emergency-layer", "HX-Reswap": "innerHTML", "HX-Trigger": "relay-closed, desk-changed"}
        return HTMLResponse("", headers=gone)
    return _live(request, world, me, call_id, ask=ask)


@router.post("/calls/{call_id}/emergency/answers")
def answer(
    request: Request, call_id: int, world: TheWorld, me: Operator, at: At, question_id: Typed = "", answer: Typed = ""
) -> Response:
    """Record one answer of the vital gate."""
    return _act(
        request, world, me, call_id,
        lambda session: answer_gate(
            session, call_id, question_id=question_id, answer=answer, staff_id=me.staff_id, at=at
        ),
    )  # fmt: skip


@router.post("/calls/{call_id}/emergency/address")
def keep_place(
    request: Request,
    call_id: int,
    world: TheWorld,
    me: Operator,
    caller: Typed = "",
    address: Typed = "",
    detail: Typed = "",
    callback: Typed = "",
) -> Response:
    """Keep who calls and where the patient is, as typed so far."""
    typed = {"caller": caller, "address": address, "detail": detail, "callback": callback}
    with world.database.unit_of_work(Practices(me.practice_ids)) as session:
        why = save_place(session, call_id, **typed, staff_id=me.staff_id)
    if not is_htmx(request):
        return redirect(request, f"/desk/emergency?call={call_id}")
    return page(request, "emergency/_kept.html", why=gettext(why), saved_at=world.clock.now(), relay=None, oob=True)


@router.post("/calls/{call_id}/emergency/read-back")
def read_back(
    request: Request,
    call_id: int,
    world: TheWorld,
    me: Operator,
    at: At,
    caller: Typed = "",
    address: Typed = "",
    detail: Typed = "",
    callback: Typed = "",
) -> Response:
    """Note that it was read back: what stands on her screen, whose last words may not have been sent yet."""
    typed = {"caller": caller, "address": address, "detail": detail, "callback": callback}

    def act(session: Session) -> None:
        if address.strip():
            save_place(session, call_id, **typed, staff_id=me.staff_id)
        note_read_back(session, call_id, staff_id=me.staff_id, at=at)

    return _act(request, world, me, call_id, act)


@router.post("/calls/{call_id}/emergency/dial")
def dial(request: Request, call_id: int, world: TheWorld, me: Operator, at: At) -> Response:
    """Ring the emergency line: the wish is committed first, the carrier told after."""
    wanted: list[int] = []

    def act(session: Session) -> None:
        wanted.append(dial_emergency(session, call_id, staff_id=me.staff_id, at=at).id)

    return _act(request, world, me, call_id, act, then=lambda: _ring(world, wanted[0]))


@router.post("/calls/{call_id}/emergency/taken-over")
def taken_over(request: Request, call_id: int, world: TheWorld, me: Operator, at: At) -> Response:
    """Note that the regulator took over; a line that still rings is not wanted any more."""
    in_vain: list[int] = []

    def act(session: Session) -> None:
        note_taken_over(session, call_id, staff_id=me.staff_id, at=at)
        in_vain.extend(ringing_in_vain(session, call_id))

    return _act(
        request, world, me, call_id, act,
        then=lambda: hang_up_legs(world.database, world.provider, in_vain, world.clock),
    )  # fmt: skip


@router.post("/calls/{call_id}/emergency/leaving")
def leave_line(request: Request, call_id: int, world: TheWorld, me: Operator) -> Response:
    """Once it is taken over she leaves from the card itself, as by F8 at the desk; the card goes with her."""
    try:
        if _card(world, me, call_id).state is not RelayState.TAKEN_OVER:
            raise Conflict(N_("Stay on the line until the regulator says “taken over”."))
        scope = Practices(me.practice_ids)
        has_left = hang_up(
            world.database, world.provider, call_id, world.clock,
            settings=world.settings, scope=scope, staff_id=me.staff_id,
        )  # fmt: skip
    except Conflict as refused:
        return _stay(request, world, me, call_id, refused)
    return _to_desk(request) if has_left or not is_htmx(request) else _stay(request, world, me, call_id)


@router.post("/calls/{call_id}/emergency/closure")
def close_card(request: Request, call_id: int, world: TheWorld, me: Operator, at: At) -> Response:
    """Back to the call card."""
    try:
        with world.database.unit_of_work(Practices(me.practice_ids)) as session:
            close_relay(session, call_id, staff_id=me.staff_id, at=at)
    except Conflict as refused:
        return _stay(request, world, me, call_id, refused)
    return _to_desk(request)


def _stay(request: Request, world: World, me: Operator, call_id: int, refused: Problem | None = None) -> Response:
    """The card stays and says why it does."""
    if refused and not is_htmx(request):
        raise refused
    answer = _live(request, world, me, call_id, fault=refused)
    answer.headers["HX-Reswap"] = "none"
    return answer


def _to_desk(request: Request) -> Response:
    if not is_htmx(request):
        return redirect(request, "/desk")
    return HTMLResponse("", headers={"HX-Trigger": "relay-closed, desk-changed"})


def _ring(world: World, leg_id: int) -> None:
    dial_leg(world.database, world.provider, leg_id, world.clock, settings=world.settings)


def _act(
    request: Request,
    world: World,
    me: Operator,
    call_id: int,
    act: Callable[[Session], object],
    *,
    then: Callable[[], object] | None = None,
) -> Response:
    """One gesture in its own transaction, then the card anew; a refusal is told on the card itself."""
    try:
        with world.database.unit_of_work(Practices(me.practice_ids)) as session:
            act(session)
        if then is not None:
            then()
    except NotFound:
        raise
    except Problem as refused:
        if not is_htmx(request):
            raise
        return _live(request, world, me, call_id, fault=refused)
    if not is_htmx(request):
        return redirect(request, f"/desk/emergency?call={call_id}")
    return _live(request, world, me, call_id)


def _her_call(session: Session, me: Operator, asked: int | None) -> int:
    call_id = asked if asked is not None else session.scalar(select(Agent.call_id).where(Agent.staff_id == me.staff_id))
    if call_id is None:
        raise NotFound(N_("No call in progress."))
    return call_id


def _card(world: World, me: Operator, call_id: int) -> EmergencyCard:
    with world.database.reading(Practices(me.practice_ids)) as session:
        card = emergency_card(session, call_id, staff_id=me.staff_id, at=world.clock.now())
    if card is None:
        raise NotFound(N_("No emergency card is open for this call. F12 opens one."))
    return card


def whole_card(
    request: Request, world: World, me: Operator, call_id: int, *, fault: Problem | None = None
) -> HTMLResponse:
    """The card of her call, which ``fault`` kept from being all that was asked."""
    template = "emergency/_card.html" if is_htmx(request) else "emergency/page.html"
    context: dict[str, Any] = {"relay": _card(world, me, call_id), "fault": _told(fault)}
    context |= {"oob": False, "ask": "", "why": ""}
    return page(request, template, saved_at=None, answer_labels=ANSWER_LABELS, **context)


def _live(
    request: Request, world: World, me: Operator, call_id: int, *, ask: str = "", fault: Problem | None = None
) -> HTMLResponse:
    status = fault.status if fault is not None else 200
    card = _card(world, me, call_id)
    return page(request, "emergency/_live.html", status=status, relay=card, oob=True, fault=_told(fault), ask=ask,
                answer_labels=ANSWER_LABELS)  # fmt: skip


def _told(fault: Problem | None) -> str:
    return gettext(fault.sentence, **fault.values) if fault is not None else ""
