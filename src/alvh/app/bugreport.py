"""What a bug leaves behind: one text file under the system's temporary folder, without environment or data."""

from __future__ import annotations

import os
import platform
import tempfile
import traceback
from pathlib import Path

from alvh import __version__


def write_bug_report(error: BaseException, arguments: list[str]) -> Path:
    """Write version, platform, arguments and traceback; return the file's path.

    No environment variable, file content or local variable is written, so nothing secret can be in it.
    """
    handle, name = tempfile.mkstemp(prefix="alvh-bug-", suffix=".txt")
    lines = [
        f"alvh {__version__}",
        f"Python {platform.python_version()} on {platform.platform()}",
        f"arguments: {arguments!r}",
        "",
        *traceback.format_exception(error),
    ]
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return Path(name)
