"""``alvh data check``."""

from __future__ import annotations

from argparse import Namespace

from alvh.app.output import print_json
from alvh.app.source import choose_source


def run(options: Namespace) -> int:
    from alvh.data.check import check_data

    report = check_data(choose_source(options.data))
    if options.json:
        print_json(report.document)
    else:
        print(report.text)
    return report.exit_code
