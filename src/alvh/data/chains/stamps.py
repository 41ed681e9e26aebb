"""Time stamps as web pages print them: month names in seven languages, 12 or 24 hours, Eastern time or an offset from GMT."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Final

from alvh.core.calendar import NEW_YORK, trading_calendar
from alvh.core.days import Day, to_day

_MONTH_WORDS: Final = (
    "jan january ene enero janv janvier januar gen gennaio janeiro januari",
    "feb february febrero fev fevr fevrier februar febbraio fevereiro februari",
    "mar march marzo mars marz maerz marco maart mrt mrz",
    "apr april abr abril avr avril aprile",
    "may mayo mai mag maggio maio mei",
    "jun june junio juin juni giu giugno junho",
    "jul july julio juil juillet juli lug luglio julho",
    "aug august ago agosto aout augustus",
    "sep sept september septiembre septembre set settembre setembro",
    "oct october octubre octobre okt oktober ott ottobre out outubro",
    "nov november noviembre novembre novembro",
    "dec december dic diciembre decembre dez dezember dicembre dezembro",
)
"""English, Spanish, French, German, Italian, Portuguese and Dutch, without accents, long and short (Unicode CLDR month names)."""
MONTHS: Final[Mapping[str, int]] = MappingProxyType(
    {word: number for number, words in enumerate(_MONTH_WORDS, start=1) for word in words.split()}
)
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::\d{2})?\s*([ap])?\.?\s*(?:m\b)?")
_OFFSET: Final = re.compile(r"\b(?:gmt|utc)\s*([+-]\d{1,2})?(?::?(\d{2}))?")
_EASTERN: Final = re.compile(r"\b(?:et|est|edt)\b")
_CENTRAL: Final = re.compile(r"\b(?:ct|cst|cdt)\b")
_ZONE_LEFT: Final = re.compile(r"\b[a-z]{2,5}\b")
_ISO: Final = re.compile(r"\b(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)")
_AMERICAN: Final = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b")
MINUTES_A_DAY: Final = 1440
FIRST_TRADING_MINUTE: Final = 180
"""03:00 Eastern: SPX and VIX options trade from then in Cboe's global hours since 2015 (Cboe, Global Trading Hours, 2015); the
evening session of 2021 shows in no file seen here."""
_ENGLISH_FILLERS: Final = frozenset({"at", "am", "pm"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """A day and the Eastern minute of that day; ``minute`` is None where no clock is printed or its zone is not known."""

    day: Day
    minute: int | None


def parse_stamp(text: str) -> Stamp | None:
    """The moment that ``text`` names, or None where it names no date.

    A clock without a zone is Eastern, which is what Cboe prints; one with a GMT offset is converted.
    """
    plain = _plain(text)
    day = _date_in(plain)
    if day is None:
        return None
    clock = _CLOCK.search(plain)
    if clock is None:
        return Stamp(day=to_day(day), minute=None)
    hour, minute = int(clock.group(1)), int(clock.group(2))
    if clock.group(3) is not None:
        hour = hour % 12 + (12 if clock.group(3) == "p" else 0)
    if hour > 23 or minute > 59:
        return None
    local = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - the zone is what the text behind it says
    tail = plain[clock.end() :]
    eastern = _to_eastern(local, tail)
    if eastern is None:
        return Stamp(day=to_day(day), minute=None)
    return Stamp(day=to_day(eastern.date()), minute=60 * eastern.hour + eastern.minute)


def session_of(stamp: Stamp) -> tuple[Day, int | None]:
    """The session whose quotes a download of that moment shows, and Eastern minutes from that session's midnight.

    A moment on no session, or before the first trading hour, shows the last quotes of the session before: its minutes are
    1440 or more. None where the stamp has no minute and its day is a session.
    """
    calendar = trading_calendar()
    early = stamp.minute is not None and stamp.minute < FIRST_TRADING_MINUTE
    if calendar.is_session(stamp.day) and not early:
        return stamp.day, stamp.minute
    session = calendar.previous_session(stamp.day)
    return session, MINUTES_A_DAY * (stamp.day - session) + (stamp.minute or 0)


def _plain(text: str) -> str:
    lowered = unicodedata.normalize("NFKD", text.replace("\u2212", "-").lower())
    return "".join(letter for letter in lowered if not unicodedata.combining(letter))


def _date_in(plain: str) -> date | None:
    try:
        if found := _ISO.search(plain):
            return date(int(found.group(1)), int(found.group(3)), int(found.group(4)))
        if found := _AMERICAN.search(plain):
            month, day, year = (int(part) for part in found.groups())
            return date(year, month, day)
        words = re.findall(r"[a-z]+|\d+", plain)
        year = next(int(word) for word in words if word.isdigit() and len(word) == 4)
        month = next(MONTHS[word] for word in words if word in MONTHS and not _is_weekday(word, words))
        day = next(int(word) for word in words if word.isdigit() and len(word) <= 2)
        return date(year, month, day)
    except (StopIteration, ValueError):
        return None


def _is_weekday(word: str, words: list[str]) -> bool:
    """'mar' is also a Tuesday (martes, mardi, martedi): it is one where another month follows."""
    return word == "mar" and sum(other in MONTHS for other in words) > 1


def _to_eastern(local: datetime, tail: str) -> datetime | None:
    if offset := _OFFSET.search(tail):
        hours = int(offset.group(1) or 0)
        minutes = int(offset.group(2) or 0) * (-1 if hours < 0 else 1)
        moment = (local - timedelta(hours=hours, minutes=minutes)).replace(tzinfo=UTC)
        return moment.astimezone(NEW_YORK)
    if _CENTRAL.search(tail):
        return local + timedelta(hours=1)
    if _EASTERN.search(tail) or not set(_ZONE_LEFT.findall(tail)) - _ENGLISH_FILLERS:
        return local
    return None
