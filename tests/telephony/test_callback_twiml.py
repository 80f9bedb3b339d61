"""The key before the queue, in words."""

from xml.etree import ElementTree as ET

import pytest

from callcenter.telephony.callback_twiml import before_the_queue, promised

CALL = "CA" + "a" * 32
URL = "https://centre.example.org"


@pytest.mark.parametrize(
    ("language", "minutes", "said", "voice"),
    [
        ("fr", 1, "L'attente est d'environ 1 minute. Tapez 1", "fr-FR"),
        ("fr", 12, "L'attente est d'environ 12 minutes. Tapez 1", "fr-FR"),
        ("fr", None, "L'attente est longue. Tapez 1", "fr-FR"),
        ("en", 1, "The wait is about 1 minute. Press 1", "en-GB"),
        ("en", 12, "The wait is about 12 minutes. Press 1", "en-GB"),
        ("en", None, "The wait is long. Press 1", "en-GB"),
    ],
)
def test_the_wait_and_the_key_are_said_in_the_practices_language(
    language: str, minutes: int | None, said: str, voice: str
) -> None:
    document = ET.fromstring(before_the_queue(CALL, minutes=minutes, public_url=URL, language=language))
    sentence = document.find("Gather/Say")
    assert sentence is not None
    assert (sentence.text or "").startswith(said)
    assert sentence.get("language") == voice
    assert document.findtext("Dial/Conference") == f"call-{CALL}"


def test_the_promise_is_said_and_the_call_ends() -> None:
    assert "C'est noté. Nous vous rappelons à votre tour, vous pouvez raccrocher." in promised("fr")
    assert [verb.tag for verb in ET.fromstring(promised("en"))] == ["Say", "Hangup"]
