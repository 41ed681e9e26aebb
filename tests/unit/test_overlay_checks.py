"""Overlays that contradict themselves are refused by name, and the others are told in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from alvh.core.errors import ConfigError
from alvh.strategy.explain_overlay import overlay_idle_keys, overlay_sentences
from alvh.strategy.overlay_rules import band_share
from alvh.strategy.policy_file import load_policy


def refusal(folder: Path, base: str, text: str) -> ConfigError:
    file = folder / "mine.toml"
    file.write_text(f'schema = 1\nextends = "{base}"\nname = "mine"\ndescription = "a test"\n{text}', encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_policy(file)
    assert caught.value.exit_code == 3 and caught.value.allowed and caught.value.todo
    return caught.value


CONTRADICTIONS = [
    ("alvh-442", '[timing]\nfill_at = "trade_window"', "late-morning prices are rebuilt for an overlay alone", "timing.fill_at"),
    (
        "cboe-put",
        '[[rule]]\nname = "calm"\nrule_id = "R20"\nwhen = { signal = "vix", above = 20.0 }\nthen = { kind = "roll_layers" }',
        "no rule acts on an overlay",
        "rule.calm",
    ),
    ("cboe-put", "[condor]\nenabled = true", "an overlay stands beside the condor", "condor.enabled"),
    (
        "cboe-put",
        '[[overlay.leg]]\nname = "put"\nremove = true\n[overlay.size]\nbills_for = "off"',
        "the overlay has no leg",
        "overlay.leg",
    ),
    ("cboe-put", '[overlay.size]\nbills_for = "putt"', "there is no leg 'putt'", "overlay.size.bills_for"),
    ("cboe-put", '[overlay.size]\nbills_for = "off"', "nothing stands behind the sold leg", "overlay.size.bills_for"),
    ("cboe-put", '[overlay.size]\nkind = "max_loss"', "a short leg has no wing", "overlay.size.kind"),
    ("cboe-put", '[[overlay.leg]]\nname = "put"\nquantity = 0', "the leg holds nothing", "overlay.leg.put.quantity"),
    ("cboe-bxm", '[overlay.base]\nindex = "all"', "all of the book stands in the index", "overlay.size.kind"),
    (
        "cboe-bxm",
        '[[overlay.leg]]\nname = "call"\nstrike = { kind = "pays_for_rest" }',
        "there is no other leg to pay for",
        "call.strike",
    ),
    (
        "cboe-bxm",
        '[[overlay.leg]]\nname = "call"\nrestrike_below_calls = true',
        "a call is not struck anew below itself",
        "call.restrike",
    ),
    (
        "cboe-cllz",
        '[[overlay.leg]]\nname = "put-short"\nstrike = { kind = "pays_for_rest" }',
        "two legs pay for the rest",
        "overlay.leg",
    ),
    ("cboe-cllz", '[[overlay.leg]]\nname = "call"\nquantity = 1', "a bought leg pays for nothing", "overlay.leg.call.quantity"),
    (
        "cboe-cllz",
        '[[overlay.leg]]\nname = "call"\ncycle_months = 3',
        "a strike that is solved at every roll",
        "call.cycle_months",
    ),
    ("cboe-bfly", '[[overlay.leg]]\nname = "call-wing"\nremove = true', "a short leg has no wing", "overlay.size.kind"),
    ("cboe-vxth", '[[overlay.leg]]\nname = "call"\nquantity = -1', "a share cannot be spent on these legs", "overlay.size.band"),
    (
        "cboe-vxth",
        '[[overlay.leg]]\nname = "second"\nright = "call"\nquantity = 1\nstrike = { kind = "delta", delta = 0.1 }',
        "a share cannot be spent on these legs",
        "overlay.size.band",
    ),
    (
        "cboe-vxth",
        '[[overlay.size.band]]\nname = "usual"\nremove = true\n[[overlay.size.band]]\nname = "high"\nremove = true',
        "a share cannot be spent on these legs",
        "overlay.size.band",
    ),
    ("cboe-vxth", '[overlay]\nroot = "SPX"', "no VX future expires with SPX options", "overlay.size.band_of"),
    ("cboe-vxth", '[[overlay.size.band]]\nname = "usual"\nabove = 30.0', "the band 30 to 30 is empty", "band.usual.above"),
    ("cboe-vxth", '[[overlay.size.band]]\nname = "usual"\nabove = 40.0', "the band 40 to 30 is empty", "band.usual.above"),
    (
        "cboe-vxth",
        '[[overlay.size.band]]\nname = "high"\nabove = 25.0',
        "the bands usual and high overlap between 25 and 30",
        "band.high.above",
    ),
]


@pytest.mark.parametrize(("base", "text", "what", "key"), CONTRADICTIONS, ids=[f"{row[0]}: {row[2]}" for row in CONTRADICTIONS])
def test_contradictions_are_refused_by_name(tmp_path: Path, base: str, text: str, what: str, key: str) -> None:
    found = refusal(tmp_path, base, text)
    assert what in found.what
    assert key in found.where


def test_a_hedge_beside_an_overlay_is_refused(tmp_path: Path) -> None:
    layer = (
        '[[hedge.layer]]\nname = "front"\nratio = 4.0\nmin_dte = 9\nmax_dte = 16\n'
        'strike = { kind = "delta", delta = 0.2 }\nroll = { kind = "every_days", days = 7 }\n'
    )
    found = refusal(tmp_path, "cboe-put", f"[hedge]\nenabled = true\n{layer}")
    assert "an overlay stands beside the hedge" in found.what and "hedge.enabled" in found.where


def test_the_nearest_leg_is_suggested(tmp_path: Path) -> None:
    assert refusal(tmp_path, "cboe-put", '[overlay.size]\nbills_for = "putt"').todo == "did you mean 'put'?"


def test_bands_may_touch_and_stand_in_any_order(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    bands = "".join(
        f'[[overlay.size.band]]\nname = "{name}"\nabove = {low}\nup_to = {high}\nshare_pct = 1.0\n'
        for name, low, high in (("usual", 30.0, 50.0), ("high", 15.0, 30.0))
    )
    file.write_text(f'schema = 1\nextends = "cboe-vxth"\nname = "mine"\ndescription = "a test"\n{bands}', encoding="utf-8")
    overlay = load_policy(file).policy.overlay
    assert overlay is not None and band_share(overlay.size.bands, 30.0) == 0.01


# ---------------------------------------------------------------------------------------------------------------- explanation


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("cboe-put", ["bills alone", "the present value of the strike of leg put", "1 put sold a unit", "at or below the index"]),
        ("cboe-bxy", ["one unit of the S&P 500", "buy more of it each session", "at or above 2 % out of the money"]),
        ("cboe-bxmd", ["the strike nearest 0.3 delta"]),
        ("cboe-cll", ["next month that 3 divides", "it is struck anew"]),
        ("cboe-cllz", ["the furthest strike whose premium pays for the other legs"]),
        ("cboe-cmbo", ["stay in cash until the roll", "an index unit and the present value"]),
        ("cboe-bfly", ["10 dollars for each of maximum loss before premium"]),
        (
            "cboe-vxth",
            ["the VIX monthly", "the open of the VX future", "1 % above 15 to 30, 0.5 % above 30 to 50", "nothing outside"],
        ),
    ],
)
def test_an_overlay_is_told_in_words(name: str, words: list[str]) -> None:
    overlay = load_policy(name).policy.overlay
    assert overlay is not None
    text = " ".join(overlay_sentences(overlay))
    for word in words:
        assert word in text, (word, text)


def test_keys_that_are_not_read() -> None:
    put, vxth = load_policy("cboe-put").policy.overlay, load_policy("cboe-vxth").policy.overlay
    assert put is not None and vxth is not None
    assert {"overlay.base.dividends", "overlay.size.multiple", "overlay.leg.put.strike.delta"} <= set(overlay_idle_keys(put))
    assert "overlay.size.bills_for" not in overlay_idle_keys(put)
    idle = set(overlay_idle_keys(vxth))
    assert {"overlay.size.bills_for", "overlay.leg.call.strike.out_pct", "overlay.leg.call.strike.rounding"} <= idle
    assert not {"overlay.size.band_of", "overlay.leg.call.strike.delta", "overlay.base.dividends"} & idle
