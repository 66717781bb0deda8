"""A mention becomes the item that it means, or none."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recommender import Item
from recommender.grounding import Grounder

CATALOG = [
    Item(title, title)
    for title in (
        "Usual Suspects, The (1995)", "Amélie (2001)", "Willy Wonka & the Chocolate Factory (1971)", "Alien (1979)",
        "Aliens (1986)", "Rocky II (1979)", "Rocky III (1982)", "Toy Story (1995)", "Toy Story 2 (1999)",
        "Good, the Bad and the Ugly, The (1966)", "2001: A Space Odyssey (1968)", "Spider-Man (2002)", "千と千尋の神隠し",
        "Monty Python and the Holy Grail (1975)", "Seven (a.k.a. Se7en) (1995)", "Pokemon Red", "Pokemon Blue",
        "Sabrina (1954)", "Sabrina (1995)", "Shawshank Redemption, The (1994)", "Łódź Ghetto", "WALL·E (2008)",
    )
]  # fmt: skip
GROUNDER = Grounder(CATALOG)


@pytest.mark.parametrize("candidates", [None, CATALOG], ids=["catalogue", "candidates"])
@pytest.mark.parametrize(
    ("text", "title"),
    [
        *((item.title, item.title) for item in CATALOG),
        ("The Usual Suspects", "Usual Suspects, The (1995)"),
        ("THE USUAL SUSPECTS (1995)", "Usual Suspects, The (1995)"),
        ("Amelie", "Amélie (2001)"),
        ("Willy Wonka and the Chocolate Factory", "Willy Wonka & the Chocolate Factory (1971)"),
        ("Rocky 2", "Rocky II (1979)"),
        ("Rocky III", "Rocky III (1982)"),
        ("Toy Story", "Toy Story (1995)"),
        ("toy story 2", "Toy Story 2 (1999)"),
        ("The Good, the Bad and the Ugly", "Good, the Bad and the Ugly, The (1966)"),
        ("Spiderman", "Spider-Man (2002)"),
        ("Se7en", "Seven (a.k.a. Se7en) (1995)"),
        ("Toy Story 1995", "Toy Story (1995)"),
        ("Sabrina (1995)", "Sabrina (1995)"),
        ("Lodz Ghetto", "Łódź Ghetto"),
        ("The Shawshank Redemtion", "Shawshank Redemption, The (1994)"),
        ("Monty Python and the Holy Gr…", "Monty Python and the Holy Grail (1975)"),
        ("Toy Story (1995) - 5/5", "Toy Story (1995)"),
    ],
)
def test_spelling_articles_accents_years_and_notes_do_not_matter(text, title, candidates) -> None:
    match = GROUNDER.match(text, candidates)
    assert match.item_id == title, match
    assert 0.0 < match.score <= 1.0


@pytest.mark.parametrize("candidates", [None, CATALOG], ids=["catalogue", "candidates"])
@pytest.mark.parametrize(
    "text",
    ["", " ", "...", "\x00", "\ud800", "Rocky V", "Toy Story 3", "Rocky IV (1985)", "Pokemon Green", "Casablanca", "the"],
)  # fmt: skip
def test_another_work_is_no_match(text, candidates) -> None:
    match = GROUNDER.match(text, candidates)
    assert match.item_id is None, match


def test_one_name_of_several_items_is_ambiguous_unless_the_year_tells() -> None:
    assert GROUNDER.match("Sabrina").reason == "ambiguous"
    assert GROUNDER.match("Sabrina").item_id is None
    twins = Grounder([Item("a", "Heat", {"year": "1986"}), Item("b", "Heat", {"year": "1995"})])
    assert twins.match("Heat").reason == "ambiguous"
    assert twins.match("Heat (1995)").item_id == "b"


def test_a_title_of_the_catalogue_is_never_taken_for_a_like_candidate() -> None:
    candidates = [CATALOG[3], CATALOG[7], CATALOG[15]]  # Alien, Toy Story, Pokemon Red
    for title in ("Aliens (1986)", "Aliens", "Toy Story 2", "Pokemon Blue"):
        match = GROUNDER.match(title, candidates)
        assert match.item_id not in {item.item_id for item in candidates}
        assert match.item_id is not None


@settings(deadline=None)
@given(text=st.one_of(st.text(max_size=200), st.text(alphabet='Toy Story2()[]:-,"&é…1995 II', max_size=60)))
def test_any_text_is_matched_to_an_item_or_none(text: str) -> None:
    ids = {item.item_id for item in CATALOG} | {None}
    assert GROUNDER.match(text).item_id in ids
    assert GROUNDER.match(text, CATALOG[:5]).item_id in ids


def test_threads_agree() -> None:
    grounder = Grounder([Item(str(n), f"Film {n} of the year {n * 7}") for n in range(3000)])
    texts = [f"film {n} of year {n * 7}" for n in range(200)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: grounder.match(text).item_id, texts))
    assert found == [str(n) for n in range(200)]


def test_a_title_inside_another_is_not_taken_for_it_in_another_year() -> None:
    films = Grounder(
        [
            Item("house", "The House (2017)"),
            Item("fire", "Girl Who Played with Fire, The (Flickan som lekte med elden) (2009)"),
        ]
    )
    assert films.match("The House with a Clock in Its Walls (2018)").item_id is None
    assert films.match("The Girl Who Played with Fire (1989)").item_id is None
    assert films.match("The House by Andrew Jay Cohen (2017)").item_id == "house"
    assert films.match("The Girl Who Played with Fire (2009)").item_id == "fire"


def test_a_subtitle_is_found_whose_article_stands_last() -> None:
    films = Grounder(
        [Item("king", "Lord of the Rings: The Return of the King, The (2003)"), Item("h", "The Hobbit (2012)")]
    )
    assert films.match("The Return of the King (2003)").item_id == "king"
    assert films.match("The Hobbit: The Lord of the Rings (2012-2014)").reason != "normalised"


def test_what_is_found_by_a_part_alone_says_so() -> None:
    match = GROUNDER.match("Toy Story: The Special Edition (1995)")
    assert (match.item_id, match.reason) == ("Toy Story (1995)", "part")


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("Toy Story: The Great Adventure (1995)", "Toy Story (1995)"),
        ("On the Road", "The Road"),
        ("The Godfather", "The Good Father"),
        ("The Hating Game", "Dating Game"),
        ("The Rook", "America (The Book)"),
        ("Watchmen", "Watchman"),
        ("Scoob!", "Scoop (2006)"),
        ("The Lodge", "Ledge, The (2011)"),
        ("Girl with a Pearl Earring", "Girl"),
        ("Escape from Alcatraz", "Escape"),
        ("Stand by Me", "Stand"),
        ("Interview with the Vampire", "Interview (2007)"),
        ("The Art of Happiness", "The Art of Happiness at Work"),
        ("Last Christmas", "Doctor Who: Last Christmas (2014)"),
        ("A Wrinkle in Time", "The Time Quartet (A Wrinkle in Time, A Wind in the Door)"),
        ("Saw 3: Unrated (2006)", "Saw 2: Unrated (2006)"),
        ("Toy Story 4 (1995)", "Toy Story (1995)"),
        ("The Walking Dead (TV series)", "Walking Dead, The (1995)"),
        ("Girls", "Girl"),
        ("Jessie J", "Jessie James"),
        ("The Picture of Dorian Gray", "The Picture of Dorian Gray: A Graphic Novel"),
        ("Heat II (1995)", "Heat (1995)"),
    ],
)
def test_a_like_title_of_another_work_is_no_match(text: str, like: str) -> None:
    assert Grounder([Item("1", like)]).match(text).item_id is None


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("The Terminator 4: Salvation (2009)", "Terminator Salvation (2009)"),
        ("The Odyssey by Homer", "The Odyssey"),
        ("Emma by Jane Austen", "Emma"),
        ("Heat (1995) with Al Pacino", "Heat (1995)"),
        ("Heat starring Al Pacino, Robert De Niro, and Val Kilmer.", "Heat (1995)"),
        ("The Butterfly Effect: The Director's Cut (2004)", "The Butterfly Effect (2004)"),
        ("The Godfather: Part I (1972)", "Godfather, The (1972)"),
        ("The Warmth of Other Suns", "The Warmth of Other Suns: The Epic Story of America's Great Migration"),
        ("Star Wars: The Force Awakens", "Star Wars: Episode VII - The Force Awakens (2015)"),
        ("Dodgeball", "Dodgeball: A True Underdog Story (2004)"),
        ("Metalica", "Metallica"),
        ("Twenty-One Pilots", "21 Pilots"),
        ("30 Seconds to Mars", "Thirty Seconds to Mars"),
        ("Pink", "P!nk"),
        ("Kesha", "Ke$ha"),
        ("Florence + the Machine", "Florence and The Machine"),
        ("Guns and Roses", "Guns N' Roses"),
    ],
)
def test_one_work_in_other_words_is_a_match(text: str, title: str) -> None:
    match = Grounder([Item("1", title), Item("2", "Unrelated Title")]).match(text)
    assert match.item_id == "1", match


def test_the_index_finds_what_comparing_with_every_title_finds() -> None:
    from recommender.grounding.large import LargePool
    from recommender.grounding.pool import likeness

    names = [
        f"{a} {b} {n}"
        for a in ("night", "shadow", "golden")
        for b in ("river", "harbour", "castle")
        for n in range(300)
    ]
    pool = LargePool([Item(name, name) for name in names])
    for query in ("nigth river 17", "shadwo castle 250", "goldenharbour 3", "castle golden 77", "xq"):
        best = float(likeness(query, names).max())
        for floor in (0.0, 72.0):
            top = pool.likest(query, 5, floor)
            assert top or not best >= floor > 0
            assert not top or top[0][1] == pytest.approx(best)
            assert [score for _, score in top] == sorted((score for _, score in top), reverse=True)
            assert all(score >= floor for _, score in top)
    assert LargePool([]).likest("night", 3) == []


def test_titles_of_a_shop_are_found_as_people_write_them() -> None:
    titles = [
        "Assassin&rsquo;s Creed Syndicate - Gold Edition - Xbox One", "Thrones &amp; Patriots - PC", "TMNT - PlayStation 2", "TMNT",
        "Charging Station (PS4)japan Import)", "USPRO&reg; Game Controller", "Luxor", "Spy Hunter - Xbox", "Spy Hunter",
        "Escape from Monkey Island (Jewel Case) - PC", "Escape from Monkey Island", "Rabbids Go Home - Nintendo DS", "2 Pack - Cable",
    ]  # fmt: skip
    shop = Grounder(Item(title, title) for title in titles)
    for mention, item_id in [
        ("Assassin's Creed Syndicate - Gold Edition - Xbox One", titles[0]),
        ("Assassin’s Creed™ Syndicate – Gold Edition – Xbox One", titles[0]),
        ("Thrones & Patriots - PC", titles[1]),
        ("TMNT (PS2)", titles[2]),
        ("Escape from Monkey Island (Jewel Case) (PC)", "Escape from Monkey Island (Jewel Case) - PC"),
        ("Rabbids Go Home (DS)", "Rabbids Go Home - Nintendo DS"),
        ("Skin Case (2 Pack) for Controllers", None),
        ("PS4", None),
        ("USPRO® Game Controller", titles[5]),
        ("Luxor: Pharaoh's Challenge - PSP: a fun game for the whole family", None),
        ("Luxor: a fun game for the whole family and your friends", "Luxor"),
        ("Spy Hunter", "Spy Hunter"),
    ]:
        assert shop.match(mention).item_id == item_id, mention
    offered = [Item(title, title) for title in titles if title != "Spy Hunter"]
    assert shop.match("Spy Hunter", offered).item_id == "Spy Hunter - Xbox"
    assert shop.match("TMNT (Xbox 360)", [Item(titles[2], titles[2])]).item_id != titles[2]


def test_two_titles_with_one_note_are_two_works() -> None:
    shows = Grounder(
        [Item("1", "Friends (TV Series)"), Item("2", "Independence Day (ID4) (1996)"), Item("3", "Aliens")]
    )
    assert shows.match("Fargo (TV Series)").item_id is None
    assert shows.match("Dave (ID4)").item_id is None
    assert shows.match("Friends (TV Series)").item_id == "1"
    assert shows.match("ID4").item_id == "2"
