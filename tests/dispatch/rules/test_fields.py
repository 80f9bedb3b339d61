"""The fields of a practice's own form: read as kept, checked as typed."""

from datetime import date

import pytest

from callcenter.core.errors import Invalid
from callcenter.dispatch.rules.fields import FieldKind, FormField, check_fields, read_fields

WORDS = {"yes": "Oui", "no": "Non"}
TODAY = date(2026, 11, 23)
FORM = (
    FormField("Médicament", FieldKind.TEXT),
    FormField("Température", FieldKind.NUMBER),
    FormField("Depuis", FieldKind.DATE),
    FormField("Pharmacie", FieldKind.CHOICE, ("Centre", "Gare")),
    FormField("Enceinte", FieldKind.YES_NO),
)


def check(**typed: str) -> tuple[tuple[str, str], ...]:
    fields = {name.replace("_", "-"): value for name, value in typed.items()}
    return check_fields(FORM, fields, today=TODAY, words=WORDS)


def test_what_was_typed_is_kept_label_by_label_and_what_is_empty_left_out() -> None:
    assert check(field_1=" Doliprane \n 1 g ", field_2="38,5", field_3="20/11", field_4="Gare", field_5="yes") == (
        ("Médicament", "Doliprane 1 g"),
        ("Température", "38,5"),
        ("Depuis", "20/11/2026"),
        ("Pharmacie", "Gare"),
        ("Enceinte", "Oui"),
    )
    assert check(field_2="  ", field_9="stray") == ()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("12 000", "12000"), ("12\u202f000,5", "12000,5"), ("-3", "-3"), ("0.25", "0.25")],
)
def test_numbers_are_read_as_people_write_them(typed: str, kept: str) -> None:
    assert check(field_2=typed) == (("Température", kept),)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("1/12", "01/12/2026"),
        ("30/12", "30/12/2026"),
        ("2/1", "02/01/2027"),
        ("4/12/25", "04/12/2025"),
        ("2026-11-20", "20/11/2026"),
        ("29/2/2028", "29/02/2028"),
    ],
)
def test_a_date_without_a_year_is_the_nearest(typed: str, kept: str) -> None:
    assert check(field_3=typed) == (("Depuis", kept),)


@pytest.mark.parametrize(
    ("name", "typed", "label"),
    [
        ("field_2", "beaucoup", "Température"),
        ("field_2", "1 2", "Température"),
        ("field_2", "1" * 20, "Température"),
        ("field_3", "31/2", "Depuis"),
        ("field_3", "hier", "Depuis"),
        ("field_4", "Ailleurs", "Pharmacie"),
        ("field_5", "peut-être", "Enceinte"),
    ],
)
def test_each_refusal_names_its_field(name: str, typed: str, label: str) -> None:
    with pytest.raises(Invalid) as refused:
        check(field_1="x", **{name: typed})
    assert refused.value.field == name.replace("_", "-")
    assert label in str(refused.value)


def test_a_form_that_was_kept_badly_still_lets_a_message_be_written() -> None:
    kept: list[dict[str, object]] = [
        {"label": "Médicament", "kind": "text", "choices": []},
        {"label": "  ", "kind": "text"},
        {"kind": "number"},
        {"label": "Où", "kind": "choice", "choices": ["Centre", "Centre", "", 3]},
        {"label": "Choix", "kind": "choice", "choices": "Centre"},
        {"label": "Âge", "kind": "of tomorrow"},
        {"label": "Fièvre", "kind": "yes_no", "choices": ["a"]},
    ]
    assert read_fields(kept) == (
        FormField("Médicament", FieldKind.TEXT),
        FormField("Où", FieldKind.CHOICE, ("Centre", "3")),
        FormField("Choix", FieldKind.TEXT),
        FormField("Âge", FieldKind.TEXT),
        FormField("Fièvre", FieldKind.YES_NO),
    )
