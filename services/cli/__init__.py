"""`muster`: one module a command; the composition root, the only place where everything meets."""

from __future__ import annotations

import sys
from pathlib import Path

_STATE = Path(__file__).resolve().parents[2] / ".muster"

if sys.dont_write_bytecode and sys.pycache_prefix is None and _STATE.is_dir():
    # Not beside the sources, then, as for the processes of `muster up`: a command that compiles every module
    # anew is three seconds late before it does anything.
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(_STATE / "pycache")
