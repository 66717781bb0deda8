"""Films, a task about them and a setting, for tests of strategies and of what composes with them."""

from __future__ import annotations

from doubles import ALL

from backends import GenerateRequest, ScoreRequest
from recommender import STRATEGIES, Candidates, Catalog, History, Interaction, Item, Setting, Strategy, Task
from recommender.grounding import Grounder
from recommender.strategies._choose import build_strategy

SEEN = tuple(Item(f"h{i}", title) for i, title in enumerate(["Solaris", "Stalker", "Mirror", "Nostalghia"]))
ITEMS = tuple(Item(f"c{i}", f"Film {i}", {"popularity": str(i), "genres": "Drama"}) for i in range(5))
OTHERS = tuple(Item(f"o{i}", f"Other {i}") for i in range(9))
CATALOG = Catalog((*SEEN, *ITEMS, *OTHERS))
TASK = Task(history=History(tuple(Interaction(item=item) for item in SEEN)), candidates=Candidates(ITEMS), k=5)
SETTING = Setting(backend="some", capabilities=ALL, catalog=CATALOG, grounder=Grounder(tuple(CATALOG)))


def build(name: str, setting: Setting = SETTING, **options: object) -> Strategy:
    """A strategy by its name and options."""
    return build_strategy(STRATEGIES.load(name).options(kind=name, **options), setting)[1]


def text_of(request: GenerateRequest | ScoreRequest) -> str:
    """A request's whole prompt."""
    prompt = request.prompt
    return prompt if isinstance(prompt, str) else "\n".join(message.content for message in prompt)
