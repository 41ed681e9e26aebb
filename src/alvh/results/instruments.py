"""What a layer holds, in a reader's words."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

_WORDS: Final = MappingProxyType(
    {
        "vix_calls": "VIX calls",
        "vix_call_spreads": "VIX call spreads",
        "vx_futures": "VX futures",
        "vxm_futures": "VXM futures",
        "spx_put_spreads": "SPX put spreads",
        "vix_etp": "VIX ETPs",
    }
)


def words(instrument: str) -> str:
    """``VIX call spreads`` for ``vix_call_spreads``; an instrument without words stands as it is."""
    return _WORDS.get(instrument, instrument.replace("_", " "))


def all_words(instruments: Sequence[str]) -> str:
    """The instruments of a hedge, each once, in the order of its layers: ``VX futures, VIX calls and SPX put spreads``."""
    each = list(dict.fromkeys(words(instrument) for instrument in instruments))
    return " and ".join([", ".join(each[:-1]), each[-1]]) if len(each) > 1 else "".join(each)
