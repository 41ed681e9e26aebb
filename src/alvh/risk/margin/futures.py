"""VX and VXM futures: a requirement a contract, net by expiry, with no relief between expiries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np

from alvh.core.contracts import Root
from alvh.core.days import iso
from alvh.core.errors import UsageError
from alvh.market.positions import FUTURE, Positions
from alvh.risk.margin.report import MarginPart
from alvh.risk.margin.rules import FutureMargin


def future_parts(
    positions: Positions, margins: Mapping[Root, FutureMargin], level: Literal["initial", "maintenance"]
) -> list[MarginPart]:
    """One part for each future and expiry that the account holds net."""
    parts = []
    held: dict[tuple[Root, int], list[int]] = {}
    for row in np.flatnonzero(positions.right == FUTURE):
        held.setdefault((positions.root[row], int(positions.expiry[row])), []).append(int(row))
    for (root, expiry), rows in sorted(held.items()):
        count = round(float(positions.quantity[rows].sum()))
        if not count:
            continue
        if root not in margins:
            raise UsageError(f"no margin for {root.value}", allowed="a FutureMargin a root", todo="add it to futures")
        one = margins[root].initial_usd if level == "initial" else margins[root].maintenance_usd
        parts.append(
            MarginPart(
                product="VX",
                group="VX",
                kind="future",
                label=f"{root.value} {iso(expiry)} future",
                rows=tuple(rows),
                contracts=abs(count),
                gross_usd=abs(count) * one,
                credit_usd=0.0,
                requirement_usd=abs(count) * one,
                binding=f"{level} margin of {one:,.2f} USD a contract",
            )
        )
    return parts
