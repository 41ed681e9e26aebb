"""Cboe's volatility indices on any quoted chain: which expiries each one uses, its strips, and the interpolation between them.

VIX and VIX9D use Friday expiries alone (the third Friday's settles on the opening), VIX3M, VIX6M and SKEW third-Friday monthlies,
VVIX VIX monthlies. Time is exact minutes from the quotes to settlement, 9:30 Eastern for AM and 16:00 for PM series. See
``docs/explanation/index-formulas.md``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np

from alvh.core.calendar import trading_calendar
from alvh.core.contracts import Root
from alvh.core.days import DayArray, iso, to_day
from alvh.core.errors import AlvhError, DataInvalid, DataMissing
from alvh.core.expiries import spx_expiries, spx_monthly_expiry, vix_expiries, vix_monthly_expiry
from alvh.market.chain import QuotedChain
from alvh.market.history import Bools, Floats
from alvh.market.strips import (
    MINUTES_A_YEAR,
    Discount,
    Strip,
    parity_discount,
    parity_forward,
    strip,
    strip_of_prices,
    usable,
)

Rate = Callable[[float], float]
"""Continuously compounded annual rate, a fraction, for a term in years."""

MINUTES_A_DAY = 1440
AM_SETTLEMENT_MINUTE, PM_SETTLEMENT_MINUTE = 9 * 60 + 30, 16 * 60
"""Eastern minutes of the day (Cboe, Volatility Index Methodology; methods.md 4.1)."""
CLOSE_FROM_MINUTE = 16 * 60
"""Quotes stamped earlier are not of the close."""

VIX9D_DAYS, VIX_DAYS, VIX3M_DAYS, VIX6M_DAYS = 9, 30, 93, 184
"""Terms of the indices in days (methods.md 4.2)."""
WEEKLIES_SINCE = to_day(date(2014, 10, 6))
"""VIX used the first two monthlies before, Friday weeklies since (Cboe options hub, 2014-10-05)."""
FIRST_MONTHLY_DAYS = 7
"""The first two monthlies have at least a week left: on the second Friday of June they are June and July, on the following
Monday July and August (CBOE, VIX white paper, 2009; SKEW and VVIX are taken to do the same)."""
LISTED_DAYS, MONTHLIES_DAYS = 49, 130
"""So far ahead the listing rules name every Friday expiry and every VIX monthly, and, since :data:`WEEKLIES_SINCE`, every SPX
monthly (docs/reference/listing-accuracy.md): what a chain lacks there is missing from the file, not from the market."""

FRIDAY, MONTHLY, QUARTERS_TOO = "Friday expiries", "standard monthly expiries", "standard monthly and quarter-end expiries"
"""Which expiries an index chooses from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedExpiry:
    """One expiry of an index: what it is, its minutes to settlement, its discount factor and its strip."""

    expiry: int
    am: bool
    minutes: float
    discount: Discount
    strip: Strip


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexLevel:
    """An index computed from a chain.

    ``value`` is in index points; ``weights`` those of the two expiries; ``extrapolated`` True where the term lies outside them;
    ``minute`` the Eastern minute the quotes were taken to be of, ``at_close`` False where they are stamped before 16:00.
    """

    index: str
    session: int
    value: float
    used: tuple[UsedExpiry, ...]
    weights: tuple[float, float]
    extrapolated: bool
    minute: int
    at_close: bool

    def forwards(self) -> tuple[float, ...]:
        """Forward of each expiry in points."""
        return tuple(one.strip.forward for one in self.used)

    def rejected(self) -> dict[str, int]:
        """Quotes left out over both expiries, counted by reason."""
        total: dict[str, int] = {}
        for one in self.used:
            for reason, count in one.strip.counts().items():
                if reason != "used":
                    total[reason] = total.get(reason, 0) + count
        return total


def interpolated_level(variances: tuple[float, float], minutes: tuple[float, float], term_days: float) -> float:
    """Index points from two annualised variances: total variance linear in minutes at the term (methods.md 4.1).

    Raises :class:`DataInvalid` where an extrapolation gives a negative variance.
    """
    low, high = term_weights(minutes, term_days)
    years = tuple(value / MINUTES_A_YEAR for value in minutes)
    total = years[0] * variances[0] * low + years[1] * variances[1] * high
    if not total >= 0.0:
        raise DataInvalid(f"the variance at {term_days:g} days is {total:.3g}", allowed="a variance of zero or more")
    return 100.0 * math.sqrt(total * MINUTES_A_YEAR / (term_days * MINUTES_A_DAY))


