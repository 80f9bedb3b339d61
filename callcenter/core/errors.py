"""Refusals that a person can read.

A handler that must refuse raises; the transaction is rolled back and the page shows the sentence, with the next choice
where there is one. The sentence is a gettext message id in English; ``values`` fill its named placeholders.
"""

from typing import ClassVar


class Problem(Exception):
    """A refusal with an HTTP status and a sentence for a person."""

    status: ClassVar[int] = 400

    def __init__(self, sentence: str, /, **values: object) -> None:
        super().__init__(sentence % values if values else sentence)
        self.sentence = sentence
        self.values = values


class Invalid(Problem):
    """What was typed cannot be used; ``field`` names the form field it stands in."""

    status = 422

    def __init__(self, sentence: str, /, *, field: str = "", **values: object) -> None:
        super().__init__(sentence, **values)
        self.field = field


class Forbidden(Problem):
    """The person is known but may not do this."""

    status = 403


class NotFound(Problem):
    """There is no such thing, or not for this person: the two are told alike."""

    status = 404


class Conflict(Problem):
    """Somebody else was first, or the thing has moved on."""

    status = 409


class ProviderError(Exception):
    """The carrier refused or did not answer.

    ``permanent`` tells whether trying again can help; ``unknown`` whether it may have acted all the same.
    """

    def __init__(self, reason: str, *, permanent: bool, unknown: bool = False, code: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.unknown = unknown
        self.code = code


class StartRefused(Exception):
    """The process must not start; the message says which setting or state is wrong and what is accepted."""
