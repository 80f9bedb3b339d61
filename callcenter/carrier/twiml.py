"""TwiML read into verbs."""

from dataclasses import dataclass, field
from xml.etree import ElementTree as ET


class BadTwiML(Exception):
    """The document cannot be executed; `code` is Twilio's."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Verb:
    """One element: its name, attributes, text, and what is nested in it."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: tuple["Verb", ...] = ()

    def get(self, attribute: str, default: str = "") -> str:
        return self.attributes.get(attribute, default)

    def number(self, attribute: str, default: float) -> float:
        try:
            return float(self.attributes[attribute])
        except (KeyError, ValueError):
            return default

    def flag(self, attribute: str, default: bool) -> bool:
        value = self.attributes.get(attribute)
        return default if value is None else value.strip().lower() in {"true", "1"}


@dataclass(frozen=True)
class Document:
    """The verbs of one answer and the address it came from, against which its relative addresses are read."""

    url: str
    verbs: tuple[Verb, ...]


def parse(content: str | bytes, url: str) -> Document:
    """Reads a <Response>. Raises BadTwiML (12100 not XML, 12102 another root)."""
    head = content if isinstance(content, str) else content.decode("utf-8", "replace")
    # A document type can define entities that expand without end; TwiML has no use for one.
    if "<!DOCTYPE" in head or "<!ENTITY" in head:
        raise BadTwiML(12100, "The document carries a document type, which TwiML does not allow.")
    try:
        root = ET.fromstring(content)  # noqa: S314  (no document type gets this far)
    except (ET.ParseError, ValueError, LookupError) as error:
        raise BadTwiML(12100, f"The document is not well-formed XML: {error}.") from error
    if root.tag != "Response":
        raise BadTwiML(12102, f"The document's root is <{root.tag}>, not <Response>.")
    return Document(url, tuple(_verb(element) for element in root))


def _verb(element: ET.Element) -> Verb:
    return Verb(
        name=str(element.tag),
        attributes=dict(element.attrib),
        text=" ".join("".join(element.itertext()).split()),
        children=tuple(_verb(child) for child in element),
    )
