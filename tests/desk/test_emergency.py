"""A relay to the emergency line: one call to the regulator, no hold, nobody left alone, training stays fictional."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from callcenter.core.config import load_settings
from callcenter.core.errors import Conflict, Forbidden, Invalid, NotFound
from callcenter.core.scope import Practices
from callcenter.desk.card_reading import call_card
from callcenter.desk.emergency import (
    close_relay,
    note_read_back,
    note_taken_over,
    open_relay,
    refuse_leaving,
    save_place,
)
from callcenter.desk.emergency_card import EmergencyCard, emergency_card
from callcenter.desk.emergency_dialling import dial_emergency
from callcenter.desk.emergency_direct import Rung
from callcenter.desk.emergency_gate import answer_gate
from callcenter.desk.emergency_kept import keep_rung
from callcenter.desk.emergency_offline import offline_relay
from callcenter.desk.emergency_steps import StepKind
from callcenter.desk.emergency_ticket import EmergencyTicket, expiry
from callcenter.desk.models import EmergencyRelay
from callcenter.desk.notes import choose_patient, save_words
from callcenter.desk.relay_rules import RelayState, may_leave, refusal_to_dial
from callcenter.directory.models import Practice, PracticeMode
from callcenter.telephony.legs import lock_call, record_leg_event, want_leg
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from callcenter.telephony.state import LegNews
from callcenter.triage.models import Assessment, AssessmentAnswer
from tests.desk.conftest import CALLER, Cast

FICTIONAL = "+33261911544"


def test_two_enters_ring_the_regulator_once(cast: Cast) -> None:
    call = relayed(cast)

    first, second = dial(cast, call), dial(cast, call)

    assert first == second
    with cast.database.reading(hers(cast)) as session:
        legs = session.scalars(select(Leg).where(Leg.role == LegRole.EMERGENCY)).all()
        assert [(leg.label, leg.address) for leg in legs] == [("emergency-1", FICTIONAL)]


def test_an_address_kept_while_she_dials_stops_neither(cast: Cast) -> None:
    """Enter follows the last letter typed: whoever keeps the address and whoever dials take the call first."""
    call = relayed(cast)
    with ThreadPoolExecutor(1) as pool:
        with cast.database.unit_of_work(hers(cast)) as session:
            lock_call(session, call)
            kept = pool.submit(place, cast, call, "8 impasse des Tanneurs, 59800 Lille", callback="06 39 98 14 77")
            time.sleep(0.5)  # it waits, and must hold nothing meanwhile
            dial_emergency(session, call, staff_id=cast.camille, at=cast.at)
        kept.result(timeout=10)
    relay = relay_of(cast, call)
    assert relay is not None
    assert relay.dialled_at is not None
    assert relay.address.startswith("8 impasse")


def test_she_is_rung_back_at_the_last_usable_number_she_told(cast: Cast) -> None:
    call = relayed(cast)
    assert place(cast, call, "8 impasse des Tanneurs, 59800 Lille", callback="06 39 98 14 77") == ""
    assert rung_back_at(cast, call) == "+33639981477"

    assert place(cast, call, "8 impasse des Tanneurs, 59800 Lille", callback="06 39") != ""
    assert rung_back_at(cast, call) == "+33639981477"

    place(cast, call, "8 impasse des Tanneurs, 59800 Lille", callback="")
    assert rung_back_at(cast, call) is None  # then the number she called from


def test_nobody_answers_and_she_dials_again(cast: Cast) -> None:
    call = relayed(cast)
    heard(cast, dial(cast, call), LegStatus.FAILED, after=30)
    assert card_of(cast, call).state == RelayState.FAILED
    assert card_of(cast, call).may_dial

    heard(cast, dial(cast, call, after=31), LegStatus.RINGING, after=33)

    card = card_of(cast, call, after=34)
    assert card.state == RelayState.RINGING
    assert [step.kind for step in card.steps if step.at] == [
        StepKind.OPENED, StepKind.DIALLED, StepKind.FAILED, StepKind.DIALLED, StepKind.RINGING,
    ]  # fmt: skip


def test_a_nervous_enter_right_after_the_answer_ends_nothing(cast: Cast) -> None:
    call = relayed(cast)
    heard(cast, dial(cast, call), LegStatus.JOINED, after=20)

    with pytest.raises(Conflict):
        take_over(cast, call, after=24)
    assert not card_of(cast, call, after=24).may_take_over
    assert card_of(cast, call, after=24).settling_for == 1

    take_over(cast, call, after=25)
    take_over(cast, call, after=60)
    assert card_of(cast, call, after=61).taken_over_at == cast.at + timedelta(seconds=25)


def test_no_leaving_until_taken_over(cast: Cast) -> None:
    call = relayed(cast)
    with cast.database.reading(hers(cast)) as session:
        refuse_leaving(session, call)
    heard(cast, dial(cast, call), LegStatus.JOINED, after=10)
    with pytest.raises(Conflict), cast.database.reading(hers(cast)) as session:
        refuse_leaving(session, call)

    take_over(cast, call, after=60)
    with cast.database.reading(hers(cast)) as session:
        refuse_leaving(session, call)


def test_a_failed_line_taken_over_by_another_telephone_lets_her_go(cast: Cast) -> None:
    call = relayed(cast)
    heard(cast, dial(cast, call), LegStatus.FAILED, after=30)
    with pytest.raises(Conflict), cast.database.reading(hers(cast)) as session:
        refuse_leaving(session, call)

    take_over(cast, call, after=90)

    with cast.database.reading(hers(cast)) as session:
        refuse_leaving(session, call)


def test_a_card_opened_by_mistake_leaves_no_relay_but_a_written_one_stays(cast: Cast) -> None:
    call = relayed(cast)
    close(cast, call)
    assert relay_of(cast, call) is None

    open_card(cast, call)
    place(cast, call, "3 rue des Lilas, Rezé")
    close(cast, call)
    assert relay_of(cast, call) is not None


def test_once_dialled_the_card_cannot_be_closed(cast: Cast) -> None:
    call = relayed(cast)
    dial(cast, call)

    with pytest.raises(Conflict):
        close(cast, call)


def test_a_line_rung_without_the_database_keeps_her_there_before_its_leg_is_known(cast: Cast) -> None:
    """The carrier had it under our label already, and said no more: a regulator's telephone rings."""
    call = relayed(cast)
    ticket = ticket_of(cast, call)
    with cast.database.unit_of_work(hers(cast)) as session:
        keep_rung(session, ticket, [Rung(1, 0, FICTIONAL, "SAMU 44", None)], at=cast.at)
    with pytest.raises(Conflict):
        close(cast, call)
    with pytest.raises(Conflict), cast.database.reading(hers(cast)) as session:
        refuse_leaving(session, call)


