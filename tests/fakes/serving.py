"""The project's own fake server beside a test that has no event loop, and replies that rank."""

import hashlib
import json
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fakes.openai_server import FakeServer, Received, Reply, chat

from recommender.portal import Portal


@contextmanager
def serving(reply: Callable[[Received], Reply] | None = None) -> Iterator[FakeServer]:
    portal = Portal()
    server = FakeServer(reply or (lambda received: Reply(body=ranking(received))))
    portal.run(server.__aenter__())
    try:
        yield server
    finally:
        portal.run(server.__aexit__(None, None, None))
        portal.close()


def ranking(received: Received) -> dict[str, object]:
    """A chat answer: the labels of the candidates in an order that depends on the request alone."""
    labels = re.findall(r"^\[(\w+)\]", received.body["messages"][-1]["content"], re.MULTILINE)
    random.Random(_digest(received)).shuffle(labels)
    return chat(" > ".join(f"[{label}]" for label in labels))


def hit(received: Received, share: float = 0.1) -> bool:
    """Tells whether a request is among those to be hit: a share of the users, always the same ones."""
    return _digest(received) < share * (1 << 64)


def _digest(received: Received) -> int:
    text = json.dumps(received.body, sort_keys=True).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
