"""What callers hear in words, in the practice's language. Pure.

French and English; practices with another language are heard in French until their texts exist.
"""

from callcenter.core.emergency_words import emergency_sentence as emergency_sentence
from callcenter.core.emergency_words import spoken_language as spoken_language

_VOICES = {"fr": "fr-FR", "en": "en-GB"}
_STAY = {
    "fr": "Vous êtes bien au secrétariat. Restez en ligne, nous allons vous répondre.",
    "en": "You have reached the secretariat. Stay on the line, we will answer you.",
}
_PUT_THROUGH = {
    "fr": "Nous vous mettons en relation avec le cabinet.",
    "en": "We are putting you through to the practice.",
}
_CALL_LATER = {
    "fr": "Le secrétariat est momentanément injoignable. Merci de rappeler dans quelques minutes.",
    "en": "The secretariat cannot be reached at the moment. Please call again in a few minutes.",
}
_ELSEWHERE = {
    "fr": "Merci de votre patience. Nous transférons votre appel.",
    "en": "Thank you for your patience. We are putting your call through.",
}
_PROMISED = {
    "fr": "Merci de votre patience. Nous vous rappelons dès que possible, à votre tour. Au revoir.",
    "en": "Thank you for your patience. We will call you back as soon as we can, in your turn. Goodbye.",
}
_LONG_WAIT = {
    "fr": "L'attente est longue.",
    "en": "The wait is long.",
}
_WAIT_ONE = {
    "fr": "L'attente est d'environ 1 minute.",
    "en": "The wait is about 1 minute.",
}
_WAIT_MINUTES = {
    "fr": "L'attente est d'environ {minutes} minutes.",
    "en": "The wait is about {minutes} minutes.",
}
_KEY = {
    "fr": "Tapez 1 pour être rappelé sans perdre votre place, ou restez en ligne.",
    "en": "Press 1 to be called back without losing your place, or stay on the line.",
}
_KEY_TAKEN = {
    "fr": "C'est noté. Nous vous rappelons à votre tour, vous pouvez raccrocher.",
    "en": "Thank you. We will call you back in your turn, you can hang up.",
}
_UNANSWERED = {
    "fr": "Si personne ne vous a répondu, merci de rappeler dans quelques minutes.",
    "en": "If nobody has answered you, please call again in a few minutes.",
}
_EAR = {
    "fr": "Appel pour {practice}. Tapez 1 pour prendre l'appel.",
    "en": "A call for {practice}. Press 1 to take it.",
}
_EAR_TOO_LATE = {
    "fr": "L'appel n'est plus en attente. Au revoir.",
    "en": "The call is no longer waiting. Goodbye.",
}
_NOTICE = {
    "fr": ("{practice}. Un message vous attend.", "{practice}. {count} messages vous attendent."),
    "en": ("{practice}. A message waits for you.", "{practice}. {count} messages wait for you."),
}
_NOTICE_URGENT = {"fr": "Message urgent.", "en": "Urgent message."}
_NOTICE_KEYS = {
    "fr": ("Tapez 1 pour le prendre en charge.", "Tapez 1 pour les prendre en charge."),
    "en": ("Press 1 to take it.", "Press 1 to take them."),
}
_NOTICE_PATIENT = {
    "fr": "Tapez 2 pour être mis en relation avec le patient.",
    "en": "Press 2 to be put through to the patient.",
}
_NOTICE_TAKEN = {
    "fr": "C'est noté, vous l'avez pris en charge. Le message vous attend sur votre page. Au revoir.",
    "en": "Noted, it is yours. The message is on your page. Goodbye.",
}
_NOTICE_PUT_THROUGH = {
    "fr": "C'est noté. Nous appelons le patient, restez en ligne.",
    "en": "Noted. We are calling the patient, stay on the line.",
}
_NOTICE_OVER = {
    "fr": "Quelqu'un a déjà pris ce message en charge. Au revoir.",
    "en": "Somebody has taken this message already. Goodbye.",
}
_RECORDING = {
    "fr": "À la demande du cabinet, cet appel va être enregistré. L'enregistrement est effacé dans le mois.",
    "en": "At the practice's request this call will be recorded. The recording is deleted within a month.",
}
_SECRETARIAT = {"fr": "le secrétariat", "en": "the secretariat"}
_GATE = {
    "fr": (
        "Nos lignes sont très demandées. Pour joindre le secrétariat, tapez {first}, puis {second}. "
        "En cas d'urgence, tapez {urgent_first}, puis {urgent_second}."
    ),
    "en": (
        "Our lines are very busy. To reach the secretariat, press {first}, then {second}. "
        "In an emergency, press {urgent_first}, then {urgent_second}."
    ),
}
_GATE_CLOSED = {
    "fr": "Les chiffres n'ont pas été reconnus. Merci de rappeler dans quelques minutes.",
    "en": "The digits were not recognised. Please call again in a few minutes.",
}