def term_weights(minutes: tuple[float, float], term_days: float) -> tuple[float, float]:
    """Weights of two expiries at a term; one is negative where the term lies outside them."""
    low = (minutes[1] - term_days * MINUTES_A_DAY) / (minutes[1] - minutes[0])
    return low, 1.0 - low


def vix_like(
    chain: QuotedChain, term_days: int, *, index: str, among: str, first_two: bool, rate: Rate | None = None
) -> IndexLevel:
    """An index of the VIX family at ``term_days`` from the first two of the expiries that ``among`` names, or the two around it.

    ``rate`` None takes each expiry's discount from put-call parity. Raises :class:`DataMissing` where the chain lacks one of
    the two or the term lies outside all expiries, :class:`DataInvalid` where one of them gives no strip.
    """
    used, minute = _two(chain, term_days, index=index, among=among, first_two=first_two, rate=rate)
    pair = (used[0].minutes, used[1].minutes)
    value = interpolated_level((used[0].strip.variance, used[1].strip.variance), pair, term_days)
    return _level(chain, index, value, used, term_days, minute)


def vix(chain: QuotedChain, *, rate: Rate | None = None) -> IndexLevel:
    """VIX of an SPX chain: the two Friday expiries around 30 days; before 2014-10-06 the first two monthlies."""
    old = chain.session < WEEKLIES_SINCE
    return vix_like(chain, VIX_DAYS, index="VIX", among=MONTHLY if old else FRIDAY, first_two=old, rate=rate)


def vix9d(chain: QuotedChain, *, rate: Rate | None = None) -> IndexLevel:
    """VIX9D of an SPX chain: the two Friday expiries around 9 days."""
    return vix_like(chain, VIX9D_DAYS, index="VIX9D", among=FRIDAY, first_two=False, rate=rate)


def vix3m(chain: QuotedChain, *, rate: Rate | None = None) -> IndexLevel:
    """VIX3M of an SPX chain: the two monthlies around 93 days."""
    return vix_like(chain, VIX3M_DAYS, index="VIX3M", among=MONTHLY, first_two=False, rate=rate)


def vix6m(chain: QuotedChain, *, rate: Rate | None = None) -> IndexLevel:
    """VIX6M of an SPX chain: the two monthlies around 184 days; before 2014-10-06 the quarter-ends are among them.

    That quarter-ends counted is inferred from January 2011 (docs/reference/model-errors.md), the day of the change is a guess.
    """
    among = QUARTERS_TOO if chain.session < WEEKLIES_SINCE else MONTHLY
    return vix_like(chain, VIX6M_DAYS, index="VIX6M", among=among, first_two=False, rate=rate)


def vvix(chain: QuotedChain, *, rate: Rate | None = None) -> IndexLevel:
    """VVIX of a VIX chain: the first two VIX monthlies, extrapolated where both lie beyond 30 days."""
    return vix_like(chain, VIX_DAYS, index="VVIX", among=MONTHLY, first_two=True, rate=rate)


def skew(chain: QuotedChain, *, rate: Rate | None = None) -> IndexLevel:
    """SKEW of an SPX chain: the SKEW of each of the first two monthlies, linear in minutes at 30 days."""
    used, minute = _two(chain, VIX_DAYS, index="SKEW", among=MONTHLY, first_two=True, rate=rate)
    low, high = term_weights((used[0].minutes, used[1].minutes), VIX_DAYS)
    value = low * used[0].strip.skew + high * used[1].strip.skew
    if not math.isfinite(value):
        raise DataInvalid(
            "the third moment of an expiry has no scale: its second is not above the square of its first",
            where=f"{chain.source}, session {iso(chain.session)}, SKEW",
            allowed="quotes that some distribution could give",
        )
    return _level(chain, "SKEW", value, used, VIX_DAYS, minute)


def index_levels(chain: QuotedChain, *, rate: Rate | None = None) -> tuple[dict[str, IndexLevel], dict[str, AlvhError]]:
    """Every index that the chain gives by name, and the error of each that it does not."""
    formulas = {"VVIX": vvix} if chain.underlying == "VIX" else SPX_FORMULAS
    levels: dict[str, IndexLevel] = {}
    errors: dict[str, AlvhError] = {}
    for name, formula in formulas.items():
        try:
            levels[name] = formula(chain, rate=rate)
        except AlvhError as error:
            errors[name] = error
    return levels, errors


SPX_FORMULAS = {"VIX9D": vix9d, "VIX": vix, "VIX3M": vix3m, "VIX6M": vix6m, "SKEW": skew}
"""The indices of an SPX chain by name."""


