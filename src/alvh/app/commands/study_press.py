"""``alvh study press``: spikes of VIX that reverted, beside what the press states told at the time."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from typing import Any

from alvh.app.commands.book import say
from alvh.app.commands.calendar import check_span
from alvh.app.output import print_json, print_table
from alvh.app.source import choose_source


def run(options: Namespace) -> int:
    """Print the study; tables by default."""
    check_span(options.start, options.end)
    source = choose_source(options.data)
    from alvh.data.load import load_history
    from alvh.study.press import press_document

    loaded = load_history(source, start=options.start, end=options.end)
    document = press_document(loaded.history, loaded.start_row)
    if options.json:
        print_json(document)
    else:
        _print(document)
    return 0


def _print(document: Mapping[str, Any]) -> None:
    print(f"Presses of VIX, {document['from']} to {document['to']}, {document['sessions']:,} sessions")
    say(f"Mind: {document['by_construction']}.")
    print()
    _after("Base rates: mean, its standard error, share", document["base"])
    for reading in document["readings"]:
        print()
        if reading["missing"] is not None:
            say(f"{reading['press']}: not judged, for no file holds {reading['missing']}")
            continue
        _reading(reading)
        _after(f"What came next ({reading['press']}): mean, its standard error, share", reading["after"])
    print(
        "\nStandard errors are those of independent cases; sessions one after another are not, so that they are too small there."
    )


def _reading(reading: Mapping[str, Any]) -> None:
    events, states = reading["events"], reading["state_sessions"]
    rows = [
        ("spikes", f"{reading['spikes']}, of which {len(events)} gave back half within ten sessions of the top (events)"),
        ("sessions in", ", ".join(f"{name} {count:,}" for name, count in states.items() if count)),
        ("expansions told", _expansions(reading["told_expansion"])),
        ("presses told", _presses(reading["told_press"])),
    ]
    if reading["share_of_sessions"] is not None:
        rows.insert(
            1,
            (
                "of all spikes",
                f"{_pct(reading['share_of_spikes'])}, and {_pct(reading['share_of_sessions'])} of all sessions lie so",
            ),
        )
    print_table(reading["press"], ("", ""), rows)
    if not events:
        return
    print()
    heads = ("foot", "stood on", "top", "half back", "VIX foot", "VIX top", "VIX half back", "sessions to it")
    cells = [
        (
            row["foot"], row["onset"], row["top"], row["half_back"], f"{row['vix_foot']:.2f}", f"{row['vix_top']:.2f}",
            f"{row['vix_half_back']:.2f}", str(row["sessions_to_half_back"]),
        )
        for row in events
    ]  # fmt: skip
    print_table("Events, known afterwards", heads, cells, right=(4, 5, 6, 7))
    print()


def _expansions(told: Mapping[str, Any]) -> str:
    text = f"{told['told']}, {told['hits']} of {told['judged']} became events ({_pct(told['hit_rate'])}; within ten "
    text += f"sessions of being told {_pct(told['hit_rate_from_told'])}), {told['false_alarms']} did not; "
    return text + f"{told['events_told']} of {told['events']} events were told"


def _presses(told: Mapping[str, Any]) -> str:
    text = f"{told['told']}, {told['hits']} of {told['judged']} saw no higher top for a month ({_pct(told['hit_rate'])})"
    late = ", ".join(told["false_alarm_sessions"][-5:])
    return text + (f"; {told['false_alarms']} did, the last told {late}" if told["false_alarms"] else "")


def _after(title: str, rows: Sequence[Mapping[str, Any]]) -> None:
    cells = []
    for row in rows:
        for number, found in enumerate(row["next"]):
            first = (row["after"], _pct(row["no_new_high_share"])) if number == 0 else ("", "")
            cells.append(
                (
                    *first, str(found["sessions"]), f"{found['cases']:,}",
                    _pair(found["vix_change_points_mean"], found["vix_change_points_error"], 1.0),
                    _number(found["vix_change_points_median"], 1.0), _pct(found["vix_lower_share"]),
                    _pair(found["spx_return_mean"], found["spx_return_error"], 100.0),
                    _number(found["spx_return_median"], 100.0), _pct(found["spx_higher_share"]),
                )
            )  # fmt: skip
    heads = (
        "after", "no new VIX high", "sessions", "cases", "VIX points", "median", "VIX lower", "SPX %", "median", "SPX higher",
    )  # fmt: skip
    print_table(title, heads, cells, right=tuple(range(1, len(heads))))


def _pct(share: float | None) -> str:
    return "-" if share is None else f"{100.0 * share:.0f} %"


def _number(value: float | None, scale: float) -> str:
    return "-" if value is None else f"{scale * value:+.2f}"


def _pair(value: float | None, error: float | None, scale: float) -> str:
    if value is None:
        return "-"
    return f"{scale * value:+.2f}" + ("" if error is None else f" ({scale * error:.2f})")
