"""Expiries that real chains list, read with the least parsing that serves (the product's readers are not used here)."""

from __future__ import annotations

import csv
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from alvh.core.days import iso, to_day, weekday

_OCC = re.compile(r"^(SPXW?|VIXW?)\s*(\d{6})[CP]\d{8}$")
_OLD = re.compile(r"\((\w+?)(\d{2})(\d{2})([A-X])[\d.]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainExpiries:
    """``expiries``: (root or "", expiry day); a chain of implied volatilities names no root."""

    name: str
    session: int
    underlying: str
    expiries: frozenset[tuple[str, int]]


def _rows(path: Path) -> Iterator[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8", errors="replace", newline="") as handle:
        yield from csv.reader(handle)


def _yymmdd(text: str) -> int:
    return to_day(date(2000 + int(text[:2]), int(text[2:4]), int(text[4:6])))


def _american(text: str) -> int:
    month, day, year = map(int, text.split("/"))
    return to_day(date(year, month, day))


def _friday(expiry: int) -> int:
    """Until February 2015 a monthly's expiry is the Saturday after its Friday."""
    return expiry - 1 if weekday(expiry) == 5 else expiry


def _symbols(path: Path) -> frozenset[tuple[str, int]]:
    """Roots and expiries of the OCC symbols in a file's first six columns."""
    matches = (_OCC.match(cell) for row in _rows(path) for cell in row[:6])
    return frozenset((found.group(1), _yymmdd(found.group(2))) for found in matches if found)


def _old(path: Path) -> frozenset[tuple[str, int]]:
    """The layout before 2018: ``SPXW1128A1075-E`` is root, year, day and month letter (A-L calls, M-X puts).

    Until February 2015 the code of a monthly names the Saturday after its Friday.
    """
    found: set[tuple[str, int]] = set()
    for row in _rows(path):
        match = _OLD.search(row[0]) if row else None
        if match is None:
            continue
        root, year, day, letter = match.groups()
        expiry = to_day(date(2000 + int(year), (ord(letter) - 65) % 12 + 1, int(day)))
        found.add((root, _friday(expiry)))
    return frozenset(found)


def chains(shared: Path) -> Iterator[ChainExpiries]:
    """Every full chain of ``shared/chains``, one item a session; the chains of the eight nearest expiries are left out."""
    root = shared / "chains"
    for path in sorted((root / "joint").glob("*_ivols_*.csv.gz")):
        session = _yymmdd(path.name[-13:-7])
        days = {_yymmdd(row[0][2:]) for row in _rows(path) if row[0].isdigit()}
        yield ChainExpiries(
            name=path.name, session=session, underlying=path.name[:3], expiries=frozenset(("", day) for day in days)
        )
    for path in sorted([*(root / "spx" / "cboe_delayed").glob("*.csv.gz"), *(root / "spx" / "cboe_quotedata").glob("*.gz")]):
        text = re.search(r"\d{4}-\d{2}-\d{2}", path.name)
        assert text is not None
        expiries = _old(path) if path.name.endswith("_old.csv.gz") else _symbols(path)
        session = to_day(date.fromisoformat(text.group()))
        yield ChainExpiries(name=path.name, session=session, underlying="SPX", expiries=expiries)
    path = root / "spx" / "2019-07-22_historicaloptiondata.csv.gz"
    yield ChainExpiries(name=path.name, session=to_day(date(2019, 7, 22)), underlying="SPX", expiries=_symbols(path))
    path = root / "spx" / "2011-01_ivolatility.csv.gz"
    by_session: dict[int, set[tuple[str, int]]] = {}
    for row in _rows(path):
        if row[0] == "SPX":
            session = _american(row[3])
            series = re.match(r"^(\w+)\s+\d{6}", row[5])
            assert series is not None
            by_session.setdefault(session, set()).add((series.group(1), _friday(_american(row[6]))))
    for session in sorted(by_session):
        yield ChainExpiries(
            name=f"{path.name} {iso(session)}", session=session, underlying="SPX", expiries=frozenset(by_session[session])
        )
    path = root / "vix" / "2019-08-29_quotedata.dat.gz"
    yield ChainExpiries(name=path.name, session=to_day(date(2019, 8, 29)), underlying="VIX", expiries=_symbols(path))
