"""``alvh policy adopt``: record the policy that an account follows, or list what was recorded."""

from __future__ import annotations

from argparse import Namespace
from datetime import date

from alvh.app.output import note, print_json, print_table
from alvh.core.errors import UsageError


def run(options: Namespace) -> int:
    """Adopt and say so, or list every adoption with where the latest of each name stands."""
    if options.listed:
        return _list(options)
    if options.policy is None:
        raise UsageError(
            "no policy is named", where="alvh policy adopt", allowed="NAME_OR_FILE, or --list", todo="name the policy to adopt"
        )
    from alvh.desk.adoption import adopt, adoption_file, adoption_of
    from alvh.strategy.policy_file import load_policy

    loaded = load_policy(options.policy)
    before = adoption_of(loaded)
    record = adopt(loaded, reason=options.reason or "", on=date.today())
    if options.json:
        print_json(
            {
                "schema": "alvh.adoption/1",
                "name": record.name,
                "sha256": record.sha256,
                "adopted_on": record.adopted_on,
                "reason": record.reason,
                "status_before": before.status,
                "changes": list(before.changes),
                "file": adoption_file(),
            }
        )
        return 0
    print(f"Adopted {record.name} ({record.sha256[:16]}) on {record.adopted_on}: {record.reason}")
    if before.changes:
        print("Against the policy adopted before:" if before.status == "changed" else "Against the policy that ships:")
        for line in before.changes:
            print(f"  {line}")
    note(f"recorded in {adoption_file()}", quiet=options.quiet)
    return 0


def _list(options: Namespace) -> int:
    for given, name in ((options.policy, "a policy"), (options.reason, "--reason")):
        if given is not None:
            raise UsageError(
                f"{name} stands beside --list", where="alvh policy adopt", allowed="--list alone", todo="leave it out"
            )
    from alvh.desk.adoption import adoption_file, adoptions

    records = adoptions()
    latest = {record.name: record for record in records}
    if options.json:
        rows = [
            {
                "name": record.name,
                "sha256": record.sha256,
                "adopted_on": record.adopted_on,
                "reason": record.reason,
                "holds": latest[record.name] is record,
            }
            for record in records
        ]
        print_json({"schema": "alvh.adoptions-listed/1", "file": adoption_file(), "adoptions": rows})
        return 0
    if not records:
        print(f"No policy was adopted yet: {adoption_file()} holds no record.")
        return 0
    cells = [
        (
            record.adopted_on.isoformat(),
            record.name,
            record.sha256[:16],
            "holds" if latest[record.name] is record else "replaced",
            record.reason,
        )
        for record in records
    ]
    print_table("", ("adopted", "policy", "hash", "", "reason"), cells)
    return 0
