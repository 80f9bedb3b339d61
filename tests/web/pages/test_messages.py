"""The operator's form of a message: filled, refused beside its field, sent once, and taken back."""

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from callcenter.dispatch.models import Message, MessageStatus, MessageTemplate
from tests.agenda.cast import NINE, SEED, tilleuls
from tests.dispatch.browsing import House, house_of, talks, words
from tests.web.pages.test_my_messages import key_of


@pytest.fixture
def house(sqlite_url: str) -> Iterator[House]:
    with house_of(sqlite_url) as opened:
        opened.sign_in(opened.centre.cast.camille_id)
        yield opened


def count(house: House) -> int:
    with house.centre.database.reading(SEED) as session:
        return session.scalar(select(func.count()).select_from(Message)) or 0


def template(house: House) -> int:
    fields = [{"label": "Boîtes", "kind": "number"}, {"label": "Pharmacie", "kind": "choice", "choices": ["Gare"]}]
    with house.centre.database.unit_of_work(SEED) as session:
        row = MessageTemplate(practice_id=house.centre.cast.practice_id, position=1, name="Ordonnance", fields=fields)
        session.add(row)
        session.flush()
        return row.id


def test_the_form_is_filled_from_the_call_and_shows_who_is_on_call(house: House) -> None:
    call_id = talks(house.centre, about=house.centre.cast.vasseur_id, noted="Elle tousse.")
    dialog = house.open(f"/calls/{call_id}/message", htmx=True)
    assert dialog.status_code == 200
    assert ">Elle tousse.</textarea>" in dialog.text
    assert 'value="Hélène Vasseur"' in dialog.text
    assert "Dr Berger" in words(dialog)
    assert "avant 09:15" in words(dialog)
    whole = house.open(f"/calls/{call_id}/message")
    assert "<html" in whole.text
    assert "Écrire un message" in words(house.open("/desk"))


def test_sent_twice_it_is_one_and_the_notice_says_when_it_is_told(house: House) -> None:
    house.centre.prefer(house.centre.lemoine_id, timing="batch", batch_at=["12:00"])
    call_id = talks(house.centre)
    key = key_of(house.open(f"/calls/{call_id}/message", htmx=True).text)
    typed = {"request_key": key, "whom": house.centre.lemoine_id, "words": "Rappeler.", "number": "06 39 98 14 72"}
    for _twice in range(2):
        sent = house.post(f"/calls/{call_id}/messages", htmx=True, **typed)
        assert (sent.status_code, sent.headers["hx-retarget"]) == (200, "#notices")
        assert "Message pour Dr Lemoine gardé : annoncé à 12:00, avec les autres de cette relève." in words(sent)
    assert count(house) == 1
    assert "Part à 12:00" in words(house.open("/desk/card", htmx=True))
    assert house.post(f"/calls/{call_id}/messages", **typed).headers["location"] == "/desk"


def test_a_refusal_keeps_what_was_typed_and_stands_beside_the_field(house: House) -> None:
    call_id, template_id = talks(house.centre), template(house)
    name = f"field-{template_id}-1"
    typed = {
        "request_key": "k",
        "whom": house.centre.lemoine_id,
        "template": template_id,
        "words": "Mon ordonnance <b>",
        "read_back": "true",
        name: "beaucoup",
        f"field-{template_id}-2": "Gare",
    }
    refused = house.post(f"/calls/{call_id}/messages", htmx=True, **typed)
    assert refused.status_code == 422
    assert "Mon ordonnance &lt;b&gt;" in refused.text
    assert f'name="{name}" value="beaucoup"' in refused.text
    assert '<option value="Gare" selected>' in refused.text
    assert "« Boîtes » est un nombre." in words(refused)
    assert count(house) == 0
    kept = house.post(f"/calls/{call_id}/messages", htmx=True, **typed | {name: "2"})
    assert kept.status_code == 200
    with house.centre.database.reading(SEED) as session:
        assert session.scalars(select(Message.fields)).one() == [["Boîtes", "2"], ["Pharmacie", "Gare"]]


def test_taken_back_it_stays_on_the_card_as_such_and_nobody_is_told(house: House) -> None:
    talks(house.centre, about=house.centre.cast.vasseur_id)
    message_id = house.centre.write(patient_id=house.centre.cast.vasseur_id)
    assert f'action="/messages/{message_id}/withdrawal"' in house.open("/desk/card", htmx=True).text
    for _twice in range(2):
        assert house.post(f"/messages/{message_id}/withdrawal", htmx=True).status_code == 204
    assert house.centre.message(message_id).status == MessageStatus.WITHDRAWN
    assert house.centre.tick() == 0
    card = house.open("/desk/card", htmx=True)
    assert f'action="/messages/{message_id}/withdrawal"' not in card.text
    assert 'data-message-state="withdrawn"' in card.text


def test_nobody_writes_in_a_colleague_s_call_nor_for_another_practice_s_doctor(house: House) -> None:
    call_id = talks(house.centre)
    elsewhere = tilleuls(house.centre.database, code="lilas", phone=None)
    typed = {"request_key": "k", "words": "Rappeler.", "whom": elsewhere.practitioner_id}
    assert house.post(f"/calls/{call_id}/messages", htmx=True, **typed).status_code == 422
    house.sign_in(house.centre.cast.ines_id)
    assert house.open(f"/calls/{call_id}/message", htmx=True).status_code == 404
    own = typed | {"whom": house.centre.lemoine_id}
    assert house.post(f"/calls/{call_id}/messages", htmx=True, **own).status_code == 404
    house.sign_in(house.centre.doctor_account_id)
    assert house.open(f"/calls/{call_id}/message").status_code == 403
    assert count(house) == 0


def test_hostile_words_break_neither_form_nor_card(house: House) -> None:
    hostile = '</textarea><script>alert(1)</script></Say><Dial>=HYPERLINK("x") 🙂'
    call_id = talks(house.centre, about=house.centre.cast.vasseur_id, noted=hostile)
    house.centre.write(words=hostile, caller=hostile, patient_id=house.centre.cast.vasseur_id)
    for path in (f"/calls/{call_id}/message", "/desk/card"):
        page = house.open(path, htmx=True)
        assert "<script>alert" not in page.text
        assert "&lt;/Say&gt;" in page.text
    assert house.centre.clock.now() == NINE


def test_beside_the_form_stands_who_would_be_told_and_then_as_it_stands_now(house: House) -> None:
    call_id = talks(house.centre)
    asked = f"/calls/{call_id}/who-next"
    assert (
        'hx-include="[name=whom]:checked, [name=urgency]:checked"'
        in house.open(f"/calls/{call_id}/message", htmx=True).text
    )
    assert "Choisissez à qui s’adresse le message." in words(house.open(asked, htmx=True))
    urgent = words(house.open(f"{asked}?whom={house.centre.lemoine_id}&urgency=urgent", htmx=True))
    assert urgent.index("Dr Lemoine") < urgent.index("Les superviseurs")
    assert "•• 40" in urgent
    assert "98 00 40" not in urgent
    assert "Dr Berger" in words(house.open(f"{asked}?whom=on_call&urgency=urgent", htmx=True))
    assert house.open("/calls/999/who-next?whom=on_call", htmx=True).status_code == 404
    assert "Choisissez" in words(house.open(f"{asked}?whom=nobody&urgency=urgent", htmx=True))
    assert count(house) == 0
