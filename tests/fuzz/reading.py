"""Coverage-guided fuzzing of parsing, grounding and reading; run by hand.

    pip install atheris
    python tests/fuzz/reading.py -runs=1000000 -max_len=120 -dict=tests/fuzz/reading.dict CORPUS

Stops at the first text for which a property of ``tests/reading_properties.py`` fails.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
with atheris.instrument_imports(include=["recommender.parsing", "recommender.grounding", "recommender.reading"]):
    import reading_properties as properties


def one(data: bytes) -> None:
    """The first byte chooses what is checked; the rest is the text, broken UTF-8 as lone surrogates."""
    text = data[1:].decode("utf-8", "surrogateescape")
    choice = data[0] % 16 if data else 0
    if choice < 4:
        properties.check_reading(text, properties.SHAPES[choice])
    elif choice == 4:
        properties.check_open_reading(text)
    else:  # parsers are many times faster
        properties.check_parsers(text)


atheris.Setup(sys.argv, one)
atheris.Fuzz()
