"""The page behind a doctor's text: nothing before he has shown who he is, then his messages, without a script."""

import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from callcenter.core.scope import Practices
from callcenter.directory.models import Staff
from callcenter.directory.passwords import hash_password
from callcenter.dispatch.models import (
    Acknowledgement,
    AnswerKind,
    MessageAnswer,
    MessageLink,
    MessageStatus,
)
from callcenter.dispatch.writing import withdraw_message
from tests.agenda.cast import SEED
from tests.dispatch.browsing import PUBLIC, House, house_of, words
from tests.web.pages.test_my_messages import answers, key_of, said

CODE = "2468"
NOBODYS = "a" * 26


@pytest.fixture
def house(sqlite_url: str) -> Iterator[House]:
    with house_of(sqlite_url) as opened:
        opened.centre.prefer(opened.centre.lemoine_id, code_hash=hash_password(CODE, shortest=4))
        yield opened


def path_of(house: House) -> str:
    """What the last text or e-mail leads to."""
    found = re.search(rf"{PUBLIC}(/m/\w+)", house.centre.outbox()[-1].body)
    assert found is not None
    return found[1]


def told(house: House, **otherwise: object) -> tuple[int, str]:
    """An urgent message whose text has left: its id, and the address."""
    message_id = house.centre.urgent(**otherwise)
    house.centre.tick()
    return message_id, path_of(house)


def standing(text: str) -> str:
    found = re.search(r'data-standing="([\w-]+)"', text)
    return found[1] if found else ""


def rows(house: House) -> tuple[int, int, list[tuple[int, str]]]:
    with house.centre.database.reading(SEED) as session:
        links = [(one.wrong_codes, one.opened_hash) for one in session.scalars(select(MessageLink))]
        said = len(session.scalars(select(Acknowledgement.message_id)).all())
        return said, len(session.scalars(select(MessageAnswer.id)).all()), links


def test_before_the_code_nothing_personal_is_there_and_opening_changes_nothing(house: House) -> None:
    _, path = told(house, patient_id=house.centre.cast.vasseur_id)
    before = rows(house)
    page = house.open(path)
    assert (page.status_code, standing(page.text)) == (200, "code")
    for personal in ("Vasseur", "Hélène", "poitrine", "Lemoine", "63998"):
        assert personal not in page.text
    assert "<script" not in page.text
    assert house.client.head(path).status_code == 200
    assert rows(house) == before
    for header, value in (("cache-control", "no-store"), ("x-robots-tag", "noindex, nofollow")):
        assert page.headers[header] == value
    assert "set-cookie" not in page.headers


def test_his_code_opens_the_messages_for_this_browser_and_they_are_read(house: House) -> None:
    message_id, path = told(house)
    opened = house.post(f"{path}/code", code=f" {CODE} ")
    assert (opened.status_code, opened.headers["location"]) == (303, path)
    cookie = opened.headers["set-cookie"]
    for part in ("HttpOnly", "SameSite=strict", "Secure", f"Path={path}", "Max-Age=900"):
        assert part in cookie
    assert said(house.centre, message_id) == {"read": "sms"}
    page = house.open(path)
    assert standing(page.text) == "open"
    assert "Elle a une douleur dans la poitrine depuis ce matin." in words(page)
    assert 'href="tel:+33639981472"' in page.text
    house.client.cookies.clear()
    assert standing(house.open(path).text) == "code"


def test_after_a_quarter_of_an_hour_it_asks_again_and_does_nothing_before(house: House) -> None:
    message_id, path = told(house)
    house.post(f"{path}/code", code=CODE)
    house.centre.clock.advance(timedelta(minutes=15))
    assert standing(house.open(path).text) == "code"
    assert house.post(f"{path}/messages/{message_id}/acknowledgement", kind="taken").status_code == 303
    assert house.centre.message(message_id).status == MessageStatus.READ


def test_he_takes_it_and_answers_once_however_often_it_is_sent(house: House) -> None:
    message_id, path = told(house)
    house.post(f"{path}/code", code=CODE)
    key = key_of(house.open(path).text)
    for _twice in range(2):
        assert house.post(f"{path}/messages/{message_id}/acknowledgement", kind="taken").status_code == 303
        done = house.post(f"{path}/messages/{message_id}/answers", kind="book_today", request_key=key, words="")
        assert done.status_code == 303
    assert said(house.centre, message_id) == {"read": "sms", "taken": "sms", "done": "sms"}
    assert answers(house.centre) == [(AnswerKind.BOOK_TODAY, "")]
    assert "À voir aujourd’hui" in words(house.open(path))


def test_an_answer_without_words_is_refused_beside_its_field(house: House) -> None:
    message_id, path = told(house)
    house.post(f"{path}/code", code=CODE)
    refused = house.post(f"{path}/messages/{message_id}/answers", kind="tell", request_key="k", words="")
    assert refused.status_code == 422
    assert f'id="why-{message_id}"' in refused.text
    assert answers(house.centre) == []


