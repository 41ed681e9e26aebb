"""The files that ``--out`` leaves: one page with everything about a book, and the documents behind it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from alvh import __version__
from alvh.app.book_margin import margin_document
from alvh.app.book_risk import BookMarket, risk_document
from alvh.app.book_stress import payoff_document, stress_document
from alvh.results.files import write_text_atomic
from alvh.results.risk_page import MOST_CELLS, render_risk_page


def write_page(made: BookMarket, out: Path, name: str, given: Mapping[str, dict[str, Any]]) -> list[Path]:
    """Write the page ``name`` and each given document as ``<command>.json`` into ``out``; return the paths, the page first.

    ``given`` are the documents that a command has made, by command; the others are made here with their usual options, and so is
    a grid that is too large to be drawn.
    """
    documents: dict[str, dict[str, Any]] = dict(given)
    grid = documents.get("stress", {}).get("grid")
    if grid is not None and len(grid["spx_move"]) * len(grid["vix_points"]) > MOST_CELLS:
        del documents["stress"]
    for command, make in (
        ("risk", risk_document),
        ("stress", stress_document),
        ("margin", margin_document),
        ("payoff", payoff_document),
    ):
        if command not in documents:
            documents[command] = make(made)
    page = render_risk_page(documents, footer=(f"alvh {__version__}.",))
    written = [write_text_atomic(out / name, page)]
    for command, document in given.items():
        written.append(write_text_atomic(out / f"{command}.json", json.dumps(document, indent=2, allow_nan=False) + "\n"))
    return written
