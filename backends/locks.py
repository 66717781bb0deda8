"""One writer a file."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

from .errors import ConfigurationError

_HELD = {errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK}
_FAR = 0x7FFF_FFFE


def lock(descriptor: int, path: Path) -> None:
    """Keeps a file to this process until the descriptor is closed or the process ends, however it ends.

    Where the file system knows no locks, as some network drives, everybody is let through.

    Raises:
        ConfigurationError: If another process, or another descriptor of this one, holds it.
    """
    try:
        _take(descriptor)
    except OSError as error:
        if error.errno in _HELD:
            raise ConfigurationError(
                f"Another run is writing {path}.", hint="Wait for it to end, or give this run a folder of its own."
            ) from None


if sys.platform == "win32":

    def _take(descriptor: int) -> None:
        import msvcrt

        os.lseek(descriptor, _FAR, os.SEEK_SET)  # a locked byte cannot be read either, so one that holds nothing
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:

    def _take(descriptor: int) -> None:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
