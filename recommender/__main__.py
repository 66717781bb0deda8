"""Entry of the ``recommender`` command and of ``python -m recommender``."""

import sys


def main() -> None:
    """Runs the command and exits with its code."""
    from .cli import app
    from .command import run

    sys.exit(run(app))


if __name__ == "__main__":
    main()
