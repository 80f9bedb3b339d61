"""The doctor's messages: what waits, one with its history, and answers that count once."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from callcenter.directory.models import Practitioner, Role, Staff
from callcenter.dispatch.models import (
    Acknowledgement,
    AnswerKind,
    MayAnswer,
    MessageAnswer,
    MessageStatus,
    NoticeStatus,
    Urgency,
)
from tests.agenda.cast import NINE, SEED, tilleuls
from tests.dispatch.browsing import House, house_of, words
from tests.dispatch.cast import Centre


@pytest.fixture
def house(sqlite_url: str) -> Iterator[House]:
    with house_of(sqlite_url) as opened:
        opened.sign_in(opened.centre.doctor_account_id)
        yield opened


def said(centre: Centre, message_id: int) -> dict[str, str]:
    with centre.database.reading(SEED) as session:
        rows = session.scalars(select(Acknowledgement).where(Acknowledgement.message_id == message_id))
        return {one.kind: one.channel for one in rows}


def answers(centre: Centre) -> list[tuple[str, str]]:
    with centre.database.reading(SEED) as session:
        return [(one.kind, one.words) for one in session.scalars(select(MessageAnswer).order_by(MessageAnswer.id))]


def key_of(page: str) -> str:
    found = re.search(r'name="request_key" value="(\w+)"', page)
    assert found is not None
    return found[1]


def colleague(house: House, practitioner_id: int) -> None:
    """Another doctor of the practice signs in at this browser."""
    with house.centre.database.unit_of_work(SEED) as session:
        account = Staff(login="other", name="Dr Other", role=Role.PRACTITIONER, password_hash="x", created_at=NINE)
        session.add(account)
        session.flush()
        session.get_one(Practitioner, practitioner_id).staff_id = account.id
        staff_id = account.id
    house.sign_in(staff_id)


def test_the_urgent_one_stands_on_top_and_opening_the_page_changes_nothing(house: House) -> None:
    first = house.centre.write("m1", words="Renouvellement, sans urgence.")
    second = house.centre.urgent("m2")
    page = house.open("/my-messages")
    assert page.status_code == 200
    assert [int(one) for one in re.findall(r'id="mail-(\d+)"', page.text)] == [second, first]
    assert "Renouvellement, sans urgence." in words(page)
    assert house.open(f"/my-messages/{first}").status_code == 200
    assert {house.centre.message(one).status for one in (first, second)} == {MessageStatus.WRITTEN}
    assert house.open("/my-messages/count").text.partition(">")[2].startswith("2")


def test_a_message_told_in_the_application_has_arrived_once_his_page_says_so(house: House) -> None:
    house.centre.prefer(house.centre.lemoine_id, channel="app")
    message_id = house.centre.write()
    house.centre.tick()
    assert house.centre.message(message_id).status == MessageStatus.SENT
    page = house.open("/my-messages/list", htmx=True)
    assert f'id="shown-{message_id}"' in page.text
    for _twice in range(2):
        assert house.post("/my-messages/shown", htmx=True).status_code == 204
    assert house.centre.message(message_id).status == MessageStatus.DELIVERED
    assert [one.status for one in house.centre.notices(message_id)] == [NoticeStatus.DELIVERED]
    assert "shown-" not in house.open("/my-messages/list", htmx=True).text


def test_seeing_it_is_told_by_a_form_that_a_button_sends_without_a_script(house: House) -> None:
    message_id = house.centre.write()
    page = house.open(f"/my-messages/{message_id}")
    assert "Je l’ai lu" in words(page)
    for _twice in range(2):
        assert house.post(f"/my-messages/{message_id}/acknowledgement", kind="read").status_code == 303
    assert said(house.centre, message_id) == {"read": "app"}
    page = house.open(f"/my-messages/{message_id}")
    assert "Je l’ai lu" not in words(page)
    assert "Lu 09:00, Dr Lemoine" in words(page)
    assert 'id="unread"' in house.open("/my-messages/count").text
    assert "non lu" not in words(house.open("/my-messages/count"))


def test_an_answer_sent_twice_is_one_and_ends_the_message(house: House) -> None:
    message_id = house.centre.urgent()
    house.centre.tick()
    key = key_of(house.open(f"/my-messages/{message_id}").text)
    typed = {"kind": "book_today", "words": "Avant 16 h.", "request_key": key}
    for _twice in range(2):
        answer = house.post(f"/my-messages/{message_id}/answers", **typed)
        assert (answer.status_code, answer.headers["location"]) == (303, "/my-messages")
    assert answers(house.centre) == [(AnswerKind.BOOK_TODAY, "Avant 16 h.")]
    assert house.centre.message(message_id).status == MessageStatus.DONE
    assert set(said(house.centre, message_id)) == {"read", "taken", "done"}
    assert "À voir aujourd’hui" in words(house.open("/my-messages"))


def test_words_are_asked_for_beside_the_field_and_nothing_is_kept(house: House) -> None:
    message_id = house.centre.write()
    key = key_of(house.open(f"/my-messages/{message_id}").text)
    refused = house.post(f"/my-messages/{message_id}/answers", kind="tell", words=" ", request_key=key)
    assert refused.status_code == 422
    assert 'id="answer-why"' in refused.text
    assert answers(house.centre) == []
    assert said(house.centre, message_id) == {}


def test_who_calls_back_keeps_the_number_at_hand_and_the_message_stays_his(house: House) -> None:
    message_id = house.centre.write()
    key = key_of(house.open(f"/my-messages/{message_id}").text)
    answer = house.post(f"/my-messages/{message_id}/answers", kind="i_call", request_key=key)
    assert answer.headers["location"] == f"/my-messages/{message_id}"
    page = house.open(f"/my-messages/{message_id}")
    assert 'href="tel:+33639981472"' in page.text
    assert "Relu à l’appelant" in words(page)
    assert house.centre.message(message_id).status == MessageStatus.TAKEN
    assert house.post(f"/my-messages/{message_id}/acknowledgement", kind="done").headers["location"] == "/my-messages"
    assert house.centre.message(message_id).status == MessageStatus.DONE


def test_what_a_colleague_has_taken_is_said_and_not_taken_again(house: House) -> None:
    message_id = house.centre.write()
    house.post(f"/my-messages/{message_id}/acknowledgement", kind="taken")
    colleague(house, house.centre.marchand_id)
    refused = house.post(f"/my-messages/{message_id}/acknowledgement", kind="taken")
    assert refused.status_code == 409
    assert "Dr Lemoine" in words(refused)
    assert f'id="mail-{message_id}"' not in house.open("/my-messages").text


def test_a_message_for_somebody_else_alone_or_of_another_practice_is_not_there(house: House) -> None:
    private = house.centre.write("m1", may_answer=MayAnswer.ADDRESSEE)
    elsewhere = tilleuls(house.centre.database, code="lilas", phone=None)
    mine, house.centre.cast = house.centre.cast, elsewhere
    foreign = house.centre.write("m2", practitioner_id=elsewhere.practitioner_id)
    house.centre.cast = mine
    assert house.open(f"/my-messages/{private}").status_code == 200
    colleague(house, house.centre.marchand_id)
    for message_id in (private, foreign):
        assert house.open(f"/my-messages/{message_id}").status_code == 404
        assert house.post(f"/my-messages/{message_id}/acknowledgement", kind="taken").status_code == 404
        assert house.centre.message(message_id).status == MessageStatus.WRITTEN
    house.sign_in(house.centre.doctor_account_id)
    assert house.open(f"/my-messages/{foreign}").status_code == 404


def test_done_messages_leave_the_page_after_a_week(house: House) -> None:
    message_id = house.centre.write()
    house.post(f"/my-messages/{message_id}/acknowledgement", kind="done")
    house.centre.clock.advance(timedelta(days=6, hours=23))
    house.sign_in(house.centre.doctor_account_id)
    assert f'id="mail-{message_id}"' in house.open("/my-messages").text
    house.centre.clock.advance(timedelta(hours=2))
    assert f'id="mail-{message_id}"' not in house.open("/my-messages").text


def test_hostile_words_are_shown_as_they_are(house: House) -> None:
    hostile = "</Say><Dial>+33</Dial><script>alert(1)</script> 🙂 \"'"
    message_id = house.centre.write(words=hostile, caller=hostile, fields=[(hostile, hostile)], urgency=Urgency.TODAY)
    for path in ("/my-messages", f"/my-messages/{message_id}"):
        page = house.open(path)
        assert "<script>alert" not in page.text
        assert "&lt;/Say&gt;&lt;Dial&gt;" in page.text
        assert "🙂" in page.text


def test_operators_have_no_such_page(house: House) -> None:
    house.sign_in(house.centre.cast.camille_id)
    assert house.open("/my-messages").status_code == 403
