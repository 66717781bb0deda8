"""The ``recommender serve`` command."""

from __future__ import annotations

import signal
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from ..command import INTERRUPTED
from ..errors import ConfigError
from ..printable import printable


def serve(
    *,
    config: Annotated[Path, Parameter(help="The recommender's YAML file.")],
    host: Annotated[str, Parameter(help="Address to listen on; the default is this machine alone.")] = "127.0.0.1",
    port: Annotated[int, Parameter(help="Port; 0 takes a free one.", validator=Number(gte=0, lte=65535))] = 8080,
    catalog: Annotated[Path | None, Parameter(help="Catalogue in place of the config's.")] = None,
    allow_host: Annotated[
        tuple[str, ...], Parameter(help="A further name under which it may be called; repeat.", consume_multiple=False)
    ] = (),
    timeout: Annotated[float, Parameter(help="Seconds for a whole answer.", validator=Number(gt=0))] = 120.0,
    max_requests: Annotated[int, Parameter(help="Recommendations in flight.", validator=Number(gte=1))] = 256,
) -> int:
    """Offer the recommender over HTTP, with a page to try it.

    `recommender serve --config films.yaml --port 8080`

    There is no login and no encryption: put a proxy in front of it before others may reach it.
    """
    try:
        from .app import create_app
        from .guard import host_name
        from .server import Server, listen
        from .settings import LOOPBACK, ServeSettings
    except ImportError as error:
        raise ConfigError(f"{error.name} is not installed; install it: pip install 'promptrec[serve]'.") from None
    from ..recommender import Recommender

    allowed = {name: host_name(name) or host_name(f"[{name}]") for name in allow_host}
    for name, understood in allowed.items():
        if not understood:
            raise ConfigError(f"--allow-host takes a name such as films.example.org; found {name!r}.")
    hosts = frozenset({*LOOPBACK, host.lower(), *allowed.values()})
    settings = ServeSettings(hosts=hosts, timeout=timeout, max_requests=max_requests)
    with Recommender.from_config(config, catalog=catalog) as rec, listen(host, port) as sock:
        rec.warm_up()
        server = Server(create_app(rec, settings), grace=timeout)
        place = f"[{host}]" if ":" in host else host
        sys.stderr.write(f"{printable(rec.describe())}\nhttp://{place}:{sock.getsockname()[1]}/\n")
        if host not in LOOPBACK:
            sys.stderr.write("note: others can reach this service, and it asks nobody who they are.\n")
        sys.stderr.flush()
        server.run(sockets=[sock])
    return INTERRUPTED if server.signal == signal.SIGINT else 0
