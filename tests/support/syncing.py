"""Publishing from a source of the test's own, what is said about it, and other sessions."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import pytest

import zc.zk
from zc.zk.multiread import Znode
from zc.zk.scan import scan
from zc.zkdeployment.adapters.refusals import REFUSED
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.publish_rules import Limits
from zc.zkdeployment.publication.publisher_ports import Source
from zc.zkdeployment.publishing import Terms
from zc.zkdeployment.revisions.ledger import Publication
from zc.zkdeployment.rollback import rollback
from zc.zkdeployment.sync import Outcome, sync
from zc.zkdeployment.tree.origin import Origin
from zc.zkdeployment.tree.snapshot import Snapshot, SourceFile

LOGGER = "zc.zkdeployment.sync"

DEPLOYED = " : web\n  version = '1'\n  /deploy\n    /h1\n"
TREE = f"/a{DEPLOYED}/b{DEPLOYED}"


def tree(version: str) -> str:
    return TREE.replace("'1'", f"'{version}'")


class Texts:
    """A source that holds texts under a version."""

    def __init__(self, version: int | str = 1, **texts: str) -> None:
        self.version = version
        self.texts = texts or {"site": TREE}

    def newest(self) -> int | str:
        return self.version

    def read(self) -> Snapshot:
        files = (SourceFile(f"{name}.zk", text.encode()) for name, text in self.texts.items())
        return Snapshot(self.version, tuple(files), Origin("test"))


def terms(reason: str | None = None) -> Terms:
    return Terms("me@ops", datetime.now(UTC), reason=reason)


def publish(
    zk: zc.zk.ZK, source: Source, limits: Limits | None = None, *, dry_run: bool = False
) -> Outcome:
    return sync(zk, source, terms(), limits or Limits(), dry_run=dry_run)


def back(zk: zc.zk.ZK, version: Version = None, limits: Limits | None = None) -> Publication:
    return rollback(zk, version, terms("it fails"), limits or Limits())


def set_version(zk: zc.zk.ZK, version: Version) -> None:
    """Set the cluster version by hand."""
    zk.properties("/hosts", watch=False).update(version=version)


def said(log: pytest.LogCaptureFixture) -> list[str]:
    """Return what was logged about publishing since the last call."""
    lines = [
        f"{record.levelname} {record.getMessage()}"
        for record in log.records
        if record.name == LOGGER
    ]
    log.clear()
    return lines


def everything(zk: zc.zk.ZK) -> Mapping[str, Znode]:
    """Return all nodes, with all that ZooKeeper counts and notes when something is written.

    Left out is the one that tells what a publisher was refused.
    """
    found = scan(zk.bulk, consistent=True)
    return {path: node for path, node in found.items() if path != REFUSED}


@contextlib.contextmanager
def other_session(connection: str) -> Iterator[zc.zk.ZK]:
    with contextlib.closing(zc.zk.ZK(connection)) as zk:
        yield zk


@contextlib.contextmanager
def registered(connection: str, identifier: str, **properties: object) -> Iterator[zc.zk.ZK]:
    """Have the agent of a host be registered, whose session is provided."""
    with other_session(connection) as agent:
        agent.create(f"/hosts/{identifier}", zc.zk.encode(properties), ephemeral=True)
        yield agent


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """What is logged, that about publishing included."""
    caplog.set_level(logging.INFO, LOGGER)
    return caplog
