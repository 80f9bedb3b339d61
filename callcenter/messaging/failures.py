"""What became of a text that did not arrive, in words for people; the carrier's own are English. Pure."""

import re

from callcenter.core.i18n import N_

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
