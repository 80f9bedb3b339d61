"""A notice that the carrier or the mail server refuses at once told nobody: a person is asked."""

from __future__ import annotations

import pytest

from callcenter.core.db import Database
from callcenter.core.errors import ProviderError
from callcenter.dispatch.models import NoticeStatus
from callcenter.main import wire_events
from callcenter.messaging.delivery import deliver_due
from callcenter.messaging.mail_delivery import deliver_due_mail
from callcenter.messaging.outbox import retry_message
from tests.dispatch.cast import Centre, centre_of
from tests.messaging.carriers import NO_SUCH_MAILBOX, NOT_A_NUMBER, UNREACHABLE, MailServer, TextCarrier


@pytest.fixture
def centre(database: Database) -> Centre:
    database.bus = wire_events()
    return centre_of(database)


def deliver(centre: Centre, channel: str, trouble: ProviderError | None) -> int:
    if channel == "email":
        return deliver_due_mail(centre.database, MailServer(trouble=trouble), centre.clock)
    return deliver_due(centre.database, TextCarrier(trouble=trouble), centre.settings, centre.clock)  # type: ignore[arg-type]


def told(centre: Centre, message_id: int) -> list[tuple[str, str, str]]:
    return [(str(one.target), str(one.channel), str(one.status)) for one in centre.notices(message_id)]


@pytest.mark.parametrize(("channel", "refusal"), [("sms", NOT_A_NUMBER), ("email", NO_SUCH_MAILBOX)])
def test_a_notice_refused_for_good_ends_with_a_person(centre: Centre, channel: str, refusal: ProviderError) -> None:
    centre.prefer(centre.lemoine_id, channel=channel, email="lemoine@cabinet.example")
    message_id = centre.write()
    centre.tick()
    deliver(centre, channel, UNREACHABLE)
    assert told(centre, message_id) == [("addressee", channel, "sent")]
    centre.clock.wait(10)
    deliver(centre, channel, refusal)
    assert told(centre, message_id) == [("addressee", channel, "failed"), ("supervisor", "desk", "due")]
    centre.tick()
    assert centre.notices(message_id)[-1].status == NoticeStatus.SENT


def test_sent_again_by_hand_it_leaves_while_the_person_who_was_asked_still_knows(centre: Centre) -> None:
    centre.prefer(centre.lemoine_id, channel="email", email="lemoine@cabinet.example")
    message_id = centre.write()
    centre.tick()
    deliver(centre, "email", NO_SUCH_MAILBOX)
    with centre.database.unit_of_work(centre.cast.scope) as session:
        [mail] = centre.outbox()
        retry_message(session, mail.id, staff_id=centre.cast.camille_id, at=centre.clock.now())
    assert deliver(centre, "email", None) == 1
    assert centre.outbox()[0].status == "sent"
    assert told(centre, message_id) == [("addressee", "email", "failed"), ("supervisor", "desk", "due")]
