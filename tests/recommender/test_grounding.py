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
FILLERS = [Item(f"filler {n}", f"Zzyzx Road {n} ({1900 + n % 100})") for n in range(2000)]


@pytest.fixture(scope="module")
def indexed() -> Grounder:
    return Grounder([*CATALOG, *FILLERS])


@pytest.fixture(params=["small", "large"])
def grounder(request: pytest.FixtureRequest, indexed: Grounder) -> Grounder:
    """Of a catalogue that is looked through, and of one that is indexed."""
    return indexed if request.param == "large" else Grounder(CATALOG)


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
def test_spelling_articles_accents_years_and_notes_do_not_matter(grounder, text, title, candidates) -> None:
    match = grounder.match(text, candidates)
    assert match.item_id == title, match
    assert 0.0 < match.score <= 1.0


@pytest.mark.parametrize("candidates", [None, CATALOG], ids=["catalogue", "candidates"])
@pytest.mark.parametrize(
    "text",
    ["", " ", "...", "\x00", "\ud800", "Rocky V", "Toy Story 3", "Rocky IV (1985)", "Pokemon Green", "Casablanca", "the"],
)  # fmt: skip
def test_another_work_is_no_match(grounder, text, candidates) -> None:
    match = grounder.match(text, candidates)
    assert match.item_id is None, match


def test_one_name_of_several_items_is_ambiguous_unless_the_year_tells(grounder) -> None:
    match = grounder.match("Sabrina")
    assert (match.reason, match.item_id) == ("ambiguous", None)
    assert 0.0 < match.score < 1.0
    twins = Grounder([Item("a", "Heat", {"year": "1986"}), Item("b", "Heat", {"year": "1995"})])
    assert twins.match("Heat").reason == "ambiguous"
    assert twins.match("Heat (1995)").item_id == "b"


def test_a_title_of_the_catalogue_is_never_taken_for_a_like_candidate(grounder) -> None:
    candidates = [CATALOG[3], CATALOG[7], CATALOG[15]]  # Alien, Toy Story, Pokemon Red
    for title in ("Aliens (1986)", "Aliens", "Toy Story 2", "Pokemon Blue", "Toy Story 2 starring Tom Hanks"):
        match = grounder.match(title, candidates)
        assert match.item_id not in {item.item_id for item in candidates}
        assert match.item_id is not None


@settings(deadline=None)
@given(text=st.one_of(st.text(max_size=200), st.text(alphabet='Toy Story2()[]:-,"&é…1995 II', max_size=60)))
def test_any_text_is_matched_to_an_item_or_none(text: str) -> None:
    ids = {item.item_id for item in CATALOG} | {None}
    grounder = Grounder(CATALOG)
    assert grounder.match(text).item_id in ids
    assert grounder.match(text, CATALOG[:5]).item_id in ids


def test_threads_agree() -> None:
    grounder = Grounder([Item(str(n), f"Film {n} of the year {n * 7}") for n in range(3000)])
    texts = [f"film {n} of year {n * 7}" for n in range(200)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: grounder.match(text).item_id, texts))
    assert found == [str(n) for n in range(200)]


def test_what_is_found_by_a_part_alone_says_so(grounder) -> None:
    match = grounder.match("Toy Story: The Special Edition (1995)")
    assert (match.item_id, match.reason) == ("Toy Story (1995)", "part")


def test_the_index_finds_what_comparing_with_every_title_finds() -> None:
    from recommender.grounding.large import LargePool
    from recommender.grounding.pool import likeness

    names = [
        f"{a} {b} {n}"
        for a in ("night", "shadow", "golden")
        for b in ("river", "lantern", "castle")
        for n in range(300)
    ]
    pool = LargePool([Item(name, name) for name in names])
    for query in ("nigth river 17", "shadwo castle 250", "goldenlantern 3", "castle golden 77", "xq"):
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


