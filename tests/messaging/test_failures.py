"""Why a text did not arrive, in the reader's words."""

import pytest

from callcenter.core.i18n import gettext, set_language
from callcenter.messaging.failures import MailFailure, mail_words_of, words_of


@pytest.mark.parametrize(
    ("error", "french", "code"),
    [
        ("", "", ""),
        ("undelivered 30003", "le téléphone est éteint ou hors de portée", "30003"),
        ("21610 Attempt to send to unsubscribed recipient", "le patient a demandé à ne plus recevoir de SMS", "21610"),
        ("undelivered 31999", "l’opérateur téléphonique ne l’a pas remis", "31999"),
        ("ReadTimeout", "l’opérateur téléphonique ne l’a pas pris", ""),
        ("Unreachable destination handset", "l’opérateur téléphonique ne l’a pas pris", ""),
    ],
)
def test_the_carriers_english_is_told_in_french(error: str, french: str, code: str) -> None:
    sentence, kept = words_of(error)
    set_language("fr")
    assert (gettext(sentence) if sentence else "", kept) == (french, code)


@pytest.mark.parametrize(
    ("error", "french", "code"),
    [
        ("", "", ""),
        (MailFailure.NO_SERVER, "aucun serveur de messagerie n’est configuré", ""),
        ("550 5.1.1 <lemoine@cabinet.example>: no such mailbox", "cette adresse e-mail n’existe pas", "550"),
        ("452 4.2.2 Over quota", "cette boîte est pleine", "452"),
        ("535 Wrong password", "le serveur de messagerie refuse notre compte", "535"),
        ("421 4.7.0 Too many connections", "le serveur de messagerie demande de réessayer plus tard", "421"),
        ("554 5.7.1 Not today", "le serveur de messagerie l’a refusé", "554"),
        ("ZeroDivisionError", "le serveur de messagerie n’a pas dit s’il l’a pris", ""),
    ],
)
def test_the_mail_servers_english_is_told_in_french(error: str, french: str, code: str) -> None:
    sentence, kept = mail_words_of(error)
    set_language("fr")
    assert (gettext(sentence) if sentence else "", kept) == (french, code)
