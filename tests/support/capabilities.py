"""Has root obey permissions, as whoever a function runs as does."""

from __future__ import annotations

import ctypes
import os

_DAC_OVERRIDE = 1  # the capability to write whatever permissions say (linux/capability.h)
_CAPBSET_DROP = 24  # linux/prctl.h


def drop_override() -> None:
    """Have root obey permissions from the next exec on; who is not root does anyway."""
    if os.geteuid() == 0:
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        if prctl(_CAPBSET_DROP, _DAC_OVERRIDE, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "a capability can't be dropped")
