"""Strategy-based margin: pairing against brute force, both conventions, futures, house add-ons and bad input."""

from __future__ import annotations

import itertools
import os
from dataclasses import FrozenInstanceError, replace
from datetime import date

import numpy as np
import pytest
from tests.helpers.margin_books import AS_OF, FAR, LONG_TERM, NEAR, Lot, book, inputs, joined

from alvh.core.contracts import Root
from alvh.core.days import to_day
from alvh.core.errors import DataInvalid, DataMissing, UsageError
from alvh.risk.margin import (
    HOUSE_STRATEGY,
    NO_CREDIT,
    REG_T,
    SUM_OF_SIDES,
    FutureMargin,
    ShortOptionRule,
    StrategyRules,
    margin_under_all,
    strategy_margin,
)
from alvh.risk.margin.legs import deposit_usd, is_long_term, net_legs
from alvh.risk.margin.rules import BROAD_INDEX, VOLATILITY_INDEX

UNEQUAL: list[Lot] = [(1, "P", 2800, 6.0), (-1, "P", 2900, 15.0), (-1, "C", 3200, 12.0), (1, "C", 3250, 7.0)]


def gross(lots: list[Lot], rules: StrategyRules = REG_T, *, spx: float = 3_000.0) -> float:
    positions, marks = book(*lots)
    return sum(part.gross_usd for part in strategy_margin(positions, inputs(marks, spx=spx), rules).parts)


def requirement(lots: list[Lot], rules: StrategyRules = REG_T) -> float:
    positions, marks = book(*lots)
    return strategy_margin(positions, inputs(marks), rules).requirement_usd


def brute_force_gross(lots: list[Lot], level: float) -> float:
    """Every way of leaving shorts uncovered, the rest one spread on a fine grid, puts and calls matched every way."""
    shorts = [k for k, lot in enumerate(lots) if lot[0] < 0]
    grid = np.concatenate([[0.0], np.arange(0.0, 3.0 * level, 5.0)])
    best = np.inf
    for bare in itertools.product(*(range(-lots[k][0] + 1) for k in shorts)):
        held = [lot[0] for lot in lots]
        for k, count in zip(shorts, bare, strict=True):
            held[k] += count
        if sum(q for q, lot in zip(held, lots, strict=True) if lot[1] == "C") < 0:
            continue
        loss = np.zeros(grid.size)
        for q, (_, kind, strike, _) in zip(held, lots, strict=True):
            loss -= 100.0 * q * np.maximum((1 if kind == "C" else -1) * (grid - strike), 0.0)
        puts, calls = [], []
        for k, count in zip(shorts, bare, strict=True):
            _, kind, strike, price = lots[k]
            out = max(strike - level, 0.0) if kind == "C" else max(level - strike, 0.0)
            deposit = max(0.15 * level - out, 0.10 * (level if kind == "C" else strike))
            (calls if kind == "C" else puts).extend([(100.0 * (price + deposit), 100.0 * deposit)] * count)
        alone = sum(whole for whole, _ in puts + calls)
        saved = 0.0
        few, many = sorted((puts, calls), key=len)
        for order in set(itertools.permutations(many, len(few))):
            saved = max(saved, sum(min(pair)[1] for pair in zip(few, order, strict=True)))
        best = min(best, max(float(loss.max()), 0.0) + alone - saved)
    return best


def random_lots(seed: int) -> list[Lot]:
    rng = np.random.default_rng(seed)
    strikes = rng.choice(np.arange(1_500, 4_500, 50), size=5, replace=False)
    lots: list[Lot] = []
    for strike in strikes:
        kind = "CP"[int(rng.integers(2))]
        quantity = int(rng.choice([-2, -1, 1, 2]))
        lots.append(
            (quantity, kind, float(strike), float(rng.uniform(0.5, 60.0)) + max((3_000 - strike) * (1 if kind == "C" else -1), 0))
        )
    return lots


@pytest.mark.parametrize("seed", range(25))
def test_the_pairing_is_the_cheapest_there_is(seed: int) -> None:
    lots = random_lots(seed)
    assert gross(lots) == pytest.approx(brute_force_gross(lots, 3_000.0), abs=1e-4)


@pytest.mark.parametrize("seed", range(25))
def test_sides_never_ask_less_than_the_whole(seed: int) -> None:
    lots = random_lots(seed)
    assert gross(lots, SUM_OF_SIDES) >= gross(lots) - 1e-6


