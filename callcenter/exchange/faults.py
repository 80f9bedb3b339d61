"""What is wrong with an imported file, line by line."""

from dataclasses import dataclass

from callcenter.core.i18n import gettext


@dataclass(frozen=True, slots=True)
class Fault:
    """One refused line: where it stands and why, in the reader's language."""

    file: str
    line: int  # as an editor counts: the header is line 1
    column: str  # empty when the whole line is meant
    sentence: str

    def __str__(self) -> str:
        where = gettext("%(file)s, line %(line)s", file=self.file, line=self.line)
        column = f" ({self.column})" if self.column else ""
        return f"{where}{column}: {self.sentence}"

    def as_dict(self) -> dict[str, object]:
        """The same for machines."""
        return {"file": self.file, "line": self.line, "column": self.column, "sentence": self.sentence}


class ImportRefused(Exception):
    """At least one line cannot be used; nothing of the import is written."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults
