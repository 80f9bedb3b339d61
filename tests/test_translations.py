"""Every word of the screens exists in French, with the same placeholders, and nothing is kept that no screen says."""

import re

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from tools.messages import catalogue_files, extract_messages

_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]")
_BRACED = re.compile(r"\{\w+\}")


@pytest.fixture(scope="module")
def said() -> Catalog:
    """What the source says."""
    return extract_messages()


@pytest.fixture(scope="module")
def french() -> Catalog:
    """What the French catalogue holds."""
    (file,) = catalogue_files()
    with file.open("rb") as source:
        return read_po(source, locale="fr")


def test_the_source_says_something(said: Catalog) -> None:
    # The tests below would pass on an empty source.
    assert len(said) > 100
    assert "Practices" in said, "templates are read"
    assert "There is no such page." in said, "modules are read"


def test_every_message_has_its_french(said: Catalog, french: Catalog) -> None:
    missing = [_key(one) for one in said if one.id and not _translations(french.get(_key(one), one.context))]
    assert missing == [], "run `make messages` and translate these in callcenter/locale/fr"


def test_no_message_is_kept_unused(said: Catalog, french: Catalog) -> None:
    unused = [_key(one) for one in french if one.id and said.get(_key(one), one.context) is None]
    assert unused == [], "run `make messages`, which removes them"
    assert dict(french.obsolete) == {}


def test_nothing_is_guessed(french: Catalog) -> None:
    assert [_key(one) for one in french if one.id and one.fuzzy] == []


def test_both_languages_fill_in_the_same_placeholders(french: Catalog) -> None:
    differing = []
    for one in french:
        for text in _translations(one) if one.id else ():
            wanted = _placeholders(one.id if isinstance(one.id, str) else one.id[1])
            # « un appel » may leave its number out; nothing else may be lost or invented.
            given = _placeholders(text)
            if given != wanted and not (one.pluralizable and given | {"%(num)s"} == wanted):
                differing.append((_key(one), text))
    assert differing == []


def test_french_keeps_to_its_typography_and_tone(french: Catalog) -> None:
    for one in french:
        for text in _translations(one) if one.id else ():
            assert not re.search(r"[ \u00a0][:;?!»]|«[ \u00a0]|'|!", text), f"narrow spaces, ’ and no !: {text!r}"
            assert not re.search(r"veuillez|session|erreur", text, re.IGNORECASE), f"the trade's words: {text!r}"


def test_to_whisper_and_to_rest_are_two_words(french: Catalog) -> None:
    whispered = {_key(one) for one in french if "ouffle" in str(one.string) and "essouffl" not in str(one.string)}
    assert {one for one in whispered if "whisper" not in one.lower()} == set()
    assert "Whisper" in whispered
    assert french.get("Breather").string == french.get("Breathe 5 min").string == "Pause de 5 min"


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _translations(message: Message | None) -> tuple[str, ...]:
    """Its French forms; none when one of them is missing."""
    if message is None:
        return ()
    forms = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    return tuple(forms) if all(forms) else ()


def _placeholders(text: str) -> set[str]:
    return {*_PLACEHOLDER.findall(text), *_BRACED.findall(text)}
