"""The press machine of the signals page, written session by session as the page tells it, with no short cuts."""

from __future__ import annotations

import math


def press_reference(vix: list[float]) -> list[str]:
    """The state after each close, ``""`` where VIX or its 20-session mean is missing."""
    out: list[str] = []
    episode: dict[str, float] = {}
    last_top = -1
    for now, close in enumerate(vix):
        window = vix[max(0, now - 19) : now + 1]
        if len(window) < 20 or any(math.isnan(value) for value in window):
            out.append("")
            episode, last_top = {}, -1
            continue
        before = out[-1] or "calm"
        mean = sum(window) / 20
        feet = [row for row in range(now - 5, now) if row > last_top]
        foot = min(feet, key=lambda row: vix[row]) if feet else None
        if before != "expansion" and foot is not None and close >= 1.25 * vix[foot] and close >= 1.2 * mean:
            episode = {"foot": vix[foot], "top": close, "top_row": now, "quiet": 0, "normal_row": -1}
            last_top = now
            out.append("expansion")
            continue
        state = before
        if before != "calm" and close > episode["top"]:
            episode.update(top=close, top_row=now, quiet=0)
            last_top = now
            state = "expansion"
        elif before == "expansion":
            episode["quiet"] = episode["quiet"] + 1 if close < 1.2 * mean else 0
            waited = now - episode["top_row"]
            half = (episode["foot"] + episode["top"]) / 2
            if waited <= 10 and close <= half:
                state = "press"
            elif waited > 10 and episode["quiet"] >= 5:
                state = "calm"
        elif before == "press" and (close < 1.2 * mean or now - episode["top_row"] > 10):
            state = "normalising"
            episode["normal_row"] = now
        if state == "normalising" and (close < 1.05 * mean or now - episode["normal_row"] >= 20):
            state = "calm"
        out.append(state)
    return out
