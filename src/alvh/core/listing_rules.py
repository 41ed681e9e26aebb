"""What was listed, from when and how far ahead: the parameters, each row with its source and whether it was observed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from alvh.core.dated import Dated, Mark
from alvh.core.days import to_day


@dataclass(frozen=True, slots=True, kw_only=True)
class FridayRule:
    """How far ahead Friday SPXW series (Thursday before a holiday) are listed.

    A series is listed from ``lead_days`` before its expiry, and from ``weekday_offset`` days before the expiry with which it
    becomes one of the next ``weeklies`` Fridays that are neither third Fridays nor month-ends (``None``: no such count).
    """

    lead_days: int
    weeklies: int | None = None
    weekday_offset: int = 1


def _row(since: tuple[int, int, int], value: int, source: str, mark: Mark) -> Dated[int]:
    return Dated(since=to_day(date(*since)), value=value, source=source, mark=mark)


def _friday(since: tuple[int, int, int], value: FridayRule, source: str, mark: Mark) -> Dated[FridayRule]:
    return Dated(since=to_day(date(*since)), value=value, source=source, mark=mark)


_MONTHLY_UNSEEN = "Cboe, SPX options specification: up to twelve near-term months; earlier lists were shorter beyond 100 days"
_EIGHT_WEEKS = "Cboe RG14-010: six Friday Weeklys beside third Fridays and month-ends, about eight weeks"
_FIT_2019 = "chains of 2019-2023: all Fridays to 49 days, and the next six Weeklys, a new one each Thursday"
_FIT_2026 = "chains of 2026-07-22 to 08-05: the next six Weeklys, a new one each Wednesday"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingRules:
    """Listing parameters. Rows are dated; a family is not listed before its first row.

    Counts (``*_monthlies``, ``*_weeklies``, ``month_ends``, ``quarter_ends``) are the number of expiries listed after any
    session's close; ``weekday_lead_days`` rows are calendar days, by weekday (Monday 0 to Thursday 3).
    """

    vix_monthlies: tuple[Dated[int], ...] = (
        _row((2006, 2, 24), 6, "VIX options begin 24 February 2006; 6 in the chains of 2019", "observed"),
        _row((2021, 1, 1), 8, "8 in the chain of 2023-02-15; the day of the change is a parameter", "observed"),
    )
    vix_wednesdays: tuple[Dated[int], ...] = (
        _row((2015, 10, 8), 5, "Cboe: VIX Weeklys options begin 8 October 2015; five in the chains of 2019 and 2023", "observed"),
    )
    """Wednesdays listed, the monthly's among them."""
    vx_monthlies: tuple[Dated[int], ...] = (
        _row((2004, 3, 26), 9, "CFE: up to nine near-term months; fewer were listed before 2007", "assumed"),
    )
    vx_weeklies: tuple[Dated[int], ...] = (
        _row((2015, 7, 23), 5, "CFE: VX Weeklys begin 23 July 2015; five in the contract files of 2018-2025", "observed"),
    )
    """Weekly futures listed, the monthly not counted; a new one the session after one expires."""
    spx_monthlies: tuple[Dated[int], ...] = (_row((1990, 1, 2), 12, _MONTHLY_UNSEEN, "assumed"),)
    third_friday_pm: tuple[Dated[int], ...] = (
        _row((2014, 1, 14), 12, "parameter: the PM third Friday, SPXPM until 1 May 2017 and SPXW since (RG17-002)", "assumed"),
    )
    fridays: tuple[Dated[FridayRule], ...] = (
        _friday((2011, 1, 3), FridayRule(lead_days=8), "chains of January 2011: listed eight days ahead", "observed"),
        _friday((2011, 2, 1), FridayRule(lead_days=36), "parameter: five weeks until RG14-010", "assumed"),
        _friday((2014, 1, 14), FridayRule(lead_days=57), _EIGHT_WEEKS, "assumed"),
        _friday((2019, 1, 1), FridayRule(lead_days=49, weeklies=6), _FIT_2019, "observed"),
        _friday((2026, 1, 1), FridayRule(lead_days=49, weeklies=6, weekday_offset=2), _FIT_2026, "observed"),
    )
    month_ends: tuple[Dated[int], ...] = (
        _row((2014, 7, 7), 12, "Cboe: SPX End-of-Month options begin 7 July 2014; up to twelve months", "verified"),
    )
    quarter_ends: tuple[Dated[int], ...] = (
        _row((2011, 1, 3), 4, "chains of January 2011 (root SPXQ then; since 2007, unobserved before)", "observed"),
    )
    mondays: tuple[Dated[int], ...] = (
        _row((2016, 8, 15), 18, "Cboe: SPX Monday Weeklys begin 15 August 2016; two to three listed then", "verified"),
        _row((2019, 1, 1), 35, "chains of 2019-2023: 31-38 days, 26 in March 2022", "observed"),
    )
    tuesdays: tuple[Dated[int], ...] = (
        _row((2022, 4, 18), 14, "Cboe: Tuesday Weeklys begin 18 April 2022; 11 days in June 2022", "observed"),
        _row((2023, 1, 1), 32, "chains of 2023: 27-32 days", "observed"),
        _row((2026, 1, 1), 38, "chains of 2026: 34-39 days", "observed"),
    )
    wednesdays: tuple[Dated[int], ...] = (
        _row((2016, 2, 23), 15, "Cboe: SPX Wednesday Weeklys begin 23 February 2016 with two weeks", "verified"),
        _row((2016, 5, 24), 29, "Cboe RG16-102: at least four consecutive weeks", "verified"),
        _row((2019, 1, 1), 30, "chains of 2019-2023: 26-33 days", "observed"),
        _row((2026, 1, 1), 37, "chains of 2026: 35-37 days", "observed"),
    )
    thursdays: tuple[Dated[int], ...] = (
        _row((2022, 5, 11), 20, "Cboe: Thursday Weeklys begin 11 May 2022; 13-20 days in June 2022", "observed"),
        _row((2023, 1, 1), 30, "chains of 2023: 27-29 days", "observed"),
        _row((2026, 1, 1), 37, "chains of 2026: 36-37 days", "observed"),
    )


DEFAULT_RULES = ListingRules()
