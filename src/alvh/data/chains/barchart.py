"""Barchart's option chain as JSON: the nearest expiries of one session, each a list of legs without a root.

Expiries are PM series, except on third Fridays, where the vendor mixes the AM and the PM series under one cap of 500 legs: those
are left out and counted.
"""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np

from alvh.core.calendar import trading_calendar
from alvh.core.contracts import Root
from alvh.core.days import DayArray, iso
from alvh.core.errors import DataInvalid, DataMissing
from alvh.core.expiries import spx_monthly_expiry
from alvh.data.chains.raw import RawQuotes, ones
from alvh.data.chains.symbols import Contracts
from alvh.data.quality import QualityLog
from alvh.data.text import SourceText, day_of
from alvh.market.history import Floats

NAME: Final = "Barchart"
KEYS: Final = '{"date", "spot", "timestamp", "expiries": {"2026-02-19": [{"strikePrice", "optionType", "bidPrice", "askPrice"}]}}'
_RIGHTS: Final = {"Call": 1.0, "Put": -1.0}


def looks_like(keys: tuple[str, ...]) -> bool:
    """The first key of the object, and its stamp."""
    return keys[:1] == ("date",) and "timestamp" in keys


def read(source: SourceText, log: QualityLog) -> list[RawQuotes]:
    """The one session of the file, without a clock; :class:`DataInvalid` for damaged JSON or a leg without a value."""
    try:
        whole = json.loads(source.text)
        session = day_of(str(whole["date"]))
        expiries = {day_of(day): legs for day, legs in whole["expiries"].items()}
        spot = float(whole["spot"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _invalid(source, f"the file is damaged ({error})") from error
    days = np.array(sorted(expiries), dtype=np.int64)
    third = days[_third_fridays(days)].tolist()
    if third:
        count = sum(len(expiries[day]) for day in third)
        todo = "left out: the file does not tell the AM from the PM series"
        log.note(
            "warning", source.label, "third-Friday leg without a root", count=count, examples=[iso(d) for d in third], todo=todo
        )
    legs = [(day, leg) for day in days.tolist() if day not in third for leg in expiries[day]]
    if not legs:
        raise DataMissing(
            "no leg of a weekly expiry in the file",
            where=source.label,
            allowed=KEYS,
            todo="leave the file out, or download it again",
        )
    try:
        right = np.array([_RIGHTS[leg["optionType"]] for _, leg in legs])
        columns = {
            name: _numbers([leg[name] for _, leg in legs])
            for name in ("strikePrice", "bidPrice", "askPrice", "volume", "openInterest")
        }
    except (ValueError, KeyError, TypeError) as error:
        raise _invalid(source, f"a leg lacks a value, or it is no number ({error})") from error
    rank, line = ones(range(1, len(legs) + 1))
    return [
        RawQuotes(
            label=source.label,
            layout=NAME,
            session=session,
            minute=None,
            spot=spot,
            contracts=Contracts(
                root=np.full(len(legs), str(Root.SPXW)),
                expiry=np.array([day for day, _ in legs], dtype=np.int64),
                strike=columns["strikePrice"],
                right=right,
            ),
            bid=columns["bidPrice"],
            ask=columns["askPrice"],
            volume=columns["volume"],
            open_interest=columns["openInterest"],
            rank=rank,
            line=line,
        )
    ]


def _numbers(cells: list[Any]) -> Floats:
    """Numbers, NaN for null."""
    return np.array([np.nan if cell is None else float(cell) for cell in cells], dtype=np.float64)


def _third_fridays(days: DayArray) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    return np.equal(spx_monthly_expiry(trading_calendar(), months), days)


def _invalid(source: SourceText, what: str) -> DataInvalid:
    return DataInvalid(what, where=source.label, allowed=KEYS, todo="download the file again")
