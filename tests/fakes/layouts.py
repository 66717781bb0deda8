"""A small folder of each dataset's layout.  The files are made up; no row of a real dataset is in them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path


def write(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = text.encode(encoding)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def json_lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def movielens_1m(folder: Path) -> Path:
    write(
        folder / "movies.dat",
        "1::Paper Orchard (1995)::Animation|Comedy\n2::Salt :: Tide (1988)::Drama\n3::Élan (1971)::Documentary\n",
        encoding="latin-1",
    )
    write(folder / "ratings.dat", "1::2::5::30\n1::1::3::10\n2::3::4::20\n")
    return folder


def movielens_small(folder: Path) -> Path:
    write(
        folder / "movies.csv",
        'movieId,title,genres\n1,"Harbour, The (1962)",Film-Noir|Drama\n2,Ends (1999–2001),(no genres listed)\n3,"A ""Q"" (1990)",War\n',
    )
    write(folder / "ratings.csv", "userId,movieId,rating,timestamp\n1,2,4.5,30\n1,1,3.0,10\n2,3,0.5,20\n")
    return folder


def recbole(folder: Path) -> Path:
    write(
        folder / "tiny.item",
        'item_id:token\ttitle:token_seq\tgenre:token_seq\tprice:float\na\tOne "quoted Game\tAction Puzzle\t3.5\nb\tTwo\t\t\n',
    )
    write(
        folder / "tiny.inter",
        "user_id:token\titem_id:token\trating:float\ttimestamp:float\nu\tb\t5\t30\nu\ta\t3\t10\nu\tz\t3\t11\n",
    )
    return folder


def llmrank(folder: Path) -> Path:
    write(folder / "toy.item", "item_id:token\ttitle:token_seq\n0\tTwin Game\n1\tTwin Game\n2\tOther\n3\tFourth\n")
    write(folder / "toy.test.inter", "user_id:token\titem_id_list:token_seq\titem_id:token\n7\t0 2\t1\n8\t3 1\t0\n")
    write(folder / "toy.random", "7\t3 2 3\n8\t2 0\n")
    return folder


META = {"asin": "B1", "title": "Ball &amp; Bat", "brand": "Ours", "category": ["Toys", "Balls"], "price": "$3"}
REVIEW = {"overall": 5.0, "reviewerID": "A", "asin": "B1", "unixReviewTime": 100, "reviewText": "good", "vote": "2"}


def amazon_2018(folder: Path) -> Path:
    meta = json_lines(
        META, {**META, "title": "again"}, {"asin": "B2", "title": "<b>Kite</b>\n red"}, {"asin": "B3", "title": ""}
    )
    write(folder / "meta_Toys.json.gz", meta)
    write(
        folder / "Toys_5.json.gz",
        json_lines(REVIEW, {**REVIEW, "asin": "B2", "unixReviewTime": 50}, {**REVIEW, "asin": "B3"}),
    )
    return folder


def amazon_2023(folder: Path) -> Path:
    details = {"Date First Available": "March 3, 2021"}
    first = {"parent_asin": "P1", "title": "Ball", "store": "Ours", "categories": ["Toys"], "details": details}
    write(folder / "meta_Toys.jsonl.gz", json_lines(first, {"parent_asin": "P2", "title": "Kite", "details": "{}"}))
    write(
        folder / "Toys.csv.gz",
        "user_id,parent_asin,rating,timestamp\nA,P1,5.0,1600000000500\nA,P2,1.0,1500000000000\nA,P9,1.0,1500000000000\n",
    )
    return folder


def mind(folder: Path) -> Path:
    news = [f"N{n}\tsports\tgolf\tTitle {n}\tAbstract {n}\thttps://example.org\t[]\t[]" for n in range(5)]
    write(folder / "news.tsv", "\n".join(news) + "\n")
    rows = [
        "1\tU1\t11/11/2019 9:05:58 PM\tN0 N1\tN2-0 N3-1",
        "2\tU1\t11/11/2019 9:05:58 AM\tN0 N1\tN4-1 N3-0",
        "3\tU2\t11/12/2019 1:00:00 AM\t\tN2-0",
        "4\tU2\t11/12/2019 1:00:00 AM\t\tN2-1 N99-0",
    ]
    write(folder / "behaviors.tsv", "\n".join(rows) + "\n")
    return folder


def plain(folder: Path) -> Path:
    write(folder / "items.csv", 'item_id,title,year\na,"One, two",1999\nb,Three,\n')
    write(
        folder / "interactions.csv",
        "user_id,item_id,timestamp,rating,kind\nu,b,1970-01-02,,view\nu,a,10,4.5,\nv,a,1970-01-01T00:00:20Z,,purchase\n",
    )
    return folder


LAYOUTS = {
    "movielens-1m": movielens_1m, "movielens-small": movielens_small, "recbole": recbole, "llmrank": llmrank,
    "amazon-2018": amazon_2018, "amazon-2023": amazon_2023, "mind": mind, "plain": plain,
}  # fmt: skip
