"""The plan as one printable page: what to place, why, and on which data. It runs no script and fetches nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from alvh.results import plan_views
from alvh.results.theme import declarations

_TEMPLATES = Path(__file__).parent / "templates"


def render_plan_page(plan: Mapping[str, Any], *, footer: Sequence[str] = ()) -> str:
    """The page as text, from the document of ``alvh plan`` (``alvh.plan/1``); ``footer`` are its last sentences.

    Names of rules, layers and files may hold anything: the page escapes them.
    """
    page: str = _template().render(
        plan=plan,
        title=f"Plan for the close of {plan['as_of']}",
        headline=plan_views.headline(plan),
        tickets=plan_views.tickets(plan),
        stale=plan_views.stale(plan),
        t={
            "reasons": plan_views.reasons(plan),
            "changes": plan_views.changes(plan),
            "held": plan_views.held(plan),
            "settled": plan_views.settled(plan),
            "refusals": plan_views.refusals(plan),
            "rules": plan_views.rules(plan),
            "figures": plan_views.figures(plan),
            "inputs": plan_views.inputs(plan),
        },
        footer=footer,
        css="".join((_TEMPLATES / name).read_text(encoding="utf-8") for name in ("sheet.css", "plan.css")),
        light=declarations(0),
        dark=declarations(1),
    )
    return page


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("plan.html.j2")
