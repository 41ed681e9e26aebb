"""Cboe's final settlement archive: one row per product and contract month; VX prices are ten-fold before 2007-03-26."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from alvh.core.days import Day, iso
from alvh.core.errors import DataInvalid
from alvh.data.quality import QualityLog
from alvh.data.readers.vx_rows import RESCALED, ExpiryRule
from alvh.data.text import SourceText, day_of, read_table

REQUIRED: Final = ("symbol", "settlementmonth", "settlementyear", "settlementdate", "settlementprice")
HIGHEST: Final = 150.0
"""No VIX settlement can plausibly be above this (the highest VIX close is 82.69), so such a value is a ten-fold one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalSettlements:
    """Final settlements of VX by expiry day, in VIX points."""

    label: str
    values: tuple[tuple[Day, float], ...]
    rows: int


def looks_like(header: tuple[str, ...], first: tuple[str, ...]) -> bool:
    """Recognised by its first three columns."""
    return header[:3] == ("symbol", "settlementmonth", "settlementyear")


def read(source: SourceText, log: QualityLog, rule: ExpiryRule) -> FinalSettlements:
    """Read the VX rows; where the settlement date is blank the calendar rule gives it. Ten-fold prices are divided, counted.

    :class:`DataInvalid` for a missing column, a month outside 1-12, a price at or below zero, or two prices of one month.
    """
    table = read_table(
        source, lambda header: header[:1] == ("symbol",), expected="Symbol,SettlementMonth,SettlementYear,...", required=REQUIRED
    )
    months, years = table.floats("settlementmonth"), table.floats("settlementyear")
    prices, dates = table.floats("settlementprice", blank=True), table.column("settlementdate")
    values: dict[Day, float] = {}
    divided: list[Day] = []
    for row, symbol in enumerate(table.column("symbol")):
        if symbol.strip().upper() != "VX":
            continue
        where = f"{source.label}, line {table.lines[row]}"
        if not 1 <= months[row] <= 12 or not np.isfinite(prices[row]) or prices[row] <= 0:
            raise DataInvalid(
                f"month {months[row]:g} with price {prices[row]:g} is no settlement",
                where=where,
                allowed="a month from 1 to 12 and a price above zero",
                todo="correct or delete the row",
            )
        try:
            by_rule = rule(int(years[row]), int(months[row]))
        except ValueError as error:
            raise DataInvalid(
                str(error), where=where, allowed="years from 1990 to 2031", todo="correct or delete the row"
            ) from error
        given = dates[row].strip()
        expiry = table_date(given, where) if given else by_rule
        if expiry != by_rule:
            log.days(
                "warning",
                source.label,
                "settlement date that the VIX rule does not give",
                [expiry],
                todo="the file's date is used",
            )
        price = float(prices[row])
        if expiry < RESCALED:
            price = round(price / 10.0, 3)
            divided.append(expiry)
        if price > HIGHEST:
            raise DataInvalid(
                f"the settlement {price:g} of {iso(expiry)} is no VIX value",
                where=where,
                allowed=f"at most {HIGHEST:g}, or ten times that before 2007-03-26",
                todo="divide a ten-fold price by ten, or correct the row",
            )
        if expiry in values and values[expiry] != price:
            raise DataInvalid(
                f"two settlements of {iso(expiry)}: {values[expiry]:g} and {price:g}",
                where=where,
                allowed="one a month",
                todo="delete the wrong row",
            )
        values[expiry] = price
    log.days(
        "info", source.label, "settlement ten times the index", divided, todo="divided by ten (contract rescaled 2007-03-26)"
    )
    return FinalSettlements(label=source.label, values=tuple(sorted(values.items())), rows=len(table.rows))


def table_date(cell: str, where: str) -> Day:
    """The day in a settlement-date cell; :class:`DataInvalid` where it is none."""
    try:
        return day_of(cell)
    except ValueError as error:
        raise DataInvalid(
            f"'{cell[:40]}' is not a date", where=where, allowed="YYYY-MM-DD or blank", todo="correct the cell"
        ) from error
