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


def test_what_is_found_by_a_part_alone_says_so(grounder) -> None:
    match = grounder.match("Toy Story: The Special Edition (1995)")
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
        ("The Call of the Wild", "Stuart Little 3: Call of the Wild (2005)"),
        ("The Phantom Menace", "Star Wars: The Phantom Menace"),
        ("The Two Towers", "Lord of the Rings: The Two Towers, The (2002)"),
        ("Skylanders 2: Starter Pack", "Skylanders: Starter Pack"),
        ("Rambo 3: First Blood Rising", "Rambo 2: First Blood Rising (1985)"),
        ("Alien: The Director's Cut (1972)", "Alien (1979)"),
        ("Alien (The Director's Cut) (1972)", "Alien (1979)"),
        ("Alien (Colour) (2003)", "Alien (1979)"),
        ("Alien: Legacy (2003)", "Alien (1979)"),
        ("Alien: The Director's Cut", "Alien"),
        ("Roger Rabbit (1990)", "Who Framed Roger Rabbit? (1988)"),
        ("Roger Rabbit", "Who Framed Roger Rabbit? (1988)"),
        ("Ger Rabbit (1988)", "Who Framed Roger Rabbit? (1988)"),
        ("Rabbit (1988)", "Who Framed Roger Rabbit? (1988)"),
        ("Red Harbor (1988)", "Red Harbor 2 Red Harbor (1988)"),
        ("Oldboy (Park Chan-wook, 2003)", "Oldboy (2013)"),
        ("It (2017 film)", "It (1990)"),
        ("Penitentiary (1989)", "Sematary (1989)"),
        ("Pet Cemetery", "Pet Sematary (1989)"),
        ("Kramer v Kramer", "Kramer and Kramer"),
        ("A Wrinkle in Time", "The Time Quartet (A Wrinkle in Time, A Wind in the Door)"),
        ("Saw 3: Unrated (2006)", "Saw 2: Unrated (2006)"),
        ("Toy Story 4 (1995)", "Toy Story (1995)"),
        ("The Walking Dead (TV series)", "Walking Dead, The (1995)"),
        ("Girls", "Girl"),
        ("Jessie J", "Jessie James"),
        ("The Picture of Dorian Gray", "The Picture of Dorian Gray: A Graphic Novel"),
        ("Heat II (1995)", "Heat (1995)"),
        ("Return of the", "Return of the Living Dead"),
        ("Red Dark Moon", "Saga: Red Dark Moon"),
        ("The Martial", "The Martian (2015)"),
        ("The Highwaymen", "The Highwayman"),
        ("The Fog Man (1980)", "The Dig Man (1980)"),
        ("The Castle Garden (1997)", "The Winner Garden (1997)"),
        ("Dead Poodle (2016)", "Deadpool (2016)"),
        ("Compannions", "Buddies (Companions)"),
        ("The Seventh Day (2000)", "6th Day, The (2000)"),
        ("Life of Pi (1979)", "Monty Python's Life of Brian (1979)"),
        (
            "The Lost Boys: Three Friends on a Most Unlikely Road",
            "The Lost Girls: Three Friends on a Most Unlikely Road",
        ),
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
        ("8 1/2 (1963)", "8½ (1963)"),
        ("Alien 3 (1992)", "Alien³ (1992)"),
        ("Rocky 2 (1979)", "Rocky² (1979)"),
        ("Amélie\ud800 (2001)", "Amélie (2001)"),
        ("Chapter V: The Return", "Chapter 5: The Return"),
        ("The Bug's Life (1998)", "Bug's Life, A (1998)"),
        ('"Heat" is a crime drama', "Heat"),
        ("**Heat** - a crime drama", "Heat"),
        ("Heat, a Mann film", "Heat"),
        ("Heat, great crime film", "Heat"),
        ("Heat, Mann made this tense crime film", "Heat"),
        (
            "The Cook, the Thief, His Wife and Her Lover - starring Ann Bee, Cid Dee, Eff Gee, Hugh Jay, Kay Ell",
            "The Cook, the Thief, His Wife & Her Lover",
        ),
        (
            "Wind, Sand, Stars, Night, Flight, South starring Ann Bee, Cid Dee, Eff Gee, Hugh Jay",
            "Wind, Sand, Stars, Night, Flight, South",
        ),
        ("Red Dark Moons", "Saga: Red Dark Moons"),
        ("Monty Python and the Holy Gr", "Monty Python and the Holy Grail (1975)"),
        ("The Shawshenk Redemtion (1994)", "Shawshank Redemption, The (1994)"),
        ("Dead Poole (2016)", "Deadpool (2016)"),
        ("The Elefant Man (1980)", "Elephant Man, The (1980)"),
        ("1941 Rising 1941", "1941 Rising (1941)"),
        ("Room (237)", "Room 237"),
        ("(500) (Days)", "500 Days"),
        ("Room (Two Three", "Room Two Three"),
        ("Golden Harbuor² (1979)", "Golden Harbour 2 (1979)"),
        ("Smørrebrød", "Smorrebrod: A Cookbook"),
        ("Shawshank Redemtion (1994), directed by Frank Darabont (1959)", "Shawshank Redemption, The (1994)"),
        ("Holy Grail Montypython", "Monty Python Holy Grail"),
        ("Holy Grail Monty Python", "Montypython Holy Grail"),
        ("Zo Diak (2007)", "Zodiac (2007)"),
        ("Twenty-One Pilots", "21 Pilots"),
        ("30 Seconds to Mars", "Thirty Seconds to Mars"),
        ("Pink", "P!nk"),
        ("Kesha", "Ke$ha"),
        ("Florence + the Machine", "Florence and The Machine"),
        ("Guns and Roses", "Guns N' Roses"),
        ("The Sixth Day (2000)", "6th Day, The (2000)"),
        ("Life of Brian (1979)", "Monty Python's Life of Brian (1979)"),
        ("Oldboy (Park Chan-wook, 2003)", "Oldboy (2003)"),
        ("It (2017 film)", "It (2017)"),
        ("It (2017, Andy Muschietti)", "It (2017)"),
        ("16 Candles", "Sixteen Candles (1984)"),
        ("Kramer v. Kramer", "Kramer vs. Kramer (1979)"),
        ("Golden Armor", "Golden Armour"),
        ("The Time Traveller's Wife", "Time Traveler's Wife, The"),
        ("Boot (1981)", "Boot, Das (Boat, The) (1981)"),
        ("Dolce Vita", "Dolce Vita, La (1960)"),
        ("Pet Cemetery (1989)", "Pet Sematary (1989)"),
        ("Roger Rabbit (1988)", "Who Framed Roger Rabbit? (1988)"),
        ("Aliens: Special Edition (1991)", "Aliens (1986)"),
        ("Aliens (Special Edition) (1991)", "Aliens (1986)"),
        ("Aliens: Special Edition", "Aliens (1986)"),
        (
            "Indiana Jones and the Crystal Skull: The Adventure Goes On (2008)",
            "Indiana Jones and the Crystal Skull (2008)",
        ),
        ("The Phantom Menace", "Star Wars: Episode I - The Phantom Menace (1999)"),
        ("Captain America 2: The Winter Soldier", "Captain America: The Winter Soldier (2014)"),
        ("Star Trek: The Wrath of Khan", "Star Trek II: The Wrath of Khan (1982)"),
        ("Ghost Recon Wildlands", "Tom Clancy's Ghost Recon Wildlands"),
        ("The Lorax (2012)", "Dr. Seuss' The Lorax (2012)"),
        (
            "The Lost Girls: Three Friends on a Most Unlikely Road",
            "Lost Girls and a Year: Three Friends on a Most Unlikely Road",
        ),
        (
            "Star Wars: Caravan of Courage - An Ewok Tale",
            "Ewok Adventure, The (a.k.a. Caravan of Courage: An Ewok Tale)",
        ),
    ],
)
def test_one_work_in_other_words_is_a_match(text: str, title: str) -> None:
    match = Grounder([Item("1", title), Item("2", "Unrelated Title")]).match(text)
    assert match.item_id == "1", match


