"""The files of a plan: a page to work from, its orders as CSV, the document, and the book that stands once all is done."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alvh import __version__
from alvh.results.files import Cell, write_csv_atomic, write_text_atomic
from alvh.results.plan_page import render_plan_page

if TYPE_CHECKING:
    from alvh.app.plan import PlanOutput

FILES = PAGE, ORDERS, DOCUMENT, BOOK_AFTER = "plan.html", "plan.csv", "plan.json", "book-after.json"
COLUMNS = (
    "action", "sleeve", "layer", "side", "root", "expiry", "strike", "right", "quantity", "order", "order_side", "limit", "worst",
    "bid", "mid", "ask", "price_source", "rule", "reason", "next_roll",
)  # fmt: skip


def write_plan(made: PlanOutput, out: Path) -> list[Path]:
    """Write the four files into ``out`` and return their paths, the page first; each appears whole or not at all.

    Raises :class:`UsageError` where a file can't be written.
    """
    document = made.document
    page = render_plan_page(document, footer=(f"alvh {__version__}.",))
    texts = {PAGE: page, DOCUMENT: as_json(document), BOOK_AFTER: as_json(made.book_after)}
    write_csv_atomic(out / ORDERS, COLUMNS, leg_rows(document))
    for name, text in texts.items():
        write_text_atomic(out / name, text)
    return [out / name for name in FILES]


def as_json(value: Mapping[str, Any]) -> str:
    """JSON text of a document; NaN and infinity are refused."""
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def leg_rows(document: Mapping[str, Any]) -> Iterator[tuple[Cell, ...]]:
    """One row for every leg to trade, of :data:`COLUMNS`; the prices are those of the leg's whole order."""
    for row in document["rows"]:
        for order in row["orders"]:
            for leg in order["legs"]:
                cells: dict[str, Cell] = {
                    **{key: row[key] for key in ("action", "sleeve", "layer", "next_roll")},
                    "side": "buy" if leg["quantity"] > 0 else "sell",
                    **{key: leg[key] for key in ("root", "expiry", "strike", "right", "quantity")},
                    "order": order["id"],
                    "order_side": order["side"],
                    **{key: order[key] for key in ("limit", "worst", "bid", "mid", "ask", "price_source")},
                    "rule": row["reason"]["rule"],
                    "reason": row["reason"]["text"],
                }
                yield tuple(cells[name] for name in COLUMNS)
