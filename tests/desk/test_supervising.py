"""A supervisor beside an operator: who may, when, how; and that it ends."""

import pytest
from sqlalchemy import select

from callcenter.core.db import Database
from callcenter.core.errors import Conflict, Invalid, NotFound, ProviderError
from callcenter.core.scope import Practices
from callcenter.desk.disturbances import read_disturbances
from callcenter.desk.models import AbuseKind, EmergencyRelay, Supervision
from callcenter.desk.shield import report_abuse
from callcenter.desk.supervising import Supervising, refuse_beside_somebody
from callcenter.desk.supervising_rules import SupervisionMode, mode_at_carrier, refusal_in_emergency
from callcenter.desk.supervision_ends import end_with_call, follow_supervisor, let_supervisors_go
from callcenter.desk.supervision_view import own_supervision, watchers_of
from callcenter.directory.accounts import open_session
from callcenter.directory.identity import load_identity
from callcenter.directory.models import Role, Staff
from callcenter.routing import presence
from callcenter.routing.desk_claim import claim_desk
from callcenter.routing.ears import is_expected, note_softphone, softphone_identity
from callcenter.telephony.events import CallEnded, LegChanged
from callcenter.telephony.models import Leg, LegRole, LegStatus
from callcenter.telephony.state import LegNews
from tests.floor import ALL, MONDAY, Floor

LISTEN, WHISPER, JOIN = SupervisionMode.LISTEN, SupervisionMode.WHISPER, SupervisionMode.JOIN


@pytest.fixture
def floor(database: Database) -> Floor:
    floor = Floor(database)
    database.bus.subscribe(LegChanged, follow_supervisor)
    database.bus.subscribe(CallEnded, end_with_call)
    floor.hire("Inès", "Léa")
    with database.unit_of_work(ALL) as session:
        claire = Staff(
            login="claire",
            name="Claire Roche",
            role=Role.SUPERVISOR,
            password_hash="x",
            endpoint="client:claire",
            created_at=MONDAY,
        )
        session.add(claire)
        session.flush()
        floor.staff["Claire"] = claire.id
    return floor


@pytest.fixture
def call_id(floor: Floor) -> int:
    """Inès talks with a patient."""
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Inès").id, LegNews.ANSWERED, LegNews.JOINED)
    return call_id


def claire(floor: Floor) -> Supervising:
    return Supervising(
        floor.database,
        floor.provider,
        floor.clock,
        settings=floor.settings,
        scope=Practices.of(1),
        supervisor_id=floor.staff["Claire"],
    )


def leg_of(floor: Floor) -> Leg:
    with floor.database.reading(ALL) as session:
        return session.scalars(select(Leg).where(Leg.role == LegRole.SUPERVISOR).order_by(Leg.id.desc()).limit(1)).one()


def supervisions(floor: Floor) -> list[Supervision]:
    with floor.database.reading(ALL) as session:
        return list(session.scalars(select(Supervision).order_by(Supervision.id)))


def test_the_operator_is_told_from_the_moment_it_is_asked(floor: Floor, call_id: int) -> None:
    for _ in range(2):  # the same request, twice
        claire(floor).begin(floor.staff["Inès"], LISTEN, reason="  première semaine 👍 ")
    [one] = supervisions(floor)
    [dialled] = [one for one in floor.provider.dialled if one["label"].startswith("supervisor")]
    assert (dialled["label"], dialled["muted"], dialled["coached_sid"]) == (f"supervisor-{one.id}", True, None)
    with floor.database.reading(ALL) as session:
        [watcher] = watchers_of(session, call_id)
    assert (watcher.name, watcher.reason, watcher.mode) == ("Claire Roche", "première semaine 👍", LISTEN)
    assert not watcher.is_there
    floor.hear(leg_of(floor).id, LegNews.ANSWERED, LegNews.JOINED)
    with floor.database.reading(ALL) as session:
        assert watchers_of(session, call_id)[0].is_there
    claire(floor).leave(one.id)
    claire(floor).leave(one.id)
    assert floor.provider.hung_up == [leg_of(floor).sid]
    assert supervisions(floor)[0].ended_at == floor.now
    with floor.database.reading(ALL) as session:
        assert watchers_of(session, call_id) == []