def test_unequal_condor_under_both_conventions() -> None:
    credit = 100.0 * (15.0 + 12.0 - 6.0 - 7.0)
    assert requirement(UNEQUAL) == pytest.approx(10_000 - credit)
    assert requirement(UNEQUAL, SUM_OF_SIDES) == pytest.approx(15_000 - credit)
    assert requirement(UNEQUAL, NO_CREDIT) == pytest.approx(10_000)


def test_the_binding_settlement_is_named() -> None:
    positions, marks = book(*UNEQUAL)
    assert strategy_margin(positions, inputs(marks)).binding == ("SPX 2020-03-20 universal spread: settlement at 2800 or below")
    positions, marks = book((-1, "C", 3200, 12.0), (1, "C", 3250, 7.0))
    assert strategy_margin(positions, inputs(marks)).binding == "SPX 2020-03-20 vertical: settlement at 3250 or above"
    positions, marks = book((1, "C", 2900, 130.0), (-2, "C", 3000, 60.0), (1, "C", 3100, 20.0))
    assert "beyond what was paid" in strategy_margin(positions, inputs(marks)).binding


def test_several_condors_on_one_expiry_share_their_losses() -> None:
    """Only one side of the pool can lose; beyond both condors' wings both lose."""
    lots: list[Lot] = [(1, "P", 2700, 4.0), (-1, "P", 2800, 8.0), (-1, "C", 3200, 8.0), (1, "C", 3300, 4.0)]
    other: list[Lot] = [(1, "P", 2750, 5.0), (-1, "P", 2850, 10.0), (-1, "C", 3150, 10.0), (1, "C", 3250, 5.0)]
    positions, marks = joined(book(*lots, sleeves=["a"] * 4), book(*other, sleeves=["b"] * 4))
    for rules in (NO_CREDIT, replace(SUM_OF_SIDES, credit="none")):
        assert strategy_margin(positions, inputs(marks), rules).requirement_usd == pytest.approx(20_000)
    # One sleeve sells puts, the other calls, at equal widths: an iron condor all the same.
    positions, marks = joined(book(*lots[:2], sleeves=["a"] * 2), book(*lots[2:], sleeves=["b"] * 2))
    for rules in (NO_CREDIT, replace(SUM_OF_SIDES, credit="none")):
        assert strategy_margin(positions, inputs(marks), rules).requirement_usd == pytest.approx(10_000)


def test_sides_pair_over_sleeves_what_no_sleeve_pairs_alone() -> None:
    """Put spread in one sleeve, the call spread legged in over two: one iron condor, and every row belongs to a part."""
    lots: list[Lot] = [
        (1, "P", 2700, 4.0),
        (-1, "P", 2800, 8.0),
        (-1, "C", 3200, 8.0),
        (1, "C", 3300, 4.0),
        (1, "C", 3400, 1.0),
        (1, "C", 3400, 1.0),
    ]
    positions, marks = book(*lots, sleeves=["a", "a", "b", "c", "d", "e"])
    report = strategy_margin(positions, inputs(marks), replace(SUM_OF_SIDES, credit="none"))
    assert sorted(part.kind for part in report.parts) == ["iron condor", "long option"]
    assert report.requirement_usd == pytest.approx(10_000 + 200)
    assert sorted(row for part in report.parts for row in part.rows) == list(range(6))


def test_expiries_do_not_share_a_loss() -> None:
    near, far = book(*UNEQUAL), book(*UNEQUAL, expiry=FAR)
    both = joined(near, far)
    assert strategy_margin(both[0], inputs(both[1]), NO_CREDIT).requirement_usd == pytest.approx(20_000)


def test_opening_and_close_of_one_date_are_two_settlements() -> None:
    """A long SPXW that settles on the close covers an SPX that settled on the opening, and not the other way round."""
    short_am, long_pm = book((-1, "P", 2900, 15.0)), book((1, "P", 2850, 10.0), root=Root.SPXW)
    positions, marks = joined(short_am, long_pm)
    report = strategy_margin(positions, inputs(marks), NO_CREDIT)
    assert report.parts[0].kind == "covered by a later long"
    assert report.requirement_usd == pytest.approx(5_000)
    positions, marks = joined(book((-1, "P", 2900, 15.0), root=Root.SPXW), book((1, "P", 2850, 10.0)))
    assert {part.kind for part in strategy_margin(positions, inputs(marks)).parts} == {"uncovered", "long option"}


