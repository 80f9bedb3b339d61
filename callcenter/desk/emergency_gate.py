"""Answering the vital gate from the emergency card."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from callcenter.core.errors import Conflict
from callcenter.core.i18n import N_
from callcenter.desk.handling import handled_call
from callcenter.directory.models import Practice
from callcenter.triage.assessments import answer_question, start_assessment
from callcenter.triage.evaluation import Standing
from callcenter.triage.usable import usable_gate


def answer_gate(
    session: Session, call_id: int, *, question_id: str, answer: str, staff_id: int, at: datetime
) -> Standing:
    """Record one answer of the vital gate in her call, in the practice's language, beginning the run when needed.

    Raises ``NotFound`` for a call that is not hers, ``Conflict`` when the practice has no signed gate, ``Invalid``
    for an answer that was not offered.
    """
    call = handled_call(session, call_id, staff_id=staff_id)
    practice = session.get_one(Practice, call.practice_id)
    script = usable_gate(practice.mode, today=at.astimezone(ZoneInfo(practice.zone)).date())
    if script is None:
        raise Conflict(N_("No signed procedure for this practice."))
    run = start_assessment(
        session,
        script,
        call_id=call.id,
        practice_id=call.practice_id,
        language=practice.language,
        staff_id=staff_id,
        at=at,
    )
    return answer_question(session, run, script, question_id=question_id, answer=answer, staff_id=staff_id, at=at)