@pytest.mark.parametrize(
    ("text", "title", "reason"),
    [
        ("Toy Story (1995)", "Toy Story (1995)", "exact"),
        ("toy story", "Toy Story (1995)", "normalised"),
        ("Toy Story 1995", "Toy Story (1995)", "normalised"),
        ("Willy Wonka and the Chocolate Factory", "Willy Wonka & the Chocolate Factory (1971)", "normalised"),
        ("Willy Wonka + the Chocolate Factory", "Willy Wonka & the Chocolate Factory (1971)", "normalised"),
        ("Se7en", "Seven (a.k.a. Se7en) (1995)", "alias"),
        ("Lodz Ghetto", "Łódź Ghetto", "latin"),
        ("A Space Odyssey (1968)", "2001: A Space Odyssey (1968)", "part"),
        ("Toy Story (1995) - 5/5", "Toy Story (1995)", "shortened"),
        ("The Shawshank Redemtion", "Shawshank Redemption, The (1994)", "fuzzy"),
        ("Monty Python and the Holy Gr…", "Monty Python and the Holy Grail (1975)", "cut-short"),
        ("Casablanca", None, "outside-catalog"),
    ],
)
def test_every_match_says_how_it_was_found(grounder, text: str, title: str | None, reason: str) -> None:
    match = grounder.match(text)
    assert (match.item_id, match.reason) == (title, reason)
    assert (match.score == 1.0) == (reason == "exact")
    assert (match.score == 0.0) == (title is None)


def test_a_name_with_its_year_behind_it_is_still_a_name(grounder) -> None:
    assert grounder.named("Toy Story 1995").item_id == "Toy Story (1995)"
    assert grounder.named("The Shawshank Redemtion").item_id is None


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Dodgeball", "Dodgeball: A True Underdog Story (2004)"),
        ("A True Underdog Story", "Dodgeball: A True Underdog Story (2004)"),
        ("Zodi…", "Zodiac (2007)"),
        ("Zodiac (1997)", "Zodiac (2007)"),
    ],
)
def test_less_is_enough_among_candidates(text: str, title: str) -> None:
    candidates = [Item(t, t) for t in ("Dodgeball: A True Underdog Story (2004)", "Zodiac (2007)", "Heat (1995)")]
    assert Grounder(candidates).match(text, candidates).item_id == title


def test_what_fits_several_items_alike_is_ambiguous() -> None:
    near = Grounder([Item("a", "Metallica"), Item("b", "Metalicca")]).match("Metalica")
    rings = ("Lord of the Rings: Fellowship", "Lord of the Rings: Towers")
    cut = Grounder([Item(title, title) for title in rings]).match("The Lord of the Ri…")
    for match in (near, cut):
        assert (match.item_id, match.reason) == (None, "ambiguous")
        assert 0.0 < match.score < 1.0


def test_another_article_in_the_same_year_is_another_spelling() -> None:
    assert Grounder([Item("1", "Bug's Life, A (1998)")]).match("The Bug's Life (1998)").reason == "normalised"


def test_of_several_that_fit_the_one_that_fits_better_is_meant() -> None:
    heats = Grounder([Item("plain", "Heat (1995)"), Item("noted", "Heat (Thriller) (1995)")])
    assert heats.match("heat (1995)").item_id == "plain"
    years = Grounder([Item("dated", "Metallica (1991)"), Item("undated", "Metallica")])
    assert years.match("Metalica (1991)").item_id == "dated"
    near = Grounder([Item("one", "Extraordinary Golden Harbour"), Item("other", "Extraordinary Goldne Harbour")])
    assert near.match("Extraordinary Golden Harbuor").item_id == "one"
    authors = Grounder([Item("life", "Jane Austen (1998)"), Item("emma", "Emma (1815)", {"author": "Jane Austen"})])
    assert authors.match("Jane Austen: Emma (1815)").item_id == "emma"


def test_a_word_of_the_catalogue_is_no_slip_for_another() -> None:
    harbours = Grounder([Item("1", "Gold Lantern"), Item("2", "Silver Lanttern")])
    assert harbours.match("Gold Lanttern").item_id is None
    assert Grounder([Item("1", "Gold Lantern")]).match("Gold Lanttern").item_id == "1"


def test_of_two_items_of_one_name_the_one_whose_maker_is_named_is_meant() -> None:
    films = Grounder(
        [Item("mann", "Heat", {"director": "Michael Mann"}), Item("richards", "Heat", {"director": "Dick Richards"})]
    )
    assert films.match("Heat, directed by Michael Mann").item_id == "mann"
    assert films.match("Heat, directed by Dick Richards").item_id == "richards"
    assert films.match("Heat, directed by Jane Doe").reason == "ambiguous"


@pytest.mark.parametrize("text", ["Jane Austen - Emma", "Jane Austen: Emma", "Emma - Jane Austen"])
def test_an_author_may_stand_before_or_behind_the_title(text: str) -> None:
    books = Grounder([Item("e", "Emma", {"author": "Jane Austen"}), Item("p", "Persuasion", {"author": "Jane Austen"})])
    assert books.match(text).item_id == "e"
    assert Grounder([Item("e", "Emma")]).match("Jane Austen - Emma").item_id is None
