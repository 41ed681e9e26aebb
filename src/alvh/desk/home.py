"""Where the state of an account is kept: records that no command can make anew, unlike a cache."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def state_home(home: Path | None = None) -> Path:
    """``home``, else ``$ALVH_HOME``, else the platform's folder for a program's state; it need not exist.

    That folder is ``%LOCALAPPDATA%/alvh`` on Windows and elsewhere ``$XDG_STATE_HOME/alvh`` or ``~/.local/state/alvh``
    (XDG Base Directory Specification 0.8).
    """
    if home is not None:
        return home
    named = os.environ.get("ALVH_HOME")
    if named:
        return Path(named).expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "alvh"
    state = os.environ.get("XDG_STATE_HOME", "")
    # The specification asks that a relative path be ignored.
    return Path(state if os.path.isabs(state) else Path.home() / ".local" / "state") / "alvh"