def test_a_numbered_sequel_is_the_one_title_of_its_series_in_that_year() -> None:
    titles = (
        "Die Hard (1988)", "Live Free or Die Hard (2007)", "Rocky (1976)", "Rocky Balboa (2006)", "Lion King (1994)",
        "Lion King 1½ (2004)", "Catch (1990)", "Catch the Wind (2008)", "Catch the Rain (2008)",
        "Shrek (2001)", "Shrek the Third (2007)", "Shrek the Halls (2007)",
    )  # fmt: skip
    films = Grounder(Item(title, title) for title in titles)
    for mention, title in [
        ("Die Hard 4.0 (2007)", "Live Free or Die Hard (2007)"),
        ("Rocky 6 (2006)", "Rocky Balboa (2006)"),
        ("Rocky VI: The Last Round (2006)", "Rocky Balboa (2006)"),
        ("Shrek 3 (2007)", "Shrek the Third (2007)"),
        ("Shrek 4 (2007)", None),
        ("Rocky 6 (2005)", None),
        ("Rocky 6", None),
        ("Rocky 1 (2006)", None),
        ("Die Hard 2 (1988)", None),
        ("Lion King 3 (2004)", None),  # another number
        ("Catch 22 (2008)", None),
        ("Balboa 6 (2006)", None),
    ]:
        assert films.match(mention).item_id == title, mention
    assert films.match("Rocky 6 (2006)").reason == "cut-short"


