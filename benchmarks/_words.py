"""Made-up titles, and the words that they are made of."""

import random

WORDS = ["red", "last", "quiet", "summer", "harbour", "letter", "storm", "garden", "robot", "winter", "signal", "ocean"]


def title(draw: random.Random) -> str:
    return " ".join(draw.choices(WORDS, k=3)).title() + f" ({draw.randint(1950, 2024)})"
