"""Negative controls: one thing broken on purpose, so that the thresholds show that they can see it (benchmarks.md 5 and 6)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

import numpy as np

from alvh.models.model_market import ModelMarket
from alvh.models.price_case import CENTRAL, PriceCase
from alvh.models.spx_surface import TENOR_YEARS
from alvh.strategy.policy import Policy

CONTROLS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "flat-smile": "every SPX option at VIX, whatever its strike and expiry",
        "iv-plus-10": "SPX implied vols ten per cent higher",
        "iv-minus-10": "SPX implied vols ten per cent lower",
        "week-early": "roll five sessions before the expiry",
        "close-settlement": "settle SPX options at the close instead of the opening",
        "no-dividends": "SPX forwards without dividends",
        "spot-vix-band": "VXTH's budget by spot VIX instead of the VX future",
    }
)
"""Name of a control and what it breaks."""
STATE_THETA, STATE_B, STATE_DIVIDEND = 4, 5, 3
"""Places in ``ModelMarket.state`` (kernels/surface.py)."""
VIX_CONTROLS: Final = ("spot-vix-band", "week-early")
"""What can be broken in an overlay of VIX options; all but the band can in one of SPX options."""


def breaks(policy: Policy, control: str) -> bool:
    """Whether a control changes anything for a policy: one that does not would be no test of it."""
    vix = policy.overlay is not None and policy.overlay.root == "VIX"
    return control in VIX_CONTROLS if vix else control in CONTROLS and control != "spot-vix-band"


def control_case(control: str) -> PriceCase:
    """The price case of a control; the central one where it breaks something else."""
    level = {"iv-plus-10": 1.1, "iv-minus-10": 0.9}.get(control)
    return CENTRAL if level is None else replace(CENTRAL, name=control, spx_level=level)


def control_market(market: ModelMarket, control: str) -> ModelMarket:
    """The market of a control; the same one where it breaks something else."""
    state = list(market.state)
    if control == "flat-smile":
        state[STATE_THETA] = np.ascontiguousarray((market.history.vix_close[:, None] / 100.0) ** 2 * TENOR_YEARS)
        state[STATE_B] = np.zeros(len(market.sessions))
        coefficients = market.coefficients.copy()
        coefficients[2:4] = 0.0  # no tilt
        return replace(market, state=tuple(state), coefficients=coefficients)
    if control == "no-dividends":
        none = np.zeros(len(market.sessions))
        state[STATE_DIVIDEND] = none
        return replace(market, state=tuple(state), history=replace(market.history, dividend_yield=none))
    if control == "close-settlement":
        return replace(market, soq=market.history.spx_close)
    return market


def control_policy(policy: Policy, control: str) -> Policy:
    """The policy of a control; the same one where it breaks something else."""
    overlay = policy.overlay
    if overlay is None:
        return policy
    if control == "week-early":
        return replace(policy, overlay=replace(overlay, sessions_earlier=5))
    if control == "spot-vix-band":
        return replace(policy, overlay=replace(overlay, size=replace(overlay.size, band_of="spot_vix")))
    return policy
