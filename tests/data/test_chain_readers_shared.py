"""The chain readers on real files of every vendor, where a folder of them lies beside the repository."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from alvh.core.days import iso
from alvh.data.chains import load_chains
from alvh.data.chains.vol_frame import tick_discount
from alvh.data.quality import QualityLog
from alvh.kernels.black import black_price

CHAINS = Path(__file__).resolve().parents[3] / "shared" / "chains"

pytestmark = pytest.mark.skipif(not (CHAINS / "README.md").is_file(), reason="no ../shared/chains beside the repository")

# Session and Eastern minute as the files print them, read by eye; None where they print none or a later day.
STAMPS = {
    "spx/cboe_quotedata/2011-01-24_quotedata_old.csv.gz": ("2011-01-24", 14 * 60 + 3),
    "spx/cboe_quotedata/2020-09-04_quotedata.dat.gz": ("2020-09-04", 20 * 60 + 49),
    "spx/cboe_quotedata/2022-02-04_spx_quotedata.csv.gz": ("2022-02-04", None),
    "spx/cboe_quotedata/2022-03-23_spx_quotedata_es.csv.gz": ("2022-03-23", 10 * 60 + 11),
    "spx/cboe_quotedata/2022-06-10_spx_quotedata.csv.gz": ("2022-06-10", None),
    "spx/cboe_quotedata/2023-08-18_spx_quotedata.csv.gz": ("2023-08-18", None),
    "vix/2019-08-29_quotedata.dat.gz": ("2019-08-29", 9 * 60 + 28),
    "etf/2023-09-14__carlosjimenezdiaz__xsp_quotedata.csv.gz": ("2023-09-14", 16 * 60 + 30),
    "spx/2019-07-22_historicaloptiondata.csv.gz": ("2019-07-22", None),
}


@pytest.mark.parametrize("name", sorted(STAMPS))
def test_sessions_and_rows(name: str) -> None:
    """Every row of the file is in the chain or counted as dropped."""
    log = QualityLog()
    (chain,) = load_chains(CHAINS / name, log)
    assert (iso(chain.session), chain.minute) == STAMPS[name]
    lines = gzip.decompress((CHAINS / name).read_bytes()).decode("utf-8-sig").splitlines()
    tall = name.endswith("optiondata.csv.gz")
    contracts = sum(1 for line in lines if line.count(",") > 12 and any(char.isdigit() for char in line)) * (1 if tall else 2)
    report = log.report()
    dropped = sum(report.count(what) for what in ("settled before", "expiry before", "neither bid", "repeated for", "duplicate"))
    assert len(chain) + dropped == contracts
    assert dropped <= 0.1 * contracts
    keys = Counter(zip(chain.root, chain.expiry, chain.strike, chain.right, strict=True))
    assert max(keys.values()) == 1


def test_ivolatility_sessions() -> None:
    chains = load_chains(CHAINS / "spx" / "2011-01_ivolatility.csv.gz", QualityLog())
    assert [(iso(one.session), one.listed_spot) for one in chains] == [
        ("2011-01-03", 1271.87),
        ("2011-01-04", 1270.2),
        ("2011-01-05", 1276.56),
        ("2011-01-06", 1273.85),
        ("2011-01-07", 1271.5),
    ]
    assert all((one.ask >= one.bid)[~np.isnan(one.ask)].all() for one in chains)


def test_a_delayed_chain() -> None:
    (chain,) = load_chains(CHAINS / "spx" / "cboe_delayed" / "SPX_2026-07-24.csv.gz", QualityLog())
    assert (iso(chain.session), len(chain)) == ("2026-07-24", 28_784)
    assert set(chain.root.tolist()) == {"SPX", "SPXW"}


@pytest.mark.parametrize("name", ["SPX_ivols_20191220", "SPX_ivols_20230215", "VIX_ivols_20191220", "VIX_ivols_20230215"])
def test_vol_frames_give_the_quoted_prices_back(name: str) -> None:
    """All prices stand on ticks under one factor an expiry, which no wrong factor does: found here again by hand."""
    log = QualityLog()
    (chain,) = load_chains(CHAINS / "joint" / f"{name}.csv.gz", log)
    assert iso(chain.session).replace("-", "") == name[-8:]
    assert log.report().count("fit no tick") == 0
    rows = [
        line.split(",") for line in gzip.decompress((CHAINS / "joint" / f"{name}.csv.gz").read_bytes()).decode().splitlines()[1:]
    ]
    last = [row for row in rows if row[0] == rows[-1][0] and row[3]]
    strike, bid, ask, forward, years = (np.array([float(row[i]) for row in last]) for i in (2, 3, 4, 5, 1))
    right = np.where(strike < forward, -1.0, 1.0)
    prices = np.concatenate([black_price(forward, strike, years, 1.0, vol, right) for vol in (bid, ask)])
    found = tick_discount(prices, float(years[0]))
    assert found is not None
    factor, tick = found
    assert np.abs(prices * factor / tick - np.round(prices * factor / tick)).max() < 1e-4
    assert -0.01 < -np.log(factor) / years[0] < 0.06
