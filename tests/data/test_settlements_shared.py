"""Settlement values against the published ones, and a run held to its settlements (needs ``../shared/market``)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from alvh.app.wiring import LoadedMarket, load_market, run_on
from alvh.core.days import iso, to_day
from alvh.results.breakdown import settlement_rows
from alvh.strategy.policy import CondorExit, Policy, Roll
from alvh.strategy.policy_file import LoadedPolicy, load_policy, policy_sha256

MARKET = Path(__file__).resolve().parents[3] / "shared" / "market"
pytestmark = pytest.mark.skipif(not MARKET.is_dir(), reason="no ../shared/market beside the repository")

VRO = {
    date(2014, 3, 18): 15.46,
    date(2018, 12, 19): 26.20,
    date(2019, 3, 19): 12.35,
    date(2019, 4, 17): 11.71,
    date(2019, 11, 20): 13.01,
    date(2020, 3, 18): 69.76,
    date(2022, 3, 15): 32.28,
    date(2024, 6, 18): 12.39,
}
"""Final settlement values published by the exchange, as methods.md 1.2 gives them."""


@pytest.fixture(scope="module")
def market() -> LoadedMarket:
    return load_market(MARKET, load_policy("alvh-442").policy, start=date(2007, 1, 3), end=date(2026, 7, 22))


@pytest.mark.parametrize(("expiry", "value"), VRO.items(), ids=str)
def test_vix_settles_on_the_published_value(market: LoadedMarket, expiry: date, value: float) -> None:
    table = market.market.series
    rows = [row for row in range(len(table)) if table.is_vix[row] and table.expiry[row] == to_day(expiry)]
    assert len(rows) == 1
    index = int(market.market.sessions.searchsorted(table.settlement_session[rows[0]]))
    settlement = market.market.settlement(rows[0], index)
    assert settlement.published
    assert settlement.value == pytest.approx(value, abs=1e-9)


def _held(policy: Policy, roots: tuple[str, ...]) -> LoadedPolicy:
    layers = tuple(replace(layer, roll=Roll(kind="hold_to_settlement")) for layer in policy.hedge.layers)
    held = replace(
        policy,
        condor=replace(policy.condor, roots=roots, exit=CondorExit(profit_fraction_pct=None, dte=None)),
        hedge=replace(policy.hedge, layers=layers),
    )
    return LoadedPolicy(policy=held, sha256=policy_sha256(held), origin={}, chain=())


@pytest.mark.parametrize("roots", [("SPX",), ("SPXW",)], ids=lambda roots: roots[0])
def test_everything_held_settles_with_a_value_and_a_source(market: LoadedMarket, roots: tuple[str, ...]) -> None:
    """Every expiry held settles on its own session: SPXW on the close, SPX inside the day, VIX on the final settlement."""
    policy = _held(load_policy("alvh-442").policy, roots)
    result = run_on(market, policy, start=date(2007, 1, 3), end=date(2026, 7, 22)).result
    rows = settlement_rows(result)
    history, table = market.market.history, market.market.series
    row_of = {f"{table.roots[k]} {iso(table.expiry[k])}": k for k in range(len(table))}
    assert {row["series"].split()[0] for row in rows} == {*roots, "VIX", "VIXW"}
    assert len(rows) > 500
    day = {iso(session): k for k, session in enumerate(history.sessions)}
    for row in rows:
        series, index = row_of[row["series"]], day[row["session"]]
        assert row["session"] == iso(table.settlement_session[series]), row
        assert row["source"]
        if table.is_vix[series]:
            continue
        if row["settlement"] == "PM":
            assert row["value"] == pytest.approx(history.spx_close[index], abs=1e-4)
        else:
            assert history.spx_low[index] - 1e-4 <= row["value"] <= history.spx_high[index] + 1e-4
    published = [row for row in rows if row["series"].startswith("VIX ") and row["session"] < "2026-01-08"]
    assert [row["session"] for row in published if row["published"] != "yes"] in ([], ["2025-03-18"])
