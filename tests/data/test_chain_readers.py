"""Every chain layout is recognised by its header and read to the values that are in it, plain or packed."""

from __future__ import annotations

import gzip
import math
from collections import Counter
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from tests.fixtures import make_chains as made

from alvh.core.days import iso, to_day
from alvh.data.chains import load_chains
from alvh.data.chains.stamps import Stamp, parse_stamp, session_of
from alvh.data.chains.vol_frame import tick_discount
from alvh.data.quality import QualityLog
from alvh.market.chain import QuotedChain

CHAINS = Path(__file__).resolve().parents[1] / "fixtures" / "chains"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The chains of a path and the log of reading them."""

    chains: tuple[QuotedChain, ...]
    log: QualityLog

    def only(self) -> QuotedChain:
        """The single chain."""
        (chain,) = self.chains
        return chain


def load(path: Path) -> Loaded:
    log = QualityLog()
    return Loaded(chains=load_chains(path, log), log=log)


def quote(chain: QuotedChain, root: str, expiry: date, strike: float, right: str) -> tuple[float, float, float, float]:
    """(bid, ask, volume, open interest) of one contract."""
    sign = 1.0 if right == "C" else -1.0
    rows = (chain.root == root) & (chain.expiry == to_day(expiry)) & (chain.strike == strike) & (chain.right == sign)
    assert rows.sum() == 1
    return tuple(float(column[rows][0]) for column in (chain.bid, chain.ask, chain.volume, chain.open_interest))


def test_the_generator_gives_the_committed_files(tmp_path: Path) -> None:
    made.main(tmp_path)
    names = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*.*"))
    assert names == sorted(path.relative_to(CHAINS) for path in CHAINS.rglob("*.*"))
    for name in names:
        ours, theirs = (tmp_path / name).read_bytes(), (CHAINS / name).read_bytes()
        if name.suffix == ".gz":
            ours, theirs = gzip.decompress(ours), gzip.decompress(theirs)
        assert ours == theirs, name


@pytest.mark.parametrize(
    ("name", "layout", "session", "minute", "spot", "rows"),
    [
        ("spx/delayed.csv", "Cboe delayed quotes", "2023-06-08", None, None, 30),
        ("spx/quotedata_2023.csv", "Cboe quote download", "2023-06-08", 16 * 60 + 30, 4300.0, 30),
        ("spx/quotedata_es.csv", "Cboe quote download", "2023-06-08", 10 * 60 + 11, 4300.0, 30),
        ("spx/quotedata_2022.csv.gz", "Cboe quote download", "2022-06-10", None, 3900.86, 4),
        ("spx/quotedata_2020.dat", "Cboe quote download", "2020-09-04", 20 * 60 + 49, 3425.0, 12),
        ("spx/quotedata_2011.csv", "Cboe quote download before 2018", "2011-01-24", 14 * 60 + 3, 1290.59, 18),
        ("spx/barchart.json", "Barchart", "2026-03-18", None, 6621.8, 4),
        ("spx/historical.csv", "HistoricalOptionData", "2019-07-22", None, 2985.45, 12),
        ("spx/SPX_ivols_20230215.csv", "vol frame", "2023-02-15", None, None, 22),
        ("vix/VIX_ivols_20230215.csv", "vol frame", "2023-02-15", None, None, 18),
        ("vix/quotedata_2019.dat", "Cboe quote download", "2019-08-29", 9 * 60 + 28, 17.5, 12),
        ("others/xsp_quotedata.csv", "Cboe quote download", "2023-09-14", 16 * 60 + 30, 450.5, 4),
    ],
)
def test_each_layout(name: str, layout: str, session: str, minute: int | None, spot: float | None, rows: int) -> None:
    chain = load(CHAINS / name).only()
    assert (chain.source, iso(chain.session)) == (f"{layout}: {Path(name).name}", session)
    assert (chain.minute, len(chain)) == (minute, rows)
    assert chain.listed_spot == spot if spot is not None else math.isnan(chain.listed_spot)
    assert chain.underlying == ("VIX" if name.startswith("vix") else "SPX")
    assert {column.shape for column in (chain.root, chain.am, chain.bid, chain.ask, chain.volume)} == {(rows,)}
    for column in (chain.strike, chain.right, chain.bid, chain.ask, chain.volume, chain.open_interest):
        assert column.dtype == np.float64
    order = list(zip(chain.expiry, chain.root, chain.strike, chain.right, strict=True))
    assert order == sorted(order)


@pytest.mark.parametrize("name", ["spx/delayed.csv", "spx/quotedata_2023.csv", "spx/quotedata_es.csv"])
def test_values_and_settlement_style(name: str) -> None:
    """By hand from the files: AM and PM series of one third Friday stay apart by their root; zero bids are zero."""
    chain = load(CHAINS / name).only()
    monthly = date(2023, 6, 16)
    assert quote(chain, "SPXW", date(2023, 6, 9), 4250.0, "C") == (86.8, 87.2, 1.0, 250.0)
    assert quote(chain, "SPX", monthly, 4350.0, "P") == (86.8, 87.2, 3.0, 350.0)
    assert quote(chain, "SPXW", monthly, 4000.0, "P")[:2] == (0.0, 0.4)
    assert Counter(zip(chain.root.tolist(), chain.am.tolist(), strict=True)) == {("SPX", True): 10, ("SPXW", False): 20}


def test_old_download_keeps_the_composite_row_and_moves_saturdays() -> None:
    loaded = load(CHAINS / "spx" / "quotedata_2011.csv")
    chain = loaded.only()
    assert {iso(day) for day in chain.expiry} == {"2011-01-28", "2011-02-18", "2011-03-31"}
    assert quote(chain, "SPX", date(2011, 2, 18), 1290.0, "C") == (12.6, 13.2, 2.0, 290.0)
    assert set(chain.root[chain.expiry == to_day(date(2011, 3, 31))]) == {"SPXW"}  # SPXPM: PM-settled quarter end
    assert chain.am.sum() == 6
    found = loaded.log.report().find("repeated for another exchange")
    assert [(row.severity, row.count) for row in found] == [("info", 36)]


def test_ivolatility_has_a_chain_a_session_and_ask_before_bid() -> None:
    first, second = load(CHAINS / "spx" / "ivolatility.csv").chains
    assert [(iso(one.session), one.listed_spot) for one in (first, second)] == [("2011-01-06", 1273.85), ("2011-01-07", 1271.5)]
    assert quote(first, "SPXW", date(2011, 1, 14), 1270.0, "C") == (16.25, 16.65, 3.0, 270.0)
    assert {iso(day) for day in first.expiry[first.root == "SPX"]} == {"2011-01-21"}


def test_barchart_leaves_out_expiries_whose_root_it_mixes() -> None:
    loaded = load(CHAINS / "spx" / "barchart.json")
    chain = loaded.only()
    assert {iso(day) for day in chain.expiry} == {"2026-03-19"}
    assert quote(chain, "SPXW", date(2026, 3, 19), 6600.0, "P") == (65.35, 65.75, 6.0, 600.0)
    report = loaded.log.report()
    assert (report.count("third-Friday leg without a root"), report.count("settled before the quotes")) == (4, 4)


def test_xsp_stays_with_spx_under_its_own_root() -> None:
    chain = load(CHAINS / "others" / "xsp_quotedata.csv").only()
    assert (chain.underlying, set(chain.root), chain.am.any()) == ("SPX", {"XSP"}, np.False_)


@pytest.mark.parametrize(
    ("name", "tick", "forward", "roots"),
    [("spx/SPX_ivols_20230215.csv", 0.05, 4150.0, "SPX SPXW"), ("vix/VIX_ivols_20230215.csv", 0.01, 20.2, "VIX VIXW")],
)
def test_vol_frame_restores_quotes_discount_and_forward(name: str, tick: float, forward: float, roots: str) -> None:
    """The generator put quotes on ticks, discounted them and solved vols by halving: the reader must come back to the ticks."""
    chain = load(CHAINS / name).only()
    assert set(chain.root.tolist()) == set(roots.split())
    out = np.where(chain.strike < forward, -1.0, 1.0) == chain.right
    for side in (chain.bid, chain.ask):
        np.testing.assert_allclose(side[out] / tick, np.round(side[out] / tick), atol=1e-9)
    np.testing.assert_allclose(chain.ask[out & (chain.bid > 0.0)] - chain.bid[out & (chain.bid > 0.0)], 2.0 * tick, atol=1e-9)
    for day in np.unique(chain.expiry):
        rows = chain.expiry == day
        lowest = rows & out & (chain.strike == chain.strike[rows].min())
        assert chain.bid[lowest].tolist() == [0.0]  # a blank bid is a zero bid
        calls, puts = (rows & (chain.right == sign) & (chain.bid > 0.0) for sign in (1.0, -1.0))
        strikes = np.intersect1d(chain.strike[calls], chain.strike[puts])
        gap = [
            float(np.mean([chain.bid[calls & (chain.strike == k)], chain.ask[calls & (chain.strike == k)]]))
            - float(np.mean([chain.bid[puts & (chain.strike == k)], chain.ask[puts & (chain.strike == k)]]))
            for k in strikes
        ]
        slope, level = np.polyfit(strikes, gap, 1)
        # In-the-money rows are not rounded, the out-of-the-money ones are restored to 1e-6 of a tick.
        assert -slope == pytest.approx(made.FRAME_DISCOUNT, abs=1e-6)
        assert level / -slope == pytest.approx(forward, rel=1e-5)


def test_tick_discount_is_found_nearest_to_one_or_not_at_all() -> None:
    ticks = np.array([1, 2, 3, 5, 8, 30, 61, 200, 1234]) * 0.05
    for factor in (0.81, 0.97, 0.9999, 1.02):
        assert tick_discount(ticks / factor, 0.1) == (pytest.approx(factor, rel=1e-12), 0.05)
    assert tick_discount(2.0 * ticks / 0.99, 5.0) == (pytest.approx(0.99), 0.05)  # 0.495 would put them on ticks too
    assert tick_discount(0.5 * ticks / 0.99, 0.1) == (pytest.approx(0.99), 0.025)
    assert tick_discount(np.array([0.1, 0.2313, 0.37777, 1.4142, 2.2361, 3.1416, 9.81]), 0.1) is None
    assert tick_discount(np.zeros(3), 0.1) is None


@pytest.mark.parametrize("change", ["gzip", "windows", "bom", "name"])
@pytest.mark.parametrize(
    "name", ["spx/delayed.csv", "spx/quotedata_2023.csv", "spx/quotedata_2020.dat", "spx/quotedata_2011.csv"]
)
def test_packing_line_ends_marks_and_names_do_not_matter(name: str, change: str, tmp_path: Path) -> None:
    raw = (CHAINS / name).read_bytes()
    path = tmp_path / Path(name).name
    if change == "gzip":
        path, raw = path.with_name(path.name + ".gz"), gzip.compress(raw)
    elif change == "windows":
        raw = raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    elif change == "bom":
        raw = b"\xef\xbb\xbf" + raw
    else:
        path = tmp_path / "anything.txt"
    path.write_bytes(raw)
    ours, theirs = load(path).only(), load(CHAINS / name).only()
    for column in ("root", "expiry", "am", "strike", "right", "bid", "ask", "volume", "open_interest"):
        np.testing.assert_array_equal(getattr(ours, column), getattr(theirs, column))
    assert (ours.session, ours.minute) == (theirs.session, theirs.minute)


@pytest.mark.parametrize(
    ("text", "day", "minute"),
    [
        ("Date: February 5 2022, 8:09 PM EST", date(2022, 2, 5), 1209),
        ("Date: 23 de marzo de 2022, 10:11 GMT-4", date(2022, 3, 23), 611),
        ("Date: August 20, 2023 at 10:42 PM EDT", date(2023, 8, 20), 1362),
        ("Sep 04 2020 @ 20:49 ET", date(2020, 9, 4), 1249),
        ("Jan 24 2011 @ 14:03 ET", date(2011, 1, 24), 843),
        ("Date: 23. M\u00e4rz 2022 um 15:11 GMT+1", date(2022, 3, 23), 611),
        ("23 mars 2022 \u00e0 02:11 UTC+1", date(2022, 3, 22), 1271),  # 01:11 in London is the evening before in New York
        ("Date: 4 f\u00e9vrier 2022, 21:05 GMT", date(2022, 2, 4), 965),
        ("June 8, 2023 at 3:30 PM CDT", date(2023, 6, 8), 990),
        ("June 8, 2023 at 12:05 AM EDT", date(2023, 6, 8), 5),
        ("June 8, 2023 at 3:30 PM JST", date(2023, 6, 8), None),
        ("2023-06-08T16:15:00", date(2023, 6, 8), 975),
        ("06/08/2023 4:15 PM ET", date(2023, 6, 8), 975),
        ("June 8, 2023", date(2023, 6, 8), None),
        ("martes 8 mar 2022 16:20 ET", date(2022, 3, 8), 980),
    ],
)
def test_stamps(text: str, day: date, minute: int | None) -> None:
    assert parse_stamp(text) == Stamp(day=to_day(day), minute=minute)


@pytest.mark.parametrize("text", ["", "S&P 500 INDEX", "31 Foo 2022", "Feb 30 2022", "Jan 24 2011 @ 25:03 ET", "2022-13-45"])
def test_no_stamp(text: str) -> None:
    assert parse_stamp(text) is None


@pytest.mark.parametrize(
    ("day", "minute", "session", "since"),
    [
        (date(2022, 2, 4), 975, date(2022, 2, 4), 975),
        (date(2022, 2, 5), 1209, date(2022, 2, 4), 1440 + 1209),  # Saturday
        (date(2023, 8, 20), 1362, date(2023, 8, 18), 2880 + 1362),  # Sunday
        (date(2022, 2, 7), 60, date(2022, 2, 4), 3 * 1440 + 60),  # Monday, one in the morning
        (date(2019, 8, 29), 568, date(2019, 8, 29), 568),
        (date(2022, 7, 4), None, date(2022, 7, 1), 3 * 1440),  # a holiday
        (date(2022, 2, 4), None, date(2022, 2, 4), None),
    ],
)
def test_session_of_a_moment(day: date, minute: int | None, session: date, since: int | None) -> None:
    assert session_of(Stamp(day=to_day(day), minute=minute)) == (to_day(session), since)
