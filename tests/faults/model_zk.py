"""What stands in for the tree in ZooKeeper that adapters use, around a model of a client."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any

from kazoo.exceptions import ConnectionLoss, NodeExistsError, NoNodeError, SessionExpiredError
from tests.faults.model_client import Client, Request
from tests.faults.model_store import Store

from zc.zk.bulk import Result
from zc.zk.operations import Check, Create, Operation, Set


class Calls:
    """Stands in for :class:`zc.zk.calls.Calls`; nothing takes time, so waits are not bounded."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def once(self, start: Callable[[], Request]) -> Any:
        return self._client.perform(start())

    def read(self, start: Callable[[], Request]) -> Any:
        while True:
            try:
                return self._client.perform(start())
            except (ConnectionLoss, SessionExpiredError):
                continue


class Bulk:
    """Stands in for :class:`zc.zk.bulk.Bulk`."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.calls = Calls(client)

    def read(
        self, paths: Iterable[str], *, data: bool = True, children: bool = False
    ) -> list[Result]:
        wanted = list(paths)
        found: list[Result] = self.calls.once(
            lambda: Request(lambda: self.client.read(wanted, data, children))
        )
        return found

    def write(self, operations: Iterable[Operation], guard: Check | None = None) -> list[Any]:
        wanted = list(operations)
        guards = [guard] if guard else []
        done: list[Any] = self.calls.once(
            lambda: Request(lambda: self.client.write_all([*guards, *wanted]))
        )
        return done[len(guards) :]


class Ephemerals:
    """Stands in for :class:`zc.zk.session.Ephemerals`; :meth:`restore` is its thread."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._calls = Calls(client)
        self._nodes: dict[str, tuple[bytes, int]] = {}  # data and session

    def create(self, path: str, data: bytes) -> None:
        session = self._client.session
        try:
            self._calls.once(lambda: self._client.create_async(path, data, ephemeral=True))
        except (ConnectionLoss, SessionExpiredError):
            session = 0
        self._nodes[path] = data, session

    def update(self, path: str, data: bytes) -> None:
        client = self._client
        session = self._nodes[path][1]
        self._nodes[path] = data, session
        if client.connected and session != client.session:
            return
        try:
            self._calls.read(lambda: client.set_async(path, data))
        except NoNodeError:
            self._nodes[path] = data, 0

    @property
    def owed(self) -> bool:
        """Whether there is a node to restore."""
        client = self._client
        ready = client.connected and client.reachable and client.session in client.store.sessions
        return ready and any(session != client.session for _, session in self._nodes.values())

    def restore(self) -> None:
        """Make nodes again that went with a session."""
        client = self._client
        for path, (data, session) in self._nodes.items():
            if session == client.session:
                continue
            try:
                client.write([Create(path, data, ephemeral=True)])
            except NodeExistsError:
                node = client.store.now[path]
                if node.owner != client.session:
                    continue
                client.write([Set(path, data)])
            self._nodes[path] = data, client.session


class ModelZK:
    """Stands in for :class:`zc.zk.ZK` as adapters use it."""

    session_timeout = 10.0

    def __init__(self, store: Store, choose: random.Random, pause: Callable[[], None]) -> None:
        self.client = Client(store, choose, pause)
        self.bulk = Bulk(self.client)
        self.ephemerals = Ephemerals(self.client)
