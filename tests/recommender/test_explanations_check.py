"""What an explanation names is held against what is known of the person's history and of the item."""

import pytest

from recommender import Catalog, Item
from recommender.grounding import Grounder
from recommender.modifiers.explanations_check import Checker, statements

HEAT = Item("1", "Heat (1995)", {"genres": "Crime|Drama", "year": "1995"})
STAR_WARS = Item("2", "Star Wars: Episode IV", {"genres": "Sci-Fi", "year": "1977"})
GODFATHER = Item("3", "Godfather, The", {"genres": "Crime", "director": "Francis Ford Coppola"})
LIST = Item("4", "Schindler's List", {"genres": "History|Drama"})
ALIEN = Item("5", "Alien", {"genres": "Horror"})
TRUTH = Item("6", "An Inconvenient Truth", {"genres": "Documentary"})
CATALOG = Catalog([HEAT, STAR_WARS, GODFATHER, LIST, ALIEN, TRUTH])
KNOWN = (HEAT, STAR_WARS, GODFATHER, LIST)


def checker(catalog: Catalog | None = CATALOG, language: str = "en") -> Checker:
    return Checker(catalog, Grounder(catalog) if catalog is not None else None, language)


@pytest.mark.parametrize(
    "said",
    [
        "Because you enjoyed Heat and The Godfather, this crime drama will suit you.",
        "You liked Star Wars. It is a tense story about crimes, made in 1995.",
        "Heat is like The Godfather by Coppola.",
        "It's a drama like Schindler's List, I'd say.",
        'The film "Star Wars IV" has what you look for on a rainy Sunday.',
        "Reason: You like dramas with a history.",
        "Recommended: Heat",
        "Heat suits you, as you like sci-fi.",
        "The film Heat is a crime drama.",
        "",
    ],
)
def test_what_names_history_and_attributes_holds(said: str) -> None:
    found = checker().check(said, KNOWN, ["for a rainy Sunday"])
    assert found.failed == ()
    assert " ".join(found.held) == said


@pytest.mark.parametrize(
    "said",
    [
        "You liked Alien.",
        "Alien is a film that you have seen.",
        "An Inconvenient Truth comes to mind.",
        "You enjoyed Star Crime.",
        "It stars Al Pacino.",
        "It was made in 1994.",
        "This documentary suits you.",
        "It is one of the best horror stories.",
        "You will like it as much as 'the long road home'.",
        "It won the Palme d'Or in Cannes.",
        "The film Heat is a classic sci-fi adventure.",
    ],
)
def test_what_names_anything_else_does_not(said: str) -> None:
    assert checker().check(said, KNOWN, []).failed == (said,)


def test_only_the_statement_that_does_not_hold_is_sorted_out() -> None:
    found = checker().check("You liked Heat. You also liked Alien! So this is for you.", KNOWN, [])
    assert found.held == ("You liked Heat.", "So this is for you.")
    assert found.failed == ("You also liked Alien!",)


def test_without_a_catalogue_names_are_still_checked() -> None:
    assert checker(None).check("You liked Alien and a horror film.", KNOWN, []).failed
    assert not checker(None).check("You liked Heat and a horror film.", KNOWN, []).failed


def test_capitals_say_something_in_english_alone_and_quotes_everywhere() -> None:
    german = checker(language="de")
    assert not german.check("Ein Film mit Spannung wie Heat.", KNOWN, []).failed
    assert german.check("Ein Film wie «Der dritte Mann».", KNOWN, []).failed
    assert checker(language="zh").check("因为你喜欢《异形》。", KNOWN, []).failed


def test_sentences_end_where_sentences_end() -> None:
    assert statements("By Dr. No, in E.T. or U.S. style. Really?\nYes! 好。再来") == (
        "By Dr. No, in E.T. or U.S. style.",
        "Really?",
        "Yes!",
        "好。",
        "再来",
    )
    assert statements("") == ()
