"""Made-up values for three domains in each shipped language, to render, show and lint templates with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def samples(language: str) -> dict[str, Mapping[str, Any]]:
    """Returns values for every variable that strategies give, by domain: ``film``, ``shop``, ``news``.

    English stands in for languages that have no samples of their own.
    """
    if language == "zh":
        return _chinese()
    return _english()


def _english() -> dict[str, Mapping[str, Any]]:
    return {
        "film": _values(
            {"item": "movie", "plural": "movies", "verb": "watched", "language": "en"},
            ["The Quiet Harbour", ("rain on a tin roof", "search"), "Nine Lanterns", "¡Three Cousins!"],
            ["8½ Summers", "[REC] Room", "(500) Letters", "3:10 to Nowhere", "M*A*R*S"],
            {"year": "1997", "genres": "Drama, Comedy"},
            "a rainy evening with children",
            "Gentle dramas; stories of families.",
            "You know every film.",
        ),
        "shop": _values(
            {"item": "product", "verb": "bought", "language": "en"},
            ["Kettle, 1.7 l", "Tea Tin (Set of 3)", ("loose tea", "search")],
            ["Milk Jug", "Tea Strainer", "USB Cable 2 m", "Garden Hose | 15 m"],
            {"brand": "Nowhere & Sons", "price": "12.50"},
            None,
            "Things for making tea.",
            "You are a shop assistant.",
        ),
        "news": _values(
            {"item": "story", "verb": "read", "language": "en"},
            ["Council votes on new tram line", "Why the river is low this year"],
            ["Tram line: what it will cost", "Ten recipes for autumn", "Cup final ends 3:2"],
            {"section": "Local"},
            "on the way to work",
            "Local transport and environment.",
            "You edit a local paper.",
        ),
    }


def _chinese() -> dict[str, Mapping[str, Any]]:
    return {
        "film": _values(
            {"item": "电影", "verb": "看过", "language": "zh"},
            ["安静的港湾", ("雨夜", "search"), "九盏灯笼", "夏天，你好"],
            ["八个半夏天", "《归途》前传", "第500封信", "三点十分到远方"],
            {"年份": "1997", "类型": "剧情"},
            "下雨的晚上，和孩子一起",
            "喜欢温和的家庭剧情片。",
            "你熟悉所有电影。",
        ),
        "shop": _values(
            {"item": "商品", "verb": "买过", "language": "zh"},
            ["1.7升电热水壶", "茶叶罐（3件套）", ("散装茶", "search")],
            ["奶壶", "茶漏", "2米数据线"],
            {"品牌": "无名", "价格": "12.50"},
            None,
            "泡茶用品。",
            "你是一位店员。",
        ),
        "news": _values(
            {"item": "新闻", "verb": "读过", "language": "zh"},
            ["市议会表决新电车线路", "今年河水为何偏低"],
            ["电车线路造价几何", "秋季十道菜", "决赛3:2收场"],
            {"版块": "本地"},
            "上班路上",
            "关注本地交通与环境。",
            "你是地方报纸的编辑。",
        ),
    }


def _values(
    domain: Mapping[str, str],
    history: Sequence[str | tuple[str, str]],
    titles: Sequence[str],
    attributes: Mapping[str, str],
    context: str | None,
    preferences: str,
    role: str,
) -> dict[str, Any]:
    def seen(number: int, entry: str | tuple[str, str]) -> dict[str, Any]:
        if isinstance(entry, tuple):
            return {"title": None, "kind": entry[1], "text": entry[0]}
        return {"title": entry, "kind": "interaction", "rating": 4.0 if number % 2 else None}

    named = [entry for entry in history if isinstance(entry, str)]
    candidates = [{"label": chr(65 + n), "title": title, "attributes": {}} for n, title in enumerate(titles)]
    candidates[0] = {**candidates[0], "attributes": dict(attributes)}
    return {
        "domain": dict(domain),
        "history": [seen(number, entry) for number, entry in enumerate(history)],
        "candidates": candidates,
        "candidate": candidates[0],
        "context": context,
        "k": 3,
        "preferences": preferences,
        "representatives": named[:2],
        "role": role,
        "demonstrations": [{"history": named[:-1], "next": named[-1]}],
        "latest": named[-1],
    }
