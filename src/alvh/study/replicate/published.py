"""What is published about each index, and the thresholds that a replication has to meet.

Statistics and thresholds: benchmarks.md 3, 4 and 6, computed there from published month-end levels or quoted from Cboe's pages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Published annual return and vol, per cent, over whole months ``first`` to ``last`` (YYYY-MM)."""

    first: str
    last: str
    return_pct: float
    vol_pct: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A figure that must be reached and one to aim for."""

    must: float
    target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Bounds on monthly returns against published ones: correlation from below, the others from above or inside."""

    corr: Limit
    te_pct: Limit
    d_pp: Limit
    beta: tuple[float, float] = (0.95, 1.05)
    vol_ratio: tuple[float, float] = (0.95, 1.05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A published figure that is not a monthly series: the window, the value, and how far off a replication may be."""

    name: str
    kind: str
    first: str
    last: str
    published: float
    must: float
    target: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedIndex:
    """One index: its policy, what is published, its thresholds (none where no levels are), and its single figures."""

    name: str
    policy: str
    spans: tuple[Span, ...] = ()
    worst_month: str = ""
    thresholds: Thresholds | None = None
    checks: tuple[Check, ...] = ()


def _spans(first: float, first_vol: float, second: float, second_vol: float, third: float, third_vol: float) -> tuple[Span, ...]:
    return (
        Span(first="1986-07", last="2015-12", return_pct=first, vol_pct=first_vol),
        Span(first="1990-02", last="2021-12", return_pct=second, vol_pct=second_vol),
        Span(first="2007-01", last="2021-12", return_pct=third, vol_pct=third_vol),
    )


def _limits(
    corr: tuple[float, float], te: tuple[float, float], d: tuple[float, float], **more: tuple[float, float]
) -> Thresholds:
    def limit(pair: tuple[float, float]) -> Limit:
        return Limit(must=pair[0], target=pair[1])

    return Thresholds(corr=limit(corr), te_pct=limit(te), d_pp=limit(d), **more)


_VXTH = (
    Check(name="2008, %", kind="return", first="2008-01", last="2008-12", published=-19.3, must=3.0, target=1.5),
    Check(
        name="20 % VXTH and 80 % S&P TR, %/yr", kind="blend", first="2006-04", last="2012-01", published=3.4, must=0.4, target=0.2
    ),
    Check(name="level 18 Sep 2014 (end of March 2006 = 100)", kind="level", first="2006-03", last="2014-09-18", published=188.8,
          must=18.88, target=7.55),
    Check(name="five years to Oct 2023, %", kind="return", first="2018-11", last="2023-10", published=98.6,
          must=25.0, target=12.0),
    Check(name="first quarter 2024, %", kind="return", first="2024-01", last="2024-03", published=8.4, must=1.5, target=1.5),
    Check(name="March 2020, %, at least", kind="at_least", first="2020-03", last="2020-03", published=30.0, must=0.0, target=0.0),
)  # fmt: skip
_CNDR = (
    Check(name="vol, %", kind="vol", first="1986-07", last="2015-12", published=7.23, must=0.72, target=0.36),
    Check(name="months below -6 %", kind="months_below_6", first="1986-07", last="2016-06", published=10.0, must=5.0, target=2.0),
)
"""Public pages of CNDR; how near one must come is ours, for none is stated: a tenth of the vol, half of the months."""

INDICES: Final[Mapping[str, PublishedIndex]] = MappingProxyType(
    {
        one.name: one
        for one in (
            PublishedIndex(
                name="PUT", policy="cboe-put", spans=_spans(10.13, 10.16, 9.66, 10.04, 6.74, 11.46),
                worst_month="-17.7 (2008-10)",
                thresholds=_limits((0.983, 0.992), (2.0, 1.3), (1.25, 0.6), beta=(0.93, 1.05)),
            ),
            PublishedIndex(
                name="BXM", policy="cboe-bxm", spans=_spans(8.89, 10.85, 8.54, 10.49, 5.45, 11.57),
                worst_month="-17.4 (1987-10)",
                thresholds=_limits((0.985, 0.993), (1.8, 1.3), (1.75, 0.8)),
            ),
            PublishedIndex(
                name="BXMD", policy="cboe-bxmd", spans=_spans(10.66, 13.18, 10.48, 12.55, 8.05, 13.32),
                worst_month="-19.6 (1987-10)",
                thresholds=_limits((0.990, 0.995), (1.7, 1.2), (1.25, 0.6)),
            ),
            PublishedIndex(
                name="BXY", policy="cboe-bxy", spans=_spans(10.31, 12.01, 10.01, 12.15, 7.78, 13.19),
                worst_month="-15.7 (2008-10)",
                thresholds=_limits((0.990, 0.995), (1.6, 1.2), (1.0, 0.5)),
            ),
            PublishedIndex(
                name="PPUT", policy="cboe-pput", spans=_spans(6.57, 12.35, 7.89, 11.63, 8.33, 11.54),
                worst_month="-10.6 (1987-10)",
                thresholds=_limits((0.985, 0.993), (2.0, 1.4), (1.5, 0.6)),
            ),
            PublishedIndex(
                name="CLL", policy="cboe-cll", spans=_spans(6.54, 10.72, 7.54, 10.31, 6.59, 10.33),
                worst_month="-8.6 (1987-10)",
                thresholds=_limits((0.983, 0.990), (2.0, 1.4), (1.25, 0.6), beta=(0.93, 1.05)),
            ),
            PublishedIndex(
                name="CLLZ", policy="cboe-cllz", spans=_spans(7.19, 11.78, 7.31, 11.34, 6.26, 11.91),
                worst_month="-17.1 (1987-10)",
                thresholds=_limits((0.980, 0.990), (2.3, 1.5), (2.25, 1.0), beta=(0.93, 1.05), vol_ratio=(0.94, 1.06)),
            ),
            PublishedIndex(
                name="CMBO", policy="cboe-cmbo", spans=_spans(9.55, 11.17, 9.22, 10.87, 6.44, 12.07),
                worst_month="-17.3 (1987-10)",
                thresholds=_limits((0.990, 0.995), (1.5, 1.1), (1.25, 0.6)),
            ),
            PublishedIndex(
                name="BFLY", policy="cboe-bfly", spans=_spans(5.96, 10.77, 4.31, 10.81, -2.24, 11.35),
                worst_month="-8.6 (2014-10)",
                thresholds=_limits((0.89, 0.95), (5.0, 3.5), (2.5, 1.25), beta=(0.82, 1.05), vol_ratio=(0.92, 1.08)),
            ),
            PublishedIndex(name="CNDR", policy="cboe-cndr", checks=_CNDR),
            PublishedIndex(name="VXTH", policy="cboe-vxth", checks=_VXTH),
        )
    }
)  # fmt: skip
BFLY_CORR_SINCE_2007: Final = Limit(must=0.92, target=0.96)
"""BFLY's correlation is held to more from 2007 on."""
EQUITY_LIKE: Final = ("PUT", "BXM", "BXMD", "BXY", "PPUT", "CLL", "CLLZ", "CMBO")
IV_SENSITIVITY_PP: Final[Mapping[str, float]] = MappingProxyType(
    {"PUT": 2.55, "BXM": 2.55, "BXMD": 2.3, "BXY": 2.05, "PPUT": -1.85, "CLL": -1.0, "CLLZ": 1.7, "CMBO": 2.25}
)
"""Change of d, pp a year, for implied vols 10 % higher (benchmarks.md 5): turns the eight d's into one bias of the vols."""


def thresholds_of(index: PublishedIndex, first: str) -> Thresholds | None:
    """The thresholds of an index for a span that begins in month ``first``."""
    limits = index.thresholds
    if limits is None or index.name != "BFLY" or first < "2007-01":
        return limits
    return Thresholds(
        corr=BFLY_CORR_SINCE_2007, te_pct=limits.te_pct, d_pp=limits.d_pp, beta=limits.beta, vol_ratio=limits.vol_ratio
    )


def iv_bias(differences_pp: Mapping[str, float]) -> float | None:
    """Bias of the engine's implied vols, a fraction: 10 % x sum(s d) / sum(s^2) over the eight; None unless all are there."""
    if any(name not in differences_pp for name in EQUITY_LIKE):
        return None
    top = sum(IV_SENSITIVITY_PP[name] * differences_pp[name] for name in EQUITY_LIKE)
    return 0.10 * top / sum(IV_SENSITIVITY_PP[name] ** 2 for name in EQUITY_LIKE)
