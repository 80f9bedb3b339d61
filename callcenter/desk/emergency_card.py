"""The emergency card as its operator sees it, read from rows alone: a reload shows the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.desk.handling import handled_call
from callcenter.desk.models import CallNote, EmergencyRelay
from callcenter.desk.relay_rules import (
    SETTLING,
    LegFact,
    RelayState,
    may_take_over,
    own_telephone_number,
    refusal_to_dial,
    relay_state,
)
from callcenter.directory.models import Patient, Practice
from callcenter.telephony.models import Leg, LegRole, LegStatus
from callcenter.telephony.ringing_back import RingingBack, ringing_back
from callcenter.triage.assessments import assessment_of
from callcenter.triage.evaluation import evaluate
from callcenter.triage.models import AssessmentAnswer
from callcenter.triage.script import Question
from callcenter.triage.usable import usable_gate


class StepKind(StrEnum):
    """What happened, or comes next."""

    OPENED = "opened"
    RED_FLAG = "red_flag"
    DIALLED = "dialled"
    RINGING = "ringing"
    FAILED = "failed"
    ANSWERED = "answered"
    DROPPED = "dropped"
    READ_BACK = "read_back"
    TAKEN_OVER = "taken_over"


@dataclass(frozen=True, slots=True)
class Step:
    """One step with its second (UTC, the server's); ``at`` None while it is still to come."""

    kind: StepKind
    at: datetime | None
    detail: str = ""
    after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class GateQuestion:
    """One vital question with the answer that counts, and whether it raised the red flag."""

    question: Question
    answer: str | None
    is_flag: bool


@dataclass(frozen=True, slots=True)
class Gate:
    """The vital gate in the language it is asked in; ``asking`` is the question to read out now."""

    language: str
    version: str
    is_draft: bool
    signed_by: str
    questions: list[GateQuestion]
    asking: Question | None


@dataclass(frozen=True, slots=True)
class OnTheLine:
    """One telephone of the conversation, as it stands now."""

    leg_id: int
    status: LegStatus
    on_hold: bool
    joined_at: datetime | None
    failure: str


@dataclass(frozen=True, slots=True)
class EmergencyCard:
    """One relay. Instants are UTC; ``zone`` is where the practice's clocks stand."""

    call_id: int
    practice_id: int
    practice_name: str
    in_training: bool
    country: str
    zone: str
    label: str
    number: str
    own_number: str
    refusal: str  # why the line may not be dialled, a message id; empty when it may
    refusal_values: dict[str, object]
    state: RelayState
    opened_at: datetime
    dialled_at: datetime | None
    answered_at: datetime | None
    state_since: datetime
    taken_over_at: datetime | None
    may_take_over: bool
    settling_for: float  # seconds until "taken over" may be noted, 0 when that is not what is waited for
    address: str
    address_detail: str
    callback_number: str | None
    read_back_at: datetime | None
    patient: OnTheLine | None
    operator: OnTheLine | None
    regulator: OnTheLine | None
    from_number: str | None
    lost: RingingBack | None
    person: str
    words: str
    gate: Gate | None
    steps: list[Step]

    @property
    def may_dial(self) -> bool:
        """Whether Enter rings the line now."""
        return not self.refusal and self.state in {RelayState.READY, RelayState.FAILED, RelayState.DROPPED}

    @property
    def may_close(self) -> bool:
        """Whether she may go back to the call card."""
        return self.state in {RelayState.READY, RelayState.TAKEN_OVER}

    def local(self, instant: datetime) -> datetime:
        """An instant as the practice's clocks show it."""
        return instant.astimezone(ZoneInfo(self.zone))


def emergency_card(session: Session, call_id: int, *, staff_id: int, at: datetime) -> EmergencyCard | None:
    """The card of her call's relay; None when none was opened. Raises ``NotFound`` for a call that is not hers."""
    call = handled_call(session, call_id, staff_id=staff_id)
    relay = session.get(EmergencyRelay, call_id)
    if relay is None:
        return None
    practice = session.get_one(Practice, call.practice_id)
    legs = session.scalars(select(Leg).where(Leg.call_id == call_id).order_by(Leg.id)).all()
    lines = [leg for leg in legs if leg.role == LegRole.EMERGENCY]
    last = lines[-1] if lines else None
    facts = [LegFact(status=leg.status, joined_at=leg.joined_at) for leg in lines]
    state = relay_state(facts, taken_over_at=relay.taken_over_at)
    answered_at = last.joined_at if last is not None else None
    # What was dialled is shown; before that, the practice's line as it is set now.
    number, label = (relay.number, relay.label) if lines else (practice.emergency_number, practice.emergency_label)
    refusal = refusal_to_dial(practice.mode, practice.emergency_number, country=practice.country)
    words, person = _words_and_person(session, call_id)
    gate, flag = _gate(session, call_id, practice, at=at)
    waiting = state is RelayState.ANSWERED and answered_at is not None
    return EmergencyCard(
        call_id=call.id,
        practice_id=practice.id,
        practice_name=practice.name,
        in_training=practice.mode != "live",
        country=practice.country,
        zone=practice.zone,
        label=label,
        number=number,
        own_number=own_telephone_number(practice.country),
        refusal=refusal.sentence if refusal is not None else "",
        refusal_values=dict(refusal.values) if refusal is not None else {},
        state=state,
        opened_at=relay.opened_at,
        dialled_at=relay.dialled_at,
        answered_at=answered_at,
        state_since=_since(relay, last, state),
        taken_over_at=relay.taken_over_at,
        may_take_over=may_take_over(state, answered_at=answered_at, at=at),
        settling_for=max(0.0, (answered_at + SETTLING - at).total_seconds()) if waiting and answered_at else 0.0,
        address=relay.address,
        address_detail=relay.address_detail,
        callback_number=relay.callback_number,
        read_back_at=relay.read_back_at,
        patient=_on_the_line(leg for leg in legs if leg.role == LegRole.PATIENT),
        operator=_on_the_line(leg for leg in legs if leg.role == LegRole.OPERATOR and leg.staff_id == staff_id),
        regulator=_on_the_line(lines),
        from_number=call.from_number,
        lost=ringing_back(call, legs),
        person=person,
        words=words,
        gate=gate,
        steps=_steps(relay, lines, flag),
    )


def _on_the_line(legs: Iterable[Leg]) -> OnTheLine | None:
    """The newest of these legs."""
    found = list(legs)
    if not found:
        return None
    leg = found[-1]
    return OnTheLine(leg.id, LegStatus(leg.status), leg.on_hold, leg.joined_at, leg.failure)


def _since(relay: EmergencyRelay, last: Leg | None, state: RelayState) -> datetime:
    if relay.taken_over_at is not None:
        return relay.taken_over_at
    if last is None:
        return relay.opened_at
    by_state = {
        RelayState.RINGING: last.ringing_at,
        RelayState.ANSWERED: last.joined_at,
        RelayState.FAILED: last.left_at,
        RelayState.DROPPED: last.left_at,
    }
    return by_state.get(state) or last.wanted_at


def _words_and_person(session: Session, call_id: int) -> tuple[str, str]:
    row = session.execute(
        select(CallNote.words, Patient.title, Patient.given_name, Patient.family_name)
        .outerjoin(Patient, Patient.id == CallNote.patient_id)
        .where(CallNote.call_id == call_id)
    ).one_or_none()
    if row is None:
        return "", ""
    return row.words, " ".join(part for part in (row.title, row.given_name, row.family_name) if part)


def _gate(session: Session, call_id: int, practice: Practice, *, at: datetime) -> tuple[Gate | None, Step | None]:
    """The gate, and its red flag as a step: the answer that raised it, with its second."""
    script = usable_gate(practice.mode, today=at.astimezone(ZoneInfo(practice.zone)).date())
    if script is None:
        return None, None
    run = assessment_of(session, call_id, script.id)
    rows: Sequence[AssessmentAnswer] = ()
    if run is not None and run.script_sha256 == script.sha256:
        rows = session.scalars(
            select(AssessmentAnswer).where(AssessmentAnswer.assessment_id == run.id).order_by(AssessmentAnswer.id)
        ).all()
    given = {row.question_id: row for row in rows}
    standing = evaluate(script, {question_id: row.answer for question_id, row in given.items()})
    language = practice.language if practice.language in script.locales else script.locales[0]
    raised = {question.id for question in standing.red_flags}
    flags = [(given[question.id].answered_at, question) for question in standing.red_flags[:1]]
    gate = Gate(
        language=language,
        version=script.version,
        is_draft=script.sign_off is None,
        signed_by=script.sign_off.doctor if script.sign_off else "",
        questions=[
            GateQuestion(question, row.answer if (row := given.get(question.id)) else None, question.id in raised)
            for question in script.questions
        ],
        asking=standing.next_question,
    )
    flag = None
    if flags:
        answered_at, question = flags[0]
        flag = Step(StepKind.RED_FLAG, answered_at, detail=question.short[language])
    return gate, flag


def _steps(relay: EmergencyRelay, lines: list[Leg], flag: Step | None) -> list[Step]:
    done = [Step(StepKind.OPENED, relay.opened_at)]
    if flag is not None:
        done.append(flag)
    for leg in lines:
        done.append(Step(StepKind.DIALLED, leg.wanted_at))
        if leg.ringing_at is not None:
            done.append(Step(StepKind.RINGING, leg.ringing_at, after=leg.ringing_at - leg.wanted_at))
        if leg.joined_at is not None:
            done.append(Step(StepKind.ANSWERED, leg.joined_at, after=leg.joined_at - (leg.ringing_at or leg.wanted_at)))
        if leg.status == LegStatus.FAILED or (leg.status == LegStatus.LEFT and leg.joined_at is None):
            done.append(Step(StepKind.FAILED, leg.left_at or leg.wanted_at, detail=leg.failure))
        elif leg.status == LegStatus.LEFT and relay.taken_over_at is None:
            done.append(Step(StepKind.DROPPED, leg.left_at))
    if relay.read_back_at is not None:
        done.append(Step(StepKind.READ_BACK, relay.read_back_at))
    if relay.taken_over_at is not None:
        done.append(Step(StepKind.TAKEN_OVER, relay.taken_over_at))
    # A stable sort: two steps of the same second stay in the order they were added.
    done.sort(key=lambda step: step.at or relay.opened_at)
    return done + _to_come(relay, lines)


def _to_come(relay: EmergencyRelay, lines: list[Leg]) -> list[Step]:
    if relay.taken_over_at is not None:
        return []
    last = lines[-1] if lines else None
    coming = []
    if last is None or last.status in {LegStatus.FAILED, LegStatus.LEFT}:
        coming.append(Step(StepKind.DIALLED, None))
    if last is None or last.status != LegStatus.JOINED:
        coming.append(Step(StepKind.ANSWERED, None))
    if relay.read_back_at is None:
        coming.append(Step(StepKind.READ_BACK, None))
    return [*coming, Step(StepKind.TAKEN_OVER, None)]