def test_products_do_not_relieve_each_other() -> None:
    spx, vix, xsp = book(*UNEQUAL), book((10, "C", 20, 1.2), root=Root.VIX), book((-1, "P", 290, 1.5), root=Root.XSP)
    positions, marks = joined(spx, vix, xsp)
    report = strategy_margin(positions, inputs(marks))
    assert report.product_usd("SPX") == pytest.approx(requirement(UNEQUAL))
    assert report.product_usd("VIX") == pytest.approx(1_200)
    assert report.product_usd("XSP") == pytest.approx(100 * (0.15 * 300 - 10))
    assert report.requirement_usd == pytest.approx(sum(usd for _, usd in report.by_product))
    assert report.requirement_usd == pytest.approx(sum(part.requirement_usd for part in report.parts))
    assert report.group_usd("VIX") == pytest.approx(1_200)
    assert any("cover nothing of SPX" in note for note in report.notes)


def test_uncovered_vix_takes_twenty_per_cent_of_spot() -> None:
    positions, marks = book((-1, "C", 20, 1.2), root=Root.VIX)
    report = strategy_margin(positions, inputs(marks, vix=30.0), NO_CREDIT)
    assert report.requirement_usd == pytest.approx(100 * (1.2 + 0.20 * 30.0))
    assert "1 short contracts have no partner leg" in " ".join(report.notes)


def test_vix_calendars_are_not_paired_and_spx_calendars_are() -> None:
    positions, marks = book((-1, "C", 20, 1.2), (1, "C", 20, 1.6), root=Root.VIX, expiry=[NEAR, FAR])
    assert {part.kind for part in strategy_margin(positions, inputs(marks)).parts} == {"uncovered", "long option"}
    positions, marks = book((-1, "C", 3100, 20.0), (1, "C", 3100, 50.0), expiry=[NEAR, FAR])
    assert strategy_margin(positions, inputs(marks)).requirement_usd == pytest.approx(3_000)
    strict = replace(REG_T, later_long_covers=frozenset())
    assert strategy_margin(positions, inputs(marks), strict).requirement_usd > 30_000
    sides = strategy_margin(positions, inputs(marks), SUM_OF_SIDES)
    assert sides.requirement_usd == pytest.approx(3_000)


@pytest.mark.parametrize(
    ("kind", "lots", "gross_usd"),
    [
        ("vertical", [(-1, "P", 2900, 15.0), (1, "P", 2800, 9.0)], 10_000),
        ("iron condor", [(1, "P", 2800, 9.0), (-1, "P", 2900, 15.0), (-1, "C", 3200, 12.0), (1, "C", 3300, 5.0)], 10_000),
        ("iron butterfly", [(1, "P", 2900, 9.0), (-1, "P", 3000, 50.0), (-1, "C", 3000, 50.0), (1, "C", 3100, 9.0)], 10_000),
        ("butterfly", [(1, "C", 2900, 130.0), (-2, "C", 3000, 60.0), (1, "C", 3100, 20.0)], 0),
        ("condor", [(1, "P", 3200, 230.0), (-1, "P", 3100, 140.0), (-1, "P", 3000, 60.0), (1, "P", 2900, 20.0)], 0),
        ("box", [(-1, "C", 2900, 130.0), (1, "C", 3000, 60.0), (-1, "P", 3000, 60.0), (1, "P", 2900, 31.0)], 10_000),
    ],
)
def test_named_structures_are_known_under_both_conventions(kind: str, lots: list[Lot], gross_usd: float) -> None:
    positions, marks = book(*lots)
    for rules in (REG_T, SUM_OF_SIDES, HOUSE_STRATEGY):
        (part,) = strategy_margin(positions, inputs(marks), rules).parts
        assert (part.kind, part.gross_usd) == (kind, pytest.approx(gross_usd))


def test_a_long_to_spare_covers_an_earlier_short() -> None:
    """Of two long June calls one covers a June call, the other the March call."""
    lots: list[Lot] = [(-1, "C", 3100, 20.0), (-1, "C", 3050, 60.0), (2, "C", 3100, 50.0)]
    positions, marks = book(*lots, expiry=[NEAR, FAR, FAR])
    report = strategy_margin(positions, inputs(marks), NO_CREDIT)
    assert report.requirement_usd == pytest.approx(5_000 + 3_000)
    assert {part.kind for part in report.parts} == {"vertical", "covered by a later long"}