def test_a_card_that_was_closed_is_not_opened_by_a_browser_that_rang_nobody(cast: Cast) -> None:
    call = relayed(cast)
    place(cast, call, "3 rue des Lilas, Rezé")
    close(cast, call)
    for rung, is_open in (([], False), ([Rung(1, 0, FICTIONAL, "SAMU 44", None)], True)):
        with cast.database.unit_of_work(hers(cast)) as session:
            keep_rung(session, ticket_of(cast, call), rung, at=cast.at)
        with cast.database.reading(hers(cast)) as session:
            assert session.get_one(Call, call).in_emergency is is_open


def test_a_name_longer_than_its_field_opens_the_card_all_the_same(cast: Cast) -> None:
    call = talking(cast)
    with cast.database.unit_of_work(cast.everything) as session:
        person = cast.patient(session, "Marie-" * 13, "Vasseur-" * 10)
        choose_patient(session, call, staff_id=cast.camille, patient_id=person.id, at=cast.at)
    open_card(cast, call)
    relay = relay_of(cast, call)
    assert relay is not None
    assert relay.caller == f"Mme {'Marie-' * 13} {'Vasseur-' * 10}"[:120]
    with cast.database.reading(hers(cast)) as session:
        card = call_card(session, cast.camille, at=cast.at)
        settings = load_settings(
            public_url="https://centre.example.org",
            secret_key="s" * 32,
            twilio_account_sid="AC" + "0" * 32,
            twilio_auth_token="token",
        )
        her = {
            "staff_id": cast.camille,
            "session_id": 1,
            "settings": settings,
            "at": cast.at,
        }
        offline = offline_relay(session, card, **her)
    assert offline is not None
    assert offline.person == relay.caller  # a longer one would be refused, and all that was typed with it


