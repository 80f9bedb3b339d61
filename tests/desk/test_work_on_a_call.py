"""Notes, patient, booking and disposition: only on her own calls, only within the called practice, twice is once."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from callcenter.agenda.models import Appointment
from callcenter.agenda.writing.wanted import TimeTaken
from callcenter.core.errors import Conflict, NotFound
from callcenter.core.scope import Practices
from callcenter.desk.bookings import book_in_call
from callcenter.desk.card_reading import call_card
from callcenter.desk.dispositions import choose_disposition
from callcenter.desk.models import Disposition, DispositionCode
from callcenter.desk.notes import choose_patient, save_words
from callcenter.routing.models import Agent, AgentStatus
from callcenter.telephony.models import Call
from tests.desk.conftest import Cast

AT_11 = 1795428000  # 2026-11-23 11:00 in Paris


def test_words_and_patient_stay_with_the_call(cast: Cast) -> None:
    call, helene = _talking(cast)
    with cast.database.unit_of_work(_hers(cast)) as session:
        save_words(session, call, staff_id=cast.camille, words="Mes gouttes, c’est possible ?\x00", at=cast.at)
        choose_patient(session, call, staff_id=cast.camille, patient_id=helene, at=cast.at)
    with cast.database.reading(_hers(cast)) as session:
        card = call_card(session, cast.camille, at=cast.at)
    assert card is not None
    assert card.patient is not None
    assert (card.words, card.patient.id) == ("Mes gouttes, c’est possible ?", helene)


def test_a_colleague_cannot_write_on_her_call(cast: Cast) -> None:
    call, helene = _talking(cast)
    with pytest.raises(NotFound), cast.database.unit_of_work(_hers(cast)) as session:
        save_words(session, call, staff_id=cast.ines, words="pas le mien", at=cast.at)
    with pytest.raises(NotFound), cast.database.unit_of_work(_hers(cast)) as session:
        choose_patient(session, call, staff_id=cast.ines, patient_id=helene, at=cast.at)


def test_a_person_of_another_practice_cannot_be_chosen_though_she_answers_for_both(cast: Cast) -> None:
    call, _helene = _talking(cast)
    with cast.database.unit_of_work(cast.everything) as session:
        stranger = cast.patient(session, "Paul", "Ailleurs", practice=cast.kaplan).id
    with pytest.raises(NotFound), cast.database.unit_of_work(_hers(cast)) as session:
        choose_patient(session, call, staff_id=cast.camille, patient_id=stranger, at=cast.at)


def test_a_time_is_booked_for_the_person_of_the_call_and_the_same_form_twice_books_once(cast: Cast) -> None:
    call, helene = _talking(cast)
    with cast.database.unit_of_work(_hers(cast)) as session:
        choose_patient(session, call, staff_id=cast.camille, patient_id=helene, at=cast.at)
    assert _book(cast, call) == _book(cast, call)
    with cast.database.reading(_hers(cast)) as session:
        card = call_card(session, cast.camille, at=cast.at)
        booked = session.scalar(select(func.count()).select_from(Appointment))
    assert card is not None
    assert booked == 1
    assert [(one.practitioner, one.service_type, one.patient_name) for one in card.booked] == [
        ("Dr Lemoine", "Consultation", "Mme Hélène Vasseur")
    ]
    assert card.likely is DispositionCode.BOOKED


def test_without_a_person_the_booking_says_what_to_do_first(cast: Cast) -> None:
    call, _helene = _talking(cast)
    with pytest.raises(Conflict, match="Choose the person first"):
        _book(cast, call)


def test_who_comes_second_is_offered_the_next_times(cast: Cast) -> None:
    call, helene = _talking(cast)
    with cast.database.unit_of_work(cast.everything) as session:
        second = cast.call(session, number="+33639980000")
        cast.talk(session, second, by=cast.ines)
        paul = cast.patient(session, "Paul", "Second", number="+33639980000").id
    for number, staff, patient in ((call, cast.camille, helene), (second.id, cast.ines, paul)):
        with cast.database.unit_of_work(_hers(cast)) as session:
            choose_patient(session, number, staff_id=staff, patient_id=patient, at=cast.at)
    _book(cast, call)
    with pytest.raises(TimeTaken) as lost:
        _book(cast, second.id, staff=cast.ines)
    assert [one.start for one in lost.value.next_choices] == [AT_11 + 900, AT_11 + 1800, AT_11 + 2700]


def test_a_disposition_ends_her_wrap_up_and_the_second_press_changes_nothing(cast: Cast) -> None:
    call, _helene = _talking(cast)
    with cast.database.unit_of_work(cast.everything) as session:
        cast.end(session, session.get_one(Call, call), by=cast.camille)
    for code in (DispositionCode.MESSAGE, DispositionCode.NONE):
        with cast.database.unit_of_work(_hers(cast)) as session:
            choose_disposition(session, call, staff_id=cast.camille, code=code, at=cast.at + timedelta(minutes=3))
    with cast.database.reading(_hers(cast)) as session:
        kept = session.execute(select(Disposition.code, Disposition.staff_id)).all()
        agent = session.execute(select(Agent.status, Agent.call_id).where(Agent.staff_id == cast.camille)).one()
    assert [tuple(one) for one in kept] == [(DispositionCode.MESSAGE, cast.camille)]
    assert tuple(agent) == (AgentStatus.AVAILABLE, None)


def test_an_unqualified_call_is_still_there_after_a_reload(cast: Cast) -> None:
    call, _helene = _talking(cast)
    with cast.database.unit_of_work(cast.everything) as session:
        cast.end(session, session.get_one(Call, call), by=cast.camille)
    for _reload in range(2):
        with cast.database.reading(_hers(cast)) as session:
            card = call_card(session, cast.camille, at=cast.at + timedelta(hours=1))
        assert card is not None
        assert (card.call_id, card.qualified) == (call, None)


def test_no_disposition_while_she_is_still_talking(cast: Cast) -> None:
    call, _helene = _talking(cast)
    with pytest.raises(Conflict), cast.database.unit_of_work(_hers(cast)) as session:
        choose_disposition(session, call, staff_id=cast.camille, code=DispositionCode.NONE, at=cast.at)


def _talking(cast: Cast) -> tuple[int, int]:
    """Camille talks with somebody on Hélène's number; ids of the call and of Hélène."""
    with cast.database.unit_of_work(cast.everything) as session:
        helene = cast.patient(session, "Hélène", "Vasseur")
        call = cast.call(session)
        cast.talk(session, call, by=cast.camille)
        return call.id, helene.id


def _book(cast: Cast, call_id: int, *, staff: int | None = None) -> int:
    with cast.database.unit_of_work(_hers(cast)) as session:
        return book_in_call(
            session,
            call_id,
            staff_id=staff or cast.camille,
            practitioner_id=cast.lemoine,
            service_type_id=cast.consultation,
            start=AT_11,
            request_key=f"call-{call_id}-one-form",
            at=cast.at,
        ).id


def _hers(cast: Cast) -> Practices:
    """What an operator may see: every practice of the centre."""
    return Practices.of(cast.tilleuls, cast.kaplan)
