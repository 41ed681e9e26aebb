"""``alvh study clustering``: do SPX moves cluster, and has the correlation of SPX and VIX broken?"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from alvh.app.commands.calendar import check_span
from alvh.app.output import print_json, print_table
from alvh.app.source import choose_source

SCHEMA = "alvh.clustering/1"


def run(options: Namespace) -> int:
    check_span(options.start, options.end)
    document = measure(choose_source(options.data), options)
    if options.json:
        print_json(document)
    else:
        _print(document)
    return 0


def measure(source: str, options: Namespace) -> dict[str, Any]:
    """The document; a figure that too few sessions give is null."""
    import numpy as np

    from alvh.core.days import iso
    from alvh.data.load import load_history
    from alvh.results.diagnostics import clustering, garch_persistence, rolling_correlation

    loaded = load_history(source, start=options.start, end=options.end)
    history = loaded.history
    rows = slice(loaded.start_row, len(history.sessions))
    returns = np.diff(np.log(history.spx_close[rows]))
    found, fit = clustering(returns), garch_persistence(returns)
    path = rolling_correlation(history.spx_close, history.vix_close)
    sessions, known, broken = history.sessions[rows], np.isfinite(path.threshold[rows]), path.broken[rows]
    correlation = path.correlation[rows]
    finite = np.isfinite(correlation)
    starts = np.flatnonzero(broken & ~np.concatenate(([False], broken[:-1])))
    return {
        "schema": SCHEMA,
        "from": iso(sessions[0]),
        "to": iso(sessions[-1]),
        "sessions": len(sessions),
        "squared_returns": {
            "autocorrelation": {str(lag): value for lag, value in zip(found.lags, found.autocorrelation, strict=True)},
            "bound_95": found.bound,
            "ljung_box": found.ljung_box,
            "p_value": found.p_value,
        },
        "garch": None
        if fit is None
        else {
            "alpha": fit.alpha,
            "beta": fit.beta,
            "persistence": fit.persistence,
            "half_life_sessions": fit.half_life_sessions if np.isfinite(fit.half_life_sessions) else None,
        },
        "spx_vix_correlation": {
            "median": float(np.median(correlation[finite])) if finite.any() else None,
            "last": float(correlation[-1]) if finite[-1] else None,
            "judged_sessions": int(known.sum()),
            "broken_sessions": int(broken.sum()),
            "broken_now": bool(broken[-1]),
            "breaks_began": [iso(day) for day in sessions[starts]],
        },
        "data": {"source": history.source, "sha256": history.sha256},
    }


def _print(document: dict[str, Any]) -> None:
    squares, garch, link = document["squared_returns"], document["garch"], document["spx_vix_correlation"]
    lags = ", ".join(f"{value:+.3f} at {lag}" for lag, value in squares["autocorrelation"].items())
    rows = [
        ("sessions", f"{document['from']} to {document['to']}, {document['sessions']}"),
        (
            "squared SPX returns",
            f"autocorrelation {lags}; beyond {squares['bound_95']:.3f} they cluster (p {squares['p_value']:.1e})",
        ),
    ]
    if garch is not None:
        half = "none" if garch["half_life_sessions"] is None else f"{garch['half_life_sessions']:.0f} sessions"
        rows.append(
            (
                "GARCH(1,1)",
                f"alpha {garch['alpha']:.3f}, beta {garch['beta']:.3f}, persistence {garch['persistence']:.4f}, half-life {half}",
            )
        )
    if link["median"] is not None:
        text = (
            f"median {link['median']:+.2f}, last {link['last']:+.2f}"
            if link["last"] is not None
            else f"median {link['median']:+.2f}"
        )
        rows.append(("SPX and VIX changes", f"rolling correlation {text}"))
    judged = f"{link['broken_sessions']} of {link['judged_sessions']} sessions"
    began = ", ".join(link["breaks_began"][-5:]) or "none"
    rows.append(("correlation broken", f"{judged}, now {'yes' if link['broken_now'] else 'no'}; the last began {began}"))
    print_table("", ("", ""), rows)
