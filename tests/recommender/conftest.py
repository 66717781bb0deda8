"""What the tests of the service share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fakes.service import Service, service


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """`recommender serve` over four films, of which the model puts Brazil first; ``films.test`` is a name of it too."""
    pytest.importorskip("fastapi")
    with service(tmp_path_factory.mktemp("serve"), "--allow-host", "films.test") as running:
        yield running
