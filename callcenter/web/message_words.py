"""The words and icons of messages: how soon, to whom, by what, why not, and what became of it."""

from typing import Any

from callcenter.core.i18n import N_
from callcenter.dispatch.models import AnswerKind, Channel, MayAnswer, NoticeStatus, Target, Timing, Urgency
from callcenter.dispatch.rules.fields import FieldKind
from callcenter.dispatch.rules.reaching import Lack

URGENCY_WORDS = {Urgency.ROUTINE: N_("Routine"), Urgency.TODAY: N_("Today"), Urgency.URGENT: N_("Urgent")}
TIMING_WORDS = {
    Timing.NOW: N_("At once"),
    Timing.BETWEEN: N_("Between two patients"),
    Timing.BATCH: N_("Together, at set hours"),
}
CHANNEL_NAMES = {
    Channel.OWN: N_("As the practitioner chose"),
    Channel.APP: N_("Application"),
    Channel.SMS: N_("Text"),
    Channel.EMAIL: N_("E-mail"),
    Channel.PHONE: N_("Telephone"),
}
CHANNEL_WORDS = {
    Channel.OWN: (N_("as the practitioner chose"), "user"),
    Channel.APP: (N_("in the application"), "inbox"),
    Channel.SMS: (N_("by text"), "message-square-text"),
    Channel.EMAIL: (N_("by e-mail"), "mail"),
    Channel.PHONE: (N_("by telephone"), "phone-call"),
    Channel.DESK: (N_("on the board"), "headset"),
}
TARGET_WORDS = {
    Target.ADDRESSEE: N_("Whom the message is for"),
    Target.SECOND: N_("The same, second number"),
    Target.ALTERNATE: N_("Who stands in"),
    Target.ON_CALL: N_("Whoever is on call"),
    Target.SUPERVISOR: N_("The supervisors"),
}
LACK_WORDS = {
    Lack.NOBODY_ON_CALL: N_("left out: nobody is on call then"),
    Lack.NO_ALTERNATE: N_("left out: nobody is named to stand in"),
    Lack.NO_SECOND_NUMBER: N_("left out: no second number"),
    Lack.NO_NUMBER: N_("left out: no telephone number"),
    Lack.NO_WAY: N_("left out: no address, and nobody signs in"),
    Lack.NO_LINE: N_("left out: the practice has no line to ring from"),
}
NOTICE_WORDS = {
    NoticeStatus.DUE: (N_("to come"), "clock"),
    NoticeStatus.SENT: (N_("told"), "send"),
    NoticeStatus.DELIVERED: (N_("arrived"), "check"),
    NoticeStatus.FAILED: (N_("no answer"), "phone-missed"),
    NoticeStatus.LEFT_OUT: (N_("left out"), "circle-slash"),
    NoticeStatus.CANCELED: (N_("not needed any more"), "circle-slash"),
}
MAY_ANSWER_WORDS = {
    MayAnswer.PRACTICE: N_("Any practitioner of the practice"),
    MayAnswer.ADDRESSEE: N_("Nobody but whom it is for"),
}
FIELD_WORDS = {
    FieldKind.TEXT: N_("Words"),
    FieldKind.NUMBER: N_("A number"),
    FieldKind.DATE: N_("Date"),
    FieldKind.CHOICE: N_("Choice"),
    FieldKind.YES_NO: N_("Yes or no"),
}
ANSWER_WORDS = {
    AnswerKind.TEXT: N_("Words for the desk"),
    AnswerKind.BOOK_TODAY: N_("To be booked today"),
    AnswerKind.I_CALL: N_("The practitioner calls back"),
    AnswerKind.TELL: N_("To tell the patient"),
}
MESSAGE_WORDS: dict[str, Any] = {
    "urgency_words": URGENCY_WORDS,
    "channel_words": CHANNEL_WORDS,
    "target_words": TARGET_WORDS,
    "notice_words": NOTICE_WORDS,
    "answer_words": ANSWER_WORDS,
}
"""What the templates of one message are given."""
