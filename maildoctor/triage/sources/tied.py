"""Programs beside this one that end when it ends, even by SIGKILL."""

import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
"""prctl(2); Linux only."""


def tied() -> Callable[[], None] | None:
    """For `preexec_fn`: the kernel kills the child when this process is gone. None where no kernel does that; there a
    program ends at its next write into the pipe that nobody reads any more."""
    if sys.platform != "linux":
        return None
    import ctypes

    try:
        prctl = ctypes.CDLL(None).prctl
    except (OSError, AttributeError):
        return None
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) and None