def test_it_says_how_many_tries_are_left_and_after_five_leaves_the_sign_in(house: House) -> None:
    message_id, path = told(house)
    for left in (4, 3, 2, 1):
        page = house.post(f"{path}/code", code="0000")
        assert (page.status_code, standing(page.text)) == (422, "code")
        assert f"reste {left} essai" in words(page)
    fifth = house.post(f"{path}/code", code="0000")
    assert (fifth.status_code, standing(fifth.text)) == (422, "closed")
    late = house.post(f"{path}/code", code=CODE)
    assert (late.status_code, standing(late.text)) == (422, "closed")
    assert f'href="/sign-in?back={path}"' in late.text
    assert 'name="code"' not in late.text
    assert said(house.centre, message_id) == {}


def test_without_a_code_he_signs_in_and_is_back_behind_his_link(house: House) -> None:
    house.centre.prefer(house.centre.lemoine_id, code_hash="")
    message_id, path = told(house)
    page = house.open(path)
    assert standing(page.text) == "sign-in"
    form = house.open(f"/sign-in?back={path}")
    assert f'name="back" value="{path}"' in form.text
    with house.centre.database.unit_of_work(SEED) as session:
        account = session.get_one(Staff, house.centre.doctor_account_id)
        account.password_hash = hash_password("tilleuls-et-marronniers")
    entered = house.post("/sign-in", login="lemoine", password="tilleuls-et-marronniers", back=path)
    assert (entered.status_code, entered.headers["location"]) == (303, path)
    answer = house.open(path)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/my-messages/{message_id}")


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_signing_in_leads_nowhere_but_to_pages_of_ours(house: House, back: str) -> None:
    assert "evil" not in house.open("/sign-in?" + urlencode({"back": back})).text
    wrong = house.post("/sign-in", login="nobody", password="no", back=back)
    assert "evil" not in wrong.text


def test_signed_in_as_somebody_else_it_is_still_locked(house: House) -> None:
    _, path = told(house)
    house.sign_in(house.centre.cast.camille_id)
    assert standing(house.open(path).text) == "code"


def test_what_is_not_behind_this_link_cannot_be_reached_by_it(house: House) -> None:
    _, path = told(house)
    other = house.centre.write("m2", practitioner_id=house.centre.marchand_id)
    house.post(f"{path}/code", code=CODE)
    for kind in ("taken", "done"):
        assert house.post(f"{path}/messages/{other}/acknowledgement", kind=kind).status_code == 404
    assert house.centre.message(other).status == MessageStatus.WRITTEN


def test_an_unknown_or_old_address_says_so(house: House) -> None:
    _, path = told(house)
    for wrong in (f"/m/{NOBODYS}", "/m/x", f"{path}a"):
        page = house.open(wrong)
        assert (page.status_code, standing(page.text)) == (404, "unknown")
        assert house.post(f"{wrong}/code", code=CODE).status_code == 404
    house.centre.clock.advance(timedelta(days=7))
    assert house.open(path).status_code == 404


def test_a_message_that_was_taken_back_is_said_to_be(house: House) -> None:
    message_id, path = told(house)
    with house.centre.database.unit_of_work(Practices.of(house.centre.cast.practice_id)) as session:
        withdraw_message(session, message_id, staff_id=house.centre.cast.camille_id, at=house.centre.clock.now())
    assert house.post(f"{path}/code", code=CODE).status_code == 303
    page = house.open(path)
    assert "Retiré" in words(page)
    assert said(house.centre, message_id) == {}
    assert house.post(f"{path}/messages/{message_id}/acknowledgement", kind="taken").status_code == 409


def test_by_e_mail_it_is_acknowledged_by_e_mail(house: House) -> None:
    house.centre.prefer(house.centre.lemoine_id, channel="email", email="lemoine@example.org")
    message_id = house.centre.write()
    house.centre.tick()
    path = path_of(house)
    house.post(f"{path}/code", code=CODE)
    assert said(house.centre, message_id) == {"read": "email"}


def test_the_address_stands_in_no_log_whatever_is_sent_to_it(house: House, caplog: pytest.LogCaptureFixture) -> None:
    message_id, path = told(house)
    with caplog.at_level(logging.DEBUG, logger="callcenter"):
        house.open(path)
        house.post(f"{path}/code", code=CODE)
        assert house.post(f"{path}/messages/{message_id}/acknowledgement", kind="nonsense").status_code == 422
    assert "/m/..." in caplog.text
    assert path.removeprefix("/m/") not in caplog.text


def test_hostile_words_are_shown_as_they_are(house: House) -> None:
    hostile = "</Say><Dial>+33</Dial><script>alert(1)</script> 🙂"
    _, path = told(house, words=hostile, caller=hostile, fields=[(hostile, hostile)])
    house.post(f"{path}/code", code=CODE)
    page = house.open(path)
    assert "<script" not in page.text
    assert "&lt;/Say&gt;&lt;Dial&gt;" in page.text
