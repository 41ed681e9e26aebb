"""``alvh demo``: the main job on the embedded real sample, ending with a report to open."""

from __future__ import annotations

from argparse import Namespace

from alvh.app.commands.backtest import writable_folder
from alvh.app.output import note, print_json, print_table, progress
from alvh.app.parser import DEFAULT_POLICY
from alvh.app.source import SAMPLE


def run(options: Namespace) -> int:
    out = writable_folder(options.out)
    from alvh.app.wiring import run_backtest

    note(f"Running {DEFAULT_POLICY} on the embedded sample of real SPX and VIX history.", quiet=options.quiet)
    report = progress("demo", quiet=options.quiet)
    output = run_backtest(DEFAULT_POLICY, data=SAMPLE, start=None, end=None, progress=report)
    written = output.write(out)
    if options.json:
        print_json(output.document)
    else:
        print_table("", ("", ""), output.summary_rows())
        print()
        print(f"report: {(out / 'report.html').resolve()}")
    for path in written:
        note(f"wrote {path}", quiet=options.quiet)
    return 0
