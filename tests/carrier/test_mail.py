"""E-mail comes over SMTP, is read as text by whoever opens the page, and goes wrong when asked to."""

from __future__ import annotations

import re
import smtplib
from email.message import EmailMessage

import pytest
from playwright.sync_api import Browser

from tests.carrier.running import Running

DOCTOR = "lemoine@cabinet.example"


def write(
    carrier: Running, subject: str = "Un message", body: str = "Bonjour", *, to: str = DOCTOR, named: str = "<1@x>"
) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = "centre@callcenter.example", to, subject, named
    mail.set_content(body)
    with smtplib.SMTP("127.0.0.1", carrier.smtp_port, local_hostname="test", timeout=5) as smtp:
        smtp.send_message(mail)


def plan(carrier: Running, fault: str, **otherwise: object) -> None:
    asked = {"chances": {fault: 1}, "at_most": 1, **otherwise}
    assert carrier.http.put("/network/faults", json=asked).status_code == 200


def test_what_arrives_is_listed_with_its_words_and_found_by_its_address(carrier: Running) -> None:
    write(carrier, "Message urgent 😀", "Hélène a rappelé.\n.\n..deux points\n")
    write(carrier, to="kaplan@cabinet.example", named="<2@x>")
    (mail,) = carrier.mails("LEMOINE@cabinet.example")
    assert (mail["from"], mail["to"], mail["copies"]) == ("centre@callcenter.example", [DOCTOR], 1)
    assert (mail["subject"], mail["body"]) == ("Message urgent 😀", "Hélène a rappelé.\n.\n..deux points")
    assert mail["headers"]["message-id"] == "<1@x>"
    assert len(carrier.mails()) == carrier.http.get("/network/state").json()["mails"] == 2


def test_a_repeat_under_the_same_message_id_is_one_e_mail_that_came_twice(carrier: Running) -> None:
    write(carrier)
    write(carrier)
    write(carrier, named="<another@x>")
    assert [mail["copies"] for mail in carrier.mails()] == [2, 1]


def test_the_page_shows_words_and_follows_nothing_but_the_product(carrier: Running, browser: Browser) -> None:
    body = (
        "<b>gras</b><script>document.title='pris'</script>\n"
        "http://product/m/abc. http://product.evil.example/ https://evil.example/ javascript:alert(1)"
    )
    write(carrier, "</h2><img src=x onerror=alert(1)>", body)
    page = browser.new_page()
    page.goto(f"{carrier.base}/mails")
    section = page.get_by_role("region", name=f"E-mail pour {DOCTOR}")
    assert section.locator("h2").inner_text() == "</h2><img src=x onerror=alert(1)>"
    assert section.locator(".words").inner_text() == body
    assert [one.get_attribute("href") for one in section.locator("a").all()] == ["http://product/m/abc"]
    assert page.title() == "E-mails"
    page.context.close()


def test_an_html_e_mail_is_shown_as_its_source(carrier: Running) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = "a@x.example", DOCTOR
    mail.set_content("<p>Bonjour</p>", subtype="html")
    with smtplib.SMTP("127.0.0.1", carrier.smtp_port, local_hostname="test", timeout=5) as smtp:
        smtp.send_message(mail)
    assert [(mail["subject"], mail["body"]) for mail in carrier.mails()] == [("", "<p>Bonjour</p>")]
    assert "&lt;p&gt;Bonjour&lt;/p&gt;" in carrier.http.get("/mails").text


@pytest.mark.parametrize(("fault", "code"), [("mail_later", 451), ("mail_refused", 550)])
def test_an_e_mail_is_put_off_or_refused_once(carrier: Running, fault: str, code: int) -> None:
    plan(carrier, fault)
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        write(carrier)
    assert refused.value.recipients[DOCTOR][0] == code
    write(carrier)
    assert len(carrier.mails()) == 1
    assert carrier.http.get("/network/faults").json()["counts"] == {fault: 1}


@pytest.mark.parametrize(("fault", "kept"), [("mail_lost", 0), ("mail_unheard", 1)])
def test_the_connection_dies_with_the_e_mail_or_after_it_was_kept(carrier: Running, fault: str, kept: int) -> None:
    plan(carrier, fault, only=[DOCTOR])
    write(carrier, to="kaplan@cabinet.example")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        write(carrier)
    assert len(carrier.mails(DOCTOR)) == kept


def test_without_an_e_mail_the_page_says_so(carrier: Running) -> None:
    assert re.search("Aucun e-mail pour l’instant", carrier.http.get("/mails").text)
