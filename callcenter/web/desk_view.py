"""What the desk's templates are given: read models, and words for her own state."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from sqlalchemy.orm import Session

from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.i18n import (
    N_,
    format_date_long,
    format_date_numeric,
    format_day_short,
    format_duration,
    format_time,
    gettext,
)
from callcenter.desk.agenda_panel import AgendaChoice, ChosenTime, FreeTime, agenda_panel, next_choice
from callcenter.desk.callback_list import owed_calls
from callcenter.desk.card import CallCard, CardState
from callcenter.desk.card_reading import call_card
from callcenter.desk.dispositions import DISPOSITION_LABELS, codes_in_key_order
from callcenter.desk.emergency_offline import offline_relay
from callcenter.desk.loop_lists import desk_loops
from callcenter.desk.queue_view import WaitingCall, has_colleagues, missed_call_taker, todo_list, waiting_calls
from callcenter.desk.returned import read_cut, read_former, read_handed
from callcenter.desk.wrap_up import WrapUp, read_wrap_up
from callcenter.directory.identity import Identity
from callcenter.routing.callback_rules import LATE_AFTER
from callcenter.routing.callbacks import callbacks_owed
from callcenter.routing.desk_claim import desk_elsewhere
from callcenter.routing.models import Agent, AgentStatus
from callcenter.web.ear_view import ear_context
from callcenter.web.message_words import ANSWER_WORDS


@dataclass(frozen=True, slots=True)
class AgentView:
    """Her own state in words, and what F9 would do."""

    status: str
    missed: bool
    since: datetime | None
    label: str
    icon: str
    switch_label: str
    switch_icon: str
    switch_url: str
    can_switch: bool
    switch_is_primary: bool
    may_take: bool
    breather_until: datetime | None = None  # a break after a hard call


_LOOPS_AT_MOST = 8  # beside the queue; the whole list has a page of its own


class Moments:
    """Dates and hours for templates, in the language of the screen and the zone of the practice."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def hour(self, instant: datetime, zone: str) -> str:
        """``09:17``."""
        return format_time(instant, ZoneInfo(zone))

    def short(self, instant: datetime, zone: str) -> str:
        """The hour alone today, else with its day."""
        return self.slot(instant, zone, self._at.astimezone(ZoneInfo(zone)).date())

    def slot(self, instant: datetime, zone: str, today: date) -> str:
        """A time of an agenda: the hour alone on ``today``, else with its day."""
        local = instant.astimezone(ZoneInfo(zone))
        return format_time(local) if local.date() == today else f"{format_day_short(local)} {format_time(local)}"

    def day_and_hour(self, instant: datetime, zone: str) -> str:
        """``mardi 24 novembre, 11:30``."""
        local = instant.astimezone(ZoneInfo(zone))
        return f"{format_date_long(local)}, {format_time(local)}"

    def moment(self, seconds: float, zone: str) -> str:
        """« lun. 23 nov. 09:30 »; ``seconds`` since 1970."""
        local = datetime.fromtimestamp(seconds, ZoneInfo(zone))
        return f"{format_day_short(local)} {format_time(local)}"

    def slots(self, times: Sequence[FreeTime], zone: str, after: datetime) -> str:
        """Several times of an agenda; the day is said only where it changes."""
        said, day = [], after.astimezone(ZoneInfo(zone)).date()
        for one in times:
            said.append(self.slot(one.start, zone, day))
            day = one.start.astimezone(ZoneInfo(zone)).date()
        return ", ".join(said)

    weekday = staticmethod(format_date_long)
    birth = staticmethod(format_date_numeric)

    def length(self, since: datetime, until: datetime) -> str:
        """How long something took: ``2:07``."""
        return format_duration(until - since)