def test_of_many_titles_that_begin_alike_none_is_the_only_one() -> None:
    titles = [f"Golden Lantern Z{a}{b}" for a in "aeiou" for b in "bcdfghjklmnpqrstvwxyz"]
    few = Grounder(Item(title, title) for title in titles[:9])
    assert few.match("Golden Lantern…").reason == "ambiguous"
    many = Grounder(Item(title, f"{title} ({1900 + n})") for n, title in enumerate(titles))
    assert many.match("Golden Lantern (1920)").item_id is None
    assert Grounder([Item("1", "Golden Lantern Zab (1920)")]).match("Golden Lantern (1920)").item_id == "1"


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


def test_a_candidates_subtitle_is_enough_where_the_series_is_mistaken() -> None:
    films = [Item("1", "Star Trek: First Contact (1996)"), Item("2", "Star Wars (1977)"), Item("3", "Contact (1997)")]
    assert Grounder(films).match("Star Wars: First Contact", films).item_id == "1"
    assert Grounder(films).match("Star Wars: Second Contact", films).item_id is None


def test_a_part_that_may_be_several_items_does_not_hide_another_part() -> None:
    films = [Item("1", "Sabrina (1954)"), Item("2", "Sabrina (1995)"), Item("3", "Heat (1995)")]
    assert Grounder(films).match("Sabrina - Heat", films).item_id == "3"


def test_a_part_in_another_year_does_not_hide_another_part() -> None:
    films = [Item("1", "Heat with Al Pacino (2003)"), Item("2", "Heat (1995)")]
    assert Grounder(films).match("Heat with Al Pacino, by Michael Mann (1995)").item_id == "2"


@pytest.mark.parametrize("end", ["…", "...", ":", " -", " –", ",", ", ", " Val"])
def test_a_title_that_ends_where_no_title_ends_was_cut(end: str) -> None:
    grounder = Grounder([Item("1", "Harvest Moon Valley"), Item("2", "Alien")])
    assert grounder.match("Harvest Moon").item_id is None
    assert grounder.match(f"Harvest Moon{end}").item_id == "1"


@pytest.mark.parametrize(
    ("written", "found"),
    [("Jaws 2 (1978)", "2"), ("Jaws 1 (1978)", None), ("Saw 2 (2005)", None), ("Rocky 6 (1976)", None)],
)
def test_a_sequel_is_known_by_a_number_from_two_of_a_series_that_is_older(written: str, found: str | None) -> None:
    titles = [
        "Jaws (1975)",
        "Jaws Returns (1978)",
        "Saw (2004)",
        "Saw Again (2005)",
        "Rocky (1976)",
        "Rocky Bout (1976)",
    ]
    grounder = Grounder([Item(str(n), title) for n, title in enumerate(titles, 1)])
    assert grounder.match(written).item_id == found
