"""What was dropped, filled or found missing while data was read: counted, dated and with a next step, never silent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from alvh.core.days import iso

if TYPE_CHECKING:
    import pandas as pd

Severity = Literal["info", "warning", "error"]
MAX_EXAMPLES: Final = 5
"""Example rows kept per finding: enough to look one up, few enough to read."""
_ORDER: Final[dict[str, int]] = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityRow:
    """One counted finding in one file (or in the aligned history, where ``file`` is ``history``).

    ``first`` and ``last`` are ISO dates or empty, ``examples`` at most five dates (or lines) where it happened.
    """

    severity: Severity
    file: str
    what: str
    count: int
    first: str = ""
    last: str = ""
    examples: tuple[str, ...] = ()
    todo: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The finding as plain values that JSON can hold."""
        return {
            "severity": self.severity,
            "file": self.file,
            "what": self.what,
            "count": self.count,
            "first": self.first,
            "last": self.last,
            "examples": list(self.examples),
            "todo": self.todo,
        }

    def to_line(self) -> str:
        """The finding as one readable line."""
        span = f" ({self.first} to {self.last})" if self.first and self.first != self.last else ""
        if self.first and self.first == self.last:
            span = f" ({self.first})"
        head = f"{self.severity:7} {self.file}: {self.count} x {self.what}{span}"
        if self.examples and self.count > 1:
            head += "; e.g. " + ", ".join(self.examples)
        return head + (f". Next: {self.todo}" if self.todo else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """All findings of one load or check, in the order in which they were found."""

    rows: tuple[QualityRow, ...] = ()

    @property
    def errors(self) -> tuple[QualityRow, ...]:
        """Findings that make the data unusable for a run."""
        return tuple(row for row in self.rows if row.severity == "error")

    @property
    def warnings(self) -> tuple[QualityRow, ...]:
        """Findings that a user should know before trusting a result."""
        return tuple(row for row in self.rows if row.severity == "warning")

    def find(self, text: str, *, file: str = "") -> tuple[QualityRow, ...]:
        """Findings whose description contains ``text`` (and whose file contains ``file``)."""
        return tuple(row for row in self.rows if text in row.what and file in row.file)

    def count(self, text: str, *, file: str = "") -> int:
        """Sum of the counts of :meth:`find`."""
        return sum(row.count for row in self.find(text, file=file))

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values that JSON can hold."""
        return {
            "errors": len(self.errors),
            "warnings": len(self.warnings),
            "rows": [row.to_dict() for row in self.rows],
        }

    def to_lines(self, *, least: Severity = "info") -> list[str]:
        """Readable lines, errors first; ``least`` is the mildest severity shown."""
        shown = [row for row in self.rows if _ORDER[row.severity] <= _ORDER[least]]
        return [row.to_line() for row in sorted(shown, key=lambda row: (_ORDER[row.severity], row.file))]

    def to_frame(self) -> pd.DataFrame:
        """The report as a pandas table with one row per finding."""
        import pandas as pd

        columns = ["severity", "file", "what", "count", "first", "last", "examples", "todo"]
        return pd.DataFrame([row.to_dict() for row in self.rows], columns=columns)


@dataclass(slots=True, kw_only=True)
class QualityLog:
    """Collects findings while files are read; :meth:`report` freezes them."""

    rows: list[QualityRow] = field(default_factory=list)

    def days(self, severity: Severity, file: str, what: str, days: Iterable[int], *, todo: str = "") -> None:
        """Record a finding that happened on ``days`` (none is recorded for no days)."""
        found = sorted(int(day) for day in days)
        if not found:
            return
        self.rows.append(
            QualityRow(
                severity=severity,
                file=file,
                what=what,
                count=len(found),
                first=iso(found[0]),
                last=iso(found[-1]),
                examples=tuple(iso(day) for day in found[:MAX_EXAMPLES]),
                todo=todo,
            )
        )

    def note(
        self, severity: Severity, file: str, what: str, *, count: int = 1, examples: Sequence[str] = (), todo: str = ""
    ) -> None:
        """Record a finding without dates."""
        row = QualityRow(severity=severity, file=file, what=what, count=count, examples=tuple(examples[:MAX_EXAMPLES]), todo=todo)
        self.rows.append(row)

    def report(self) -> QualityReport:
        """The findings so far."""
        return QualityReport(rows=tuple(self.rows))

    def absorb(self, rows: Iterable[QualityRow], *, file: str) -> None:
        """Add many files' findings as one row per kind of finding, under the name ``file``."""
        groups: dict[tuple[Severity, str, str], list[QualityRow]] = {}
        for row in rows:
            groups.setdefault((row.severity, row.what, row.todo), []).append(row)
        for (severity, what, todo), group in groups.items():
            examples = [f"{row.file.rsplit('/', 1)[-1]} {row.first}".strip() for row in group]
            self.rows.append(
                QualityRow(
                    severity=severity,
                    file=file,
                    what=what,
                    count=sum(row.count for row in group),
                    first=min((row.first for row in group if row.first), default=""),
                    last=max((row.last for row in group if row.last), default=""),
                    examples=tuple(examples[:MAX_EXAMPLES]),
                    todo=todo,
                )
            )
