"""Which market history a command reads: the flag, else ``ALVH_DATA``, else the embedded sample."""

from __future__ import annotations

import os
from pathlib import Path

from alvh.core.errors import DataMissing

SAMPLE = "sample"


def choose_source(flag: str | None) -> str:
    """Return ``"sample"`` or an existing folder's path; a folder that is not there is a :class:`DataMissing`."""
    chosen, origin = (flag, "--data") if flag is not None else (os.environ.get("ALVH_DATA") or SAMPLE, "ALVH_DATA")
    if chosen == SAMPLE or Path(chosen).is_dir():
        return chosen
    what = "is a file, not a folder" if Path(chosen).exists() else "there is no such folder"
    raise DataMissing(
        what,
        where=f"{origin} {chosen}",
        allowed="a folder of market history, or 'sample'",
        todo="name the folder that holds cboe/, cfe/ and prices/, or leave the option out for the embedded sample",
    )
