"""An imaginary patient answers what she is asked."""

from random import Random

from callcenter.demo.people import Known, Line, next_caller

LINE = Line("+33199004217", ("le docteur Lemoine",))
HELENE = Known(LINE, "Mme", "Vasseur", "Hélène", "14/03/1958", "+33639981472")


def test_somebody_from_the_files_says_who_she_is() -> None:
    caller = next_caller(Random(3), [LINE], [HELENE], patience=(60, 90))
    while caller.family_name != "Vasseur":
        caller = next_caller(Random(caller.patience_for), [LINE], [HELENE], patience=(60, 90))
    assert caller.answer("Quel est votre nom ?") == "Je m’appelle Hélène Vasseur."
    assert caller.answer("Votre date de naissance ?") == "Je suis née le 14/03/1958."
    assert caller.answer("Je vous propose lundi à 11:30, cela vous convient ?") == "Oui, c’est parfait, merci."
    assert caller.answer("Quel est votre numéro ?") == "C’est le 06 39 98 14 72."
    assert caller.answer("hmm") is None
    assert caller.hears_farewell("Bonne journée, au revoir.")
    assert 60 <= caller.patience_for <= 90
    assert "le docteur Lemoine" in caller.greet()


def test_callers_are_varied_known_new_and_withheld() -> None:
    random = Random(1)
    callers = [next_caller(random, [LINE], [HELENE], patience=(1, 2)) for _ in range(300)]
    known = sum(caller.phone == HELENE.phone for caller in callers)
    withheld = sum(not caller.shows_number for caller in callers)
    assert 150 < known < 240
    assert 0 < withheld < 30
