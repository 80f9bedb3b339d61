"""The operator's shield: the words to say to a caller who abuses her, the report, and the call for her supervisor."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from callcenter.core.audit import record_act
from callcenter.core.db import touch
from callcenter.core.errors import Invalid
from callcenter.core.i18n import N_
from callcenter.core.insertion import insert_new
from callcenter.core.text import clean_text
from callcenter.desk.drafts import drop_draft
from callcenter.desk.handling import handled_call
from callcenter.desk.models import AbuseKind, AbuseReport, EmergencyRelay
from callcenter.directory.models import Practice
from callcenter.routing.agents import was_changed, whole_floor
from callcenter.routing.models import Agent, AgentStatus, Breather, BreatherReason
from callcenter.telephony.alarms import clear_alarm, raise_alarm
from callcenter.telephony.events import CallEnded
from callcenter.telephony.legs import lock_call
from callcenter.telephony.models import AlarmKind, Call, CallAlarm, CallStatus

FORM = "abuse"
WORDS_LIMIT = 2000
BREATHES_FOR = timedelta(minutes=5)

ABUSE_LABELS: dict[AbuseKind, str] = {
    AbuseKind.INSULT: N_("Insult"),
    AbuseKind.THREAT: N_("Threat"),
    AbuseKind.SEXUAL: N_("Sexual remarks"),
    AbuseKind.DISCRIMINATION: N_("Discrimination"),
    AbuseKind.OTHER: N_("Something else"),
}

# Said by the operator to the caller, in the language of the practice and not of her screen.
_PHRASES = {
    "fr": (
        "Je comprends que vous soyez en difficulté, mais je ne peux pas poursuivre si vous m’insultez. "
        "Si cela continue, je mettrai fin à l’appel."
    ),
    "en": (
        "I understand that this is hard for you, but I cannot go on if you insult me. "
        "If it continues, I will end the call."
    ),
}


@dataclass(frozen=True, slots=True)
class NotedAbuse:
    """What was reported of a call; ``is_called`` while the supervisor is asked to come. ``noted_at`` is UTC."""

    kind: AbuseKind
    words: str
    noted_at: datetime
    is_called: bool

    @property
    def label(self) -> str:
        """What it is, a message id."""
        return ABUSE_LABELS[self.kind]


@dataclass(frozen=True, slots=True)
class Shield:
    """What the dialog shows; ``noted`` is the report that was made already. ``zone``: the practice's clocks."""

    call_id: int
    phrase: str
    language: str
    zone: ZoneInfo
    noted: NotedAbuse | None


def open_shield(session: Session, call_id: int, *, staff_id: int) -> Shield:
    """The words to say, in the practice's language. Raises ``NotFound`` for a call that is not hers."""
    call = handled_call(session, call_id, staff_id=staff_id)
    practice = session.get_one(Practice, call.practice_id)
    return Shield(
        call_id=call_id,
        phrase=_PHRASES.get(practice.language, _PHRASES["en"]),
        language=practice.language,
        zone=ZoneInfo(practice.zone),
        noted=noted_abuse(session, call_id),
    )


def noted_abuse(session: Session, call_id: int) -> NotedAbuse | None:
    """What was reported of this call; None: nothing. One query."""
    stands = and_(
        CallAlarm.call_id == AbuseReport.call_id, CallAlarm.kind == AlarmKind.ABUSE, CallAlarm.cleared_at.is_(None)
    )
    row = session.execute(
        select(AbuseReport, CallAlarm.id).outerjoin(CallAlarm, stands).where(AbuseReport.call_id == call_id).limit(1)
    ).one_or_none()
    if row is None:
        return None
    report, alarm_id = row
    return NotedAbuse(AbuseKind(report.kind), report.words, report.reported_at, is_called=alarm_id is not None)


def read_kind(typed: str) -> AbuseKind:
    """The kind a form sent. Raises ``Invalid`` (field ``kind``) when none was chosen."""
    try:
        return AbuseKind(typed)
    except ValueError:
        raise Invalid(N_("Say what it is, with a digit."), field="kind") from None


def report_abuse(session: Session, call_id: int, *, staff_id: int, kind: AbuseKind, words: str, at: datetime) -> None:
    """Keep what happened, once per call: a second report adds its words. While she talks her supervisor is called.

    Raises ``NotFound`` for a call that is not hers.
    """
    found = handled_call(session, call_id, staff_id=staff_id)
    call = lock_call(session, found.id)
    said = clean_text(words, limit=WORDS_LIMIT)
    values = {"call_id": call_id, "practice_id": call.practice_id, "staff_id": staff_id, "kind": kind, "words": said}
    if insert_new(session, AbuseReport, **values, reported_at=at):
        record_act(session, "abuse.report", f"call {call_id}", staff_id=staff_id, practice_id=call.practice_id, at=at)
    else:
        kept = session.scalars(select(AbuseReport.words).where(AbuseReport.call_id == call_id)).one()
        session.execute(
            update(AbuseReport).where(AbuseReport.call_id == call_id).values(kind=kind, words=_added(kept, said))
        )
    drop_draft(session, call_id, staff_id=staff_id, form=FORM)
    # She herself: whoever has passed the call on needs nobody, and the colleague who talks now asks by her own key.
    talks = select(Agent.staff_id).where(
        Agent.staff_id == staff_id, Agent.call_id == call_id, Agent.status == AgentStatus.ON_CALL
    )
    if call.status == CallStatus.TALKING and session.scalar(talks) is not None:
        raise_alarm(session, call, AlarmKind.ABUSE, at=at)
    touch(session, "queue", f"call-{call_id}", f"desk-{staff_id}")


def lower_shield(session: Session, event: CallEnded) -> None:
    """The call is over: nobody needs to come any more."""
    with whole_floor(session):
        call = session.scalars(select(Call).where(Call.id == event.call_id)).one()
        clear_alarm(session, call, AlarmKind.ABUSE, at=event.at)


def why_hard(session: Session, call_id: int) -> BreatherReason | None:
    """Why she may breathe after this call: she was abused in it, or it was an emergency; None: it was neither."""
    if session.scalar(select(AbuseReport.call_id).where(AbuseReport.call_id == call_id)) is not None:
        return BreatherReason.ABUSE
    relayed = session.scalar(select(EmergencyRelay.call_id).where(EmergencyRelay.call_id == call_id))
    return BreatherReason.EMERGENCY if relayed is not None else None


def breathe(session: Session, call_id: int, *, staff_id: int, at: datetime) -> None:
    """Her break that begins at this instant, after a hard call, counts as work for five minutes; she ends it herself.

    After another call, or sent once more later, it stays what it is. A row keeps it beyond her next move.
    """
    reason = why_hard(session, call_id)
    if reason is None:
        return
    on_break = update(Agent).where(
        Agent.staff_id == staff_id, Agent.status == AgentStatus.BREAK, Agent.status_since == at
    )
    until_at = at + BREATHES_FOR
    if was_changed(session, on_break.values(breather_until=until_at)):
        values = {"staff_id": staff_id, "call_id": call_id, "reason": reason, "began_at": at, "until_at": until_at}
        insert_new(session, Breather, **values)
        touch(session, f"desk-{staff_id}", "queue")


def _added(kept: str, said: str) -> str:
    if not said or kept == said or kept.endswith(f"\n{said}"):
        return kept  # the same request, sent twice
    # The form shows what is kept: what she added to it is the whole.
    both = said if kept and said.startswith(kept) else f"{kept}\n{said}" if kept else said
    return both[: 2 * WORDS_LIMIT]
