"""Nothing typed is lost: what stands in a form of a call is there again, for whoever has the call."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from callcenter.core.errors import Invalid, NotFound
from callcenter.core.scope import Practices
from callcenter.desk.dispositions import choose_disposition
from callcenter.desk.drafts import drafts_of, drop_draft, forget_drafts, read_fields, save_draft
from callcenter.desk.models import DispositionCode, Draft
from callcenter.desk.notes import save_words
from callcenter.routing.models import AgentStatus
from tests.desk.conftest import Cast

NAME = "Zoé </Say><Dial> 🩺"


def talking(cast: Cast) -> int:
    with cast.database.unit_of_work(cast.everything) as session:
        call = cast.call(session)
        cast.talk(session, call, by=cast.camille)
        return call.id


def save(cast: Cast, call: int, fields: dict[str, str], *, by: int = 0, form: str = "new-patient") -> None:
    with cast.database.unit_of_work(both(cast)) as session:
        save_draft(session, call, staff_id=by or cast.camille, form=form, fields=fields, at=cast.at)


def read(cast: Cast, call: int, *, by: int = 0) -> dict[str, dict[str, str]]:
    with cast.database.reading(both(cast)) as session:
        return drafts_of(session, call, staff_id=by or cast.camille)


def count(cast: Cast) -> int:
    with cast.database.reading(cast.everything) as session:
        return session.scalar(select(func.count()).select_from(Draft)) or 0


def both(cast: Cast) -> Practices:
    return Practices.of(cast.tilleuls, cast.kaplan)


def test_the_last_text_sent_is_kept_as_it_was_typed(cast: Cast) -> None:
    call = talking(cast)
    save(cast, call, {"family_name": "Vas"})
    save(cast, call, {"family_name": f" {NAME} ", "given_name": ""})
    save(cast, call, {"typed": "lemoine"}, form="transfer")
    assert read(cast, call) == {
        "new-patient": {"family_name": f" {NAME} ", "given_name": ""},
        "transfer": {"typed": "lemoine"},
    }
    assert count(cast) == 2


def test_an_emptied_or_sent_form_is_forgotten(cast: Cast) -> None:
    call = talking(cast)
    save(cast, call, {"family_name": "Vasseur"})
    save(cast, call, {"text": "vass"}, form="finder")
    save(cast, call, {"family_name": "  "})
    assert list(read(cast, call)) == ["finder"]
    with cast.database.unit_of_work(both(cast)) as session:
        drop_draft(session, call, staff_id=cast.camille, form="finder")
    assert count(cast) == 0


def test_a_colleague_neither_writes_nor_reads_on_her_call(cast: Cast) -> None:
    call = talking(cast)
    save(cast, call, {"family_name": "Vasseur"})
    with pytest.raises(NotFound):
        save(cast, call, {"family_name": "Autre"}, by=cast.ines)
    assert read(cast, call)["new-patient"]["family_name"] == "Vasseur"


def test_whoever_has_the_call_next_goes_on_with_the_new_patient_and_with_nothing_else(cast: Cast) -> None:
    call = talking(cast)
    save(cast, call, {"family_name": "Vasseur"})
    save(cast, call, {"note": "elle attend depuis hier"}, form="transfer")
    assert read(cast, call, by=cast.ines) == {"new-patient": {"family_name": "Vasseur"}}
    with cast.database.unit_of_work(cast.everything) as session:
        cast.set_agent(session, cast.camille, AgentStatus.OFFLINE)
        cast.set_agent(session, cast.ines, AgentStatus.ON_CALL, call_id=call)
    save(cast, call, {"family_name": "Vasseur-Lin"}, by=cast.ines)
    assert read(cast, call, by=cast.ines) == {"new-patient": {"family_name": "Vasseur-Lin"}}
    assert read(cast, call)["new-patient"] == {"family_name": "Vasseur"}


def test_what_the_one_before_still_sends_does_not_overwrite_the_words_of_whoever_has_the_caller(cast: Cast) -> None:
    call = talking(cast)

    def write(words: str, by: int) -> str:
        with cast.database.unit_of_work(both(cast)) as session:
            return save_words(session, call, staff_id=by, words=words, at=cast.at).words

    assert write("Mes gouttes", cast.camille) == "Mes gouttes"
    with cast.database.unit_of_work(cast.everything) as session:
        cast.set_agent(session, cast.camille, AgentStatus.WRAP_UP, call_id=call)
    assert write("Mes gouttes sont finies", cast.camille) == "Mes gouttes sont finies"  # nobody has her yet
    with cast.database.unit_of_work(cast.everything) as session:
        cast.set_agent(session, cast.ines, AgentStatus.ON_CALL, call_id=call)
    assert write("Mes gouttes sont finies. Urgent.", cast.ines) == "Mes gouttes sont finies. Urgent."
    assert write("trop tard", cast.camille) == "Mes gouttes sont finies. Urgent."


def test_of_two_pages_of_hers_at_the_same_moment_one_text_stays(cast: Cast) -> None:
    call = talking(cast)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: save(cast, call, {"family_name": f"Vasseur {number}"}), range(8)))
    assert count(cast) == 1
    assert read(cast, call)["new-patient"]["family_name"].startswith("Vasseur ")


@pytest.mark.parametrize(
    "typed",
    [
        "no json",
        "[]",
        '"text"',
        '{"a": 1}',
        '{"a": {"b": "c"}}',
        json.dumps({str(number): "x" for number in range(61)}),
        json.dumps({"n" * 41: "x"}),
        json.dumps({"a": "x" * 16_001}),
        "[" * 15_000,
    ],
)
def test_what_no_form_of_ours_sends_is_refused(typed: str) -> None:
    with pytest.raises(Invalid):
        read_fields(typed)


def test_a_text_is_cut_where_its_field_ends_and_loses_what_cannot_be_shown() -> None:
    assert read_fields(json.dumps({"a\u202e": "x" * 5000, "b": "\x00y\ud800 "})) == {"a": "x" * 4000, "b": "y "}


@pytest.mark.parametrize("form", ["", "a" * 31, "../x", "é", "a b"])
def test_a_form_has_a_plain_name(cast: Cast, form: str) -> None:
    call = talking(cast)
    with pytest.raises(Invalid):
        save(cast, call, {"a": "b"}, form=form)


def test_of_one_call_a_dozen_forms_are_kept(cast: Cast) -> None:
    call = talking(cast)
    for number in range(12):
        save(cast, call, {"a": "b"}, form=f"form-{number}")
    with pytest.raises(Invalid):
        save(cast, call, {"a": "b"}, form="form-12")
    save(cast, call, {"a": "c"}, form="form-3")
    assert count(cast) == 12


def test_a_call_that_is_done_leaves_no_draft_and_a_day_ends_the_others(cast: Cast) -> None:
    call = talking(cast)
    save(cast, call, {"family_name": "Vasseur"})
    with cast.database.unit_of_work(cast.everything) as session:
        forget_drafts(session, at=cast.at + timedelta(hours=23))
    assert count(cast) == 1
    with cast.database.unit_of_work(cast.everything) as session:
        cast.set_agent(session, cast.camille, AgentStatus.WRAP_UP, call_id=call)
    with cast.database.unit_of_work(both(cast)) as session:
        code = DispositionCode.MESSAGE
        choose_disposition(session, call, staff_id=cast.camille, code=code, at=cast.at)
    assert count(cast) == 0
    other = talking(cast)
    save(cast, other, {"family_name": "Vasseur"})
    with cast.database.unit_of_work(cast.everything) as session:
        forget_drafts(session, at=cast.at + timedelta(hours=25))
    assert count(cast) == 0
