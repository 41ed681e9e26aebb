"""Parity of VIX quotes by hand and brute force, equal protection against a plain reprice, and the command on real chains."""

from __future__ import annotations

import itertools
import json
import math
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alvh.app.cli import main
from alvh.app.wiring import load_market
from alvh.core.days import to_day
from alvh.core.errors import DataMissing, UsageError
from alvh.market.chain import QuotedChain
from alvh.market.market import Legs
from alvh.market.scenarios import Response, Scenarios
from alvh.risk.parity import ParityCosts, compared_structures, equal_stress, scan
from alvh.strategy.policy_file import load_policy

SHARED = Path(__file__).resolve().parents[2] / "../shared"
SESSION, EXPIRY = to_day(date(2023, 2, 15)), to_day(date(2023, 3, 22))
FREE = ParityCosts(option_fee_usd=0.0, future_fee_usd=0.0, future_half_spread_points=0.0)


def chain_of(rows: list[tuple[float, float, float, float, float]], underlying: str = "VIX") -> QuotedChain:
    """A chain of one expiry from (strike, call bid, call ask, put bid, put ask)."""
    n = len(rows)
    table = np.array(rows)
    return QuotedChain(
        underlying=underlying,
        session=SESSION,
        minute=None,
        root=np.array(["VIX"] * (2 * n)),
        expiry=np.full(2 * n, EXPIRY, dtype=np.int64),
        am=np.ones(2 * n, dtype=np.bool_),
        strike=np.tile(table[:, 0], 2),
        right=np.repeat([1.0, -1.0], n),
        bid=np.concatenate([table[:, 1], table[:, 3]]),
        ask=np.concatenate([table[:, 2], table[:, 4]]),
        volume=np.full(2 * n, np.nan),
        open_interest=np.full(2 * n, np.nan),
        listed_spot=float("nan"),
        source="made by hand",
    )


def test_a_conversion_by_hand() -> None:
    """Rate 0: the synthetic can be sold at 20 + 2.10 - 1.50 = 20.60 and bought at 20 + 2.20 - 1.40 = 20.80."""
    (row,) = scan(chain_of([(20.0, 2.10, 2.20, 1.40, 1.50)]), {EXPIRY: 20.40}, 0.0)
    assert (row.implied, row.implied_bid, row.implied_ask) == pytest.approx((20.70, 20.60, 20.80))
    assert row.gap == pytest.approx(0.30)
    fees = 2 * 1.10 + 0.25
    assert row.conversion_usd == pytest.approx(100 * (20.60 - 20.40 - 0.025) - fees)
    assert row.reversal_usd == pytest.approx(100 * (20.40 - 0.025 - 20.80) - fees)
    assert row.box_usd == pytest.approx(100 * (20.60 - 20.80) - 4.40)
    assert row.inside is False


def test_a_conversion_pays_what_every_settlement_leaves() -> None:
    """Long the future, short the call, long the put, held to settlement: the same dollars wherever VIX settles."""
    rate, future, strike = 0.05, 20.3, 21.0
    (row,) = scan(chain_of([(strike, 1.95, 2.05, 2.40, 2.50)]), {EXPIRY: future}, rate)
    growth = math.exp(rate * (EXPIRY - SESSION) / 365)
    paid = 1.95 - 2.50
    fees = (2 * 1.10 + 0.25) * growth
    for settle in (9.0, 21.0, 80.0):
        options = -max(settle - strike, 0.0) + max(strike - settle, 0.0)
        outcome = 100.0 * (settle - future - 0.025 + options + paid * growth) - fees
        assert row.conversion_usd == pytest.approx(outcome, abs=1e-9)


def test_the_best_strikes_are_brute_forces_best() -> None:
    rng = np.random.default_rng(3)
    forward, rate = 22.0, 0.03
    discount = math.exp(-rate * (EXPIRY - SESSION) / 365)
    rows = []
    for strike in np.arange(15.0, 31.0):
        time_value = 2.0 * math.exp(-(((strike - forward) / 6.0) ** 2))
        call, put = discount * max(forward - strike, 0) + time_value, discount * max(strike - forward, 0) + time_value
        half = rng.uniform(0.03, 0.2, 4)
        rows.append((float(strike), call - half[0], call + half[1], put - half[2], put + half[3]))
    (row,) = scan(chain_of(rows), {EXPIRY: forward}, rate, FREE)
    assert row.implied_bid is not None and row.implied_ask is not None
    ok = [r for r in rows if r[0] + (r[1] - r[4]) / discount <= (row.implied or 0.0) <= r[0] + (r[2] - r[3]) / discount]
    assert row.inconsistent == len(rows) - len(ok)
    assert row.implied_bid == pytest.approx(max(r[0] + (r[1] - r[4]) / discount for r in ok))
    assert row.implied_ask == pytest.approx(min(r[0] + (r[2] - r[3]) / discount for r in ok))
    pairs = itertools.product(rows, rows)
    best = max(a[0] + (a[1] - a[4]) / discount - (b[0] + (b[2] - b[3]) / discount) for a, b in pairs)
    assert row.box_usd == pytest.approx(100.0 * best)


