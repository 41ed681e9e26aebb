"""Signals on the closes of VIX, SPX and VVIX: levels, distances from their past, RSI, MACD and the index term structure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from alvh.market import indicators as ind
from alvh.market.history import History
from alvh.market.signal_family import Compute, Family, Floats, Places, WarmUp

Read = Callable[[History], Floats]

CLOSES: dict[str, tuple[str, str, Read]] = {
    "vix": ("VIX", "vix_close", lambda h: h.vix_close),
    "spx": ("SPX", "spx_close", lambda h: h.spx_close),
    "vvix": ("VVIX", "vvix", lambda h: h.vvix),
}
"""First word of a name -> what it is called, its input and how it is read."""
POINTS = {"vix": "VIX points", "spx": "index points", "vvix": "VVIX points"}
LONGEST_RSI = 100
"""Wilder's average of 100 sessions still holds a third of its start 100 sessions later; longer ones mean little."""


def _level(index: str, rules: tuple[str, ...]) -> Family:
    title, source, read = CLOSES[index]
    return Family(
        form=index,
        examples=(index,),
        unit=POINTS[index],
        formula=f"{title} close",
        inputs=(source,),
        rules=rules,
        make=lambda p: lambda h: read(h).copy(),
    )


def _rsi(index: str, rules: tuple[str, ...]) -> tuple[Family, ...]:
    title, source, read = CLOSES[index]

    def rsi(places: Places) -> Compute:
        return lambda h: ind.wilder_rsi(read(h), places.n)

    def crossing(cross: Callable[[Floats, Floats | float], Floats]) -> Callable[[Places], Compute]:
        return lambda p: lambda h: cross(ind.wilder_rsi(read(h), p.n), float(p.numbers["level"]))

    form, ranges = f"{index}_rsi_{{n}}", {"n": (2, LONGEST_RSI)}
    return (
        Family(
            form=form,
            examples=(f"{index}_rsi_14", f"{index}_rsi_2"),
            unit="0 to 100",
            formula=f"Wilder RSI({{n}}) of {title} close",
            inputs=(source,),
            rules=rules,
            ranges=ranges,
            warm_up=WarmUp(plus_n=True),
            make=rsi,
        ),
        Family(
            form=form + "_cross_{level}",
            examples=(f"{index}_rsi_14_cross_70",),
            unit="event",
            formula=f"{form} above {{level}}, and not above it at the session before",
            inputs=(source,),
            rules=rules,
            ranges=ranges,
            warm_up=WarmUp(sessions=1, plus_n=True),
            make=crossing(ind.crosses_above),
        ),
        Family(
            form=form + "_cross_below_{level}",
            examples=(f"{index}_rsi_14_cross_below_30",),
            unit="event",
            formula=f"{form} below {{level}}, and not below it at the session before",
            inputs=(source,),
            rules=rules,
            ranges=ranges,
            warm_up=WarmUp(sessions=1, plus_n=True),
            make=crossing(ind.crosses_below),
        ),
    )


SEEDED = {
    "": ("sma", "each seeded with the mean of its first values"),
    "sma_": ("sma", "each seeded with the mean of its first values"),
    "first_": ("first", "each seeded with the first value"),
    "talib_": ("talib", "both started at the 26th session, as TA-Lib does"),
}
"""Word after ``macd`` -> seeding of :func:`alvh.market.indicators.macd` and how it is told."""


def _macd(index: str, word: str, rules: tuple[str, ...]) -> tuple[Family, ...]:
    title, source, read = CLOSES[index]
    stem, told = f"{index}_macd_{word}", SEEDED[word][1]
    seeding: ind.Seeding = "first" if word == "first_" else "talib" if word == "talib_" else "sma"
    late = 0 if word == "first_" else 1

    def family(part: str, unit: str, formula: str, warm_up: int, read_off: Callable[[ind.Macd], Floats]) -> Family:
        return Family(
            form=stem + part,
            examples=(stem + part,),
            unit=unit,
            formula=formula,
            inputs=(source,),
            rules=rules,
            warm_up=WarmUp(sessions=warm_up),
            make=lambda p: lambda h: read_off(ind.macd(read(h), seeding=seeding)),
        )

    start = "the mean of its first values" if late else "its first value"
    histogram = f"{stem}histogram"
    return (
        family("line", POINTS[index], f"EMA12 - EMA26 of {title} close, {told}", 25 * late, lambda m: m.line),
        family("signal", POINTS[index], f"EMA9 of {stem}line, seeded with {start}", 33 * late, lambda m: m.signal),
        family("histogram", POINTS[index], f"{stem}line - {stem}signal", 33 * late, lambda m: m.histogram),
        family(
            "cross_up",
            "event",
            f"{histogram} above zero, and not above it at the session before",
            33 * late + 1,
            lambda m: ind.crosses_above(m.histogram, 0.0),
        ),
        family(
            "cross_down",
            "event",
            f"{histogram} below zero, and not below it at the session before",
            33 * late + 1,
            lambda m: ind.crosses_below(m.histogram, 0.0),
        ),
    )


