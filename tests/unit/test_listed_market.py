"""Saved chains as a market: forwards, vols and deltas of known prices come back; nothing is invented where a quote is missing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from tests.helpers.books import shipped, synthetic_market
from tests.helpers.quoted_day import altered, quoted_day, stated_forward, stated_vol, years_left
from tests.reference.black_reference import black_greeks, black_price

from alvh.core.contracts import Root
from alvh.core.days import iso
from alvh.core.errors import DataInvalid, DataMissing, UsageError
from alvh.market.chain import QuotedChain
from alvh.market.market import Legs
from alvh.market.positions import Positions
from alvh.market.scenarios import Response, Scenarios
from alvh.models.listed_market import ListedMarket, ListedSnapshot, listed_market
from alvh.models.model_market import ModelMarket
from alvh.risk.betas import PUBLISHED
from alvh.risk.exposures import exposures
from alvh.risk.size_inputs import size_inputs
from alvh.strategy.selection import choose_condor_expiry, choose_condor_strikes

CALL, PUT = 1, -1
INDEX = 300
"""Row of 15 March 2016, when VIX weeklies are listed: SPX 2506.62 there, VIX 14.3."""
HALF = 0.05
COLUMNS = ("root", "expiry", "am", "strike", "right", "bid", "ask", "volume", "open_interest", "bid_size", "ask_size")


@pytest.fixture(scope="module")
def base() -> ModelMarket:
    return synthetic_market(420, seed=3)


def rows_within(base: ModelMarket, low: int, high: int, *, vix: bool) -> list[int]:
    session = int(base.sessions[INDEX])
    listed = base.snapshot(INDEX).listed(vix=vix)
    return [row for row in listed.tolist() if low <= base.series.expiry[row] - session <= high]


def chain_of(base: ModelMarket, rows: list[int], **options: object) -> QuotedChain:
    return quoted_day(base.series, rows, int(base.sessions[INDEX]), float(base.bill_rate[INDEX]), **options)


@pytest.fixture(scope="module")
def chains(base: ModelMarket) -> tuple[QuotedChain, QuotedChain]:
    """SPX of 24 to 52 days, and VIX of 15 days and more."""
    return (
        chain_of(base, rows_within(base, 24, 52, vix=False), source="spx"),
        chain_of(base, rows_within(base, 15, 400, vix=True), source="vix"),
    )


@pytest.fixture(scope="module")
def market(base: ModelMarket, chains: tuple[QuotedChain, QuotedChain]) -> ListedMarket:
    return listed_market(base, chains, index=INDEX)


def row_of(base: ModelMarket, root: Root, days: int) -> int:
    session = int(base.sessions[INDEX])
    return next(k for k, name in enumerate(base.series.roots) if name == root and base.series.expiry[k] == session + days)


def contract(base: ModelMarket, row: int) -> tuple[str, int]:
    return base.series.roots[row].value, int(base.series.expiry[row])


def with_quote(
    base: ModelMarket, chains: tuple[QuotedChain, QuotedChain], row: int, strike: float, right: int, bid: float, ask: float
) -> ListedSnapshot:
    """The SPX chain with one quote changed, as a market of that session."""
    root, expiry = contract(base, row)
    return listed_market(base, [altered(chains[0], root, expiry, strike, right, bid=bid, ask=ask), chains[1]]).today()


def test_forwards_vols_and_deltas_come_back(base: ModelMarket, market: ListedMarket) -> None:
    """Every strike of every expiry, against the textbook formulas at the stated forward and vol."""
    snapshot, session = market.today(), int(base.sessions[INDEX])
    checked = 0
    for vix in (False, True):
        for row in snapshot.listed(vix=vix).tolist():
            years = years_left(base.series, row, session)
            forward = stated_forward(years, vix=vix)
            discount = math.exp(-float(base.bill_rate[INDEX]) * years)
            for right in (CALL, PUT):
                found = snapshot.slice(row, right)
                assert found.forward == pytest.approx(forward, abs=1e-6)
                assert (found.series, found.right) == (row, right)
                assert np.all(np.diff(found.strikes) > 0.0)
                legs = Legs.of([(row, strike, right) for strike in found.strikes.tolist()])
                greeks, quotes = snapshot.greeks(legs), snapshot.quote(legs)
                for k, strike in enumerate(found.strikes.tolist()):
                    vol = stated_vol(strike, forward, vix=vix)
                    price, delta, gamma, vega, theta = black_greeks(forward, strike, years, discount, vol, float(right))
                    if min(price, black_price(forward, strike, years, discount, vol, -float(right))) <= HALF:
                        continue  # one side of the strike has a zero bid: its vol rests on an in-the-money price
                    assert found.delta[k] == pytest.approx(abs(delta), abs=1e-6)
                    assert greeks[:, k] == pytest.approx(
                        [price, delta, gamma, vega, theta, forward, vol, years], rel=1e-6, abs=1e-8
                    )
                    assert (quotes.delta[k], quotes.forward[k]) == pytest.approx((delta, forward), abs=1e-6)
                    assert quotes.mid[k] == pytest.approx(price, abs=1e-9)
                    checked += 1
    assert checked > 1500


def test_only_what_the_chain_holds_is_listed(base: ModelMarket, market: ListedMarket) -> None:
    snapshot = market.today()
    assert snapshot.listed(vix=False).tolist() == rows_within(base, 24, 52, vix=False)
    assert snapshot.listed(vix=True).tolist() == rows_within(base, 15, 400, vix=True)
    near = rows_within(base, 1, 23, vix=False)[0]
    with pytest.raises(DataMissing, match="has no forward of its own"):
        snapshot.slice(near, CALL)


def test_quotes_and_marks_are_the_files(base: ModelMarket, chains: tuple[QuotedChain, QuotedChain], market: ListedMarket) -> None:
    row, snapshot = row_of(base, Root.SPXW, 45), market.today()
    root, expiry = contract(base, row)
    at = (chains[0].root == root) & (chains[0].expiry == expiry)
    legs = Legs(
        series=np.full(int(at.sum()), row, dtype=np.int64), strike=chains[0].strike[at], right=chains[0].right[at].astype(float)
    )
    quotes = snapshot.quote(legs)
    np.testing.assert_array_equal(quotes.bid, chains[0].bid[at])
    np.testing.assert_array_equal(quotes.ask, chains[0].ask[at])
    np.testing.assert_allclose(quotes.mid, 0.5 * (quotes.bid + quotes.ask))
    np.testing.assert_array_equal(
        quotes.tick, np.where(quotes.bid < 3.0, 0.05, 0.10)
    )  # SPXW in 2016: nickels below 3, dimes above
    source, mark, model = snapshot.mark_source(legs), snapshot.mark(legs), base.snapshot(INDEX).mark(legs)
    bidden = quotes.bid > 0.0
    assert set(source[bidden]) == {"quote"} and set(source[~bidden]) == {"model"}
    np.testing.assert_array_equal(mark[bidden], quotes.mid[bidden])
    np.testing.assert_array_equal(mark[~bidden], np.minimum(model, quotes.ask)[~bidden])
    for found, wanted in zip(
        snapshot.displayed(legs), (chains[0].bid_size, chains[0].ask_size, chains[0].open_interest), strict=True
    ):
        np.testing.assert_array_equal(found, wanted[at])


@pytest.mark.parametrize(
    ("bid", "ask", "shown"),
    [
        (math.nan, math.nan, (math.nan, math.nan)),
        (4.0, math.nan, (math.nan, math.nan)),
        (math.nan, 4.0, (math.nan, math.nan)),
        (4.2, 4.0, (math.nan, math.nan)),
        (0.0, 4.0, (0.0, 4.0)),
    ],
    ids=["missing", "no ask", "no bid", "crossed", "zero bid"],
)
def test_a_quote_that_is_no_market(
    base: ModelMarket, chains: tuple[QuotedChain, QuotedChain], bid: float, ask: float, shown: tuple[float, float]
) -> None:
    """No price is made up: the leg is marked by the model and says so, and its strike cannot be chosen."""
    row, strike = row_of(base, Root.SPXW, 45), 2400.0
    snapshot = with_quote(base, chains, row, strike, PUT, bid, ask)
    legs = Legs.of([(row, strike, PUT), (row, strike - 5.0, PUT)])
    quotes = snapshot.quote(legs)
    assert (quotes.bid[0], quotes.ask[0]) == pytest.approx(shown, nan_ok=True)
    assert quotes.mid[0] == pytest.approx(0.5 * sum(shown), nan_ok=True)
    model = base.snapshot(INDEX).mark(legs)
    assert snapshot.mark_source(legs).tolist() == ["model", "quote"]
    assert snapshot.mark(legs)[0] == (min(model[0], ask) if bid == 0.0 else model[0])
    assert strike not in snapshot.slice(row, PUT).strikes and strike - 5.0 in snapshot.slice(row, PUT).strikes
    assert strike in snapshot.slice(row, CALL).strikes  # the in-the-money call of the strike is quoted, and has its own vol
    years = years_left(base.series, row, int(base.sessions[INDEX]))
    forward = stated_forward(years, vix=False)
    wanted = black_greeks(forward, strike, years, 1.0, stated_vol(strike, forward, vix=False), -1.0)[1]
    assert quotes.delta[0] == pytest.approx(wanted, abs=1e-6)  # by the vol of the call
    assert np.isfinite(quotes.tick).all() and quotes.forward[0] == pytest.approx(forward, abs=1e-6)


def test_a_strike_without_any_quote_takes_its_vol_from_its_neighbours(
    base: ModelMarket, chains: tuple[QuotedChain, QuotedChain]
) -> None:
    row, strike = row_of(base, Root.SPXW, 45), 2402.5
    snapshot = listed_market(base, chains).today()
    legs = Legs.of([(row, strike, PUT), (row, 100.0, PUT), (row, 9000.0, CALL)])
    years = years_left(base.series, row, int(base.sessions[INDEX]))
    forward = stated_forward(years, vix=False)
    sides = [stated_vol(near, forward, vix=False) for near in (2400.0, 2405.0)]
    greeks = snapshot.greeks(legs)
    assert min(sides) < greeks[6, 0] < max(sides)
    ends = [snapshot.greeks(Legs.of([(row, one.strikes[k], right)]))[6, 0] for right, k, one in
            ((PUT, 0, snapshot.slice(row, CALL)), (CALL, -1, snapshot.slice(row, PUT)))]  # fmt: skip
    assert greeks[6, 1:] == pytest.approx(ends)  # beyond the quotes the last vol is held
    np.testing.assert_array_equal(snapshot.mark_source(legs), ["model"] * 3)
    assert np.isnan(snapshot.quote(legs).bid).all()
    assert all(np.isnan(column).all() for column in snapshot.displayed(legs))


def test_one_false_quote_moves_no_forward(base: ModelMarket, chains: tuple[QuotedChain, QuotedChain]) -> None:
    row = row_of(base, Root.SPXW, 45)
    forward = listed_market(base, chains).today().slice(row, CALL).forward
    strike = 5.0 * round(forward / 5.0)
    for off in (-40.0, 60.0):
        bid = 30.0 + off
        moved = with_quote(base, chains, row, strike, CALL, max(bid, 0.05), max(bid, 0.05) + 0.1).slice(row, CALL).forward
        assert moved == pytest.approx(forward, abs=1e-6)


def test_a_family_without_a_chain_is_the_models(base: ModelMarket, chains: tuple[QuotedChain, QuotedChain]) -> None:
    market = listed_market(base, chains[:1])
    snapshot, model = market.today(), base.snapshot(INDEX)
    np.testing.assert_array_equal(snapshot.listed(vix=True), model.listed(vix=True))
    row = int(model.listed(vix=True)[3])
    mine, theirs = snapshot.slice(row, CALL), model.slice(row, CALL)
    np.testing.assert_array_equal(mine.strikes, theirs.strikes)
    np.testing.assert_array_equal(mine.delta, theirs.delta)
    spx = row_of(base, Root.SPXW, 45)
    legs = Legs.of([(row, 20.0, CALL), (spx, 2400.0, PUT), (row, 22.0, CALL)])
    alone = Legs.of([(row, 20.0, CALL), (row, 22.0, CALL)])
    np.testing.assert_array_equal(snapshot.quote(legs).bid[[0, 2]], model.quote(alone).bid)
    np.testing.assert_array_equal(snapshot.mark(legs)[[0, 2]], model.mark(alone))
    assert snapshot.mark_source(legs).tolist() == ["model", "quote", "model"]
    assert "no chain of VIX options was saved: all their prices are the model's" in market.notes
    assert all("XSP" not in note for note in market.notes)  # the table has no XSP series


def test_xsp_beside_spx_is_the_models() -> None:
    base = synthetic_market(420, seed=3, xsp=True)
    market = listed_market(base, [chain_of(base, rows_within(base, 30, 45, vix=False)[:2])])
    snapshot = market.today()
    roots = {base.series.roots[row] for row in snapshot.listed(vix=False).tolist()}
    assert Root.XSP in roots
    assert any("XSP" in note for note in market.notes)


def test_expiries_without_a_forward_are_left_out_and_counted(base: ModelMarket, chains: tuple[QuotedChain, QuotedChain]) -> None:
    row = row_of(base, Root.SPXW, 45)
    root, expiry = contract(base, row)
    chain = chains[0]
    mine = (chain.root == root) & (chain.expiry == expiry)
    thin = chain.rows(~mine | (mine & np.isin(chain.strike, [2490.0, 2500.0])))
    market = listed_market(base, [thin, chains[1]])
    snapshot = market.today()
    assert row not in snapshot.listed(vix=False)
    assert "spx: expiries left out: 1 (fewer than 3 strikes with both sides quoted)" in market.notes
    legs = Legs.of([(row, 2490.0, CALL), (row, 2400.0, PUT)])
    model = base.snapshot(INDEX)
    quotes = snapshot.quote(legs)
    assert quotes.bid[0] > 0.0 and math.isnan(quotes.bid[1])  # its own quotes still stand
    np.testing.assert_array_equal(quotes.forward, model.greeks(legs)[5])
    np.testing.assert_array_equal(quotes.delta, model.greeks(legs)[1])
    assert snapshot.mark_source(legs).tolist() == ["quote", "model"]


def test_what_settles_on_the_close_or_is_in_no_table_is_left_out(base: ModelMarket) -> None:
    """Friday 18 March 2016: a weekly that ends that day is quoted, but cannot be traded after its close."""
    index = INDEX + 3
    session = int(base.sessions[index])
    last = row_of(base, Root.SPXW, 3)
    assert base.series.expiry[last] == session
    other = row_of(base, Root.SPXW, 45)
    chain = quoted_day(base.series, [last, other], session, float(base.bill_rate[index]), source="friday")
    unknown = chain.rows(chain.expiry > session)
    unknown = replace(unknown, expiry=unknown.expiry + 1)  # a Saturday
    both = {name: np.concatenate([getattr(chain, name), getattr(unknown, name)]) for name in COLUMNS}
    market = listed_market(base, [replace(chain, **both)])
    assert market.today().listed(vix=False).tolist() == [other]
    assert "friday: expiries left out: 1 (not traded after this close)" in market.notes
    assert "friday: expiries left out: 1 (not in the table of series)" in market.notes


def test_half_of_the_expiries_are_used_with_a_note(base: ModelMarket, chains: tuple[QuotedChain, QuotedChain]) -> None:
    held = rows_within(base, 1, 60, vix=False)[::2]
    market = listed_market(base, [chain_of(base, held, source="half")])
    assert market.today().listed(vix=False).tolist() == held
    everything = len(rows_within(base, 1, 60, vix=False))
    (note,) = [note for note in market.notes if note.startswith("half: ") and "not in the chain" in note]
    assert f"{everything - len(held)} of {everything} SPX expiries" in note
    full = listed_market(base, [chain_of(base, rows_within(base, 1, 60, vix=False))])
    assert not any("not in the chain" in note for note in full.notes)


def test_notes_say_how_far_the_forwards_lie_from_the_closes(base: ModelMarket, market: ListedMarket) -> None:
    """By hand: the SPX forward of 31 days against spot 2506.62 carried at the data's rate and yield."""
    (note,) = [note for note in market.notes if "SPX expiries within 30 days" in note]
    row = rows_within(base, 24, 30, vix=False)[0]
    years = years_left(base.series, row, int(base.sessions[INDEX]))
    carry = base.bill_rate[INDEX] - base.history.dividend_yield[INDEX]
    gap = stated_forward(years, vix=False) - base.history.spx_close[INDEX] * math.exp(carry * years)
    assert f"{gap:+.2f} points" in note and "median of 1 SPX" in note


