"""The closed list of signal families whose members a policy's conditions may name. The list is the documentation.

Every signal is causal: its value at a session uses closes up to and including that session, so a rule that reads it decides at
that close (and fills there, or at the next one, as the policy's ``timing`` says). A signal is NaN in its warm-up and where an
input is missing; the engine refuses a rule that reads a NaN, by name and session, since any comparison with NaN is false.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from alvh.core.errors import ConfigError, nearest
from alvh.market import press, signal_breadth, signal_curve, signal_levels, signal_press, signal_releases
from alvh.market.history import History
from alvh.market.signal_family import Family, Floats, Signal
from alvh.market.signal_inputs import lacking

SECTIONS: tuple[tuple[str, tuple[Family, ...]], ...] = (
    ("Closes of VIX, SPX and VVIX", signal_levels.FAMILIES),
    ("VX futures and Treasury yields", signal_curve.FAMILIES),
    ("Breadth", signal_breadth.FAMILIES),
    ("Calendars, releases and the exchange rate", signal_releases.FAMILIES),
    ("Press states", signal_press.FAMILIES),
)
FAMILIES: tuple[Family, ...] = tuple(family for _, families in SECTIONS for family in families)
EXAMPLES: tuple[str, ...] = tuple(name for family in FAMILIES for name in family.examples)
"""At least one name of every family: what the tests compute and a misspelt name is compared with."""


@lru_cache(maxsize=1024)
def _find(name: str) -> tuple[Signal | None, str, str]:
    """The signal; or, for a name of a known form with a number out of range, what is wrong and what is allowed."""
    wrong = allowed = ""
    for family in FAMILIES:
        places = family.read(name)
        if places is None:
            continue
        fault = family.fault(places)
        if not fault:
            return family.member(name, places), "", ""
        wrong, allowed = fault, f"{family.form} with {family.range_text}"
    return None, wrong, allowed


def find_signal(name: str, *, where: str = "signals") -> Signal:
    """The signal that a name stands for; ``where`` is shown in errors.

    Raises :class:`ConfigError`: with the ranges where a number is out of them, else with the nearest name and all forms.
    """
    signal, wrong, allowed = _find(name)
    if signal is not None:
        return signal
    if wrong:
        raise ConfigError(f"signal '{name}': {wrong}", where=where, allowed=allowed, todo="correct the number")
    forms = tuple(family.form for family in FAMILIES)
    raise ConfigError(
        f"unknown signal '{name}'",
        where=where,
        allowed=", ".join(forms),
        todo=nearest(name, (*EXAMPLES, *forms)) or "see docs/reference/signals.md",
    )


def compute_signals(history: History, names: Sequence[str]) -> Floats:
    """Signals by name -> (len(names), sessions). Raises ``ConfigError`` as :func:`find_signal` does."""
    result = np.empty((len(names), len(history.sessions)))
    for row, name in enumerate(names):
        result[row] = find_signal(name).compute(history)
    return result


def missing_input(history: History, name: str) -> str | None:
    """The file that a signal waits for, with its columns, or None where the history has values of all its inputs."""
    return next((file for key in find_signal(name).source_inputs if (file := lacking(history, key)) is not None), None)


def signals_table_markdown() -> str:
    """The reference page of all signals, one row a family."""
    lines = [
        "# Signals",
        "",
        'The names that a policy\'s conditions may use (`when = {signal = "vix_rsi_14", above = 70}`). Each row is a family:',
        "write a whole number for `{n}`, `{level}`, `{a}` and `{b}`, within the range given, and a name for `{universe}` and",
        "`{event}`. A name of no family is refused when the policy is loaded, with the nearest match.",
        "This page is generated from `alvh.market.signals`; a test holds it to the code.",
        "",
        "Every signal uses closes up to and including the session it stands for, never later ones. Its first sessions (the",
        "warm-up) have no value, nor has a session whose input is missing; after a gap the warm-up begins anew. A rule that",
        "meets a session without a value stops the run with the signal and the session named: it is never taken for false.",
        "An event is 1 at the session where it happens and 0 elsewhere: write `above = 0.5`, as for 1 or 0.",
        "",
        "What each input is, and which file holds it: [Data files](data-files.md). `{universe}` is the first word of the breadth",
        "files' name in small letters (`nyse`), `{event}` that of a list of dates (`fomc`, `cpi` or your own). Yields are those",
        "dated before the session, since they are published after its close. Event days are taken as known in advance, so",
        "`sessions_to_...` and `press_fomc_...` may look at later days of the list; meetings that were not scheduled count on",
        "their own day alone. First releases count from their day: CPI, PPI and GDP are published before the opening.",
    ]
    for title, families in SECTIONS:
        lines += ["", f"## {title}", ""]
        if families is signal_press.FAMILIES:
            lines += [*_press_lines(), ""]
        lines += [
            "| signal | for example | range | unit | formula | inputs | warm-up (sessions) | rules |",
            "|---|---|---|---|---|---|---|---|",
        ]
        lines += [_row(family) for family in families]
    return "\n".join(lines) + "\n"


def _row(family: Family) -> str:
    examples = ", ".join(f"`{name}`" for name in family.examples)
    inputs = ", ".join(f"`{name}`" for name in family.inputs) + "".join(f"; if there, `{name}`" for name in family.fallbacks)
    rules = ", ".join(family.rules) or "-"
    formula = family.formula.replace("|", "\\|")
    cells = (f"`{family.form}`", examples, family.range_text or "-", family.unit, formula, inputs, family.warm_up.text, rules)
    return f"| {' | '.join(cells)} |"


def _press_lines() -> list[str]:
    """What the four states are, with the machine's own numbers."""
    rise, level = f"{press.RISE - 1.0:.0%}", f"{press.EXPANSION_TO_MEAN:g} times its {press.MEAN_SESSIONS}-session mean"
    return [
        "A spike of VIX, told at each close without looking ahead. Every session is in one of four states:",
        "",
        f"- **expansion** begins where VIX closes {rise} or more above its lowest close of the {press.RISE_SESSIONS} sessions",
        f"  before (the foot), at {level} or more. Its highest close so far is the top. It ends in a press or, when",
        f"  more than {press.GIVE_BACK_SESSIONS} sessions have passed since the top, in calm after {press.QUIET_SESSIONS} closes",
        f"  running below {press.EXPANSION_TO_MEAN:g} times the mean.",
        f"- **press** begins where VIX has given back {press.GIVE_BACK:.0%} of the rise from foot to top within",
        f"  {press.GIVE_BACK_SESSIONS} sessions of the top. It lasts until a later close is below",
        f"  {press.EXPANSION_TO_MEAN:g} times the mean, or those sessions are over; mostly it is one session.",
        f"- **normalising** follows the press until VIX closes below {press.NORMAL_TO_MEAN:g} times its mean, or for",
        f"  {press.NORMALISING_SESSIONS} sessions; where VIX is below already it is left out.",
        "- **calm** is everything else.",
        "",
        "A close above the top makes a press, or what follows it, an expansion again. A new episode may begin in any state but",
        "expansion, from a foot after the last top.",
        "",
        "`press_fomc_...` and `press_topping_...` know such episodes alone and call every other session calm. Whether an episode",
        "is one of them is settled when it begins; where that was not known (no list of days, no breadth) they have no value to",
        "its end.",
        "",
        "The numbers of the expansion and of the press are the published ones; how an episode ends is this project's choice.",
    ]
