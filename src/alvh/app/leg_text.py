"""Legs of one structure in a few words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def legs_text(legs: Sequence[Mapping[str, Any]]) -> str:
    """``SPXW 2018-03-16 P 2410/2600 C 2850/2900`` where root and expiry are one, else contract after contract.

    Each leg has ``contract`` and ``quantity``; the strikes of a side stand in their order.
    """
    words = [leg["contract"].split() for leg in legs]
    if any(len(word) != 4 for word in words) or len({tuple(word[:2]) for word in words}) != 1:
        return ", ".join(leg["contract"] for leg in legs)
    sides = [
        f"{side} {'/'.join(word[3] for word in words if word[2] == side)}" for side in "PC" if any(w[2] == side for w in words)
    ]
    return " ".join([*words[0][:2], *sides])
