"""A practitioner is told of a message before the confirmations that wait for the carrier."""

from __future__ import annotations

from datetime import timedelta

import pytest

from callcenter.core.db import Database
from callcenter.main import wire_events
from callcenter.messaging.delivery import deliver_due
from callcenter.messaging.models import OutboxChannel, OutboxMessage, OutboxStatus
from tests.agenda.cast import SEED
from tests.dispatch.cast import MOBILE, Centre, centre_of
from tests.messaging.carriers import TextCarrier


@pytest.fixture
def centre(database: Database) -> Centre:
    database.bus = wire_events()
    return centre_of(database)


def test_an_urgent_text_leaves_before_what_was_due_earlier(centre: Centre) -> None:
    with centre.database.unit_of_work(SEED) as session:
        for nth in range(12):
            session.add(
                OutboxMessage(
                    practice_id=centre.cast.practice_id,
                    dedupe_key=f"confirmation-{nth}",
                    kind="appointment_booked",
                    channel=OutboxChannel.SMS,
                    to_number="+33639981472",
                    body="RDV",
                    status=OutboxStatus.PENDING,
                    created_at=centre.clock.now(),
                    due_at=centre.clock.now(),
                )
            )
    centre.clock.advance(timedelta(minutes=1))
    centre.urgent()
    centre.tick()
    carrier = TextCarrier()
    assert deliver_due(centre.database, carrier, centre.settings, centre.clock) == 13  # type: ignore[arg-type]
    assert carrier.taken[0].to == MOBILE
