"""The addresses under which this host offers a service."""

from __future__ import annotations

import fcntl
import socket

_SIOCGIFADDR = 0x8915  # asks Linux for the IPv4 address of an interface
_REQUEST_SIZE = 40
_ADDRESS = slice(20, 24)  # in the answer: after the name (16 bytes), family and port


def service_addresses(address: str | tuple[str, int]) -> list[str]:
    """Return the names to register ``address`` under: ``HOST:PORT``.

    With no host, these are all IPv4 addresses of this host that other hosts can
    reach, else its loopback addresses, else its fully-qualified name.
    """
    if not isinstance(address, str):
        host, port = address
        address = f"{host}:{port}"
    if not address.startswith(":"):
        return [address]
    hosts = sorted(host_addresses()) or [socket.getfqdn()]
    return [host + address for host in hosts]


def host_addresses() -> set[str]:
    """Return the IPv4 addresses of the interfaces, without loopback ones if there are others."""
    found = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asker:
        for _, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(
                    asker, _SIOCGIFADDR, name.encode().ljust(_REQUEST_SIZE, b"\0")
                )
            except OSError:
                continue  # an interface without an address
            found.add(socket.inet_ntoa(answer[_ADDRESS]))
    return {address for address in found if not address.startswith("127.")} or found
