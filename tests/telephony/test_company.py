"""When a held patient is taken back by us."""

from datetime import UTC, datetime

from callcenter.telephony.company import OtherLeg, is_to_be_taken_back
from callcenter.telephony.statuses import LegRole, LegStatus

NINE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


def test_with_her_operator_gone_a_held_patient_speaks_with_the_doctor_who_is_there() -> None:
    doctor = OtherLeg(LegRole.PRACTITIONER, LegStatus.JOINED, None)
    operator = OtherLeg(LegRole.OPERATOR, LegStatus.JOINED, None)
    gone = OtherLeg(LegRole.OPERATOR, LegStatus.LEFT, NINE)
    rejoining = OtherLeg(LegRole.OPERATOR, LegStatus.RINGING, None)
    assert not is_to_be_taken_back(NINE, [doctor, operator])
    assert is_to_be_taken_back(NINE, [doctor, gone])
    assert not is_to_be_taken_back(NINE, [doctor, rejoining])
    assert is_to_be_taken_back(NINE, [])