def test_quotes_from_before_the_close_are_said(base: ModelMarket) -> None:
    rows = rows_within(base, 31, 31, vix=False)
    early = listed_market(base, [chain_of(base, rows, minute=11 * 60 + 5)])
    assert any("11:05 Eastern, before the close" in note for note in early.notes)
    late = listed_market(base, [chain_of(base, rows, minute=16 * 60 + 50)])
    assert not any("before the close" in note for note in late.notes)


def test_chains_of_other_sessions_are_refused(base: ModelMarket, chains: tuple[QuotedChain, QuotedChain]) -> None:
    with pytest.raises(DataMissing, match="stale") as stale:
        listed_market(base, chains, index=INDEX + 1)
    assert iso(base.sessions[INDEX]) in str(stale.value) and iso(base.sessions[INDEX + 1]) in str(stale.value)
    with pytest.raises(DataMissing, match="later day"):
        listed_market(base, chains, index=INDEX - 1)
    sunday = replace(chains[0], session=int(base.sessions[INDEX]) - 2)
    with pytest.raises(DataMissing, match="have no session"):
        listed_market(base, [sunday])
    with pytest.raises(DataInvalid, match="of 2 sessions"):
        listed_market(base, [chains[0], replace(chains[1], session=int(base.sessions[INDEX + 1]))])
    with pytest.raises(DataInvalid, match="two chains hold SPX"):
        listed_market(base, [chains[0], chains[1], replace(chains[0], source="again")])
    with pytest.raises(DataInvalid, match="occur twice"):
        listed_market(base, [chains[0].rows(np.array([0, 1, 1]))])
    with pytest.raises(UsageError, match="no chain"):
        listed_market(base, [])


