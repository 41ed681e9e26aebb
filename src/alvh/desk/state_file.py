"""What decisions remember between two closes, as the ``state`` of a book file: dates instead of rows, names instead of numbers.

A book without it can still be planned on: what can be read off its positions and the signals' history is, and the rest is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final, NoReturn

import numpy as np

from alvh.core.days import DayArray, iso, to_day
from alvh.core.errors import DataInvalid
from alvh.engine.book import OpenCondor
from alvh.engine.takeover import BookState
from alvh.strategy.policy import Policy
from alvh.strategy.view import NEVER, NOTHING_HELD, Memory

SCHEMA: Final = "alvh.state/1"
CONDORS: Final = "condors"
"""Where a rule that acts on condors keeps its last act, beside those on layers."""


def state_document(
    policy: Policy,
    policy_sha256: str,
    state: BookState,
    sessions: DayArray,
    session: int,
    *,
    unfilled: Sequence[str] = (),
) -> dict[str, Any]:
    """JSON of a state after the decisions of ``session``; ``sessions`` are the market's.

    ``unfilled`` names what was decided then and is to be filled at the next close, so that the book does not hold it.
    """
    memory = state.memory

    def day(row: int) -> str | None:
        return None if row == NEVER else iso(int(sessions[max(row, 0)]))

    return {
        "schema": SCHEMA,
        "policy": {"name": policy.name, "sha256": policy_sha256},
        "session": iso(session),
        "cash_hedged_usd": state.cash_hedged_usd,
        "cash_unhedged_usd": state.cash_unhedged_usd,
        "layers": [
            {
                "name": layer.name,
                "started": memory.started[k],
                "active": memory.active[k],
                "last_roll": None if memory.last_roll[k] == NOTHING_HELD else iso(memory.last_roll[k]),
                "due": day(memory.due_row[k]),
                "factor": memory.factor[k],
                "monetised": memory.monetised[k],
                "moneyness": state.moneyness[k],
                "break_even_vix": state.break_even_vix[k],
                "reserve_usd": state.reserve_usd[k],
            }
            for k, layer in enumerate(policy.hedge.layers)
        ],
        "rules": [
            {
                "name": rule.name,
                "acted": {
                    name: day(row)
                    for name, row in zip(
                        [*(layer.name for layer in policy.hedge.layers), CONDORS], memory.acted_row[j], strict=True
                    )
                    if row != NEVER
                },
            }
            for j, rule in enumerate(policy.rules)
        ],
        "premium_paid": [{"session": iso(session), "usd": usd} for session, usd in state.premium_paid],
        "planned": [
            {
                "lots": condor.lots,
                "index_lots": condor.index_lots,
                "credit_usd": condor.credit_usd,
                "max_loss_usd": condor.max_loss_usd,
                "expiry": iso(condor.expiry),
            }
            for condor in state.planned
        ],
        **({"unfilled": list(unfilled)} if unfilled else {}),
    }


class _Reader:
    """Typed access to a JSON object that names the file and the key in every refusal."""

    def __init__(self, value: Any, where: str) -> None:
        self.where = where
        if not isinstance(value, dict):
            self.refuse("is no object", "an object as alvh wrote it")
        self.value: Mapping[str, Any] = value

    def refuse(self, what: str, allowed: str) -> NoReturn:
        raise DataInvalid(
            f"the state {what}",
            where=self.where,
            allowed=allowed,
            todo="take the state out of the book, or use the file as written",
        )

    def get(self, key: str, check: Callable[[Any], bool], allowed: str) -> Any:
        found = self.value.get(key)
        if key not in self.value or not check(found):
            self.refuse(f"has {key} = {found!r}", f"{key}: {allowed}")
        return found

    def number(self, key: str, *, optional: bool = False) -> float | None:
        def good(value: Any) -> bool:
            number = isinstance(value, int | float) and not isinstance(value, bool) and bool(np.isfinite(value))
            return number or (optional and value is None)

        found = self.get(key, good, "a number")
        return None if found is None else float(found)

    def flag(self, key: str) -> bool:
        return bool(self.get(key, lambda value: isinstance(value, bool), "true or false"))

    def text(self, key: str) -> str:
        return str(self.get(key, lambda value: isinstance(value, str), "a text"))

    def day(self, key: str) -> int | None:
        found = self.get(key, lambda value: value is None or isinstance(value, str), "a date or null")
        return None if found is None else _day(found, self)

    def items(self, key: str) -> list[_Reader]:
        found = self.get(key, lambda value: isinstance(value, list), "a list")
        return [_Reader(item, f"{self.where}, {key} {at}") for at, item in enumerate(found, 1)]

    def named(self, key: str) -> dict[str, _Reader]:
        items = self.items(key)
        found = {item.text("name"): item for item in items}
        if len(found) != len(items):
            self.refuse(f"names one of its {key} twice", f"{key}: one entry a name")
        return found


def _day(text: Any, reader: _Reader) -> int:
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(text), re.ASCII):
            raise ValueError
        return to_day(date.fromisoformat(str(text)))
    except ValueError:
        reader.refuse(f"names a date {text!r}", "YYYY-MM-DD")


def read_state(document: Any, policy: Policy, sessions: DayArray, where: str) -> tuple[BookState, int, list[str]]:
    """A state, the session after which it holds, and notes on what of it has no counterpart in the policy.

    Layers and rules are matched by name. Raises :class:`DataInvalid` for an object that alvh did not write.
    """
    reader = _Reader(document, where)
    if reader.value.get("schema") != SCHEMA:
        reader.refuse(f"has schema = {reader.value.get('schema')!r}", SCHEMA)
    layers, rules = reader.named("layers"), reader.named("rules")
    names = [layer.name for layer in policy.hedge.layers]
    notes = [f"the state has a layer '{name}' that the policy has not" for name in layers if name not in names]
    known = [rule.name for rule in policy.rules]
    notes += [f"the state has a rule '{name}' that the policy has not" for name in rules if name not in known]
    notes += [f"the state knows no layer '{name}': it is taken as never opened" for name in names if name not in layers]
    notes += [f"the state knows no rule '{name}': it is taken as not having acted yet" for name in known if name not in rules]
    if "unfilled" in reader.value:
        open_ = reader.get("unfilled", lambda value: isinstance(value, list), "a list of texts")
        notes.append(f"decided before, to be filled at this close, and not in the book: {', '.join(map(str, open_))}")
    always = dict(zip(names, policy.hedge.always_held, strict=True))

    def row(day: int | None) -> int:
        return NEVER if day is None else int(np.searchsorted(sessions, day, side="right")) - 1

    def acted(name: str) -> tuple[int, ...]:
        if name not in rules:
            return (NEVER,) * (len(names) + 1)
        found = rules[name].get("acted", lambda value: isinstance(value, dict), "an object of dates by layer")
        return tuple(row(_day(found[key], rules[name])) if key in found else NEVER for key in [*names, CONDORS])

    def of(name: str, read: Callable[[_Reader], Any], absent: Any) -> Any:
        return read(layers[name]) if name in layers else absent

    def per_layer(read: Callable[[_Reader], Any], absent: Any) -> tuple[Any, ...]:
        return tuple(of(name, read, absent) for name in names)

    last = per_layer(lambda item: item.day("last_roll"), None)
    memory = Memory(
        started=per_layer(lambda item: item.flag("started"), False),
        active=tuple(of(name, lambda item: item.flag("active"), always[name]) for name in names),
        last_roll=tuple(NOTHING_HELD if day is None else day for day in last),
        due_row=tuple(row(day) for day in per_layer(lambda item: item.day("due"), None)),
        factor=per_layer(lambda item: item.number("factor"), 1.0),
        monetised=per_layer(lambda item: item.flag("monetised"), False),
        acted_row=tuple(acted(rule.name) for rule in policy.rules),
        held_row=(NEVER,) * len(known),
        episode_row=(NEVER,) * len(known),
    )
    state = BookState(
        memory=memory,
        cash_hedged_usd=reader.number("cash_hedged_usd") or 0.0,
        cash_unhedged_usd=reader.number("cash_unhedged_usd") or 0.0,
        moneyness=per_layer(lambda item: item.number("moneyness", optional=True), None),
        break_even_vix=per_layer(lambda item: item.number("break_even_vix", optional=True), None),
        reserve_usd=per_layer(lambda item: item.number("reserve_usd"), 0.0),
        premium_paid=tuple((item.day("session") or 0, item.number("usd") or 0.0) for item in reader.items("premium_paid")),
        planned=tuple(_planned(item) for item in reader.items("planned")),
    )
    held = reader.day("session")
    if held is None:
        reader.refuse("names no session", "session: YYYY-MM-DD")
    return state, held, notes


def policy_note(document: Any, policy: Policy, policy_sha256: str) -> list[str]:
    """Say so where a state was kept under another policy, or another version of it."""
    kept = document.get("policy") if isinstance(document, dict) else None
    if not isinstance(kept, dict) or kept.get("sha256") == policy_sha256:
        return []
    return [
        f"the state was kept under {kept.get('name')} ({str(kept.get('sha256'))[:12]}), the plan is of {policy.name} "
        f"({policy_sha256[:12]}): layers and rules are matched by their names"
    ]


def _planned(item: _Reader) -> OpenCondor:
    return OpenCondor(
        group=-1,
        lots=int(item.number("lots") or 0),
        index_lots=item.number("index_lots") or 0.0,
        credit_usd=item.number("credit_usd") or 0.0,
        max_loss_usd=item.number("max_loss_usd") or 0.0,
        expiry=item.day("expiry") or 0,
        opened_index=-1,
    )
