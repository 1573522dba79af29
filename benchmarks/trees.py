"""Texts of trees of some size."""

from __future__ import annotations

#: Nodes of each customer: itself, its application, and three for each deployment.
_PER_DEPLOYMENT = 3
_DEPLOYMENTS = 32
_PER_CUSTOMER = 2 + _PER_DEPLOYMENT * _DEPLOYMENTS


def customers(nodes: int, version: str = "1.0.0") -> str:
    """Return a tree of about so many nodes, five levels deep; each customer has a host."""
    lines = []
    for customer in range(max(1, nodes // _PER_CUSTOMER)):
        lines += [f"/cust{customer} : customer", "  /app"]
        for service in range(_DEPLOYMENTS):
            lines += [
                f"    /node{service} : z4m",
                f"      version = {version!r}",
                f"      threads = {service}",
                "      /deploy",
                f"        /host{customer}",
            ]
    return "\n".join(lines) + "\n"


def deployed_to(host: str, nodes: int) -> str:
    """Return ``nodes`` application nodes that are deployed to one host."""
    lines = ["/bench"]
    for node in range(nodes):
        lines += [f"  /node{node:04} : app", "    version = '1'", "    /deploy", f"      /{host}"]
    return "\n".join(lines) + "\n"


def one_each(hosts: int) -> str:
    """Return an application node for each of so many hosts, ``host0`` and so on."""
    lines = ["/bench"]
    for host in range(hosts):
        lines += [f"  /node{host} : app", "    version = '1'", f"    /deploy\n      /host{host}"]
    return "\n".join(lines) + "\n"


def size(text: str) -> int:
    """Return how many nodes a tree has."""
    return text.count("/")
