"""Entry of the ``evals`` command and of ``python -m evals``."""

import sys


def main() -> None:
    """Runs the command and exits with its code."""
    from recommender import run_command

    from .cli import app
    from .errors import EvalError

    sys.exit(run_command(app, usage_errors=(EvalError,)))


if __name__ == "__main__":
    main()
