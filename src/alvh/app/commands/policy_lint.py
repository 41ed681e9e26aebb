"""``alvh policy lint``: what can't work in a policy, with the numbers and what to do."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from alvh.app.commands.calendar import check_span
from alvh.app.output import note, print_json
from alvh.app.source import choose_source

EXIT_ERRORS = 3
"""A policy with an error found by ``--strict`` ends as a policy that is refused does."""
_NOUNS = {"error": "error", "warning": "warning", "info": "note"}


def run(options: Namespace) -> int:
    """Print the findings; exit 0, or with ``--strict`` 3 where one is an error."""
    check_span(options.start, options.end)
    source = None if options.data is None else choose_source(options.data)
    from alvh.strategy.policy_file import load_policy

    loaded = load_policy(options.policy)
    from alvh.app.lint import lint_document

    note(f"checking {loaded.policy.name} against {source or 'model prices at stated levels of VIX'} ...", quiet=options.quiet)
    document = lint_document(loaded, data=source, start=options.start, end=options.end)
    if options.json:
        print_json(document)
    else:
        _print(document)
    return EXIT_ERRORS if options.strict and document["counts"]["error"] else 0


def _print(document: dict[str, Any]) -> None:
    for finding in document["findings"]:
        print(f"{finding['severity']}  {finding['code']}  {finding['key']}")
        for line in finding["text"].split("\n"):
            print(f"  {line}.")
        if finding["todo"]:
            print(f"  Next: {finding['todo']}.")
        print()
    counts = document["counts"]
    said = [f"{count} {_NOUNS[name]}{'' if count == 1 else 's'}" for name, count in counts.items()]
    print(f"{document['name']}: {', '.join(said)}. Sessions counted: {document['from']} to {document['to']}.")
    if document["source"] is None:
        print("Nothing was held against data: add --data DIR, or --data sample.")
