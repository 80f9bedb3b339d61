"""Reads the product's pages as a browser would: elements with their attributes, and forms with their fields."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """A form: where it posts to, and what it would send."""

    action: str
    attributes: dict[str, str]
    fields: dict[str, str] = field(default_factory=dict)


@dataclass
class Element:
    """An element that has an id or data attributes."""

    tag: str
    attributes: dict[str, str]


class Page(HTMLParser):
    """The forms and the elements of one page or fragment."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.elements: list[Element] = []
        self.addresses: list[str] = []  # what a click would read into a region
        self._open_form: Form | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what may matter; called by the parser."""
        attributes = {name: value or "" for name, value in attrs}
        if "id" in attributes or any(name.startswith("data-") for name in attributes):
            self.elements.append(Element(tag, attributes))
        if tag == "a" and "hx-get" in attributes:
            self.addresses.append(attributes["hx-get"])
        if tag == "form":
            self._open_form = Form(attributes.get("action", ""), attributes)
            self.forms.append(self._open_form)
        elif self._open_form is not None and tag in {"input", "button"} and attributes.get("name"):
            is_other_choice = attributes.get("type") == "radio" and "checked" not in attributes
            if not is_other_choice:
                self._open_form.fields[attributes["name"]] = attributes.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        """Close the form; called by the parser."""
        if tag == "form":
            self._open_form = None

    def element(self, identifier: str) -> Element | None:
        """The element with this id."""
        return next((one for one in self.elements if one.attributes.get("id") == identifier), None)

    def form(self, ending: str) -> Form | None:
        """The first form that posts to an address with this ending."""
        return next((one for one in self.forms if one.action.endswith(ending)), None)
