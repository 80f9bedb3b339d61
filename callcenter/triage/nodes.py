"""YAML 1.2 read strictly: each key is known, written once and of its kind; a fault names its file and line."""

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

_TEXT = "tag:yaml.org,2002:str"


class ScriptFault(Exception):
    """A script file that cannot be used: ``file:line: what is wrong, and what was probably meant``."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One value of the file, and where it stands."""

    file: str
    node: Node

    def fault(self, what: str) -> ScriptFault:
        """The fault, told with its place."""
        return ScriptFault(f"{self.file}:{self.node.start_mark.line + 1}: {what}")

    def mapping(self, *, required: Collection[str], optional: Collection[str] = ()) -> "dict[str, Spot]":
        """The entries, all of them expected and each only once."""
        known = [*required, *optional]
        found = dict(self.entries())
        for key, spot in found.items():
            if key not in known:
                raise spot.fault(f"unknown key {key!r}{_meant(key, known)}; known here: {', '.join(known)}")
        for key in required:
            if key not in found:
                raise self.fault(f"{key!r} is missing")
        return found

    def entries(self) -> "Iterator[tuple[str, Spot]]":
        """The entries with keys of any name, each only once."""
        if not isinstance(self.node, MappingNode):
            raise self.fault("keys with values are expected here")
        seen: set[str] = set()
        for key_node, value_node in self.node.value:
            key = Spot(self.file, key_node)
            name = key.text()
            if name in seen:
                raise key.fault(f"the key {name!r} is written twice")
            seen.add(name)
            yield name, Spot(self.file, value_node)

    def items(self) -> "list[Spot]":
        """The items of a list that is not empty."""
        if not isinstance(self.node, SequenceNode) or not self.node.value:
            raise self.fault("a list that is not empty is expected here")
        return [Spot(self.file, item) for item in self.node.value]

    def text(self, *, limit: int = 300) -> str:
        """Words; a bare number, date or boolean is refused rather than guessed at."""
        if not isinstance(self.node, ScalarNode):
            raise self.fault("a text is expected here")
        value = str(self.node.value)
        if self.node.tag != _TEXT:
            raise self.fault(f'{value or "nothing"} is not a text; put it in quotes: "{value}"')
        if not value.strip():
            raise self.fault("a text that is not empty is expected here")
        if len(value) > limit:
            raise self.fault(f"at most {limit} characters here, these are {len(value)}")
        return value.strip()

    def one_of(self, known: Collection[str]) -> str:
        """One word out of a known few."""
        value = self.text()
        if value not in known:
            raise self.fault(f"{value!r} is not known here{_meant(value, known)}; known: {', '.join(known)}")
        return value


def read_document(file: str, content: str) -> Spot:
    """The single document of a file. Raises ``ScriptFault`` when it is not YAML."""
    reader: Any = YAML(typ="safe", pure=True)
    try:
        node = reader.compose(content)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ScriptFault(f"{file}:{line}: not readable as YAML: {error.problem}") from None
    except YAMLError as error:
        raise ScriptFault(f"{file}:1: not readable as YAML: {error}") from None
    if node is None:
        raise ScriptFault(f"{file}:1: the file is empty")
    return Spot(file, node)


def _meant(typed: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(typed, [str(word) for word in known], n=1, cutoff=0.6)
    return f", did you mean {close[0]!r}?" if close else ""
