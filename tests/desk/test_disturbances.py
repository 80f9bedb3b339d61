"""What went wrong with calls, as the supervisor reads it."""

from datetime import timedelta

from callcenter.desk import disturbances
from callcenter.desk.disturbances import read_disturbances
from callcenter.telephony import discrepancies
from callcenter.telephony.alarms import clear_alarm, raise_alarm
from callcenter.telephony.models import AlarmKind
from callcenter.telephony.reconciling import record_repair
from tests.desk.conftest import Cast


def test_an_alarm_stands_until_it_is_cleared(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        call = cast.call(session)
        raise_alarm(session, call, AlarmKind.PATIENT_LOST, at=cast.at)
        [alarm] = read_disturbances(session, at=cast.at).alarms
        assert (alarm.call_id, alarm.practice_name, alarm.raised_at) == (call.id, "Cabinet des Tilleuls", cast.at)
        clear_alarm(session, call, AlarmKind.PATIENT_LOST, at=cast.at)
        assert read_disturbances(session, at=cast.at).alarms == []


def test_what_was_put_right_is_told_for_a_day_the_newest_first(cast: Cast) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        call = cast.call(session)
        record_repair(session, "leg_over", call_id=call.id, at=cast.at - timedelta(hours=24))
        record_repair(session, "operator_freed", call_id=call.id, at=cast.at - timedelta(hours=2))
        record_repair(session, "text_settled", call_id=None, at=cast.at)
        told = read_disturbances(session, at=cast.at, limit=1)
        assert told.repaired == 2
        assert [(one.practice_name, one.repaired_at) for one in told.repairs] == [("", cast.at)]
        assert read_disturbances(session, at=cast.at).repairs[1].practice_name == "Cabinet des Tilleuls"


def test_every_kind_of_repair_and_of_alarm_has_its_sentence() -> None:
    assert set(discrepancies._KINDS.values()) <= set(disturbances._SENTENCES)
    assert set(disturbances._ALARMS) == set(AlarmKind)
