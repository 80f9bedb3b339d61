"""What became of a text or an e-mail that did not arrive, in words for people; the others' own are English. Pure."""

import re
from enum import StrEnum

from callcenter.core.i18n import N_


class MailFailure(StrEnum):
    """Why an e-mail did not leave when no mail server gave its reason; kept in ``OutboxMessage.error``."""

    NO_SERVER = "no mail server is set"
    NO_ADDRESS = "not an e-mail address"
    NOT_REACHED = "the mail server cannot be reached"
    NOT_SAFE = "the mail server offers no encryption or no sign-in"
    NOT_GENUINE = "the mail server's certificate is not valid"
    NO_ANSWER = "no answer after the e-mail was sent"


_CODE = re.compile(r"\b\d{4,5}\b")
# Twilio's error dictionary.
_WORDS = {
    "21211": N_("this number does not exist"),
    "21408": N_("texts to this country are not allowed"),
    "21610": N_("the patient has asked for no more texts"),
    "21614": N_("this number takes no texts"),
    "30003": N_("the telephone is off or out of reach"),
    "30004": N_("the telephone refuses texts"),
    "30005": N_("this number is not in service"),
    "30006": N_("this number takes no texts"),
    "30007": N_("held back as unwanted by the patient's network"),
}


def words_of(error: str) -> tuple[str, str]:
    """Why a text was not delivered, as a message id, and the carrier's code; both empty without an error.

    ``error`` as ``OutboxMessage.error`` keeps it.
    """
    if not error:
        return "", ""
    found = _CODE.search(error)
    if found is None:
        return N_("the carrier did not take it"), ""
    return _WORDS.get(found[0], N_("the carrier did not deliver it")), found[0]


_MAIL_CODE = re.compile(r"([45]\d\d)\b")
_ENHANCED = re.compile(r"\b[45]\.(\d{1,3}\.\d{1,3})\b")
_MAIL_WORDS: dict[str, str] = {
    MailFailure.NO_SERVER: N_("no mail server is set up"),
    MailFailure.NO_ADDRESS: N_("this is not an e-mail address"),
    MailFailure.NOT_REACHED: N_("the mail server cannot be reached"),
    MailFailure.NOT_SAFE: N_("the mail server offers no encryption or no sign-in"),
    MailFailure.NOT_GENUINE: N_("the mail server's certificate is not valid"),
    MailFailure.NO_ANSWER: N_("the mail server did not say whether it took it"),
}
# RFC 3463: subject and detail of an enhanced status code.
_ENHANCED_WORDS = {
    "1.1": N_("this e-mail address does not exist"),
    "1.2": N_("this e-mail address does not exist"),
    "2.1": N_("this mailbox takes no e-mail"),
    "2.2": N_("this mailbox is full"),
    "7.8": N_("the mail server refuses our account"),
}


def mail_words_of(error: str) -> tuple[str, str]:
    """The same of an e-mail: why it did not leave, and the mail server's three figures."""
    if not error:
        return "", ""
    code = _MAIL_CODE.match(error)
    if code is None:
        return _MAIL_WORDS.get(error, _MAIL_WORDS[MailFailure.NO_ANSWER]), ""
    detail = _ENHANCED.search(error)
    if detail is not None and detail[1] in _ENHANCED_WORDS:
        return _ENHANCED_WORDS[detail[1]], code[1]
    if code[1] == "535":
        return _ENHANCED_WORDS["7.8"], code[1]
    waits = N_("the mail server asks us to try later")
    return waits if code[1].startswith("4") else N_("the mail server refused it"), code[1]
