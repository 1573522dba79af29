"""A service that listens on all addresses is found under those of its host."""

from __future__ import annotations

import socket

import pytest

from zc.zk.addresses import host_addresses, service_addresses


def test_an_address_is_registered_as_it_is_given() -> None:
    assert service_addresses("host:80") == ["host:80"]
    assert service_addresses(("192.0.2.1", 80)) == ["192.0.2.1:80"]


def test_no_host_stands_for_all_addresses_of_this_host() -> None:
    addresses = host_addresses()
    assert addresses
    assert service_addresses(":80") == sorted(f"{address}:80" for address in addresses)
    assert service_addresses(("", 80)) == service_addresses(":80")
    for address in addresses:  # they are this host's: they can be bound
        with socket.socket() as own:
            own.bind((address, 0))


def test_a_host_without_a_network_has_its_loopback_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(socket, "if_nameindex", lambda: [(1, "lo"), (2, "no-such-interface")])
    assert host_addresses() == {"127.0.0.1"}


def test_a_host_without_any_address_has_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "if_nameindex", list)
    assert service_addresses(":80") == [f"{socket.getfqdn()}:80"]
