"""Hostile, sloppy and foreign names."""

from callcenter.core.text import clean_line, clean_text, search_key


def test_control_characters_and_lone_surrogates_never_get_in() -> None:
    assert clean_line("Vas\x00se\x08ur\ud800 \u202eenèléH ") == "Vasseur enèléH"
    assert clean_text("one\r\ntwo\x1b[31m\rthree") == "one\ntwo[31m\nthree"


def test_markup_and_emoji_stay_what_was_typed() -> None:
    assert clean_line("</Say><Dial>15</Dial> 🙂") == "</Say><Dial>15</Dial> 🙂"
    assert clean_line('=HYPERLINK("x")') == '=HYPERLINK("x")'


def test_lines_are_single_spaced_and_bounded() -> None:
    assert clean_line("  Le \n\t Goff  ") == "Le Goff"
    assert len(clean_line("x" * 5000, limit=80)) == 80
    assert clean_line(None) == ""


def test_names_are_compared_without_accents_or_punctuation() -> None:
    assert search_key("Quéméneur", "Jean-Luc") == "quemeneur jean luc"
    assert search_key("Łuczak", "Øyvind") == "luczak oyvind"