def test_a_stale_strike_is_counted_and_left_out_of_the_trades() -> None:
    good = [(19.0, 2.6, 2.7, 1.0, 1.1), (20.0, 2.0, 2.1, 1.4, 1.5)]
    stale = (25.0, 3.0, 3.1, 2.0, 2.1)  # a synthetic of 26
    (row,) = scan(chain_of([*good, stale]), {EXPIRY: 20.6}, 0.0)
    assert (row.pairs, row.inconsistent) == (3, 1)
    assert row.implied_bid is not None and row.implied_bid < 20.7
    assert row.box_usd is not None and row.box_usd > 100.0


def test_without_future_or_quotes_nothing_is_claimed() -> None:
    (row,) = scan(chain_of([(20.0, 2.1, 2.2, 1.4, 1.5)]), {}, 0.0)
    assert (row.future, row.gap, row.conversion_usd, row.inside) == (None, None, None, None)
    (row,) = scan(chain_of([(20.0, 0.0, 0.05, 0.0, np.nan)]), {EXPIRY: 20.0}, 0.0)
    assert (row.pairs, row.implied, row.implied_bid, row.implied_ask) == (0, None, None, None)
    with pytest.raises(UsageError, match="a chain of SPX"):
        scan(chain_of([(20.0, 2.1, 2.2, 1.4, 1.5)], underlying="SPX"), {}, 0.0)


@pytest.fixture(scope="module")
def loaded() -> Any:
    return load_market("sample", load_policy("alvh-442").policy)


def test_equal_protection_gains_the_same_and_costs_what_a_plain_reprice_says(loaded: Any) -> None:
    snapshot = loaded.market.snapshot(int(np.searchsorted(loaded.market.sessions, to_day(date(2018, 1, 17)))))
    structures = compared_structures(snapshot, loaded.market.series.expiry)
    scenario = Scenarios.of(-0.08, 18.0)
    assert len(structures) == 4
    for price in equal_stress(snapshot, structures, scenario, gain_usd=5_000.0):
        legs, ratio = structures[price.name]
        shocked = [
            float(snapshot.reprice(Legs.of([(int(s), float(k), int(r))]), scenario, Response())[0, 0])
            for s, k, r in zip(legs.series, legs.strike, legs.right, strict=True)
        ]
        now = snapshot.quote(legs)
        gain = 100.0 * price.contracts * float(np.dot(ratio, np.array(shocked) - now.mid))
        assert gain == pytest.approx(5_000.0)
        assert price.premium_usd == pytest.approx(100.0 * price.contracts * float(np.dot(ratio, now.mid)))
        assert price.premium_usd > price.spread_usd > 0.0
        assert 0.0 < price.decay_usd <= price.premium_usd + 1e-9


def test_a_structure_that_gains_nothing_is_refused(loaded: Any) -> None:
    snapshot = loaded.market.snapshot(int(np.searchsorted(loaded.market.sessions, to_day(date(2018, 1, 17)))))
    structures = compared_structures(snapshot, loaded.market.series.expiry)
    with pytest.raises(DataMissing, match="gains -"):
        equal_stress(snapshot, structures, Scenarios.of(0.05, -3.0))
    with pytest.raises(UsageError, match="2 scenarios"):
        equal_stress(snapshot, structures, Scenarios.of([-0.05, -0.08], [10.0, 18.0]))


def test_the_command_on_real_chains(capsys: pytest.CaptureFixture[str]) -> None:
    if not (SHARED / "chains" / "joint").is_dir():
        pytest.skip("../shared/chains is not there: real VIX quotes are not part of the repository")
    assert (
        main(["study", "parity", "--chains", str(SHARED / "chains/joint"), "--data", str(SHARED / "market"), "--json", "-q"]) == 0
    )
    document = json.loads(capsys.readouterr().out)
    assert document["schema"] == "alvh.study.parity/1"
    monthly = [row for scan in document["scans"] for row in scan["expiries"] if row["root"] == "VIX" and row["vx_points"]]
    assert len(monthly) == 14
    # Settlements of another minute: the forwards agree to a few ticks, so the expiries are matched rightly.
    assert max(abs(row["gap_points"]) for row in monthly) < 0.15
    for row in monthly:
        assert row["implied_bid_points"] <= row["implied_forward_points"] <= row["implied_ask_points"]
    names = {row["name"].split()[0] for row in document["equal_stress"]["rows"]}
    assert names == {"VIX", "SPX"}


def test_a_folder_without_vix_chains_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "parity", "--chains", str(tmp_path), "--data", "sample", "-q"]) == 4
    assert "no chain" in capsys.readouterr().err