def voice_of(language: str) -> str:
    """The locale of the voice that speaks this language, as the carrier names it."""
    return _VOICES[spoken_language(language)]


def stay_on_the_line(language: str) -> str:
    """Said when this product is slow: somebody will answer."""
    return _STAY[spoken_language(language)]


def putting_through(language: str) -> str:
    """Said before the practice's backup number is rung."""
    return _PUT_THROUGH[spoken_language(language)]


def call_later(language: str) -> str:
    """Said when nobody can be reached at all."""
    return _CALL_LATER[spoken_language(language)]


def going_elsewhere(language: str) -> str:
    """Said to a caller who has waited long, before the number that her practice named for that is rung."""
    return _ELSEWHERE[spoken_language(language)]


def call_promised(language: str) -> str:
    """Said to a caller who need not stay on the line: she is rung back."""
    return _PROMISED[spoken_language(language)]


def callback_question(minutes: int | None, *, language: str) -> str:
    """Says how long she will wait, where that can be told, and which key has her rung back instead."""
    spoken = spoken_language(language)
    wait = _LONG_WAIT if minutes is None else _WAIT_ONE if minutes == 1 else _WAIT_MINUTES
    return f"{wait[spoken].format(minutes=minutes)} {_KEY[spoken]}"


def callback_noted(language: str) -> str:
    """Said to a caller who has pressed that key."""
    return _KEY_TAKEN[spoken_language(language)]


def if_unanswered(language: str) -> str:
    """Said after the backup number has rung, or has spoken: a document that stands alone cannot know which."""
    return _UNANSWERED[spoken_language(language)]


def ear_question(practice: str, *, language: str) -> str:
    """Asks whoever picks up an operator's own telephone for a key: a voicemail presses none."""
    spoken = spoken_language(language)
    return _EAR[spoken].format(practice=practice or _SECRETARIAT[spoken])


def ear_too_late(language: str) -> str:
    """Said to an operator who takes a call that is over."""
    return _EAR_TOO_LATE[spoken_language(language)]


def notice_question(practice: str, *, count: int, is_urgent: bool, has_patient: bool, language: str) -> str:
    """Asks a practitioner for a key about messages. Nothing of what they are about: anybody may have picked up."""
    spoken = spoken_language(language)
    said = [_NOTICE[spoken][count > 1].format(practice=practice, count=count), _NOTICE_KEYS[spoken][count > 1]]
    if is_urgent:
        said.insert(0, _NOTICE_URGENT[spoken])
    if has_patient:
        said.append(_NOTICE_PATIENT[spoken])
    return " ".join(said)


def notice_taken(language: str) -> str:
    """Said after the key that takes a message."""
    return _NOTICE_TAKEN[spoken_language(language)]


def notice_put_through(language: str) -> str:
    """Said after the key that asks for the patient."""
    return _NOTICE_PUT_THROUGH[spoken_language(language)]


def notice_over(language: str) -> str:
    """Said to a practitioner whom nobody needs any more."""
    return _NOTICE_OVER[spoken_language(language)]


def recording_notice(language: str) -> str:
    """Said to everybody in a call before it is recorded."""
    return _RECORDING[spoken_language(language)]


def gate_question(code: str, emergency_code: str, *, language: str) -> str:
    """Asks for two digits, and says which two let an emergency pass."""
    return _GATE[spoken_language(language)].format(
        first=code[0], second=code[1], urgent_first=emergency_code[0], urgent_second=emergency_code[1]
    )


def gate_closed(language: str) -> str:
    """Said after the third wrong answer."""
    return _GATE_CLOSED[spoken_language(language)]