def test_a_changed_address_must_be_read_back_again(cast: Cast) -> None:
    call = relayed(cast)
    with pytest.raises(Invalid):
        read_back(cast, call)
    place(cast, call, "3 rue des Lilas, Rezé")
    read_back(cast, call)
    place(cast, call, "3 rue des Lilas, Rezé")
    assert card_of(cast, call).read_back_at is not None

    place(cast, call, "13 rue des Lilas, Rezé")

    assert card_of(cast, call).read_back_at is None


def test_who_calls_is_asked_kept_and_read_back_with_the_rest(cast: Cast) -> None:
    call = talking(cast)
    with cast.database.unit_of_work(cast.everything) as session:
        person = cast.patient(session, "Jeanne", "Vasseur")
        choose_patient(session, call, staff_id=cast.camille, patient_id=person.id, at=cast.at)
    open_card(cast, call)
    assert card_of(cast, call).caller == "Mme Jeanne Vasseur"  # until she is told otherwise

    place(cast, call, "3 rue des Lilas, Rezé", caller="M. Vasseur, son époux")
    assert card_of(cast, call).caller == "M. Vasseur, son époux"
    for change in ({"caller": "Un voisin"}, {"caller": "Un voisin", "callback": "06 39 98 14 77"}):
        read_back(cast, call)
        place(cast, call, "3 rue des Lilas, Rezé", **change)
        assert card_of(cast, call).read_back_at is None


def test_an_unusable_call_back_number_never_costs_the_address(cast: Cast) -> None:
    call = relayed(cast)

    why = place(cast, call, "3 rue des Lilas, Rezé", callback="06 39")

    card = card_of(cast, call)
    assert why
    assert card.address == "3 rue des Lilas, Rezé"
    assert card.callback_number == "+33639981472"


def test_the_site_s_address_is_not_the_patients(cast: Cast) -> None:
    call = relayed(cast)

    card = card_of(cast, call)

    assert (card.address, card.address_detail) == ("", "")
    assert card.callback_number == card.from_number


@pytest.mark.parametrize(
    ("mode", "number", "refused"),
    [
        ("training", FICTIONAL, None),
        ("training", "15", Forbidden),
        ("training", "112", Forbidden),
        ("training", "+33251111111", Forbidden),
        ("demo", "15", Forbidden),
        ("training", "", Conflict),
        ("live", "", Conflict),
        ("live", "15", None),
        ("live", "+33251111111", None),
    ],
)
def test_only_a_practice_in_service_reaches_a_real_line(mode: str, number: str, refused: type | None) -> None:
    refusal = refusal_to_dial(mode, number, country="FR")

    assert (type(refusal) if refusal else None) is refused


def test_training_does_not_even_want_a_leg_to_a_real_number(cast: Cast) -> None:
    call = relayed(cast, number="15")

    with pytest.raises(Forbidden):
        dial(cast, call)

    with cast.database.reading(hers(cast)) as session:
        assert session.scalar(select(Leg.id).where(Leg.role == LegRole.EMERGENCY)) is None
    assert card_of(cast, call).refusal


def test_in_service_without_a_signed_gate_the_line_is_still_there(cast: Cast) -> None:
    call = relayed(cast, number="15", mode=PracticeMode.LIVE)

    card = card_of(cast, call)
    assert card.gate is None
    assert card.may_dial
    with pytest.raises(Conflict), cast.database.unit_of_work(hers(cast)) as session:
        answer_gate(session, call, question_id="awake", answer="no", staff_id=cast.camille, at=cast.at)
    dial(cast, call)