def quote_minute(chain: QuotedChain) -> int:
    """Eastern minute the quotes are of: the stamp, at most the close of the session; the close where there is no stamp."""
    calendar = trading_calendar()
    if not calendar.is_session(chain.session):
        raise DataInvalid(
            f"{iso(chain.session)} is no session", where=chain.source, allowed="a chain of a day on which the market opened"
        )
    stamp = calendar.close_time(chain.session)
    close = stamp.hour * 60 + stamp.minute
    return close if chain.minute is None else min(chain.minute, close)


def minutes_to_settlement(chain: QuotedChain, minute: int, expiry: DayArray, am: Bools) -> Floats:
    """Minutes from the quotes to the settlement of each expiry, by the wall clock in New York."""
    settle = np.where(am, AM_SETTLEMENT_MINUTE, PM_SETTLEMENT_MINUTE)
    return np.asarray((expiry - chain.session) * MINUTES_A_DAY + settle - minute, dtype=np.float64)


def standard_monthly(underlying: str, expiry: DayArray, am: Bools) -> Bools:
    """Which series are standard monthlies: those of the third Friday's rule that settle on the opening."""
    months = expiry.astype("datetime64[D]").astype("datetime64[M]")
    rule = vix_monthly_expiry if underlying == "VIX" else spx_monthly_expiry
    return np.asarray(am & (rule(trading_calendar(), months) == expiry), dtype=np.bool_)


def friday_type(expiry: DayArray, am: Bools) -> Bools:
    """Which SPX series are Friday expiries: on a third Friday the monthly, on any other the weekly; a day early for holidays."""
    calendar = trading_calendar()
    friday = expiry + (4 - (expiry + 3) % 7) % 7
    last = calendar.business_on_or_before(friday) == expiry
    months = friday.astype("datetime64[D]").astype("datetime64[M]")
    third = spx_monthly_expiry(calendar, months) == expiry
    return np.asarray(last & (third == am), dtype=np.bool_)


def quarter_end(expiry: DayArray, am: Bools) -> Bools:
    """Which SPX series are quarter-ends: PM-settled on the last business day of March, June, September or December."""
    months = expiry.astype("datetime64[D]").astype("datetime64[M]")
    last = (months + np.timedelta64(1, "M")).astype("datetime64[D]").astype(np.int64) - 1
    quarterly = months.astype(np.int64) % 3 == 2
    return np.asarray(~am & quarterly & (trading_calendar().business_on_or_before(last) == expiry), dtype=np.bool_)


