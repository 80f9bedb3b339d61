"""Every key of every page, in one place: templates take theirs from here, and the help is drawn from it.

A key is pressed by its name: ``{{ key("hold") }}`` on a button makes that button answer F3 (``static/js/keys.js``),
and ``{{ cap("hold") }}`` draws its cap: no template writes one. Function keys, Escape and combinations answer also
while somebody types; letters and digits wait. Never a key that browsers keep for themselves (Ctrl+W, T, N).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from markupsafe import Markup

from callcenter.core.i18n import N_, gettext


class Area(StrEnum):
    """Where a key answers, in the order of the help; the value is its heading, a message id."""

    CALL = N_("The call")
    TRANSFER = N_("Put the caller through")
    SHIELD = N_("Your shield")
    WRAP_UP = N_("After the call")
    CARD = N_("The card")
    MESSAGE = N_("A message for a practitioner")
    AGENDA = N_("The agenda")
    WIDE_AGENDA = N_("The whole agenda")
    QUEUE = N_("Queue")
    LISTS = N_("The lists")
    EMERGENCY = N_("The emergency card")
    SUPERVISION = N_("Beside an operator")
    DAY = N_("The day")
    MESSAGES = N_("Your messages")
    EVERYWHERE = N_("Everywhere")


@dataclass(frozen=True, slots=True)
class Key:
    """One key: ``press`` as the browser names it ("F3", "Control+k", "n"), ``label`` what it does, a message id.

    ``is_taken`` is False for one that no element takes: the browser, or a script, does it by itself.
    """

    press: str
    label: str
    area: Area
    is_taken: bool = True


KEYS: dict[str, Key] = {
    "answer": Key("F2", N_("Answer"), Area.CALL),
    "decline": Key("F8", N_("While it rings: leave it to a colleague"), Area.CALL),
    "hold": Key("F3", N_("Hold, take back"), Area.CALL),
    "transfer": Key("F4", N_("Transfer"), Area.CALL),
    "transfer_warm": Key("Enter", N_("Announce the caller first"), Area.TRANSFER),
    "transfer_cold": Key("Shift+Enter", N_("Put through and leave"), Area.TRANSFER),
    "transfer_cancel": Key("Escape", N_("Back to the caller"), Area.TRANSFER),
    "mute": Key("F6", N_("Mute"), Area.CALL),
    "keypad": Key("k", N_("Send digits"), Area.CALL),
    "hang_up": Key("F8", N_("In a call: hang up"), Area.CALL),
    "status": Key("F9", N_("Between calls: pause, come back"), Area.CALL),
    "promise": Key("p", N_("Promise something to the caller"), Area.CALL),
    "ear": Key("F10", N_("Change your telephone"), Area.CALL),
    "next_ear": Key("e", N_("Only from the next call on"), Area.CALL),
    "shield": Key("F7", N_("Shield"), Area.CALL),
    "abuse_kind": Key("1", N_("What the caller does: a digit"), Area.SHIELD),
    "report_abuse": Key("Enter", N_("Keep it, and call the supervisor"), Area.SHIELD),
    "record": Key("r", N_("Record, stop recording: where the practice asks for it"), Area.CALL),
    "take_back": Key("F9", N_("Your desk is open elsewhere: take it back"), Area.CALL),
    "callbacks": Key("a", N_("Go to the call-backs"), Area.QUEUE),
    "take_task": Key("t", N_("Take the first thing that the desk owes"), Area.QUEUE),
    "task_done": Key("v", N_("Done with the thing of yours that is open"), Area.QUEUE),
    "todo": Key("d", N_("Go to what is left to do"), Area.QUEUE),
    "take_next": Key("Enter", N_("Somebody else was quicker: take the next call"), Area.CALL),
    "disposition": Key("1", N_("How the call ended: a digit"), Area.WRAP_UP),
    "finish": Key("Enter", N_("Finish"), Area.WRAP_UP),
    "prolong": Key(" ", N_("One more minute"), Area.WRAP_UP),
    "finish_and_pause": Key("F9", N_("Finish and pause"), Area.WRAP_UP),
    "breather": Key("b", N_("Breathe for 5 minutes, after a hard call"), Area.WRAP_UP),
    "search": Key("/", N_("Find a person"), Area.CARD),
    "person": Key("1", N_("Choose a person: a digit"), Area.CARD),
    "somebody_else": Key("0", N_("Somebody else, a new patient"), Area.CARD),
    "add_patient": Key("Enter", N_("Add and choose"), Area.CARD, is_taken=False),
    "why": Key("w", N_("Why this call is yours"), Area.CARD),
    "words": Key("n", N_("Their words"), Area.CARD),
    "message": Key("m", N_("Write a message for a practitioner"), Area.CARD),
    "message_who_next": Key("Alt+q", N_("Who would be called, and then?"), Area.MESSAGE),
    "message_for": Key("1", N_("Whom it is for: a digit"), Area.MESSAGE),
    "message_on_call": Key("0", N_("For whoever is on call"), Area.MESSAGE),
    "message_forms": Key("Alt+m", N_("Go to the practice's own forms"), Area.MESSAGE),
    "message_form": Key("1", N_("There, which form: a digit"), Area.MESSAGE),
    "message_routine": Key("Alt+o", N_("Not urgent"), Area.MESSAGE),
    "message_today": Key("Alt+j", N_("Today"), Area.MESSAGE),
    "message_urgent": Key("Alt+u", N_("Urgent: until somebody has it"), Area.MESSAGE),
    "message_read_back": Key("Alt+r", N_("The number was read back"), Area.MESSAGE),
    "message_tells": Key("Alt+p", N_("Tell the patient when it was read"), Area.MESSAGE),
    "send_message": Key("Enter", N_("Send; with Shift, a new line"), Area.MESSAGE),
    "first_free": Key("l", N_("First free time"), Area.AGENDA),
    "first_of_all": Key("f", N_("First free time with anybody"), Area.AGENDA),
    "wide_agenda": Key("g", N_("The whole agenda"), Area.AGENDA),
    "previous_day": Key("ArrowLeft", N_("Previous day"), Area.AGENDA),
    "next_day": Key("ArrowRight", N_("Next day"), Area.AGENDA),
    "book": Key("Enter", N_("Book"), Area.AGENDA),
    "series": Key("s", N_("Several visits in a row, from this time on"), Area.AGENDA),
    "undo": Key("Control+z", N_("Undo your last change"), Area.AGENDA),
    "take_time": Key("1", N_("Take another time: a digit"), Area.AGENDA),
    "wide_cursor": Key(
        "ArrowDown", N_("Go through the times, in all four directions"), Area.WIDE_AGENDA, is_taken=False
    ),
    "wide_choose": Key("Enter", N_("Choose this time, open this appointment"), Area.WIDE_AGENDA, is_taken=False),
    "wide_earlier": Key("PageUp", N_("Previous day or week"), Area.WIDE_AGENDA),
    "wide_later": Key("PageDown", N_("Next day or week"), Area.WIDE_AGENDA),
    "wide_today": Key("t", N_("Today"), Area.WIDE_AGENDA),
    "wide_moment": Key("h", N_("Go to a day or an hour"), Area.WIDE_AGENDA),
    "wide_day": Key("d", N_("One day"), Area.WIDE_AGENDA),
    "wide_week": Key("w", N_("One week"), Area.WIDE_AGENDA),
    "wide_team": Key("e", N_("The whole team"), Area.WIDE_AGENDA),
    "wide_whose": Key("1", N_("Whose agenda: a digit, 0 for everybody"), Area.WIDE_AGENDA),
    "wide_first": Key("l", N_("First free time here"), Area.WIDE_AGENDA),
    "wide_first_of_all": Key("f", N_("First free time with anybody"), Area.WIDE_AGENDA),
    "wide_book": Key("Enter", N_("Book"), Area.WIDE_AGENDA),
    "wide_move": Key("m", N_("Move this appointment: arrows, Enter"), Area.WIDE_AGENDA),
    "wide_add": Key("b", N_("Add one more beside it"), Area.WIDE_AGENDA),
    "wide_swap": Key("x", N_("Exchange it with another"), Area.WIDE_AGENDA),
    "wide_cancel": Key("c", N_("Cancel it"), Area.WIDE_AGENDA),
    "wide_arrived": Key("a", N_("The patient is there"), Area.WIDE_AGENDA),
    "wide_seen": Key("v", N_("The visit has taken place"), Area.WIDE_AGENDA),
    "wide_absent": Key("n", N_("The patient did not come"), Area.WIDE_AGENDA),
    "wide_undo": Key("Control+z", N_("Undo your last change"), Area.WIDE_AGENDA),
    "wide_person": Key("/", N_("Find a person"), Area.WIDE_AGENDA),
    "wide_print": Key("p", N_("Print"), Area.WIDE_AGENDA),
    "wide_back": Key("Escape", N_("Give up the choice, back to the desk"), Area.WIDE_AGENDA),
    "dial": Key("Enter", N_("Dial the line"), Area.EMERGENCY),
    "vital": Key("1", N_("Answer the vital question: a digit"), Area.EMERGENCY),
    "address": Key("F6", N_("Address"), Area.EMERGENCY),
    "read_back": Key("F4", N_("Read back and confirmed"), Area.EMERGENCY),
    "taken_over": Key("Enter", N_("Taken over"), Area.EMERGENCY),
    "taken_over_elsewhere": Key("F7", N_("Taken over by another telephone"), Area.EMERGENCY),
    "back_to_desk": Key("Enter", N_("Back to the desk"), Area.EMERGENCY),
    "leave_line": Key("F8", N_("Leave the line, once it is taken over"), Area.EMERGENCY),
    "leave_place": Key("Enter", N_("Leave the field; with Shift, a new line"), Area.EMERGENCY, is_taken=False),
    "listen": Key("F2", N_("Listen"), Area.SUPERVISION),
    "whisper": Key("F3", N_("Whisper"), Area.SUPERVISION),
    "join_call": Key("F4", N_("Join"), Area.SUPERVISION),
    "choose_operator": Key(
        "PageDown", N_("Choose an operator, Enter goes beside her"), Area.SUPERVISION, is_taken=False
    ),
    "leave_call": Key("F8", N_("Leave the call"), Area.SUPERVISION),
    "help_operator": Key("F6", N_("Join the operator who asks for help"), Area.SUPERVISION),
    "earlier": Key("ArrowLeft", N_("Earlier"), Area.DAY),
    "today": Key("t", N_("Today"), Area.DAY),
    "later": Key("ArrowRight", N_("Later"), Area.DAY),
    "take_message": Key("t", N_("Take it: it is yours"), Area.MESSAGES),
    "end_message": Key("d", N_("It is done"), Area.MESSAGES),
    "message_words": Key("n", N_("Write what is to be said"), Area.MESSAGES),
    "to_messages": Key("m", N_("Your messages"), Area.DAY),
    "new": Key("n", N_("New"), Area.LISTS),
    "choose_row": Key("PageDown", N_("Choose a row, Enter takes it"), Area.QUEUE, is_taken=False),
    "emergency": Key("F12", N_("Emergency"), Area.EVERYWHERE),
    "leave_field": Key("Escape", N_("Leave the field"), Area.EVERYWHERE, is_taken=False),
    "close": Key("Escape", N_("Close"), Area.EVERYWHERE),
    "help": Key("?", N_("These keys"), Area.EVERYWHERE),
}

_DESK = (
    Area.CALL,
    Area.TRANSFER,
    Area.SHIELD,
    Area.WRAP_UP,
    Area.CARD,
    Area.MESSAGE,
    Area.AGENDA,
    Area.WIDE_AGENDA,
    Area.QUEUE,
    Area.EMERGENCY,
)
# By the whole address, else by its first part.
_PAGES: dict[str, tuple[Area, ...]] = {
    "desk": _DESK,
    "desk/loops": (),
    "board": (Area.SUPERVISION,),
    "my-agenda": (Area.DAY,),
    "my-messages": (Area.MESSAGES,),
    "agenda": (Area.WIDE_AGENDA,),
    "practices": (Area.LISTS,),
    "staff": (Area.LISTS,),
    "emergency-lines": (Area.LISTS,),
}
# Keys that stand for other digits than 1 to 9.
_DIGITS = {"disposition": "0–9", "abuse_kind": "1–5"}
_NAMES = {
    "Escape": N_("Esc"),
    "Enter": N_("Enter"),
    " ": N_("Space"),
    "PageUp": N_("PgUp"),
    "PageDown": N_("PgDn"),
    "Control": N_("Ctrl"),
    "Shift": N_("Shift"),
    "ArrowLeft": "←",
    "ArrowRight": "→",
    "ArrowUp": "↑",
    "ArrowDown": "↓",
}


def key(name: str, label: str | None = None, *, press: object = None) -> Markup:
    """The attributes that make an element answer this key; ``label`` says more exactly what it does here, translated.

    ``press`` is the digit, for a key that stands for several. Raises ``KeyError`` for a key that is not registered.
    """
    registered = KEYS[name]
    pressed = registered.press if press is None else str(press)
    return Markup('data-key="{}" data-key-label="{}"').format(pressed, label or gettext(registered.label))


def cap(name: str, *, press: object = None) -> Markup:
    """The cap of this key, as it is drawn beside what it does."""
    pressed = KEYS[name].press if press is None else str(press)
    return Markup("<kbd>{}</kbd>").format(spoken(pressed))


def spoken(press: str) -> str:
    """A key as people call it, translated: ``Ctrl K``."""
    parts = press.split("+") if len(press) > 1 else [press]
    return " ".join(_name(part) for part in parts)


def help_of(path: str, *, may_have_calls: bool = True) -> Sequence[tuple[str, Sequence[tuple[Markup, str]]]]:
    """The help of the page at this address: headings with the caps of their keys and what they do, translated.

    Whoever never has a call has no use for the key of the emergency.
    """
    whole = path.strip("/")
    areas = (*_PAGES.get(whole, _PAGES.get(whole.split("/")[0], ())), Area.EVERYWHERE)
    hers = {name: one for name, one in KEYS.items() if may_have_calls or name != "emergency"}
    return [
        (gettext(area), [(_shown(name, one), gettext(one.label)) for name, one in hers.items() if one.area is area])
        for area in areas
    ]


def function_keys() -> str:
    """Those that browsers use for themselves and a page with soft keys must not lose, also while nothing takes them."""
    return " ".join(sorted({one.press for one in KEYS.values() if re.fullmatch(r"F\d+", one.press)}))


def _shown(name: str, one: Key) -> Markup:
    return cap(name, press=_DIGITS.get(name, "1–9")) if one.press == "1" else cap(name)


def _name(part: str) -> str:
    if part in _NAMES:
        return gettext(_NAMES[part])
    return part.upper() if len(part) == 1 else part