def test_the_board_names_who_is_abused_and_who_is_beside_her(floor: Floor, call_id: int) -> None:
    def told() -> tuple[str, str]:
        with floor.database.reading(ALL) as session:
            [alarm] = read_disturbances(session, at=floor.now).alarms
        return alarm.operator, alarm.beside

    with floor.database.unit_of_work(ALL) as session:
        report_abuse(session, call_id, staff_id=floor.staff["Inès"], kind=AbuseKind.THREAT, words="", at=floor.now)
    assert told() == ("Inès", "")
    claire(floor).begin(floor.staff["Inès"], JOIN, reason="Elle demande de l’aide")
    assert told() == ("Inès", "")  # her telephone rings: she is not there yet
    floor.hear(leg_of(floor).id, LegNews.ANSWERED, LegNews.JOINED)
    assert told() == ("Inès", "Claire Roche")
    claire(floor).leave(supervisions(floor)[0].id)
    assert told() == ("Inès", "")


def test_her_browser_answers_the_call_that_she_asked_to_hear(floor: Floor, call_id: int) -> None:
    with floor.database.unit_of_work(ALL) as session:
        me = open_session(session, floor.staff["Claire"], at=floor.now)
        identity = load_identity(session, me, at=floor.now)
        assert identity is not None
        claim_desk(session, identity.staff_id, identity.session_id, at=floor.now)
        note_softphone(session, identity.staff_id, at=floor.now)
    address = f"client:{softphone_identity(identity.staff_id, identity.session_id)}"

    def expects(leg_sid: str) -> bool:
        with floor.database.reading(ALL) as session:
            return is_expected(session, address, staff_id=floor.staff["Claire"], leg_sid=leg_sid)

    claire(floor).begin(floor.staff["Inès"], LISTEN, reason="formation")
    leg = leg_of(floor)
    assert (leg.address, leg.sid is not None) == (address, True)
    assert (expects(str(leg.sid)), expects("CA" + "9" * 32)) == (True, False)


def test_each_change_is_told_so_that_the_patient_hears_no_whisper(floor: Floor, call_id: int) -> None:
    claire(floor).begin(floor.staff["Inès"], LISTEN, reason="formation")
    [one] = supervisions(floor)
    with pytest.raises(Conflict):
        claire(floor).change(one.id, JOIN)  # her telephone still rings
    leg = leg_of(floor)
    floor.hear(leg.id, LegNews.ANSWERED, LegNews.JOINED)
    for mode in (WHISPER, WHISPER, JOIN, LISTEN):
        claire(floor).change(one.id, mode)
        assert leg_of(floor).muted == (mode is LISTEN)
        assert leg_of(floor).coaching == (mode is WHISPER)
    with floor.database.reading(ALL) as session:
        operator_sid = session.scalars(select(Leg.sid).where(Leg.role == LegRole.OPERATOR)).one()
        own = own_supervision(session, floor.staff["Claire"])
    assert [(sid, to) for _, sid, to in floor.provider.coached] == [(leg.sid, operator_sid), (leg.sid, None)]
    assert [muted for *_, muted in floor.provider.muted] == [False, True]
    assert own is not None
    assert [step.mode for step in own.modes] == [LISTEN, WHISPER, JOIN, LISTEN]


def test_a_carrier_that_does_not_answer_changes_nothing(floor: Floor, call_id: int) -> None:
    claire(floor).begin(floor.staff["Inès"], LISTEN, reason="formation")
    [one] = supervisions(floor)
    floor.hear(leg_of(floor).id, LegNews.ANSWERED, LegNews.JOINED)
    floor.provider.refusing = ProviderError("later", permanent=False)
    with pytest.raises(Conflict):
        claire(floor).change(one.id, JOIN)
    with pytest.raises(Conflict):
        claire(floor).leave(one.id)
    assert [(row.mode, row.ended_at) for row in supervisions(floor)] == [(LISTEN, None)]


def test_who_may_not(floor: Floor, call_id: int) -> None:
    with pytest.raises(Invalid):
        claire(floor).begin(floor.staff["Inès"], LISTEN, reason=" \n ")
    with pytest.raises(NotFound):
        claire(floor).begin(floor.staff["Léa"], LISTEN, reason="formation")
    with pytest.raises(Conflict):
        claire(floor).begin(floor.staff["Claire"], LISTEN, reason="formation")
    other = floor.ring("CA" + "b" * 32, from_number="+33639980001")
    floor.hear(floor.patient_leg(other), LegNews.JOINED)
    floor.hear(floor.accept("Léa").id, LegNews.ANSWERED, LegNews.JOINED)
    claire(floor).begin(floor.staff["Inès"], LISTEN, reason="formation")
    with pytest.raises(Conflict):
        claire(floor).begin(floor.staff["Léa"], LISTEN, reason="formation")
    assert len(supervisions(floor)) == 1