def test_a_wide_spread_asks_no_more_than_its_short_alone() -> None:
    lots: list[Lot] = [(-1, "P", 2900, 15.0), (1, "P", 1000, 0.1)]
    positions, marks = book(*lots)
    for rules in (REG_T, SUM_OF_SIDES):
        report = strategy_margin(positions, inputs(marks), rules)
        assert report.requirement_usd == pytest.approx(100 * (0.15 * 3_000 - 100) + 10.0)
        assert "uncovered" in {part.kind for part in report.parts}


def test_what_the_account_holds_on_both_sides_cancels() -> None:
    positions, marks = joined(book((3, "P", 2900, 15.0)), book((-1, "P", 2900, 15.0), sleeves=["b"]))
    for rules in (REG_T, SUM_OF_SIDES):
        report = strategy_margin(positions, inputs(marks), rules)
        assert report.requirement_usd == pytest.approx(3_000)
        assert [part.contracts for part in report.parts] == [2]


def test_long_options_beyond_nine_months_have_loan_value() -> None:
    positions, marks = book((2, "P", 2500, 80.0), expiry=LONG_TERM)
    assert strategy_margin(positions, inputs(marks)).requirement_usd == pytest.approx(12_000)
    none = replace(REG_T, loan_on_long_term=0.0)
    assert strategy_margin(positions, inputs(marks), none).requirement_usd == pytest.approx(16_000)


@pytest.mark.parametrize(
    ("as_of", "expiry", "expected"),
    [
        (date(2020, 2, 3), date(2020, 11, 3), False),
        (date(2020, 2, 3), date(2020, 11, 4), True),
        (date(2020, 5, 31), date(2021, 2, 28), False),
        (date(2020, 5, 31), date(2021, 3, 1), True),
    ],
)
def test_nine_months_are_calendar_months(as_of: date, expiry: date, expected: bool) -> None:
    assert is_long_term((to_day(expiry), 0), to_day(as_of)) is expected


@pytest.mark.parametrize(
    ("kind", "strike", "rule", "level", "dollars"),
    [
        ("C", 3_000, BROAD_INDEX, 3_000.0, 45_000),
        ("C", 3_100, BROAD_INDEX, 3_000.0, 35_000),
        ("C", 3_500, BROAD_INDEX, 3_000.0, 30_000),
        ("P", 2_000, BROAD_INDEX, 3_000.0, 20_000),
        ("P", 3_100, BROAD_INDEX, 3_000.0, 45_000),
        ("C", 20, VOLATILITY_INDEX, 15.0, 150),
    ],
)
def test_uncovered_rule(kind: str, strike: float, rule: ShortOptionRule, level: float, dollars: float) -> None:
    positions, marks = book((-1, kind, strike, 1.0))
    (leg,) = net_legs(positions, inputs(marks))
    assert deposit_usd(leg, rule, level)[0] == pytest.approx(dollars)


def test_futures_are_a_margin_a_contract_net_by_expiry() -> None:
    positions, marks = joined(
        book((2, "F", 0, 16.0), root=Root.VX),
        book((-1, "F", 0, 16.0), root=Root.VX, sleeves=["other"]),
        book((-3, "F", 0, 17.0), root=Root.VX, expiry=FAR),
        book((5, "F", 0, 16.0), root=Root.VXM),
    )
    rules = replace(
        REG_T,
        futures={
            Root.VX: FutureMargin(initial_usd=9_000, maintenance_usd=8_000),
            Root.VXM: FutureMargin(initial_usd=900, maintenance_usd=800),
        },
    )
    report = strategy_margin(positions, inputs(marks), rules)
    assert report.requirement_usd == 9_000 * (1 + 3) + 900 * 5
    assert (
        strategy_margin(positions, inputs(marks), replace(rules, future_level="maintenance")).requirement_usd
        == 8_000 * 4 + 800 * 5
    )
    assert any("assumed" in note for note in report.notes)
    with pytest.raises(UsageError, match="no margin for VXM"):
        strategy_margin(positions, inputs(marks), replace(rules, futures={Root.VX: rules.futures[Root.VX]}))


