"""What callers hear when this product is out of reach, written for another server."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from callcenter.directory.line_entry import LineEntry
from callcenter.exchange.fallback import document_address, document_name, static_document
from callcenter.exchange.fallback_folder import MANIFEST, write_folder

TILLEULS = LineEntry(
    line_id=7,
    practice_id=1,
    practice_code="tilleuls",
    practice_name="Cabinet des Tilleuls",
    number="+33199001234",
    language="fr",
    zone="Europe/Paris",
    country="FR",
    mode="live",
    backup_number="+33199005678",
)


def heard(document: str) -> list[tuple[str, str]]:
    """The verbs in order, each with its words or the number it rings."""
    return [(verb.tag, "".join(verb.itertext())) for verb in ET.fromstring(document)]


def test_the_caller_hears_what_to_do_in_an_emergency_and_is_put_through() -> None:
    document = static_document(TILLEULS)
    assert heard(document) == [
        ("Say", "En cas d'urgence vitale, raccrochez et composez le 15."),
        ("Say", "Nous vous mettons en relation avec le cabinet."),
        ("Dial", "+33199005678"),
        ("Say", "Si personne ne vous a répondu, merci de rappeler dans quelques minutes."),
    ]
    # The number shown is ours: operators cut calls that show one they cannot authenticate.
    [dial] = ET.fromstring(document).iter("Dial")
    assert dial.attrib == {"callerId": "+33199001234"}


def test_without_a_backup_number_she_is_asked_to_call_again() -> None:
    english = replace(TILLEULS, backup_number="", language="en", country="BE", emergency_sentence="Dial 112 & stay.")
    assert heard(static_document(english)) == [
        ("Say", "Dial 112 & stay."),
        ("Say", "The secretariat cannot be reached at the moment. Please call again in a few minutes."),
        ("Hangup", ""),
    ]


@settings(max_examples=60, deadline=None)
@given(sentence=st.text(), language=st.sampled_from(["fr", "en", "nl", "de"]))
def test_whatever_a_practice_has_typed_the_document_stays_readable(sentence: str, language: str) -> None:
    hostile = replace(TILLEULS, emergency_sentence=sentence, language=language)
    verbs = [verb for verb, _words in heard(static_document(hostile))]
    assert verbs == ["Say", "Say", "Dial", "Say"]


@pytest.mark.parametrize("sentence", ["</Say><Hangup/>", "\x00\x08\ud800 <![CDATA[", "]]>&lt;\u202e"])
def test_markup_and_control_characters_are_only_words(sentence: str) -> None:
    hostile = replace(TILLEULS, emergency_sentence=sentence)
    static_document(hostile).encode()
    assert [verb for verb, _words in heard(static_document(hostile))] == ["Say", "Say", "Dial", "Say"]


def test_the_address_names_the_line() -> None:
    assert document_address("https://static.example.net/c", TILLEULS) == "https://static.example.net/c/tilleuls-7.xml"
    assert document_address("https://x.example", replace(TILLEULS, practice_code="hêtres")).endswith(
        "/h%C3%AAtres-7.xml"
    )
    assert document_address("", TILLEULS) == ""
    assert document_name(TILLEULS) == "tilleuls-7.xml"


def test_a_line_that_is_gone_leaves_the_folder_and_nothing_else_does(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("ours")
    (tmp_path / "other-1.xml").write_text("somebody else's")
    first = write_folder(tmp_path, {"tilleuls-1.xml": "<Response/>", "tilleuls-2.xml": "<Response/>"})
    assert (first.written, first.unchanged, first.removed) == (["tilleuls-1.xml", "tilleuls-2.xml"], [], [])
    second = write_folder(tmp_path, {"tilleuls-1.xml": "<Response/>", "acacias-3.xml": "<Response/>"})
    assert (second.written, second.unchanged, second.removed) == (
        ["acacias-3.xml"],
        ["tilleuls-1.xml"],
        ["tilleuls-2.xml"],
    )
    assert sorted(file.name for file in tmp_path.iterdir()) == sorted(
        [MANIFEST, "acacias-3.xml", "index.html", "other-1.xml", "tilleuls-1.xml"]
    )


@pytest.mark.parametrize("manifest", ['["../keep.xml", "/etc/x.xml", 3]', "not json", '{"keep.xml": 1}', "7"])
def test_a_manifest_that_was_tampered_with_removes_nothing(tmp_path: Path, manifest: str) -> None:
    folder = tmp_path / "published"
    folder.mkdir()
    (tmp_path / "keep.xml").write_text("precious")
    (folder / "keep.xml").write_text("precious")
    (folder / MANIFEST).write_text(manifest)
    assert write_folder(folder, {"tilleuls-1.xml": "<Response/>"}).removed == []
    assert (tmp_path / "keep.xml").exists()
    assert (folder / "keep.xml").exists()
    assert json.loads((folder / MANIFEST).read_text()) == ["tilleuls-1.xml"]