_VIX_WINDOWS = (
    Family(
        form="vix_to_mean_{n}",
        examples=("vix_to_mean_20",),
        unit="ratio",
        formula="VIX close / mean of the last {n} closes, this one included",
        inputs=("vix_close",),
        rules=("R24",),
        warm_up=WarmUp(sessions=-1, plus_n=True),
        make=lambda p: lambda h: ind.ratio(h.vix_close, ind.rolling_mean(h.vix_close, p.n)),
    ),
    Family(
        form="vix_zscore_{n}",
        examples=("vix_zscore_20", "vix_zscore_252"),
        unit="standard deviations",
        formula="(VIX close - mean) / sample standard deviation of the last {n} closes, this one included",
        inputs=("vix_close",),
        rules=("R24",),
        warm_up=WarmUp(sessions=-1, plus_n=True),
        make=lambda p: lambda h: ind.rolling_zscore(h.vix_close, p.n),
    ),
    Family(
        form="vix_change_{n}",
        examples=("vix_change_20", "vix_change_1"),
        unit="VIX points",
        formula="VIX close - VIX close {n} sessions before",
        inputs=("vix_close",),
        rules=("R24",),
        ranges={"n": (1, 252)},
        warm_up=WarmUp(plus_n=True),
        make=lambda p: lambda h: ind.change_over(h.vix_close, p.n),
    ),
    Family(
        form="vix_change_{n}_pct",
        examples=("vix_change_5_pct",),
        unit="per cent",
        formula="100 (VIX close / VIX close {n} sessions before - 1)",
        inputs=("vix_close",),
        rules=("R24",),
        ranges={"n": (1, 252)},
        warm_up=WarmUp(plus_n=True),
        make=lambda p: lambda h: growth_pct(h.vix_close, p.n),
    ),
)

_SPX_WINDOWS = (
    Family(
        form="spx_return_{n}_pct",
        examples=("spx_return_20_pct",),
        unit="per cent",
        formula="100 (SPX close / SPX close {n} sessions before - 1)",
        inputs=("spx_close",),
        ranges={"n": (1, 252)},
        warm_up=WarmUp(plus_n=True),
        make=lambda p: lambda h: growth_pct(h.spx_close, p.n),
    ),
    Family(
        form="spx_realised_vol_{n}",
        examples=("spx_realised_vol_20",),
        unit="vol points",
        formula="100 sqrt(252 x mean squared ln return of SPX over the last {n} sessions); no mean return is taken out",
        inputs=("spx_close",),
        rules=("R31", "R34"),
        warm_up=WarmUp(plus_n=True),
        make=lambda p: lambda h: ind.realised_vol(h.spx_close, p.n),
    ),
    Family(
        form="spx_to_high_{n}",
        examples=("spx_to_high_60",),
        unit="ratio",
        formula="SPX close / highest close of the last {n} sessions, this one included",
        inputs=("spx_close",),
        rules=("R23", "R66"),
        warm_up=WarmUp(sessions=-1, plus_n=True),
        make=lambda p: lambda h: ind.ratio(h.spx_close, ind.rolling_max(h.spx_close, p.n)),
    ),
)

_TERM_STRUCTURE = (
    Family(
        form="vix_to_vix3m",
        examples=("vix_to_vix3m",),
        unit="ratio",
        formula="VIX close / VIX3M close; above 1, fear is nearer than three months",
        inputs=("vix_close", "vix3m"),
        rules=("R30",),
        make=lambda p: lambda h: ind.ratio(h.vix_close, h.vix3m),
    ),
    Family(
        form="vix9d_to_vix",
        examples=("vix9d_to_vix",),
        unit="ratio",
        formula="VIX9D close / VIX close",
        inputs=("vix9d", "vix_close"),
        rules=("R12", "R30"),
        make=lambda p: lambda h: ind.ratio(h.vix9d, h.vix_close),
    ),
)


def growth_pct(values: Floats, sessions: int) -> Floats:
    """Per cent by which a level stands above its value some sessions earlier."""
    return np.asarray(100.0 * np.expm1(ind.change_over(np.log(values), sessions)))


FAMILIES: tuple[Family, ...] = (
    _level("vix", ("R21", "R24", "R33")),
    _level("spx", ()),
    _level("vvix", ()),
    *_rsi("vix", ("R20",)),
    *_rsi("spx", ("R25",)),
    *(family for word in SEEDED for family in _macd("vix", word, ("R21",))),
    *(family for word in SEEDED for family in _macd("vvix", word, ("R22",))),
    *_VIX_WINDOWS,
    *_SPX_WINDOWS,
    *_TERM_STRUCTURE,
)