def test_not_while_she_takes_calls_herself(floor: Floor, call_id: int) -> None:
    with floor.database.unit_of_work(ALL) as session:
        presence.set_available(session, floor.staff["Claire"], at=floor.now)
    with pytest.raises(Conflict):
        claire(floor).begin(floor.staff["Inès"], LISTEN, reason="formation")


def test_an_emergency_is_listened_to_or_joined_on_a_second_word(floor: Floor, call_id: int) -> None:
    with floor.database.unit_of_work(ALL) as session:
        session.add(
            EmergencyRelay(
                call_id=call_id,
                practice_id=1,
                staff_id=floor.staff["Inès"],
                number="15",
                label="15",
                opened_at=floor.now,
            )
        )
    for mode in (WHISPER, JOIN):
        with pytest.raises(Conflict):
            claire(floor).begin(floor.staff["Inès"], mode, reason="urgence")
    assert supervisions(floor) == []
    claire(floor).begin(floor.staff["Inès"], LISTEN, reason="urgence")
    floor.hear(leg_of(floor).id, LegNews.ANSWERED, LegNews.JOINED)
    [one] = supervisions(floor)
    with pytest.raises(Conflict):
        claire(floor).change(one.id, JOIN)
    claire(floor).change(one.id, JOIN, is_confirmed=True)
    assert supervisions(floor)[0].mode == JOIN


def test_it_ends_when_the_operator_leaves_and_when_the_patient_does(floor: Floor, call_id: int) -> None:
    claire(floor).begin(floor.staff["Inès"], LISTEN, reason="formation")
    floor.hear(leg_of(floor).id, LegNews.ANSWERED, LegNews.JOINED)
    let_supervisors_go(floor.database, floor.provider, floor.clock)
    assert leg_of(floor).status == LegStatus.JOINED
    with floor.database.unit_of_work(ALL) as session:
        presence.enter_wrap_up(session, floor.staff["Inès"], at=floor.now)
    let_supervisors_go(floor.database, floor.provider, floor.clock)
    assert leg_of(floor).status == LegStatus.LEFT
    assert supervisions(floor)[0].ended_at == floor.now


def test_it_ends_with_the_call(floor: Floor, call_id: int) -> None:
    claire(floor).begin(floor.staff["Inès"], JOIN, reason="formation")
    floor.hear(leg_of(floor).id, LegNews.ANSWERED, LegNews.JOINED)
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    assert supervisions(floor)[0].ended_at == floor.now


def test_what_the_carrier_says_counts_more_than_what_was_asked() -> None:
    assert mode_at_carrier(LISTEN, was_told=False, muted=False, coaching=False) is LISTEN
    assert mode_at_carrier(LISTEN, was_told=True, muted=False, coaching=False) is JOIN
    assert mode_at_carrier(JOIN, was_told=True, muted=False, coaching=True) is WHISPER
    assert mode_at_carrier(JOIN, was_told=True, muted=True, coaching=True) is LISTEN
    assert refusal_in_emergency(WHISPER, is_confirmed=True) != ""
    assert refusal_in_emergency(JOIN, is_confirmed=True) == refusal_in_emergency(LISTEN, is_confirmed=False) == ""


def test_whoever_is_beside_an_operator_takes_no_calls_until_she_has_left(floor: Floor, call_id: int) -> None:
    with floor.database.unit_of_work(ALL) as session:
        refuse_beside_somebody(session, floor.staff["Claire"])
    claire(floor).begin(floor.staff["Inès"], LISTEN, reason="première semaine")
    with pytest.raises(Conflict), floor.database.unit_of_work(ALL) as session:
        refuse_beside_somebody(session, floor.staff["Claire"])
    claire(floor).leave(supervisions(floor)[0].id)
    with floor.database.unit_of_work(ALL) as session:
        refuse_beside_somebody(session, floor.staff["Claire"])
