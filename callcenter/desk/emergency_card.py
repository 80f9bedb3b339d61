"""The emergency card as its operator sees it, read from rows alone: a reload shows the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.desk.emergency_shown import ShownLine, shown_lines
from callcenter.desk.emergency_steps import Step, StepKind, cuts_of, steps_of
from callcenter.desk.handling import handled_call
from callcenter.desk.models import EmergencyRelay
from callcenter.desk.notes import words_and_person
from callcenter.desk.relay_rows import facts_of, in_order, lines_to_try
from callcenter.desk.relay_rules import (
    SETTLING,
    RelayState,
    line_dialled_by_itself,
    line_to_dial,
    may_be_dialled,
    may_close,
    may_take_over,
    may_take_over_elsewhere,
    own_telephone_number,
    refusal_to_relay,
    relay_state,
)
from callcenter.desk.supervision_view import Watcher, watchers_of
from callcenter.directory.emergency_order import LineToTry, Proof
from callcenter.directory.models import Practice, Staff
from callcenter.telephony.models import Leg, LegRole, LegStatus
from callcenter.telephony.ringing_back import RingingBack, ringing_back
from callcenter.triage.assessments import assessment_of
from callcenter.triage.evaluation import evaluate
from callcenter.triage.models import AssessmentAnswer
from callcenter.triage.script import Question
from callcenter.triage.usable import usable_gate


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
    lines: list[ShownLine]  # those that may be dialled, in order
    attempts: int  # lines rung so far
    follows_by_itself: bool  # nobody answered, and the next line is dialled without her
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
    may_take_over_elsewhere: bool
    settling_for: float  # seconds until "taken over" may be noted, 0 when that is not what is waited for
    caller: str
    address: str
    address_detail: str
    callback_number: str | None
    read_back_at: datetime | None
    patient: OnTheLine | None
    operator: OnTheLine | None
    regulator: OnTheLine | None
    from_number: str | None
    lost: RingingBack | None
    is_cut_off: bool  # her own telephone has left, and may come back
    former: str  # who was cut off before her; empty when nobody was
    former_until: datetime | None
    person: str
    words: str
    gate: Gate | None
    steps: list[Step]
    watchers: list[Watcher]  # supervisors in the call: told here too

    @property
    def may_dial(self) -> bool:
        """Whether Enter rings the line now."""
        return not self.refusal and self.state in {RelayState.READY, RelayState.FAILED, RelayState.DROPPED}

    @property
    def next_line(self) -> ShownLine | None:
        """The line that comes after the one shown large, when that one does not answer."""
        return next((line for line in self.lines if line.is_next), None)

    @property
    def is_unproven(self) -> bool:
        """Whether the line shown large was not verified in time."""
        return any(line.proof in {Proof.OVERDUE, Proof.NEVER} for line in self.lines if line.is_on)

    @property
    def two_speak_on(self) -> bool:
        """Whether the patient and the regulator are left in conversation when she leaves."""
        return all(one is not None and one.status == LegStatus.JOINED for one in (self.patient, self.regulator))

    @property
    def may_close(self) -> bool:
        """Whether she may go back to the call card."""
        return may_close(self.state, patient_is_given_up=self.lost is not None and self.lost.is_given_up)

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
    lines = in_order([leg for leg in legs if leg.role == LegRole.EMERGENCY])
    last = lines[-1] if lines else None
    facts = facts_of(lines)
    state = relay_state(facts, taken_over_at=relay.taken_over_at)
    answered_at = last.joined_at if last is not None else None
    trying = lines_to_try(session, practice, at=at)
    refusal = refusal_to_relay(trying, mode=practice.mode, country=practice.country)
    usable = may_be_dialled(trying, mode=practice.mode)
    next_line = line_to_dial(usable, facts)
    # What was dialled is shown; before that, and when it is hers to dial again, the line that Enter dials.
    shown = next_line or (trying[0] if trying else LineToTry("", ""))
    if last is not None and not (state is RelayState.FAILED and next_line is not None):
        shown = LineToTry(last.address, last.name or relay.label)
    words, person = words_and_person(session, call_id)
    gate, flag = _gate(session, call_id, practice, at=at)
    operators = [leg for leg in legs if leg.role == LegRole.OPERATOR]
    own = [leg for leg in operators if leg.staff_id == staff_id]
    names = _names(session, {relay.staff_id, *(leg.staff_id for leg in operators)} - {None})
    cuts = cuts_of(relay, operators, names)
    former = [leg for leg in operators if leg.staff_id != staff_id and leg.joined_at and leg.left_at]
    is_cut = any(leg.joined_at for leg in own) and not any(leg.status == LegStatus.JOINED for leg in own)
    waiting = state is RelayState.ANSWERED and answered_at is not None
    return EmergencyCard(
        call_id=call.id,
        practice_id=practice.id,
        practice_name=practice.name,
        in_training=practice.mode != "live",
        country=practice.country,
        zone=practice.zone,
        label=shown.label,
        number=shown.number,
        lines=shown_lines(usable, facts, on=shown.number, state=state),
        attempts=len(lines),
        follows_by_itself=state is RelayState.FAILED and line_dialled_by_itself(usable, facts) is not None,
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
        may_take_over_elsewhere=may_take_over_elsewhere(state, facts),
        settling_for=max(0.0, (answered_at + SETTLING - at).total_seconds()) if waiting and answered_at else 0.0,
        caller=relay.caller,
        address=relay.address,
        address_detail=relay.address_detail,
        callback_number=relay.callback_number,
        read_back_at=relay.read_back_at,
        patient=_on_the_line(leg for leg in legs if leg.role == LegRole.PATIENT),
        operator=_on_the_line(own),
        regulator=_on_the_line(lines),
        from_number=call.from_number,
        lost=ringing_back(call, legs),
        is_cut_off=is_cut and state is not RelayState.TAKEN_OVER,
        former=names.get(former[-1].staff_id or 0, "") if former and cuts else "",
        former_until=former[-1].left_at if former else None,
        person=person,
        words=words,
        gate=gate,
        steps=steps_of(
            relay, lines, flag, opened_by="" if relay.staff_id == staff_id else names[relay.staff_id], cuts=cuts
        ),
        watchers=watchers_of(session, call_id),
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


def _names(session: Session, staff_ids: Iterable[int | None]) -> dict[int, str]:
    rows = session.execute(select(Staff.id, Staff.first_name, Staff.name).where(Staff.id.in_(staff_ids)))
    return {staff_id: first_name or name for staff_id, first_name, name in rows}


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