def expiry_rows(chain: QuotedChain, expiry: int, am: bool) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Strikes ascending with call bid, call ask, put bid, put ask of one series, NaN where a side is absent.

    Raises :class:`DataInvalid` where a contract occurs twice, or XSP, a tenth of the size, stands among SPX.
    """
    rows = np.flatnonzero((chain.expiry == expiry) & (chain.am == am))
    mini = chain.root[rows] == Root.XSP.value
    if mini.any() and not mini.all():
        raise DataInvalid(
            f"expiry {iso(expiry)} mixes XSP and SPX",
            where=chain.source,
            allowed="one size of contract",
            todo="keep the rows of one of them",
        )
    strikes, place = np.unique(chain.strike[rows], return_inverse=True)
    table = np.full((4, strikes.size), np.nan)
    for first, side in ((0, chain.right[rows] > 0.0), (2, chain.right[rows] < 0.0)):
        if np.unique(place[side]).size != int(side.sum()):
            raise DataInvalid(
                f"a contract of expiry {iso(expiry)} occurs twice", where=chain.source, allowed="one row a contract"
            )
        table[first, place[side]] = chain.bid[rows[side]]
        table[first + 1, place[side]] = chain.ask[rows[side]]
    return strikes, table[0], table[1], table[2], table[3]


def _two(
    chain: QuotedChain, term_days: int, *, index: str, among: str, first_two: bool, rate: Rate | None
) -> tuple[tuple[UsedExpiry, UsedExpiry], int]:
    wanted = "VIX" if index == "VVIX" else "SPX"
    where = f"{chain.source}, session {iso(chain.session)}, {index}"
    if chain.underlying != wanted:
        raise DataMissing(f"the chain holds {chain.underlying} options", where=where, allowed=f"{wanted} options")
    minute = quote_minute(chain)
    present = _wanted(chain, among, chain.expiry, chain.am, minute)
    known = np.unique(np.concatenate([present, _listed(chain, among, minute)]), axis=0)
    if first_two:
        known = known[known[:, 0] - chain.session >= FIRST_MONTHLY_DAYS]
    minutes = minutes_to_settlement(chain, minute, known[:, 0], known[:, 1] > 0)
    low = 0
    if not first_two:
        low = int(np.searchsorted(minutes, term_days * MINUTES_A_DAY, side="right")) - 1
    if low < 0 or low + 2 > len(known):
        side = "two" if first_two else "one on each side of the term"
        raise _lacking(f"{len(present)} of the {among} are in the chain", f"{side} for {term_days} days", where)
    pair = known[low : low + 2]
    for expiry, am in pair:
        if not np.any((present[:, 0] == expiry) & (present[:, 1] == am)):
            raise _lacking(f"{iso(expiry)} is listed and not in the chain", " and ".join(iso(day) for day in pair[:, 0]), where)
    near, far = (
        _one(chain, int(expiry), bool(am), float(left), rate, where)
        for (expiry, am), left in zip(pair, minutes[low : low + 2], strict=True)
    )
    return (near, far), minute


def _wanted(chain: QuotedChain, among: str, expiry: DayArray, am: Bools, minute: int) -> DayArray:
    """The series of the kind that ``among`` names with time left, as rows (expiry, am), ascending."""
    series = np.unique(np.stack([expiry, am.astype(np.int64)], axis=1), axis=0)
    day, morning = series[:, 0], series[:, 1] > 0
    kept = friday_type(day, morning) if among == FRIDAY else standard_monthly(chain.underlying, day, morning)
    if among == QUARTERS_TOO:
        kept |= quarter_end(day, morning)
    return np.asarray(series[kept & (minutes_to_settlement(chain, minute, day, morning) > 0.0)], dtype=np.int64)


def _listed(chain: QuotedChain, among: str, minute: int) -> DayArray:
    """The same of the series that were listed by rule, as far ahead as the rules are sure."""
    recent = chain.session >= WEEKLIES_SINCE and among != FRIDAY and chain.underlying == "SPX"
    last = chain.session + (MONTHLIES_DAYS if recent else LISTED_DAYS)
    table = (spx_expiries if chain.underlying == "SPX" else vix_expiries)(chain.session, last)
    rows = table.listed(chain.session)
    rows = rows[table.expiry[rows] <= last]
    return _wanted(chain, among, table.expiry[rows], table.am[rows], minute)


def _lacking(what: str, allowed: str, where: str) -> DataMissing:
    return DataMissing(what, where=where, allowed=allowed, todo="use a chain with these expiries")


def _one(chain: QuotedChain, expiry: int, am: bool, minutes: float, rate: Rate | None, where: str) -> UsedExpiry:
    years = minutes / MINUTES_A_YEAR
    strikes, call_bid, call_ask, put_bid, put_ask = expiry_rows(chain, expiry, am)
    if rate is None:
        call_mid = np.where(usable(call_bid, call_ask)[0], 0.5 * (call_bid + call_ask), np.nan)
        put_mid = np.where(usable(put_bid, put_ask)[0], 0.5 * (put_bid + put_ask), np.nan)
        discount = parity_discount(strikes, call_mid, put_mid, years)
    else:
        discount = Discount(value=math.exp(-rate(years) * years), reason="rate given")
    try:
        found = strip(strikes, call_bid, call_ask, put_bid, put_ask, years=years, discount=discount.value)
    except AlvhError as error:
        place = f"{where}, expiry {iso(expiry)}"
        raise type(error)(error.what, where=place, allowed=error.allowed, todo=error.todo) from error
    return UsedExpiry(expiry=expiry, am=am, minutes=minutes, discount=discount, strip=found)


def _level(
    chain: QuotedChain, index: str, value: float, used: tuple[UsedExpiry, UsedExpiry], term_days: int, minute: int
) -> IndexLevel:
    weights = term_weights((used[0].minutes, used[1].minutes), term_days)
    return IndexLevel(
        index=index,
        session=chain.session,
        value=value,
        used=used,
        weights=weights,
        extrapolated=min(weights) < 0.0,
        minute=minute,
        at_close=chain.minute is None or chain.minute >= CLOSE_FROM_MINUTE,
    )


__all__ = [
    "SPX_FORMULAS",
    "Discount",
    "IndexLevel",
    "Strip",
    "UsedExpiry",
    "index_levels",
    "interpolated_level",
    "minutes_to_settlement",
    "parity_discount",
    "parity_forward",
    "skew",
    "standard_monthly",
    "strip",
    "strip_of_prices",
    "vix",
    "vix3m",
    "vix6m",
    "vix9d",
    "vix_like",
    "vvix",
]
