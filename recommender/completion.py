"""What both commands have: a completion for the shell, and the exit codes under their help."""

from __future__ import annotations

import sys
from typing import Any, Literal

EXIT_CODES = (
    "Exit codes: 0 carried through, even when single users failed; 1 could not be carried through (key refused, "
    "server unreachable, budget spent, disk full, not one usable answer), with everything paid for kept; "
    "2 wrong usage, config or input; 130 interrupted."
)
_HELP = """Print a completion for a shell; it knows commands, options and files.

    bash: echo 'source <({name} completion bash)' >> ~/.bashrc

    zsh: {name} completion zsh > "${{fpath[1]}}/_{name}"

    fish: {name} completion fish > ~/.config/fish/completions/{name}.fish
"""


def equip(app: Any) -> None:
    """Gives a cyclopts app its ``completion`` command and the exit codes at the end of its help."""

    def completion(shell: Literal["bash", "zsh", "fish"], /) -> int:
        sys.stdout.write(app.generate_completion(shell=shell))
        return 0

    app.help_epilogue = EXIT_CODES
    app.command(completion, help=_HELP.format(name=app.name[0]))
