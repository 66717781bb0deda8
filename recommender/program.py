"""What both commands have in common: how options and defaults are shown, exit codes, a completion for the shell."""

from __future__ import annotations

import importlib.metadata
import sys
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from cyclopts import App

EXIT_CODES = (
    "Exit codes: 0 carried through, even when single users failed; 1 could not be carried through (key refused, "
    "server unreachable, budget spent, disk full, not one usable answer), with everything paid for kept; "
    "2 wrong usage, config or input; 130 interrupted."
)
_COMPLETION = """Print a completion for a shell; it knows commands, options and files.

    bash: `echo 'source <({name} completion bash)' >> ~/.bashrc`

    zsh: `{name} completion zsh > "${{fpath[1]}}/_{name}"`

    fish: `{name} completion fish > ~/.config/fish/completions/{name}.fish`
"""


def new_program(name: str, what: str) -> App:
    """A cyclopts app with a version, the exit codes under every help and a ``completion`` command.

    Args:
        name: The command, as it is typed.
        what: What it is for, in a sentence.
    """
    from cyclopts import App, Parameter

    app = App(
        name=name,
        help=what,
        help_epilogue=EXIT_CODES,
        default_parameter=Parameter(negative=(), show_default=_default),
        version_flags=["--version"],
        suppress_keyboard_interrupt=False,
        version=lambda: importlib.metadata.version("promptrec"),
    )

    def completion(shell: Literal["bash", "zsh", "fish"], /) -> int:
        sys.stdout.write(app.generate_completion(shell=shell))
        return 0

    app.command(completion, help=_COMPLETION.format(name=name))
    return app


def _default(value: Any) -> Any:
    """A default for the help; nothing where an option is left out or a flag is not given."""
    return None if value is None or value is False or value == () else str(value)