def test_answers_keep_the_words_they_were_asked_in_and_corrections_add_rows(cast: Cast) -> None:
    call = relayed(cast)

    with cast.database.unit_of_work(hers(cast)) as session:
        for answer in ("no", "no", "yes", "no"):
            answer_gate(session, call, question_id="awake", answer=answer, staff_id=cast.camille, at=cast.at)

    card = card_of(cast, call)
    assert card.gate is not None
    assert card.gate.asking is None
    assert StepKind.RED_FLAG in [step.kind for step in card.steps]
    with cast.database.reading(hers(cast)) as session:
        run = session.scalars(select(Assessment)).one()
        rows = session.scalars(select(AssessmentAnswer).order_by(AssessmentAnswer.id)).all()
        assert [row.answer for row in rows] == ["no", "yes", "no"]
        assert rows[0].question_text.startswith("La personne est-elle réveillée")
        assert (run.outcome, len(run.script_sha256), run.script_version) == ("emergency", 64, "0.1.0")


def test_a_colleague_sees_and_dials_nothing_of_it(cast: Cast) -> None:
    call = relayed(cast)

    with pytest.raises(NotFound), cast.database.unit_of_work(hers(cast)) as session:
        dial_emergency(session, call, staff_id=cast.ines, at=cast.at)
    with pytest.raises(NotFound), cast.database.reading(hers(cast)) as session:
        emergency_card(session, call, staff_id=cast.ines, at=cast.at)


def test_a_patient_out_of_reach_for_good_lets_the_card_be_closed(cast: Cast) -> None:
    call = relayed(cast)
    regulator = dial(cast, call)
    hear(cast, regulator, LegNews.FAILED)
    hear(cast, patient_leg(cast, call), LegNews.HUNG_UP)
    for number in (2, 3, 4):
        assert not card_of(cast, call).may_close
        with pytest.raises(Conflict, match="taken over"):
            close(cast, call)
        rung = ring_back(cast, call, number)
        hear(cast, rung, LegNews.FAILED)
    assert card_of(cast, call).may_close
    assert status_of(cast, call) == CallStatus.LOST  # the alarm stands: she may still ring her on another telephone

    close(cast, call)

    assert status_of(cast, call) == CallStatus.ENDED
    relay = relay_of(cast, call)
    assert relay is not None
    assert (relay.dialled_at is not None, relay.taken_over_at) == (True, None)


def test_closed_or_taken_over_without_its_patient_the_call_is_over(cast: Cast) -> None:
    for number, ends in enumerate((close, lambda cast, call: take_over(cast, call, after=60))):
        call = relayed(cast)
        if number:
            hear(cast, dial(cast, call), LegNews.FAILED)
        hear(cast, patient_leg(cast, call), LegNews.HUNG_UP)
        assert status_of(cast, call) == CallStatus.LOST
        ends(cast, call)
        assert status_of(cast, call) == CallStatus.ENDED


def test_after_the_patient_hung_up_no_card_opens(cast: Cast) -> None:
    call = talking(cast)
    with cast.database.unit_of_work(cast.everything) as session:
        cast.end(session, session.get_one(Call, call), by=cast.camille)

    with pytest.raises(Conflict, match="No call in progress"):
        open_card(cast, call)


def test_she_may_leave_when_nobody_is_left_to_leave_alone() -> None:
    assert may_leave(RelayState.FAILED, patient_is_there=False)
    assert not may_leave(RelayState.FAILED, patient_is_there=True)
    assert not may_leave(RelayState.RINGING, patient_is_there=False)
    assert may_leave(RelayState.READY, patient_is_there=True)


def hear(cast: Cast, leg_id: int, news: LegNews) -> None:
    with cast.database.unit_of_work(cast.everything) as session:
        record_leg_event(session, session.get_one(Leg, leg_id), news, at=cast.at + timedelta(seconds=30))


def patient_leg(cast: Cast, call: int) -> int:
    with cast.database.reading(hers(cast)) as session:
        return session.scalars(select(Leg.id).where(Leg.call_id == call, Leg.role == LegRole.PATIENT)).one()


def ring_back(cast: Cast, call: int, number: int) -> int:
    with cast.database.unit_of_work(cast.everything) as session:
        found = session.get_one(Call, call)
        label = f"patient-{number}"
        leg = want_leg(session, found, role=LegRole.PATIENT, label=label, address=CALLER, staff_id=None, at=cast.at)
        return leg.id