def test_other_sessions_and_questions_go_to_the_model(base: ModelMarket, market: ListedMarket) -> None:
    other, here = market.snapshot(INDEX - 1), market.snapshot(INDEX)
    assert type(other) is type(base.snapshot(INDEX - 1)) and type(here) is ListedSnapshot
    assert (here.index, here.session, here.spx, here.vix) == (
        INDEX, int(base.sessions[INDEX]), base.snapshot(INDEX).spx, base.snapshot(INDEX).vix,
    )  # fmt: skip
    vix = row_of(base, Root.VIX, 36)
    assert here.future(vix) == base.snapshot(INDEX).future(vix)
    assert here.discount(vix) == base.snapshot(INDEX).discount(vix)
    legs = Legs.of([(vix, 20.0, CALL)])
    scenarios = Scenarios.of([0.0, -0.05], [0.0, 8.0])
    np.testing.assert_array_equal(
        here.reprice(legs, scenarios, Response()), base.snapshot(INDEX).reprice(legs, scenarios, Response())
    )
    np.testing.assert_array_equal(market.signal("vix"), base.signal("vix"))
    assert market.price_source == "model" and market.series is base.series


def test_a_future_is_a_settlement(base: ModelMarket, market: ListedMarket) -> None:
    row = row_of(base, Root.VIX, 36)
    legs = Legs(series=np.array([row, row]), strike=np.array([0.0, 20.0]), right=np.array([0.0, 1.0]))
    snapshot, future = market.today(), base.snapshot(INDEX).future(row)[0]
    assert snapshot.mark_source(legs).tolist() == ["settlement", "quote"]
    assert (snapshot.mark(legs)[0], snapshot.quote(legs).mid[0]) == (future, future)
    np.testing.assert_array_equal(snapshot.greeks(legs)[:, 0], base.snapshot(INDEX).greeks(legs)[:, 0])
    assert snapshot.greeks(legs)[6, 1] == pytest.approx(stated_vol(20.0, snapshot.slice(row, CALL).forward, vix=True), abs=1e-6)


