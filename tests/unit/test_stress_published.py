"""The published instant stress (methods.md 8.3) under its stated inputs, to the dollar that it is printed in."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.helpers import stated_stress as table
from tests.helpers.stress_books import Row, positions_of

from alvh.risk.stress import stress


def cells(rows: list[Row]) -> np.ndarray:
    snapshot: Any = table.StatedSnapshot()
    found = stress(snapshot, table.SERIES, positions_of(rows), table.moves(), table.RESPONSE)
    np.testing.assert_allclose(found.greek_usd.sum(axis=0), found.leg_usd, atol=1e-8)
    return found.pnl_usd


@pytest.mark.parametrize(("name", "strikes"), [("16/5", table.CONDOR_16_5), ("50 wide", table.CONDOR_50)])
def test_condors(name: str, strikes: tuple[float, ...]) -> None:
    np.testing.assert_allclose(cells(table.condor(strikes)) / 6.0, table.PRINTED[name], atol=0.5)


@pytest.mark.parametrize("delta", table.LADDERS)
def test_ladders(delta: int) -> None:
    np.testing.assert_allclose(cells(table.ladder(table.LADDERS[delta])), table.PRINTED[delta], atol=0.5)
