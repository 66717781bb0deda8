"""How both commands begin and end: exit codes, one-sentence errors, quiet interruptions.

Exit codes: 0 carried through; 1 could not be carried through; 2 wrong usage, config or input; 130 interrupted.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
from collections.abc import Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from backends import BackendError, ConfigurationError
from prompts import PromptError

from .errors import RecommenderError
from .printable import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

T = TypeVar("T")
FAILED = 1
USAGE = 2
INTERRUPTED = 130
_UNBROKEN = 10_000
"""Columns of an output that is no terminal."""


def exit_code(error: Exception) -> int:
    """The exit code that an error of ours stands for."""
    if isinstance(error, BackendError) and not isinstance(error, ConfigurationError):
        return FAILED
    return USAGE


def run(app: Any, arguments: Sequence[str] | None = None, *, usage_errors: tuple[type[Exception], ...] = ()) -> int:
    """Runs a cyclopts app and returns the exit code; our own errors become one sentence on the standard error.

    Args:
        app: The application.
        arguments: In place of those of the process.
        usage_errors: Further error types that mean wrong usage, config or input.
    """
    from cyclopts import CycloptsError

    _show_log()
    tokens = list(sys.argv[1:] if arguments is None else arguments)
    _, apps, rest = app.parse_commands(tokens)
    if apps[-1].default_command is None and not rest:  # a program or a group without a command
        app.help_print(tokens)
        return USAGE
    try:
        result = app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
    except CycloptsError as error:
        return _say(_misused(error, app.name[0]), USAGE)
    except (RecommenderError, PromptError, BackendError) as error:
        return _say(str(error), exit_code(error))
    except usage_errors as error:
        return _say(str(error), USAGE)
    except OSError as error:
        return _say(f"{error.strerror or error}: {error.filename or ''}".rstrip(": ") + ".", FAILED)
    except KeyboardInterrupt:
        if arguments is None:  # the process ends here; interrupted again, it still ends in good order
            signal.signal(signal.SIGINT, signal.SIG_IGN)
        return _say("Interrupted; what was paid for is kept.", INTERRUPTED)
    return result if isinstance(result, int) else 0


def console(*, stderr: bool = False) -> Console:
    """Where a table is printed: as wide as the terminal, and without broken lines where the output is a file or a pipe.

    Colours are rich's: on a terminal alone, and not with ``NO_COLOR``.
    """
    from rich.console import Console

    found = Console(stderr=stderr)
    return found if found.is_terminal else Console(stderr=stderr, width=_UNBROKEN)


def visible(text: str) -> Text:
    """Text of others for a terminal, as :func:`printable` makes it."""
    from rich.text import Text

    return Text(printable(text))


def run_async(main: Coroutine[Any, Any, T]) -> T:
    """Runs a coroutine to its end.

    An interruption cancels it, so that files are closed and connections ended; further ones change nothing until it has
    ended.  Left to itself, asyncio lets a second one break in anywhere.

    Raises:
        KeyboardInterrupt: If it was interrupted.
    """
    interrupted = False

    async def guarded() -> T:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in a task

        def stop() -> None:
            nonlocal interrupted
            if not interrupted:
                interrupted = True
                task.cancel()

        with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # Windows, or not the main thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop)
        return await main

    with asyncio.Runner() as runner:
        try:
            return runner.run(guarded())
        except asyncio.CancelledError:
            if interrupted:
                raise KeyboardInterrupt from None
            raise


def _misused(error: Any, program: str) -> str:
    """What is wrong with a command line, and whose help tells more."""
    from cyclopts import MissingArgumentError, UnusedCliTokensError

    said = str(error)
    if isinstance(error, UnusedCliTokensError):
        said = f"Not understood: {' '.join(error.unused_tokens or ())}. Put a title of several words into quotes."
    elif isinstance(error, MissingArgumentError) and not error.keyword:
        said = said.replace("requires an argument", "is missing")
    return f"{said} See: {' '.join((program, *(error.command_chain or ())))} --help"


def _show_log() -> None:
    """Lets people see what is fetched, and nothing else of the log."""
    logger = logging.getLogger("backends")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)


def _say(message: str, code: int) -> int:
    sys.stderr.write(f"{printable(message)}\n")
    return code
