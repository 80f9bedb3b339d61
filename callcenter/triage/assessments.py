"""Running a script in a call: each answer kept with the words it was asked in; corrections add rows, none is erased."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callcenter.core.db import touch
from callcenter.core.errors import Conflict, Invalid
from callcenter.core.i18n import N_
from callcenter.triage.evaluation import Standing, evaluate
from callcenter.triage.models import Assessment, AssessmentAnswer
from callcenter.triage.script import Script


def start_assessment(
    session: Session, script: Script, *, call_id: int, practice_id: int, language: str, staff_id: int, at: datetime
) -> Assessment:
    """The call's run of this script; the one already begun when there is one.

    Raises ``Conflict`` when the call was begun under another content of the script: its answers were to other words.
    """
    found = assessment_of(session, call_id, script.id)
    if found is None:
        found = Assessment(
            call_id=call_id,
            practice_id=practice_id,
            script_id=script.id,
            script_version=script.version,
            script_sha256=script.sha256,
            language=language if language in script.locales else script.locales[0],
            staff_id=staff_id,
            started_at=at,
        )
        session.add(found)
        session.flush()
    if found.script_sha256 != script.sha256:
        raise Conflict(N_("This procedure was changed during the call. Ask the questions again aloud."))
    return found


def answer_question(
    session: Session,
    assessment: Assessment,
    script: Script,
    *,
    question_id: str,
    answer: str,
    staff_id: int,
    at: datetime,
) -> Standing:
    """Record one answer and tell where the script then stands; the same answer again adds nothing.

    Raises ``Invalid`` for a question or an answer that the script does not have.
    """
    question = script.question(question_id)
    if question is None or answer not in question.answers:
        raise Invalid(N_("Choose one of the answers shown."), field="answer")
    given = given_answers(session, assessment)
    if given.get(question_id) != answer:
        session.add(
            AssessmentAnswer(
                assessment_id=assessment.id,
                practice_id=assessment.practice_id,
                question_id=question_id,
                question_text=question.text[assessment.language],
                answer=answer,
                answered_at=at,
                staff_id=staff_id,
            )
        )
    standing = evaluate(script, {**given, question_id: answer})
    settled = standing.outcome.value if standing.outcome else None
    if settled != assessment.outcome:
        assessment.outcome = settled
        assessment.settled_at = at if settled else None
    touch(session, f"call-{assessment.call_id}")
    return standing


def assessment_of(session: Session, call_id: int, script_id: str) -> Assessment | None:
    """The call's run of that script, if it was begun."""
    return session.scalar(select(Assessment).where(Assessment.call_id == call_id, Assessment.script_id == script_id))


def given_answers(session: Session, assessment: Assessment) -> Mapping[str, str]:
    """The answers that count now, by question: the newest of each."""
    rows = session.execute(
        select(AssessmentAnswer.question_id, AssessmentAnswer.answer)
        .where(AssessmentAnswer.assessment_id == assessment.id)
        .order_by(AssessmentAnswer.id)
    )
    return {row.question_id: row.answer for row in rows}