def test_house_add_ons() -> None:
    assert requirement(UNEQUAL, HOUSE_STRATEGY) == pytest.approx(1.02 * requirement(UNEQUAL))
    equal: list[Lot] = [(1, "P", 2800, 6.0), (-1, "P", 2900, 15.0), (-1, "C", 3200, 12.0), (1, "C", 3300, 5.0)]
    assert requirement(equal, HOUSE_STRATEGY) == requirement(equal)
    positions, marks = book((-2, "C", 20, 1.2), (2, "C", 21, 0.9), root=Root.VIX)
    assert strategy_margin(positions, inputs(marks)).requirement_usd == pytest.approx(140)
    house = strategy_margin(positions, inputs(marks), HOUSE_STRATEGY)
    assert house.requirement_usd == pytest.approx(300)
    assert "house minimum of 150" in house.binding


def test_every_convention_at_once() -> None:
    positions, marks = book(*UNEQUAL)
    found = margin_under_all(positions, inputs(marks))
    assert list(found) == ["max_intrinsic_loss", "no_credit_netting", "sum_of_sides", "house_strategy"]
    assert [report.convention for report in found.values()] == list(found)
    with pytest.raises(FrozenInstanceError):
        found["sum_of_sides"].requirement_usd = 0.0


def test_an_empty_book_asks_nothing() -> None:
    positions, marks = book()
    report = strategy_margin(positions, inputs(marks))
    assert (report.requirement_usd, report.parts, report.binding) == (0.0, (), "no positions")


def test_two_hundred_legs() -> None:
    """Fifty condors on five expiries are margined as their five pools."""
    days = [date(2020, 3, 20), date(2020, 4, 17), date(2020, 5, 15), date(2020, 6, 19), date(2020, 7, 17)]
    parts = []
    for n, day in enumerate(days):
        for k in range(10):
            lots: list[Lot] = [
                (1, "P", 2500 + 10 * k, 2.0),
                (-1, "P", 2605 + 10 * k, 4.0),
                (-1, "C", 3300 + 10 * k, 4.0),
                (1, "C", 3402 + 10 * k, 2.0),
            ]
            parts.append(book(*lots, expiry=day, sleeves=[f"{n}-{k}"] * 4))
    positions, marks = joined(*parts)
    # The same strikes carry the same prices.
    report = strategy_margin(positions, inputs(np.where(positions.quantity > 0, 2.0, 4.0)), NO_CREDIT)
    assert report.requirement_usd == pytest.approx(5 * 10 * 10_500)
    assert len(marks) == 200


@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        (
            {"mark": np.array([6.0, np.nan, 12.0, 7.0])},
            DataMissing,
            r"position 2, SPX 2020-03-20 P 2900: the position has no mark",
        ),
        ({"mark": np.array([6.0])}, DataInvalid, "1 marks for 4 positions"),
        ({"spx": float("nan")}, DataMissing, "index level of SPX is nan"),
        ({"as_of": AS_OF + 365}, DataInvalid, "expired before 2021-02-02"),
    ],
)
def test_bad_inputs_are_named(change: dict[str, object], error: type[Exception], match: str) -> None:
    positions, marks = book(*UNEQUAL)
    with pytest.raises(error, match=match):
        strategy_margin(positions, replace(inputs(marks), **change))


def test_part_of_a_contract_and_two_marks_are_refused() -> None:
    positions, marks = book((0.5, "P", 2800, 6.0))
    with pytest.raises(DataInvalid, match=r"the quantity is 0\.5"):
        strategy_margin(positions, inputs(marks))
    positions, marks = book((1, "P", 2800, 6.0), (1, "P", 2800, 6.5))
    with pytest.raises(DataInvalid, match=r"one series has the marks 6 and 6\.5"):
        strategy_margin(positions, inputs(marks))


def test_the_solver_writes_nothing_where_a_command_writes_its_json(capfd: pytest.CaptureFixture[str]) -> None:
    """HiGHS prints a debug line on the file descriptor for some books; whatever it is, it must not reach stdout."""
    from alvh.risk.margin.pairing import _native_output_dropped

    with _native_output_dropped():
        os.write(1, b"a line of the solver\n")
    os.write(1, b"the command's own\n")
    assert capfd.readouterr().out == "the command's own\n"