def desk_context(
    request: Request,
    session: Session,
    me: Identity,
    *,
    at: datetime,
    asked: AgendaChoice | None = None,
    only: str | None = None,
) -> dict[str, Any]:
    """Everything the desk's page needs, or only what one of its blocks does."""
    agent = session.get(Agent, me.staff_id)
    # Every screen reads these two again whenever the queue changes, and nothing in them is of the card.
    card = None if only in {"status", "queue"} else call_card(session, me.staff_id, at=at)
    waiting = waiting_calls(session, me.staff_id) if only in {None, "queue", "card", "softkeys"} else []
    elsewhere = desk_elsewhere(session, me.staff_id, me.session_id, at=at)
    if elsewhere is not None:
        card, waiting = None, []
    view = agent_view(agent, card)
    if elsewhere is not None:
        view = replace(view, can_switch=False, may_take=False, missed=False)
    context: dict[str, Any] = {
        "me": me,
        "agent_view": view,
        "card": card,
        "elsewhere": elsewhere,
        "waiting": waiting,
        "f": Moments(at),
        "labels": DISPOSITION_LABELS,
        "dispositions": codes_in_key_order(),
        "titles": ["Mme", "M."],
        "live": live_triggers(me, card),
        "late_after": int(LATE_AFTER.total_seconds()),
    }
    if only in {None, "card"}:
        context["has_colleagues"] = card is not None or has_colleagues(session, me.staff_id)
        context["missed_to"] = missed_call_taker(session, me.staff_id) if view.missed else ""
        context["wrap_up"] = _wrap_up(session, agent, card)
        context["no_time"] = timedelta(0)
        context["cut"] = read_cut(session, card, me.staff_id)
        context["former"] = read_former(session, card, me.staff_id)
        context["handed"] = read_handed(session, agent)
        context["lapsed_at"] = agent.lapsed_at if agent else None
        context["answer_words"] = ANSWER_WORDS
    if only in {None, "card"}:
        settings = request.app.state.world.settings
        context["offline"] = offline_relay(
            session, card, staff_id=me.staff_id, session_id=me.session_id, settings=settings, at=at
        )
    if only in {None, "queue"}:
        context["owed"] = [] if elsewhere is not None else owed_calls(session, me.staff_id, at=at)
        context["owed_count"] = callbacks_owed(session, at=at).count if context["owed"] else 0
    if only in {None, "todo"}:
        context["todo"] = todo_list(session, me.staff_id, at=at)
        context["loops"] = desk_loops(session, me.staff_id, at=at, at_most=_LOOPS_AT_MOST)
    if only in {None, "card", "softkeys"}:
        context["answer_url"] = _answer_url(card, view, waiting)
    if only in {None, "agenda"}:
        asked = asked or AgendaChoice()
        context["agenda"] = agenda_panel(session, card, asked, staff_id=me.staff_id, at=at) if card else None
    if only in {None, "ear"}:
        context |= ear_context(request.app.state.world.settings, session, me)
    return context


def _wrap_up(session: Session, agent: Agent | None, card: CallCard | None) -> WrapUp | None:
    if agent is None or card is None or card.state is not CardState.WRAP_UP:
        return None
    return read_wrap_up(session, agent, likely=card.likely)


def live_triggers(me: Identity, card: CallCard | None) -> dict[str, str]:
    """Which signals make each region read itself again."""
    always = ("desk-changed", "live:reconnect", f"topic:desk-{me.staff_id}")
    call = (f"topic:call-{card.call_id}",) if card else ()
    agenda = (f"topic:agenda-{card.practice_id}",) if card else ()
    on_call = (f"topic:on-call-{card.practice_id}",) if card else ()
    messages = (f"topic:messages-{card.practice_id}",) if card else ()
    wanted = {
        "status": (),
        "queue": ("topic:queue",),
        "todo": ("topic:outbox", "topic:loops", *call),
        "ear": call,
        "card": (*call, *agenda, *on_call, *messages) if card else ("topic:queue",),  # an idle card tells how many wait
        "agenda": (*call, *agenda),
    }
    # The keys arrive with the card; alone they are only read again after a cut.
    keys = {"keys": "live:reconnect from:body"}
    found = {region: ", ".join(f"{name} from:body" for name in (*always, *more)) for region, more in wanted.items()}
    found["todo"] += ", every 60s"  # what becomes late does so without a signal
    return keys | found