def test_strategy_and_risk_read_the_quotes(base: ModelMarket, market: ListedMarket) -> None:
    """The shipped condor is struck on the chain's own strikes and deltas; its exposures use the chain's forwards and vols."""
    snapshot, condor = market.snapshot(INDEX), shipped().condor
    row = choose_condor_expiry(snapshot, base.series, condor)
    assert row is not None and row in rows_within(base, 24, 52, vix=False)
    strikes = choose_condor_strikes(snapshot, row, condor)
    assert strikes is not None
    puts = snapshot.slice(row, PUT)
    assert abs(float(puts.delta[puts.strikes == strikes.short_put][0]) - 0.16) < 0.01
    vix = row_of(base, Root.VIX, 36)
    legs = [(row, strikes.long_put, PUT, 1), (row, strikes.short_put, PUT, -1), (row, strikes.short_call, CALL, -1),
            (row, strikes.long_call, CALL, 1), (vix, 20.0, CALL, 4)]  # fmt: skip

    def book(rows: list[tuple[int, float, int, int]], sleeve: str, layer: str) -> Positions:
        return Positions(
            root=tuple(base.series.roots[one[0]] for one in rows),
            expiry=np.array([base.series.expiry[one[0]] for one in rows], dtype=np.int64),
            strike=np.array([one[1] for one in rows], dtype=np.float64),
            right=np.array([one[2] for one in rows], dtype=np.int64),
            quantity=np.array([one[3] for one in rows], dtype=np.float64),
            opened=np.full(len(rows), snapshot.session, dtype=np.int64),
            open_price=np.ones(len(rows)),
            sleeve=(sleeve,) * len(rows),
            layer=(layer,) * len(rows),
        )

    condors, ladder = book(legs[:4], "condor", ""), book(legs[4:], "hedge", "layer2")
    found = exposures(snapshot, condors, base.series, PUBLISHED)
    years = years_left(base.series, row, snapshot.session)
    forward = stated_forward(years, vix=False)
    np.testing.assert_allclose(found.forward, forward, atol=1e-6)
    np.testing.assert_allclose(found.vol, [stated_vol(one[1], forward, vix=False) for one in legs[:4]], atol=1e-6)
    marks = snapshot.mark(Legs.of([one[:3] for one in legs[:4]]))
    np.testing.assert_allclose(found.column("value_usd"), marks * np.array([1.0, -1.0, -1.0, 1.0]) * 100.0)
    inputs = size_inputs(snapshot, base.series, condors, ladder, PUBLISHED)
    premium = float(snapshot.quote(Legs.of([(vix, 20.0, CALL)])).mid[0]) * 100.0
    assert inputs.premium_usd[0] == pytest.approx(premium)
    assert 0.0 < inputs.decay_usd[0] < premium * 2.0
