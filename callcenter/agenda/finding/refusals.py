"""Why a time cannot be had, in a sentence for whoever asked. Pure."""

from callcenter.agenda.rules.offering import Refusal
from callcenter.agenda.rules.visit_rules import NotForHer
from callcenter.core.i18n import N_

_SENTENCES: dict[Refusal | NotForHer, str] = {
    Refusal.PAST: N_("This time has already passed."),
    Refusal.TOO_SOON: N_("This type of visit is booked longer in advance."),
    Refusal.TOO_FAR: N_("This type of visit is not booked so far in advance."),
    Refusal.TOO_YOUNG: N_("The patient is too young for this type of visit on that day."),
    Refusal.TOO_OLD: N_("The patient is too old for this type of visit on that day."),
    Refusal.CLOSED: N_("This time is not open for this type of visit."),
    Refusal.OTHER_TYPE: N_("This time is kept for other types of visit."),
    Refusal.OTHER_CHANNEL: N_("This time is not given by telephone."),
    Refusal.KEPT: N_("This time is kept, and not given to others yet."),
    Refusal.WINDOW: N_("This time is not given so long, or so shortly, in advance."),
    Refusal.FULL: N_("As many visits as are given by telephone in these hours have been booked."),
    Refusal.TAKEN: N_("This time has just been taken."),
    Refusal.OFF_GRID: N_("Visits do not begin at this minute."),
    Refusal.NO_ROOM: N_("No room for this type of visit is free then."),
    Refusal.NO_DEVICE: N_("No device for this type of visit is free then."),
    Refusal.NO_COLLEAGUE: N_("The second practitioner for this type of visit is not free then."),
    Refusal.OVERBOOKED: N_("As many visits as may be added on that day have been added."),
    Refusal.GROUP_FULL: N_("This group has no place left."),
    NotForHer.NOT_OFFERED: N_("This practitioner does not give this type of visit."),
    NotForHer.NO_NEW_PATIENTS: N_("This practitioner takes no new patients for this type of visit."),
}


def sentence_of(refusal: Refusal | NotForHer) -> str:
    """The sentence, a message id."""
    return _SENTENCES[refusal]


def standing_sentence_of(refusal: Refusal | NotForHer) -> str:
    """The same of a time that is only looked at: that it is taken may be long known."""
    return N_("This time is taken.") if refusal is Refusal.TAKEN else sentence_of(refusal)
