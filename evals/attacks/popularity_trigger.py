"""Claims of popularity and the name of a popular item as a trigger.

After BadRec (arXiv 2504.11182), which also poisons the training: nobody trains here, so this is the trigger alone.
"""

from .base import About, Attack


def _craft(text: str, about: About) -> str:
    return f"{text}, the most {about.verb} {about.item} of all, number one ahead of {about.popular}"


ATTACK = Attack(summary="popularity triggers at inference (after BadRec, arXiv 2504.11182)", craft=_craft)