def status_of(cast: Cast, call: int) -> str:
    with cast.database.reading(hers(cast)) as session:
        return session.get_one(Call, call).status


def hers(cast: Cast) -> Practices:
    return Practices.of(cast.tilleuls, cast.kaplan)


def talking(cast: Cast, *, number: str = FICTIONAL, mode: PracticeMode = PracticeMode.TRAINING) -> int:
    """Camille talks with a patient of the Tilleuls."""
    with cast.database.unit_of_work(cast.everything) as session:
        practice = session.get_one(Practice, cast.tilleuls)
        practice.emergency_number, practice.emergency_label, practice.mode = number, "SAMU 44", mode
        call = cast.call(session)
        cast.talk(session, call, by=cast.camille)
        save_words(session, call.id, staff_id=cast.camille, words="Il est tout gris", at=cast.at)
        return call.id


def relayed(cast: Cast, *, number: str = FICTIONAL, mode: PracticeMode = PracticeMode.TRAINING) -> int:
    call = talking(cast, number=number, mode=mode)
    open_card(cast, call)
    return call


def ticket_of(cast: Cast, call: int) -> EmergencyTicket:
    return EmergencyTicket(
        practice_id=cast.tilleuls,
        call_id=call,
        call_sid="CA" + "0" * 32,
        staff_id=cast.camille,
        session_id=1,
        mode="training",
        country="FR",
        caller="+33261910000",
        lines=((FICTIONAL, "SAMU 44"),),
        expires_at=expiry(cast.at),
    )


def open_card(cast: Cast, call: int) -> None:
    with cast.database.unit_of_work(hers(cast)) as session:
        open_relay(session, call, staff_id=cast.camille, at=cast.at)


def close(cast: Cast, call: int) -> None:
    with cast.database.unit_of_work(hers(cast)) as session:
        close_relay(session, call, staff_id=cast.camille, at=cast.at)


def dial(cast: Cast, call: int, *, after: int = 1) -> int:
    with cast.database.unit_of_work(hers(cast)) as session:
        return dial_emergency(session, call, staff_id=cast.camille, at=cast.at + timedelta(seconds=after)).id


def heard(cast: Cast, leg_id: int, status: LegStatus, *, after: int) -> None:
    """The carrier tells where the regulator's leg stands."""
    at = cast.at + timedelta(seconds=after)
    with cast.database.unit_of_work(cast.everything) as session:
        leg = session.get_one(Leg, leg_id)
        leg.status = status
        if status == LegStatus.RINGING:
            leg.ringing_at = at
        elif status == LegStatus.JOINED:
            leg.joined_at = at
        else:
            leg.left_at = at


def take_over(cast: Cast, call: int, *, after: int) -> None:
    with cast.database.unit_of_work(hers(cast)) as session:
        note_taken_over(session, call, staff_id=cast.camille, at=cast.at + timedelta(seconds=after))


def place(cast: Cast, call: int, address: str, *, callback: str = "06 39 98 14 72", caller: str = "") -> str:
    with cast.database.unit_of_work(hers(cast)) as session:
        return save_place(
            session, call, caller=caller, address=address, detail="", callback=callback, staff_id=cast.camille
        )


def rung_back_at(cast: Cast, call: int) -> str | None:
    with cast.database.reading(hers(cast)) as session:
        return session.get_one(Call, call).callback_number


def read_back(cast: Cast, call: int) -> None:
    with cast.database.unit_of_work(hers(cast)) as session:
        note_read_back(session, call, staff_id=cast.camille, at=cast.at)


def card_of(cast: Cast, call: int, *, after: int = 40) -> EmergencyCard:
    with cast.database.reading(hers(cast)) as session:
        card = emergency_card(session, call, staff_id=cast.camille, at=cast.at + timedelta(seconds=after))
    assert card is not None
    return card


def relay_of(cast: Cast, call: int) -> EmergencyRelay | None:
    with cast.database.reading(hers(cast)) as session:
        return session.get(EmergencyRelay, call)
