"""Who waits for a minute gets one text with the address by which she asks to be rung back, and only while it serves."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from callcenter.core.db import Database
from callcenter.core.errors import Conflict, ProviderError
from callcenter.desk.queue_view import todo_list
from callcenter.directory.models import Practice, PracticeLine
from callcenter.messaging.callback_links import send_due_links
from callcenter.messaging.delivery import deliver_due
from callcenter.messaging.models import OutboxMessage
from callcenter.messaging.outbox import outbox_view, retry_message
from callcenter.routing.callback_link import ask_by_link, read_link
from callcenter.routing.models import CallbackLink, QueueEntry
from callcenter.telephony.state import LegNews
from tests.floor import ALL, PATIENT, Floor

A_MINUTE = timedelta(seconds=60)
UNREACHABLE = ProviderError("connection refused", permanent=False)
NOT_IN_SERVICE = ProviderError("Unreachable destination handset", permanent=True, code=30003)


@pytest.fixture
def floor(database: Database) -> Floor:
    return Floor(database)


def wait(floor: Floor, number: int = 1, *, seconds: float = 60, from_number: str = PATIENT) -> int:
    """A caller is in her room for so long."""
    call_id = floor.ring(f"CA{number:032x}", from_number=from_number)
    floor.hear(floor.patient_leg(call_id), LegNews.JOINED)
    floor.clock.advance(timedelta(seconds=seconds))
    return call_id


def look(floor: Floor) -> int:
    return send_due_links(floor.database, floor.clock, settings=floor.settings)


def deliver(floor: Floor) -> int:
    return deliver_due(floor.database, floor.provider, floor.settings, floor.clock)


def statuses(floor: Floor) -> list[str]:
    return [row["status"] for row in floor.rows(OutboxMessage)["outbox_message"]]


def retry(floor: Floor) -> None:
    with floor.database.unit_of_work(ALL) as session:
        message_id = session.scalars(select(OutboxMessage.id)).one()
        retry_message(session, message_id, staff_id=floor.staff["Sofia"], at=floor.now)


def test_after_a_minute_and_not_before_she_gets_one_text_with_her_address(floor: Floor) -> None:
    call_id = wait(floor, seconds=59)
    assert (look(floor), deliver(floor)) == (0, 0)
    floor.clock.advance(timedelta(seconds=1))
    assert (look(floor), look(floor)) == (1, 0)
    assert (deliver(floor), deliver(floor)) == (1, 0)
    [text] = floor.provider.texts
    found = re.fullmatch(
        r"Lilas\. Sans raccrocher, demandez ici un rappel à votre tour : "
        r"https://centre\.example\.org/r/([a-z2-7]{26})",
        text["body"],
    )
    assert found is not None, text["body"]
    assert text["to"] == PATIENT
    [row] = floor.rows(OutboxMessage)["outbox_message"]
    assert (row["kind"], row["call_id"]) == ("callback_link", call_id)
    # The address is in the text alone: the table of links keeps no more than its mark.
    [link] = floor.rows(CallbackLink)["callback_link"]
    assert found[1] not in str(link)
    with floor.database.reading(ALL) as session:
        assert read_link(session, found[1], at=floor.now) is not None
    # However long she goes on waiting.
    floor.clock.advance(timedelta(minutes=10))
    assert (look(floor), deliver(floor)) == (0, 0)


@pytest.mark.parametrize(
    "number",
    ["anonymous", "", "+33240891234", "+33899123456", "+12125550123", "+447700900123"],
    ids=["withheld", "none", "landline", "premium", "far away", "country not called"],
)
def test_whom_a_text_cannot_reach_or_who_is_never_called_gets_none(floor: Floor, number: str) -> None:
    wait(floor, 1, from_number=number)
    wait(floor, 2, seconds=0)
    floor.clock.advance(A_MINUTE)
    # She who can be reached gets hers, beside them.
    assert look(floor) == 1
    assert [row["to_number"] for row in floor.rows(OutboxMessage)["outbox_message"]] == [PATIENT]


def test_a_belgian_mobile_is_reached(floor: Floor) -> None:
    wait(floor, from_number="+32470123456")
    assert look(floor) == 1


def test_a_line_that_offers_no_call_back_sends_no_address(floor: Floor) -> None:
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(PracticeLine).values(callback_after=0))
    wait(floor)
    assert look(floor) == 0
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(PracticeLine).values(callback_after=3600))
    assert look(floor) == 1


def test_nobody_gets_a_text_at_night(floor: Floor) -> None:
    floor.clock.advance(timedelta(hours=10, minutes=58, seconds=59))  # 19:58:59 in Paris
    wait(floor)
    assert look(floor) == 1
    wait(floor, 2, from_number="+33639981473")  # 20:00:59
    assert look(floor) == 0


@pytest.mark.parametrize(
    "values", [{"urgent": True}, {"priority_reason": "returned"}], ids=["an emergency", "cut off from somebody"]
)
def test_who_is_the_next_to_be_answered_gets_none(floor: Floor, values: dict[str, object]) -> None:
    wait(floor)
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(QueueEntry).values(**values))
    assert look(floor) == 0


def test_who_has_asked_already_and_the_call_that_rings_her_get_none(floor: Floor) -> None:
    first = wait(floor, 1)
    assert look(floor) == 1
    ask(floor)
    floor.hear(floor.patient_leg(first), LegNews.HUNG_UP)
    floor.clock.advance(timedelta(minutes=2))
    assert look(floor) == 0  # the call of ours waits for her place
    wait(floor, 2)
    assert look(floor) == 0  # she rings again, and is promised a call


def ask(floor: Floor) -> None:
    """She opens the address that stands in her text, and presses."""
    [row] = floor.rows(OutboxMessage)["outbox_message"]
    with floor.database.unit_of_work(ALL) as session:
        assert ask_by_link(session, row["body"].rpartition("/r/")[2], at=floor.now) is not None


def answered(floor: Floor, _call_id: int) -> None:
    floor.hire("Ines")
    floor.accept("Ines")


def hung_up(floor: Floor, call_id: int) -> None:
    floor.hear(floor.patient_leg(call_id), LegNews.HUNG_UP)


def promised(floor: Floor, _call_id: int) -> None:
    ask(floor)


def sent_elsewhere(floor: Floor, call_id: int) -> None:
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(QueueEntry).where(QueueEntry.call_id == call_id).values(status="overflow"))


def grown_old(floor: Floor, _call_id: int) -> None:
    floor.clock.advance(timedelta(hours=2))


@pytest.mark.parametrize("event", [answered, hung_up, promised, sent_elsewhere, grown_old])
def test_what_serves_no_more_is_withdrawn_before_it_leaves(floor: Floor, event: Callable[[Floor, int], None]) -> None:
    call_id = wait(floor)
    look(floor)
    floor.provider.refusing = UNREACHABLE
    deliver(floor)
    assert statuses(floor) == ["pending"]
    floor.provider.refusing = None
    event(floor, call_id)
    assert deliver(floor) == 0
    assert (statuses(floor), floor.provider.texts) == (["canceled"], [])
    floor.clock.advance(timedelta(minutes=10))
    assert (look(floor), deliver(floor)) == (0, 0)


def test_a_text_that_failed_is_sent_again_by_hand_only_while_she_waits(floor: Floor) -> None:
    floor.hire("Sofia")
    call_id = wait(floor)
    look(floor)
    floor.provider.refusing = NOT_IN_SERVICE
    deliver(floor)
    floor.provider.refusing = None
    assert statuses(floor) == ["failed"]
    assert shown(floor) == (1, 1)
    retry(floor)
    assert (deliver(floor), len(floor.provider.texts)) == (1, 1)
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(OutboxMessage).values(status="failed"))
    assert shown(floor) == (1, 1)
    hung_up(floor, call_id)
    # Nobody is asked to do anything about it any more, and who does all the same is refused.
    assert shown(floor) == (0, 0)
    with pytest.raises(Conflict):
        retry(floor)
    assert (deliver(floor), len(floor.provider.texts)) == (0, 1)


def shown(floor: Floor) -> tuple[int, int]:
    with floor.database.reading(ALL) as session:
        view = outbox_view(session, at=floor.now)
        return view.failed, len(view.rows)


def test_an_operator_who_has_spoken_with_her_need_not_follow_up_a_text_that_failed(floor: Floor) -> None:
    call_id = wait(floor)
    look(floor)
    floor.provider.refusing = NOT_IN_SERVICE
    deliver(floor)
    floor.provider.refusing = None
    floor.hire("Ines")
    floor.hear(floor.accept("Ines").id, LegNews.JOINED)
    with floor.database.reading(ALL) as session:
        assert todo_list(session, floor.staff["Ines"], at=floor.now).undelivered == []
    # Another text of that call would be hers to follow up.
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(OutboxMessage).where(OutboxMessage.call_id == call_id).values(kind="other"))
    with floor.database.reading(ALL) as session:
        assert len(todo_list(session, floor.staff["Ines"], at=floor.now).undelivered) == 1


def test_two_processes_that_look_at_once_send_one_text_each(floor: Floor) -> None:
    for number in range(6):
        wait(floor, number, seconds=0, from_number=f"+3363998200{number}")
    floor.clock.advance(A_MINUTE)
    together = threading.Barrier(3)

    def look_with_others() -> None:
        together.wait()
        look(floor)

    threads = [threading.Thread(target=look_with_others) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(row["to_number"] for row in floor.rows(OutboxMessage)["outbox_message"]) == [
        f"+3363998200{number}" for number in range(6)
    ]
    assert len(floor.rows(CallbackLink)["callback_link"]) == 6


def test_a_process_that_dies_in_between_leaves_neither_and_the_next_second_does_both(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait(floor)
    with monkeypatch.context() as patch:
        patch.setattr("callcenter.messaging.callback_links.callback_link_text", _killed)
        with pytest.raises(KeyboardInterrupt):
            look(floor)
    assert (floor.rows(CallbackLink)["callback_link"], statuses(floor)) == ([], [])
    assert look(floor) == 1


def _killed(*_: object, **__: object) -> str:
    raise KeyboardInterrupt


def test_whoever_cannot_be_sent_one_keeps_nobody_else_from_hers(floor: Floor) -> None:
    for number in range(25):
        wait(floor, number, seconds=0, from_number=f"+332408912{number:02d}")
    wait(floor, 99)
    assert look(floor) == 1


def test_a_practice_with_a_hostile_name_gets_plain_words(floor: Floor) -> None:
    with floor.database.unit_of_work(ALL) as session:
        session.execute(update(Practice).values(short_name="</Say><Dial>😀 Île", language="en"))
    wait(floor)
    look(floor)
    deliver(floor)
    [text] = floor.provider.texts
    assert text["body"].startswith("</Say><Dial>:grinning: Ile. Before you hang up, ask here")
    with floor.database.reading(ALL) as session:
        assert session.scalar(select(func.count(CallbackLink.call_id))) == 1
