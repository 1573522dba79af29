"""``zkdeploy tree set`` on a node that others write to."""

from __future__ import annotations

import contextlib
from typing import Any

import click
import pytest

from zc.zk import ZK
from zc.zkdeployment.cli.tree_set import change_properties


class Contended(ZK):
    """A tree of which somebody else changes a node after each of the first reads."""

    def __init__(self, connection_string: str, changes: int) -> None:
        super().__init__(connection_string)
        self.changes = iter(range(changes))

    def get(self, path: str, *args: Any) -> Any:
        found = super().get(path, *args)
        for number in self.changes:
            self.set(path, b'{"other":%d}' % number)
            break
        return found


@pytest.fixture
def connection(zk: ZK, zk_connection: str) -> str:
    zk.import_tree("/node\n  mine = 1\n")
    return zk_connection


def test_what_somebody_else_wrote_meanwhile_is_kept(zk: ZK, connection: str) -> None:
    with contextlib.closing(Contended(connection, changes=3)) as contended:
        changed = change_properties(contended, "/node", {"mine": 2}, {"old"})
    assert changed.before == {"other": 2}
    assert changed.after == zk.get_properties("/node") == {"other": 2, "mine": 2}


def test_nobody_waits_forever_for_a_quiet_moment(zk: ZK, connection: str) -> None:
    with (
        contextlib.closing(Contended(connection, changes=100)) as contended,
        pytest.raises(click.ClickException, match=r"/node: somebody else changed it 10 times"),
    ):
        change_properties(contended, "/node", {"mine": 2})
    assert zk.get_properties("/node") == {"other": 9}