def agent_view(agent: Agent | None, card: CallCard | None) -> AgentView:
    """Her state as words; ``card`` tells ringing from talking. No row yet means offline."""
    status = AgentStatus(agent.status) if agent else AgentStatus.OFFLINE
    missed = bool(agent and agent.missed_call and status == AgentStatus.BREAK)
    label, icon = _STATES[status]
    if missed:
        label, icon = N_("Paused, call missed"), "phone-missed"
    breather_until = agent.breather_until if agent is not None and status == AgentStatus.BREAK else None
    if breather_until is not None:
        label, icon = N_("Breather"), "hourglass"
    on_break = status == AgentStatus.AVAILABLE
    back = status in {AgentStatus.OFFLINE, AgentStatus.BREAK}
    switch = N_("Pause") if not back else (N_("Come back") if status == AgentStatus.BREAK else N_("Available"))
    return AgentView(
        status=status.value,
        missed=missed,
        since=agent.status_since if agent and status != AgentStatus.OFFLINE else None,
        label=gettext(label),
        icon=icon,
        switch_label=gettext(switch),
        switch_icon="headset" if back else "coffee",
        switch_url="/agent/availability" if back else "/agent/break",
        can_switch=on_break or back,
        switch_is_primary=back and card is None,
        may_take=status in {AgentStatus.AVAILABLE, AgentStatus.RESERVED},
        breather_until=breather_until,
    )


_STATES: dict[AgentStatus, tuple[str, str]] = {
    AgentStatus.OFFLINE: (N_("You are offline"), "circle-slash"),
    AgentStatus.AVAILABLE: (N_("Available"), "headset"),
    AgentStatus.RESERVED: (N_("A call is offered to you"), "phone-incoming"),
    AgentStatus.ON_CALL: (N_("On a call"), "phone-call"),
    AgentStatus.WRAP_UP: (N_("Wrap-up"), "timer"),
    AgentStatus.BREAK: (N_("Paused"), "coffee"),
}


def _answer_url(card: CallCard | None, view: AgentView, waiting: list[WaitingCall]) -> str:
    """What F2 does: takes the offer, else the next call that she may take; nothing while she is busy."""
    if card is not None and card.reservation_id is not None:
        return f"/reservations/{card.reservation_id}/acceptance"
    if card is not None and card.state is CardState.CUT:
        return f"/calls/{card.call_id}/rejoining"
    following = next((one for one in waiting if one.may_be_taken), None)
    if card is None and view.may_take and following is not None:
        return f"/queue-entries/{following.entry_id}/acceptance"
    return ""


@dataclass(frozen=True, slots=True)
class LostRace:
    """The question put to whoever came second for a time: who has it, and which times are next."""

    call_id: int
    sentence: str
    zone: str
    today: date
    choices: list[ChosenTime]


def lost_race(
    session: Session,
    card: CallCard,
    taken: TimeTaken,
    *,
    practitioner_id: int,
    type_id: int,
    staff_id: int,
    at: datetime,
) -> LostRace:
    """What the dialog of a lost race shows, from the refusal."""
    choices = [
        next_choice(card, one.start, practitioner_id=practitioner_id, type_id=type_id) for one in taken.next_choices
    ]
    asked = AgendaChoice(practitioner_id=practitioner_id, type_id=type_id)
    panel = agenda_panel(session, card, asked, staff_id=staff_id, at=at)
    zone = panel.zone if panel else card.zone
    return LostRace(
        call_id=card.call_id,
        sentence=gettext(taken.sentence, **taken.values),
        zone=zone,
        today=at.astimezone(ZoneInfo(zone)).date(),
        choices=choices,
    )
