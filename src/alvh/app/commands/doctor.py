"""``alvh doctor``: what is here, what would fail, and how to mend it."""

from __future__ import annotations

import os
from argparse import Namespace

from alvh.app.checkup import Finding, all_checks
from alvh.app.output import note, print_json, print_table

_WORD = {"ok": "ok", "info": "-", "warn": "WARN", "fail": "FAIL"}


def run(options: Namespace) -> int:
    """Run every check; the exit code is that of the first failed one, 0 where none failed."""
    data = options.data if options.data is not None else os.environ.get("ALVH_DATA")
    findings: list[Finding] = []
    for name, check in all_checks(data=data, warm=options.warm):
        note(f"checking {name} ...", quiet=options.quiet or options.json)
        findings.append(check())
    failed = [finding for finding in findings if finding.status == "fail"]
    if options.json:
        rows = [
            {"name": finding.name, "status": finding.status, "found": finding.found, "todo": finding.todo} for finding in findings
        ]
        print_json({"schema": "alvh.doctor/1", "ok": not failed, "checks": rows})
    else:
        rows_text = [(_WORD[finding.status], finding.name, finding.found) for finding in findings]
        print_table("", ("", "check", "found"), rows_text)
        for finding in findings:
            if finding.todo:
                print(f"\n{finding.name}: {finding.todo}")
    return failed[0].exit_code if failed else 0
