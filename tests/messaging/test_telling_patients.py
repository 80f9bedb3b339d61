"""A patient who was promised it is told that her message was read, and only then."""

from __future__ import annotations

import pytest

from callcenter.core.db import Database
from callcenter.dispatch.acknowledging import Reader, acknowledge
from callcenter.dispatch.in_hand import settle_in_hand
from callcenter.dispatch.models import AcknowledgementKind, Channel
from callcenter.main import wire_events
from callcenter.messaging.notices import MESSAGE_READ
from tests.dispatch.cast import Centre, centre_of


@pytest.fixture
def centre(database: Database) -> Centre:
    database.bus = wire_events()
    return centre_of(database)


def say(centre: Centre, message_id: int, kind: AcknowledgementKind) -> None:
    by = Reader(Channel.APP, practitioner_id=centre.lemoine_id, staff_id=centre.doctor_account_id)
    with centre.database.unit_of_work(centre.cast.scope) as session:
        acknowledge(session, message_id, kind, by=by, at=centre.clock.now())


def told(centre: Centre) -> list[tuple[str, str]]:
    return [(one.to_number, one.body) for one in centre.outbox() if one.kind == MESSAGE_READ]


def test_she_is_told_once_and_nothing_of_what_it_was_about(centre: Centre) -> None:
    message_id = centre.write(tells_patient=True)
    for kind in (AcknowledgementKind.READ, AcknowledgementKind.TAKEN, AcknowledgementKind.DONE):
        say(centre, message_id, kind)
    [(number, body)] = told(centre)
    assert number == "+33639981472"
    assert "poitrine" not in body
    assert "Vasseur" not in body


def test_who_was_promised_nothing_is_told_nothing(centre: Centre) -> None:
    say(centre, centre.write(), AcknowledgementKind.READ)
    assert told(centre) == []


def test_what_a_supervisor_saw_to_was_read_by_no_doctor(centre: Centre) -> None:
    message_id = centre.write(tells_patient=True)
    with centre.database.unit_of_work(centre.cast.scope) as session:
        settle_in_hand(
            session,
            message_id,
            "Le 15 est sur place.",
            request_key="s1",
            staff_id=centre.cast.camille_id,
            at=centre.clock.now(),
        )
    assert told(centre) == []
