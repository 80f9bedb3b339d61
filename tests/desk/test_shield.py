"""The shield's report, the cautions that follow, and a breath that counts as work."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from callcenter.core.db import Database
from callcenter.core.errors import Conflict, Invalid, NotFound
from callcenter.desk.card import CardState
from callcenter.desk.card_reading import call_card
from callcenter.desk.cautions import cautions_on, decide_appeal, note_appeal, set_caution
from callcenter.desk.dispositions import choose_disposition
from callcenter.desk.models import AbuseKind, AbuseReport, Caution, DispositionCode
from callcenter.desk.shield import breathe, lower_shield, open_shield, report_abuse
from callcenter.routing import presence
from callcenter.routing.models import AgentStatus, Breather
from callcenter.telephony.alarms import open_alarms
from callcenter.telephony.events import CallEnded
from callcenter.telephony.models import AlarmKind
from callcenter.telephony.state import LegNews
from tests.desk.test_transfers import ask, colleague, gestures
from tests.floor import ALL, PATIENT, Floor


@pytest.fixture
def floor(database: Database) -> Floor:
    floor = Floor(database)
    database.bus.subscribe(CallEnded, lower_shield)
    floor.hire("Inès", "Claire", "Solène")
    return floor


@pytest.fixture
def call_id(floor: Floor) -> int:
    """Inès talks with a caller."""
    call_id = floor.ring()
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.hear(floor.accept("Inès").id, LegNews.ANSWERED, LegNews.JOINED)
    return call_id


def report(floor: Floor, call_id: int, words: str, *, who: str = "Inès") -> None:
    with floor.database.unit_of_work(ALL) as session:
        report_abuse(session, call_id, staff_id=floor.staff[who], kind=AbuseKind.THREAT, words=words, at=floor.now)


def breathers(floor: Floor) -> list[Breather]:
    with floor.database.reading(ALL) as session:
        return list(session.scalars(select(Breather).order_by(Breather.id)))


def alarms(floor: Floor) -> list[AlarmKind]:
    with floor.database.reading(ALL) as session:
        return [one.kind for one in open_alarms(session)]


def test_a_report_is_one_per_call_and_more_words_can_be_added(floor: Floor, call_id: int) -> None:
    report(floor, call_id, "« Je sais où vous habitez » 👍 </Say>")
    report(floor, call_id, "« Je sais où vous habitez » 👍 </Say>")  # sent twice
    report(floor, call_id, "Il a rappelé.")
    with floor.database.reading(ALL) as session:
        [one] = session.scalars(select(AbuseReport)).all()
        shield = open_shield(session, call_id, staff_id=floor.staff["Inès"])
    assert shield.noted is not None
    assert one.words == shield.noted.words == "« Je sais où vous habitez » 👍 </Say>\nIl a rappelé."
    assert alarms(floor) == [AlarmKind.ABUSE]
    assert (shield.noted.kind, shield.noted.noted_at, shield.noted.is_called) == (AbuseKind.THREAT, floor.now, True)
    with floor.database.reading(ALL) as session:
        card = call_card(session, floor.staff["Inès"], at=floor.now)
    assert card is not None
    assert card.abuse == shield.noted  # also after a reload
    with pytest.raises(NotFound):
        report(floor, call_id, "pas son appel", who="Claire")
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    assert alarms(floor) == []
    report(floor, call_id, "Après coup.")
    assert alarms(floor) == []  # nobody needs to come any more
    with floor.database.reading(ALL) as session:
        card = call_card(session, floor.staff["Inès"], at=floor.now)
    assert card is not None
    assert card.abuse is not None
    assert (card.state, card.may_breathe, card.abuse.is_called) == (CardState.WRAP_UP, True, False)


def test_nobody_is_called_to_who_passed_the_call_on_and_tells_of_it_afterwards(floor: Floor, call_id: int) -> None:
    ask(floor, call_id, "Inès", colleague(floor, "Claire"))
    floor.hear(floor.accept("Claire").id, LegNews.JOINED)
    gestures(floor, "Inès", call_id).join_all()
    gestures(floor, "Inès", call_id).pass_on()
    assert (floor.status_of("Inès"), floor.status_of("Claire")) == (AgentStatus.WRAP_UP, AgentStatus.ON_CALL)
    report(floor, call_id, "Avant que je la passe.")
    assert alarms(floor) == []  # the colleague talks with the caller, and asked for nobody
    report(floor, call_id, "", who="Claire")
    assert alarms(floor) == [AlarmKind.ABUSE]


def test_a_caution_ends_by_itself_or_when_another_person_lifts_it(floor: Floor, call_id: int) -> None:
    claire, solene = floor.staff["Claire"], floor.staff["Solène"]

    def shown() -> list[str]:
        with floor.database.reading(ALL) as session:
            found = cautions_on(session, 1, number=PATIENT, patient_ids=[], at=floor.now)
            return [one.reason for one in found]

    with floor.database.unit_of_work(ALL) as session, pytest.raises(NotFound):
        set_caution(session, call_id, on_patient=False, reason="x", days="90", staff_id=claire, at=floor.now)
    report(floor, call_id, "")
    for days in ("0", "366", "beaucoup", "²"):
        with floor.database.unit_of_work(ALL) as session, pytest.raises(Invalid):
            set_caution(session, call_id, on_patient=False, reason="x", days=days, staff_id=claire, at=floor.now)
    for _ in range(2):
        with floor.database.unit_of_work(ALL) as session:
            set_caution(session, call_id, on_patient=False, reason="A menacé", days="90", staff_id=claire, at=floor.now)
    assert shown() == ["A menacé"]
    with floor.database.reading(ALL) as session:
        [caution_id] = session.scalars(select(Caution.id)).all()
        assert cautions_on(session, 1, number=None, patient_ids=[], at=floor.now) == []
        assert cautions_on(session, 1, number=PATIENT, patient_ids=[], at=floor.now + timedelta(days=90)) == []

    with floor.database.unit_of_work(ALL) as session, pytest.raises(Conflict):
        decide_appeal(session, caution_id, lifts=True, words="oui", staff_id=solene, at=floor.now)
    with floor.database.unit_of_work(ALL) as session:
        note_appeal(session, caution_id, words="Je regrette.", staff_id=claire, at=floor.now)
    with floor.database.unit_of_work(ALL) as session, pytest.raises(Conflict):
        decide_appeal(session, caution_id, lifts=False, words="non", staff_id=claire, at=floor.now)
    assert shown() == ["A menacé"]
    with floor.database.unit_of_work(ALL) as session:
        decide_appeal(session, caution_id, lifts=True, words="Excuses acceptées.", staff_id=solene, at=floor.now)
    assert shown() == []


def test_a_breath_counts_once_and_only_after_a_hard_call(floor: Floor, call_id: int) -> None:
    ines = floor.staff["Inès"]

    def finish(call_id: int) -> None:
        floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
        with floor.database.unit_of_work(ALL) as session:
            choose_disposition(
                session, call_id, staff_id=ines, code=DispositionCode.NONE, at=floor.now, then=AgentStatus.BREAK
            )
            breathe(session, call_id, staff_id=ines, at=floor.now)

    report(floor, call_id, "")
    finish(call_id)
    until = floor.now + timedelta(minutes=5)
    assert floor.agent("Inès").breather_until == until
    floor.clock.advance(timedelta(minutes=3))
    with floor.database.unit_of_work(ALL) as session:
        breathe(session, call_id, staff_id=ines, at=floor.now)  # the same key, late
    assert floor.agent("Inès").breather_until == until
    floor.clock.advance(timedelta(minutes=3))
    assert floor.status_of("Inès") == AgentStatus.BREAK  # over, and nobody is forced
    with floor.database.unit_of_work(ALL) as session:
        presence.set_available(session, ines, at=floor.now)
    assert floor.agent("Inès").breather_until is None
    [kept] = breathers(floor)
    assert (kept.staff_id, kept.call_id, kept.reason) == (ines, call_id, "abuse")
    assert (kept.began_at, kept.ended_at, kept.counts_until) == (until - timedelta(minutes=5), floor.now, until)


def test_a_breath_that_she_ends_sooner_counts_until_then_and_an_ordinary_break_leaves_no_row(
    floor: Floor, call_id: int
) -> None:
    ines = floor.staff["Inès"]
    report(floor, call_id, "")
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)
    with floor.database.unit_of_work(ALL) as session:
        choose_disposition(
            session, call_id, staff_id=ines, code=DispositionCode.NONE, at=floor.now, then=AgentStatus.BREAK
        )
        breathe(session, call_id, staff_id=ines, at=floor.now)
    assert [one.counts_until for one in breathers(floor)] == [None]
    floor.clock.advance(timedelta(minutes=2))
    for _ in range(2):
        with floor.database.unit_of_work(ALL) as session:
            presence.set_available(session, ines, at=floor.now)
    came_back_at = floor.now
    floor.clock.advance(timedelta(minutes=2))
    with floor.database.unit_of_work(ALL) as session:
        presence.take_break(session, ines, at=floor.now)
        presence.set_available(session, ines, at=floor.now)
    assert [one.counts_until for one in breathers(floor)] == [came_back_at]
