"""Free TCP ports on 127.0.0.1."""

import socket
from collections.abc import Iterable


def is_free(port: int) -> bool:
    """Whether a server can listen on the port now (on every address: others may bind more than 127.0.0.1)."""
    for host in ("127.0.0.1", ""):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                return False
    return True


def pick(preferred: Iterable[int]) -> int:
    """The first free one of `preferred`, else any free port."""
    for port in preferred:
        if is_free(port):
            return port
    with socket.socket() as any_free:
        any_free.bind(("127.0.0.1", 0))
        return int(any_free.getsockname()[1])
