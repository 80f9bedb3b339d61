"""One registry of keys: every template takes its keys from it, and the help is drawn from it."""

import re
from pathlib import Path

import pytest

from callcenter.core.i18n import gettext, load_catalogues, set_language
from callcenter.web.keys import KEYS, Area, cap, help_of, key

TEMPLATES = Path(__file__).parents[2] / "callcenter" / "web" / "templates"
SCRIPTS = TEMPLATES.parent / "static" / "js"
# Those that browsers keep for themselves, whatever a page says.
KEPT = {"Control+w", "Control+t", "Control+n", "F5", "F11", "Alt+F4", "Control+Tab"}


def _sources() -> dict[str, str]:
    return {str(one.relative_to(TEMPLATES)): one.read_text() for one in sorted(TEMPLATES.rglob("*.html"))}


def test_no_template_writes_a_key_or_a_cap_by_hand() -> None:
    written = re.compile(r"""data-key\s*=|<kbd\b|class=["']key["'\s]""")
    assert {name: written.findall(source) for name, source in _sources().items() if written.search(source)} == {}


def test_no_script_draws_a_cap_or_keeps_a_list_of_keys() -> None:
    written = re.compile(r"""\bkbd\b|["']F\d+["']\s*,\s*["']F\d+["']""")
    scripts = {one.name: one.read_text() for one in SCRIPTS.glob("*.js")}
    assert {name: written.findall(source) for name, source in scripts.items() if written.search(source)} == {}


def test_every_key_that_a_template_takes_is_registered_and_every_registered_one_is_taken() -> None:
    taken = {name for source in _sources().values() for name in re.findall(r"""\bkey\(\s*["'](\w+)["']""", source)}
    assert taken == {name for name, one in KEYS.items() if one.is_taken}


@pytest.mark.parametrize(
    ("path", "folders"),
    [
        ("/desk", ["desk", "emergency", "agenda"]),
        ("/agenda", ["agenda"]),
        ("/board", ["board"]),
        ("/my-agenda", ["my_agenda"]),
        ("/my-messages", ["my_messages"]),
        ("/practices", ["practices"]),
        ("/staff", ["staff"]),
        ("/emergency-lines", ["emergency_lines"]),
    ],
)
def test_the_help_of_a_page_tells_no_key_that_the_page_does_not_have(path: str, folders: list[str]) -> None:
    own = "".join(source for name, source in _sources().items() if name.split("/")[0] in folders)
    headings = {heading for heading, _keys in help_of(path)}
    told = {name for name, one in KEYS.items() if gettext(one.area) in headings and one.area is not Area.EVERYWHERE}
    assert told
    assert told == {name for name in told if re.search(rf"""\b(?:key|cap)\(\s*["']{name}["']""", own)}
    assert ("choose_row" in told or "choose_operator" in told) is ("data-rows" in own)


def test_every_cap_that_a_template_draws_is_of_a_key_and_those_that_no_element_takes_are_drawn() -> None:
    drawn = {name for source in _sources().values() for name in re.findall(r"""\bcap\(\s*["'](\w+)["']""", source)}
    assert drawn <= set(KEYS)
    assert {name for name, one in KEYS.items() if not one.is_taken} <= drawn


def test_no_key_is_one_that_browsers_keep() -> None:
    assert {one.press for one in KEYS.values()} & KEPT == set()


def test_a_key_that_is_not_registered_is_a_fault() -> None:
    with pytest.raises(KeyError):
        key("never")


def test_the_attributes_are_escaped_and_say_what_it_does_here() -> None:
    assert key("person", 'Mme "<b>Vasseur"', press=2) == (
        'data-key="2" data-key-label="Mme &#34;&lt;b&gt;Vasseur&#34;"'
    )


def test_the_help_tells_every_key_of_the_page_in_the_language_of_the_screen() -> None:
    load_catalogues()
    set_language("fr")
    try:
        desk = dict(help_of("/desk"))
        assert ("<kbd>F2</kbd>", "Décrocher") in desk["L’appel"]
        assert ("<kbd>Échap</kbd>", "Fermer") in desk["Partout"]
        for heading in ("L’appel", "Passer l’appelant", "Votre bouclier", "Après l’appel"):
            caps = [cap for cap, label in desk[heading] if "\u202f: " not in label]
            assert len(caps) == len(set(caps)), "of two things that one key does, each says when"
        assert ("<kbd>R</kbd>", "Enregistrer, arrêter\u202f: là où le cabinet le demande") in desk["L’appel"]
        assert sum(len(keys) for keys in desk.values()) == sum(
            one.area not in {Area.SUPERVISION, Area.DAY, Area.MESSAGES, Area.LISTS} for one in KEYS.values()
        )
        assert cap("words") == "<kbd>N</kbd>"
        assert ("<kbd>Pg↓</kbd>", "Choisir une opératrice, Entrée l’accompagne") in dict(help_of("/board"))[
            "Accompagner une opératrice"
        ]
        assert [heading for heading, _keys in help_of("/staff/3")] == ["Les listes", "Partout"]
        for may_have_calls in (True, False):
            everywhere = dict(help_of("/board", may_have_calls=may_have_calls))["Partout"]
            assert (("<kbd>F12</kbd>", "Urgence") in everywhere) is may_have_calls
    finally:
        set_language("en")
