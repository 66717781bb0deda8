"""The most memory that a process took."""

import re
import resource
import sys
from pathlib import Path


def peak() -> float:
    """Megabytes of this process; the kernel's own count, for getrusage's begins with what the parent had."""
    status = Path("/proc/self/status")
    if found := re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.is_file() else None:
        return int(found[1]) / 1024
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (1 << 20) if sys.platform == "darwin" else most / 1024
