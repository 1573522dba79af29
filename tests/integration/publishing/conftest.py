"""Two releases that differ in all that can differ, and roots to publish them to."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from tests.support.publishing import Client, Release, connected
from tests.support.signed import ONE, Fleet

import zc.zk
from zc.zkdeployment.adapters.signatures import SigningKey, generate, public_path
from zc.zkdeployment.settings.config import Settings
from zc.zkdeployment.wiring import trust_of

#: Makes an empty root; provides a tree on it and where it is.
Root = Callable[[], AbstractContextManager[tuple[zc.zk.ZK, str]]]

_FIRST = {
    "10-customers.zk": """\
/cust
  /app : web
    version = '1.0.0'
    color = 'blue'
    /deploy
      /one
      /000000000002
  /changes : worker
    version = '1.0'
    /deploy
      /three
        n = 2
  /moves : mover
    version = '1.0.0'
    /deploy
      /one
  /goes : worker
    version = '1.0'
    /deploy
      /one
/lib
  version = '1.0.0'
""",
    "20-gone.zk": "/gone : worker\n  version = '1.0'\n  /deploy\n    /000000000002\n",
    "30-roles.zk": """\
/roles
  /cache : controller
    version = '1.0'
/proxy : web
  version => /lib
  /deploy
    /cache
/role-locks
  /cache
""",
    "site.zkx": """\
/cust
  /app : web
    version = '1.2.0'
    color = 'red'
/site
  region = 'here'
""",
    "site-gone.zkx": "/site-gone\n  /below\n    x = 1\n",
}

_SECOND = {
    "10-customers.zk": """\
/cust
  /app : web
    version = '1.0.0'
    color = 'green'
    /deploy
      /one
      /000000000002
  /changes : worker special
    version = '1.1'
    /deploy
      /three
        n = 3
  /moves : mover
    version = '1.0.0'
    /deploy
      /two
/lib
  version = '1.1.0'
""",
    "20-come.zk": "/come : comer\n  version = '1.0'\n  /deploy\n    /three\n    /one\n",
    "30-roles.zk": _FIRST["30-roles.zk"].replace("'1.0'", "'1.1'"),
    # More than two chunks of a large object.
    "40-large.zk": "".join(f"# {number:096}\n" for number in range(9000)) + "/large\n  x = 1\n",
    "site.zkx": "/site\n  region = 'there'\n",
}


@pytest.fixture
def first(tmp_path: Path) -> Release:
    """Revision 1."""
    return Release(tmp_path / "first", 1, _FIRST)


@pytest.fixture
def second(tmp_path: Path) -> Release:
    """Revision 2: deployments come, change, move and go, and so do top nodes and files."""
    return Release(tmp_path / "second", 2, _SECOND)


@pytest.fixture
def root(new_tree: Callable[[], AbstractContextManager[str]]) -> Root:
    @contextlib.contextmanager
    def make() -> Iterator[tuple[zc.zk.ZK, str]]:
        with new_tree() as connection, connected(Client(connection)) as zk:
            yield zk, connection

    return make


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    generate(tmp_path / "key")
    return SigningKey.load(tmp_path / "key")


@pytest.fixture
def settings(tmp_path: Path, key: SigningKey) -> Settings:
    keys = (str(public_path(tmp_path / "key")),)
    return Settings("000000000001", None, str(tmp_path / "run"), (), str(tmp_path), "", keys)


@pytest.fixture
def fleet(root: Root, tmp_path: Path, key: SigningKey, settings: Settings) -> Iterator[Fleet]:
    """Revision 1 is published, and was accepted by the host ``one``."""
    trust = trust_of(settings)
    assert trust
    with root() as (zk, _):
        made = Fleet(zk, key, tmp_path, trust)
        made.publish(ONE)
        assert [each.version for each in made.desired().deployments] == ["1"]
        assert [each.data.decode() for each in made.files()] == list(ONE.values())
        yield made
