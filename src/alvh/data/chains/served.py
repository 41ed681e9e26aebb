"""Cboe's delayed quotes as the exchange serves them: one JSON object an underlying, one entry a contract.

The layout was read off files of 2024 and 2026: ``{"timestamp", "data": {"options": [{"option", "bid", "bid_size", "ask",
"ask_size", "iv", "open_interest", "volume", "delta", ...}], "symbol", "current_price", ..., "last_trade_time"}, "symbol"}``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NoReturn

import numpy as np
from numpy.typing import NDArray

from alvh.core.errors import DataInvalid, DataMissing
from alvh.data.chains.raw import RawQuotes, ones, stated_size
from alvh.data.chains.served_moment import moment_of
from alvh.data.chains.symbols import KNOWN_ROOTS, Contracts, occ_contracts
from alvh.data.quality import MAX_EXAMPLES, QualityLog
from alvh.data.text import SourceText
from alvh.market.history import Floats

NAME: Final = "Cboe delayed quotes as served"
KEYS: Final = '{"timestamp", "data": {"options": [{"option", "bid", "ask", ...}], "symbol", "last_trade_time"}, "symbol"}'
OWN_ROOTS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {"SPX": ("SPX", "SPXW", "SPXPM", "SPXQ"), "XSP": ("XSP",), "VIX": ("VIX", "VIXW")}
)
"""Roots that the file of each index holds."""
FETCH_AGAIN: Final = "download the file again: it is cut or altered"


def looks_like(keys: tuple[str, ...]) -> bool:
    """A contract in a list of options under data."""
    return {"data", "options", "option"} <= set(keys)


def read(source: SourceText, log: QualityLog) -> list[RawQuotes]:
    """The one session of the file.

    Errors: :class:`DataInvalid` for damaged JSON, a key given twice, a value of another type than served, a symbol that is no
    contract, or stamps that name no moment; :class:`DataMissing` where the list of options is empty.
    """
    whole = _parsed(source)
    data = whole.get("data")
    options = data.get("options") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(options, list):
        raise _invalid(source, 'no list under "data", "options"')
    if not options:
        raise DataMissing(
            "the list of options is empty",
            where=source.label,
            allowed=KEYS,
            todo="download the file again, or check that the index has listed options",
        )
    moment = moment_of(whole.get("timestamp"), data.get("last_trade_time"), label=source.label)
    for note in moment.notes:
        log.note("warning", source.label, note, todo="check that the file is of the day that you mean")
    rank, line = ones(range(1, len(options) + 1))
    bid, ask, volume, interest, bid_size, ask_size = (
        _numbers(source, options, name) for name in ("bid", "ask", "volume", "open_interest", "bid_size", "ask_size")
    )
    raw = RawQuotes(
        label=source.label,
        layout=NAME,
        session=moment.session,
        minute=moment.minute,
        spot=_spot(source, data),
        contracts=_contracts(source, options),
        bid=bid,
        ask=ask,
        volume=volume,
        open_interest=interest,
        rank=rank,
        line=line,
        bid_size=stated_size(bid_size, bid),
        ask_size=stated_size(ask_size, ask),
    )
    return [_of_symbol(raw, data.get("symbol", whole.get("symbol")), log)]


def _parsed(source: SourceText) -> dict[str, Any]:
    """The whole object, a key twice or a number that is none refused."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            names = [name for name, _ in pairs]
            raise _invalid(source, f"key '{next(name for name in names if names.count(name) > 1)}' is given twice in one object")
        return found

    def no_number(text: str) -> NoReturn:
        raise _invalid(source, f"{text} is no number of JSON")

    try:
        whole = json.loads(source.text, object_pairs_hook=once, parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        raise _invalid(source, f"the file is damaged ({error})") from error
    if not isinstance(whole, dict):
        raise _invalid(source, f"the file holds {_kind(whole)}")
    return whole


def _contracts(source: SourceText, options: Sequence[Any]) -> Contracts:
    symbols = []
    for k, entry in enumerate(options):
        if not isinstance(entry, dict):
            raise _invalid(source, f"the entry is {_kind(entry)}, no object", k)
        symbol = entry.get("option")
        if not isinstance(symbol, str):
            raise _invalid(source, f'"option" is {_kind(symbol)}, no contract symbol', k)
        symbols.append(symbol)
    where = f"{source.label}, data.options"
    return occ_contracts(symbols, label=where, column="option", lines=range(1, len(options) + 1))


def _numbers(source: SourceText, options: Sequence[Any], name: str) -> Floats:
    """One value a contract, NaN where it is null or absent."""
    out = np.full(len(options), np.nan)
    for k, entry in enumerate(options):
        if not isinstance(entry, dict):
            raise _invalid(source, f"the entry is {_kind(entry)}, no object", k)
        value = entry.get(name)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _invalid(source, f'"{name}" is {_kind(value)}, no number', k)
        if not math.isfinite(value):
            raise _invalid(source, f'"{name}" is not finite', k)
        out[k] = value
    return out


def _spot(source: SourceText, data: Mapping[str, Any]) -> float:
    """The index, NaN where it is not served."""
    value = data.get("current_price")
    if value is None:
        return math.nan
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _invalid(source, f'"current_price" is {_kind(value)}, no number')
    return float(value) if value > 0.0 else math.nan


def _of_symbol(raw: RawQuotes, symbol: object, log: QualityLog) -> RawQuotes:
    """The rows of the file's own index: another index's contracts would be given the wrong level."""
    name = symbol.lstrip("^_$").upper() if isinstance(symbol, str) else ""
    own = OWN_ROOTS.get(name, ())
    if not own:
        return raw
    roots = raw.contracts.root
    foreign: NDArray[np.bool_] = np.isin(roots, [root for root in KNOWN_ROOTS if root not in own])
    if not foreign.any():
        return raw
    others = sorted(set(roots[foreign].tolist()))
    what = f"contract of another index than {name}: {', '.join(others[:MAX_EXAMPLES])}"
    log.note("warning", raw.label, what, count=int(foreign.sum()), todo="left out; each index has a file of its own")
    return raw.rows(~foreign)


def _kind(value: object) -> str:
    """The type and start of a value of JSON, in words."""
    words = {dict: "an object", list: "a list", str: "the text", bool: "the truth value", int: "the number", float: "the number"}
    if value is None:
        return "missing"
    text = "" if isinstance(value, dict | list) else f" {str(value)[:40]!r}"
    return words.get(type(value), "a value") + text


def _invalid(source: SourceText, what: str, item: int | None = None) -> DataInvalid:
    place = "" if item is None else f", data.options, item {item + 1}"
    return DataInvalid(what, where=source.label + place, allowed=KEYS, todo=FETCH_AGAIN)
