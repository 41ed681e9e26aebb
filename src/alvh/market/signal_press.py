"""Signals on the press states (method R61): of every episode, of those that begin around an FOMC day, of those out of a top."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from alvh.market import indicators as ind
from alvh.market.event_days import sessions_since, sessions_to
from alvh.market.history import History
from alvh.market.press import CALM, MEAN_SESSIONS, STATES, PressStates, press_states
from alvh.market.signal_breadth import TOPPING_HIGH_SESSIONS, topping
from alvh.market.signal_family import Family, Floats, Places, WarmUp

FOMC_SESSIONS: Final = 2
"""An episode is the FOMC's where its expansion is told within two sessions of a meeting, before or after it (method R61)."""
_ORDER: Final = ("expansion", "press", "normalising", "calm")


def in_state(history: History, name: str) -> Floats:
    """1.0 where the machine is in the state, else 0.0, (sessions,)."""
    state = press_states(history.vix_close).state
    return ind.flag(state == STATES.index(name), state)


def fomc_state(history: History, name: str) -> Floats:
    """Like :func:`in_state`, where episodes that do not begin near an FOMC day count as calm.

    NaN without a list of FOMC days, and in episodes that begin before its first or after its last day and near neither.
    """
    states = press_states(history.vix_close)
    since, to = sessions_since(history, "fomc"), sessions_to(history, "fomc")
    near = np.where(np.fmin(since, to) <= FOMC_SESSIONS, 1.0, ind.flag(np.zeros(since.shape, dtype=bool), since, to))
    listed = np.full(len(history.sessions), 0.0 if len(history.events.get("fomc", ())) else np.nan)
    return _restricted(states, name, _at_began(states, near), listed)


def topping_state(history: History, name: str, universe: str) -> Floats:
    """Like :func:`in_state`, where episodes that do not rise out of a topping market count as calm.

    Topping counts at any close from the episode's foot to the close at which the expansion was told: by then SPX has mostly left
    its high. NaN where topping is not known, at the session or when the episode began.
    """
    states, top = press_states(history.vix_close), topping(history, universe)
    began = np.zeros(len(history.sessions))
    for last in np.unique(states.began[states.began >= 0]).tolist():
        span = top[states.foot[last] : last + 1]
        began[states.began == last] = 1.0 if (span == 1.0).any() else np.nan if np.isnan(span).any() else 0.0
    return _restricted(states, name, began, top)


def _at_began(states: PressStates, values: Floats) -> Floats:
    return np.where(states.began >= 0, values[states.began], 0.0)


def _restricted(states: PressStates, name: str, counts: Floats, known: Floats) -> Floats:
    state = np.where(counts == 1.0, states.state, float(CALM))
    return ind.flag(state == STATES.index(name), states.state, counts, known)


_FORMULA = {
    "expansion": "since VIX closed 25 % above its lowest close of the five sessions before, at 1.2 times its 20-session mean",
    "press": "half of an expansion's rise given back within 10 sessions of its highest close, while VIX stays high",
    "normalising": "after a press, until VIX is below 1.05 times its 20-session mean or 20 sessions have passed",
    "calm": "none of the three",
}


def _family(
    form: str,
    example: str,
    formula: str,
    inputs: tuple[str, ...],
    rules: tuple[str, ...],
    warm_up: int,
    make: Callable[[Places], Callable[[History], Floats]],
) -> Family:
    return Family(
        form=form,
        examples=(example,),
        unit="1 or 0",
        formula=formula,
        inputs=inputs,
        rules=rules,
        warm_up=WarmUp(sessions=warm_up),
        make=make,
    )


def _plain(state: str) -> Family:
    form, formula = f"press_{state}", f"1 in the state '{state}': {_FORMULA[state]}"
    rules = ("R12", "R41", "R61")
    return _family(form, form, formula, ("vix_close",), rules, MEAN_SESSIONS - 1, lambda p: lambda h: in_state(h, state))


def _fomc(state: str) -> Family:
    form, inputs = f"press_fomc_{state}", ("vix_close", "events.fomc")
    which = f"episodes whose expansion began within {FOMC_SESSIONS} sessions of an FOMC day"
    formula = f"press_{state}, where all but {which} count as calm"
    return _family(form, form, formula, inputs, ("R61",), MEAN_SESSIONS - 1, lambda p: lambda h: fomc_state(h, state))


def _topping(state: str) -> Family:
    which = "episodes with topping_{universe} at 1 from their foot to the start of their expansion"
    return _family(
        f"press_topping_{{universe}}_{state}",
        f"press_topping_nyse_{state}",
        f"press_{state}, where all but {which} (at any close between) count as calm",
        ("vix_close", "spx_close", "breadth.{universe}"),
        ("R61", "R66"),
        TOPPING_HIGH_SESSIONS - 1,
        lambda p: lambda h: topping_state(h, state, p.words["universe"]),
    )


FAMILIES: tuple[Family, ...] = tuple(make(state) for make in (_plain, _fomc, _topping) for state in _ORDER)
