"""What systemd, or whoever has started a server in its way, is told of it: sd_notify(3)."""

from __future__ import annotations

import os
import socket

READY = "READY=1"
STOPPING = "STOPPING=1"


def notify(state: str) -> None:
    """Tell the supervisor of this process, if it wants to know: ``NOTIFY_SOCKET``.

    Nobody can be told where that socket is gone, and the server goes on.
    """
    address = os.environ.get("NOTIFY_SOCKET")
    family = getattr(socket, "AF_UNIX", None)
    if not address or family is None:
        return
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        try:
            sock.sendto(state.encode(), address)
        except OSError:
            return
