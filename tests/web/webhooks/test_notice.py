"""A practitioner is rung about a message: a key takes it, another brings the patient in, a voicemail presses none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from callcenter.core.db import Database
from callcenter.dispatch.acknowledging import Reader, acknowledge
from callcenter.dispatch.models import AcknowledgementKind, Channel, MessageStatus, NoticeStatus, Target
from callcenter.main import wire_events
from callcenter.telephony.models import Call, CallStatus, Leg, LegRole, LegStatus
from tests.agenda.cast import SEED
from tests.dispatch.cast import SECOND, Centre, centre_of
from tests.web.webhooks.conftest import Carrier, open_carrier


@pytest.fixture
def carrier(database: Database) -> Iterator[Carrier]:
    database.bus = wire_events()
    with open_carrier(centre_of(database)) as carrier:
        yield carrier


@pytest.fixture
def centre(carrier: Carrier) -> Centre:
    found: Centre = carrier.floor
    return found


@pytest.fixture
def message_id(centre: Centre) -> int:
    """An urgent message of which Dr Lemoine's second number is rung, ten minutes after."""
    message_id = centre.urgent()
    centre.tick(10)
    assert [one["to"] for one in centre.provider.rung] == [SECOND]
    return message_id


def ask(carrier: Carrier, *, key: str | None = None, attempt: int = 0) -> str:
    """The carrier asks what to say; with a key or silence after the question of this attempt."""
    [leg] = carrier.floor.legs()[:1]
    path = f"/twilio/notice?leg={leg.id}" + ("" if key is None else f"&attempt={attempt}")
    digits = {} if not key else {"Digits": key}
    sid = carrier.floor.provider.rung[0]["sid"]
    answer = carrier.post(path, CallSid=sid, To=SECOND, From="+33199000000", CallStatus="in-progress", **digits)
    assert answer.status_code == 200
    return answer.text


def report(carrier: Carrier, status: str, number: int) -> None:
    [leg] = carrier.floor.legs()[:1]
    sid = carrier.floor.provider.rung[0]["sid"]
    carrier.post(f"/twilio/leg?leg={leg.id}", CallSid=sid, CallStatus=status, SequenceNumber=str(number))


def call_of(centre: Centre, leg: Leg) -> Call:
    with centre.database.reading(SEED) as session:
        return session.get_one(Call, leg.call_id)


def test_the_question_says_no_word_of_what_it_is_about(carrier: Carrier, centre: Centre, message_id: int) -> None:
    assert "/twilio/notice?leg=" in centre.provider.rung[0]["document_url"]
    heard = ask(carrier)
    assert "Message urgent. Cabinet médical des Tilleuls. Un message vous attend." in heard
    assert "Tapez 1 pour le prendre en charge. Tapez 2 pour être mis en relation avec le patient." in heard
    assert "douleur" not in heard
    assert "Vasseur" not in heard
    assert centre.message(message_id).status == MessageStatus.SENT


def test_one_takes_it_and_the_ladder_ends(carrier: Carrier, centre: Centre, message_id: int) -> None:
    ask(carrier)
    said = ask(carrier, key="1")
    assert "vous l'avez pris en charge" in said
    assert "<Hangup" in said
    assert centre.message(message_id).status == MessageStatus.TAKEN
    report(carrier, "completed", 2)
    second = next(one for one in centre.notices(message_id) if one.target == Target.SECOND)
    assert second.status == NoticeStatus.DELIVERED
    assert call_of(centre, centre.legs()[0]).status == CallStatus.ENDED
    assert centre.tick(60) == 0
    # What to read is behind an address that goes to the telephone that took it.
    assert [(one.to_number, one.kind) for one in centre.outbox()[1:]] == [(SECOND, "message_taken")]


def test_a_key_that_the_carrier_repeats_changes_nothing(carrier: Carrier, centre: Centre, message_id: int) -> None:
    ask(carrier)
    assert ask(carrier, key="1") == ask(carrier, key="1")
    assert len(centre.outbox()) == 2
    assert centre.message(message_id).status == MessageStatus.TAKEN


def test_two_takes_it_and_rings_the_patient_into_his_room(carrier: Carrier, centre: Centre, message_id: int) -> None:
    ask(carrier)
    for _ in range(2):
        said = ask(carrier, key="2")
        assert "Nous appelons le patient" in said
        assert "<Conference" in said
    doctor, *others = centre.legs()
    assert [(one.role, one.address, one.status) for one in others] == [
        (LegRole.PATIENT, "+33639981472", LegStatus.WANTED)
    ]
    assert centre.message(message_id).status == MessageStatus.TAKEN
    assert call_of(centre, doctor).status == CallStatus.TALKING
    report(carrier, "completed", 2)
    assert call_of(centre, doctor).status == CallStatus.ENDED


def test_a_voicemail_takes_nothing_and_the_ladder_goes_on(carrier: Carrier, centre: Centre, message_id: int) -> None:
    ask(carrier)
    assert "Tapez 1" in ask(carrier, key="", attempt=0)
    assert "<Hangup" in ask(carrier, key="", attempt=1)
    report(carrier, "completed", 2)
    second = next(one for one in centre.notices(message_id) if one.target == Target.SECOND)
    assert second.status == NoticeStatus.FAILED
    assert centre.message(message_id).status == MessageStatus.SENT
    assert centre.tick(5) == 1


@pytest.mark.parametrize("kind", [AcknowledgementKind.TAKEN, AcknowledgementKind.DONE])
def test_who_is_too_late_hears_so_and_takes_nothing(
    carrier: Carrier, centre: Centre, message_id: int, kind: AcknowledgementKind
) -> None:
    ask(carrier)
    with centre.database.unit_of_work(SEED) as session:
        by = Reader(Channel.APP, practitioner_id=centre.marchand_id)
        acknowledge(session, message_id, kind, by=by, at=centre.clock.now())
    assert "Quelqu'un a déjà pris ce message en charge" in ask(carrier, key="1")


@pytest.mark.parametrize("leg", ["", "0", "99", "x", "9" * 30])
def test_a_telephone_that_is_not_ours_is_hung_up(carrier: Carrier, leg: str, message_id: int) -> None:
    answer = carrier.post(f"/twilio/notice?leg={leg}", CallSid="CA" + "b" * 32)
    assert "<Hangup" in answer.text
