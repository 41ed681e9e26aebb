"""Fits on some of the real chains beside the repository: error, no arbitrage, every row accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from alvh.data.chains import load_chains
from alvh.data.quality import QualityLog
from alvh.market.chain import QuotedChain
from alvh.models.chain_fit import chain_quotes, fit_essvi, fit_hyperbola, fit_ssvi, fit_vix

CHAINS = Path(__file__).resolve().parents[2] / "../shared" / "chains"

pytestmark = pytest.mark.skipif(not CHAINS.is_dir(), reason=f"no real chains at {CHAINS}")

FILES = (
    "spx/2019-07-22_historicaloptiondata.csv.gz",
    "spx/cboe_quotedata/2022-06-10_spx_quotedata.csv.gz",
    "joint/SPX_ivols_20230215.csv.gz",
)


@pytest.fixture(scope="module", params=FILES)
def chain(request: pytest.FixtureRequest) -> QuotedChain:
    return load_chains(CHAINS / request.param, QualityLog())[0]


def test_spx_fits_are_close_and_free_of_arbitrage(chain: QuotedChain) -> None:
    quotes = chain_quotes(chain)
    assert len(quotes.expiries) >= 15
    for fit, most in ((fit_ssvi(quotes), 6.0), (fit_essvi(quotes), 3.0), (fit_hyperbola(quotes), 4.5)):
        assert fit.arbitrage.free, fit.form
        assert fit.rms_pct <= most, fit.form
        assert len(fit.by_delta) == 11
        assert len(fit.by_expiry) == len(quotes.expiries)


def test_every_row_is_used_or_counted(chain: QuotedChain) -> None:
    """Strikes of an expiry = quotes used + quotes left out: nothing vanishes."""
    for one in chain_quotes(chain).expiries:
        mine = (chain.expiry == one.expiry) & (chain.am == one.am)
        assert one.vol.size + sum(one.rejected.values()) == len(set(chain.strike[mine].tolist()))


@pytest.mark.parametrize(
    ("file", "days", "forward"), [("VIX_ivols_20191220.csv.gz", 33, 14.7), ("VIX_ivols_20230215.csv.gz", 35, 20.1)]
)
def test_vix_fit(file: str, days: int, forward: float) -> None:
    chain = load_chains(CHAINS / "joint" / file, QualityLog())[0]
    fit = fit_vix(chain)
    assert fit.converged
    assert fit.arbitrage.free
    assert fit.rms_pct <= 6.0
    monthly = next(one for one in fit.quotes.expiries if one.expiry - chain.session == days)
    assert monthly.parity.forward == pytest.approx(forward, abs=0.1)
