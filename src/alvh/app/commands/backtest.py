"""``alvh backtest``: one policy, hedged and unhedged, as a summary, a JSON document or a folder of files."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from alvh.app.commands.calendar import check_span
from alvh.app.output import note, print_json, print_table, progress
from alvh.app.source import choose_source
from alvh.core.errors import UsageError


def run(options: Namespace) -> int:
    check_span(options.start, options.end)
    source = choose_source(options.data)
    out = None if options.out is None else writable_folder(options.out)
    from alvh.app.wiring import run_backtest

    report = progress("backtest", quiet=options.quiet)
    output = run_backtest(
        options.policy, data=source, start=options.start, end=options.end, progress=report, price_range=options.price_range
    )
    written = [] if out is None else output.write(out)
    if options.json:
        print_json(output.document)
    else:
        print_table("", ("", ""), output.summary_rows())
    for path in written:
        note(f"wrote {path}", quiet=options.quiet)
    return 0


def writable_folder(name: str) -> Path:
    """The folder to write to; refuse, before any work, a name that cannot become one."""
    path = Path(name)
    if path.exists() and not path.is_dir():
        raise UsageError(
            "is a file, not a folder", where=f"--out {name}", allowed="a folder, new or there", todo="name another folder"
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"the folder cannot be made ({error.strerror})",
            where=f"--out {name}",
            allowed="a folder you may write to",
            todo="name another",
        ) from error
    return path
