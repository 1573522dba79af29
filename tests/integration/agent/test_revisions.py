"""An agent brings its host to what a published revision says, and reads nothing else."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.host import IDENTIFIER, Host
from tests.support.publishing import Release

from zc.zkdeployment.adapters.objects import object_path
from zc.zkdeployment.adapters.requests import Requests
from zc.zkdeployment.adapters.revisions import Revisions, record_path
from zc.zkdeployment.adapters.signatures import SigningKey, generate, public_path
from zc.zkdeployment.adapters.trees import Trees
from zc.zkdeployment.agent import Agent, Deployment
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.publisher_ports import Signer
from zc.zkdeployment.revisions.revision import shard_of

BY_NAME = "/cust\n  /cms : web\n    version = '1.0.0'\n    /deploy\n      /host42\n"
BY_IDENTIFIER = BY_NAME.replace("host42", IDENTIFIER)
BY_BOTH = f"{BY_NAME}      /{IDENTIFIER}\n"
CONFLICT = (
    f"ValueError: Conflicting deployments for /cust/cms. Can't deploy to host42 and {IDENTIFIER}."
)
OTHER = "/x : worker\n  version = '1.0'\n  /deploy\n    /host42\n"
ROLE = BY_NAME.replace("host42", "cache") + (
    "/roles\n  /cache : controller\n    version = '1.0'\n/role-locks\n  /cache\n"
)

DEPLOYED = "INFO /opt/web/bin/zookeeper-deploy /cust/cms 0"

_GET, _MULTI_READ = 4, 22  # kinds of requests


@dataclass(frozen=True, slots=True)
class Publisher:
    """Publishes to the fleet of a host."""

    host: Host
    directory: Path

    def publish(self, version: Version, text: str, signer: Signer | None = None) -> None:
        release = Release(self.directory / str(version), version, {"tree.zk": text})
        release.publish(self.host.zk, signer)

    def deploy(self, version: Version, text: str, signer: Signer | None = None) -> list[str]:
        """Publish; return what the host logged of it until it had dealt with that."""
        start = len(self.host.log.lines)
        self.publish(version, text, signer)
        lines = self.host.outcome(version, start)
        return lines[lines.index(f"INFO Deploying version {version}") + 1 :]

    def parts(self, version: Version) -> dict[str, str]:
        """Return the paths of the nodes that say what a version wants of the host."""
        revisions = Revisions(self.host.zk.bulk.read)
        record = revisions.record(version)
        assert record
        return {
            "record": record_path(version),
            "shard": object_path(record.shards[shard_of("host42")]),
            "manifest": object_path(revisions.manifest_digests(record)["host42"]),
        }


@pytest.fixture
def publisher(host: Host, tmp_path: Path) -> Publisher:
    return Publisher(host, tmp_path / "releases")


@pytest.mark.parametrize("text", [BY_NAME, BY_IDENTIFIER], ids=["by name", "by identifier"])
def test_what_is_published_is_deployed(host: Host, publisher: Publisher, text: str) -> None:
    agent = host.start()
    assert publisher.deploy(2, text) == [
        "INFO yum -y clean all",
        "INFO yum -y install web-1.0.0",
        "INFO yum -q list installed web",
        DEPLOYED,
        "INFO Done deploying version 2",
    ]
    assert agent.get_deployments() == (Deployment("web", None, "1.0.0", "web", "/cust/cms", 0),)
    assert host.node == {"name": "host42", "version": 2}


def test_a_live_tree_that_somebody_changed_makes_no_difference(
    host: Host, publisher: Publisher
) -> None:
    """What was reviewed and published is deployed, not what a hand does later."""
    publisher.publish(2, BY_NAME)
    host.zk.import_tree(BY_NAME.replace("1.0.0", "1.1.0") + OTHER, trim=True)
    host.start()
    assert DEPLOYED in host.outcome(2)
    assert host.deployed() == ["web/cust,cms.0.deployed"]
    assert json.loads((host.root / "etc/zim/host_version").read_text()) == 2
    assert "INFO yum -y install web-1.0.0" in host.log.lines


def test_a_live_tree_that_is_half_done_makes_no_difference(
    host: Host, publisher: Publisher
) -> None:
    publisher.publish(2, BY_NAME)
    host.zk.create("/revisions/updating", b'{"version": 3}')
    host.start()
    assert host.outcome(2)[-1] == "INFO Done deploying version 2"


def test_a_version_that_was_set_by_hand_means_the_live_tree(
    host: Host, publisher: Publisher
) -> None:
    """As it always was; and the next publication counts again."""
    host.start()
    publisher.deploy(2, BY_NAME)
    assert "INFO /opt/worker/bin/zookeeper-deploy /x 0" in host.deploy("by hand", OTHER)
    assert DEPLOYED in publisher.deploy(3, BY_NAME)
    assert host.deployed() == ["web/cust,cms.0.deployed"]


def test_a_role_and_its_controller_are_published_too(host: Host, publisher: Publisher) -> None:
    host.role = "cache"
    host.start()
    assert publisher.deploy(2, ROLE) == [
        "INFO yum -y clean all",
        "INFO yum -y install controller-1.0",
        "INFO yum -q list installed controller",
        "INFO /opt/controller/bin/starting-deployments /roles/cache",
        "INFO yum -y install web-1.0.0",
        "INFO yum -q list installed web",
        DEPLOYED,
        "INFO /opt/controller/bin/ending-deployments /roles/cache",
        "INFO Done deploying version 2",
    ]
    assert host.node == {"name": "host42", "role": "cache", "version": 2}


def test_what_is_meant_for_a_host_twice_is_refused_as_from_the_live_tree(
    host: Host, publisher: Publisher
) -> None:
    """The publisher could not know: the host came later."""
    publisher.publish(2, BY_BOTH)
    host.start()
    assert host.outcome(2)[-2:] == [CONFLICT, "CRITICAL FAILED deploying version 2"]
    assert host.zk.get_properties("/hosts")["version"] is None
    assert host.deploy("by hand")[-2] == CONFLICT


@pytest.mark.parametrize(
    ("part", "missing"),
    [
        ("record", False),
        *((part, missing) for part in ("shard", "manifest") for missing in (0, 1)),
    ],
)
def test_a_damaged_revision_stops_the_fleet_and_nothing_is_touched(
    host: Host, publisher: Publisher, part: str, missing: bool
) -> None:
    """The error says which version, and which part of it, has to be looked at."""
    agent = host.start()
    publisher.deploy(2, BY_NAME)
    agent.close()
    before = (host.deployed(), host.software())
    publisher.publish(3, OTHER)
    path = publisher.parts(3)[part]
    if missing:
        host.zk.delete(path)
    else:
        host.zk.set(path, host.zk.get(path)[0].replace(b"1", b"2", 1))
    start = len(host.log.lines)
    host.start()
    error, verdict = host.outcome(3, start)[-2:]
    assert error.startswith("ValueError: version 3: a ")
    assert error.endswith(path if part != "record" else ": update zc.zkdeployment on this host")
    assert verdict == "CRITICAL FAILED deploying version 3"
    assert host.zk.get_properties("/hosts")["version"] is None
    assert host.node == {
        "name": "host42",
        "version": 2,
        "error": error.removeprefix("ValueError: "),
    }
    assert (host.deployed(), host.software()) == before


def test_reading_takes_as_many_requests_for_a_small_tree_as_for_a_large_one(
    host: Host, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fleet of thousands of hosts must not read thousands of trees."""
    agent = host.start()
    kinds: list[int] = []
    call = agent.zk.client._call

    def counted(request: Any, answer: Any) -> Any:
        kinds.append(request.type)
        return call(request, answer)

    monkeypatch.setattr(agent.zk.client, "_call", counted)
    for version, nodes in ((2, 100), (3, 3000)):
        others = "".join(
            f"/n{n} : web\n  version = '1.0.0'\n  /deploy\n    /h{n}\n" for n in range(nodes // 3)
        )
        publisher.deploy(version, BY_NAME + others)
        kinds.clear()
        found = Trees(Requests(agent.zk)).read_manifests(version, {"host42"})
        assert found is not None
        assert found.keys() == {"host42"}
        assert kinds == [_MULTI_READ, _MULTI_READ, _MULTI_READ]
        kinds.clear()
        [deployment] = agent.get_deployments()
        assert deployment.path == "/cust/cms"
        assert kinds == [_GET, _MULTI_READ], "the agent read the rest when it deployed"


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    generate(tmp_path / "key")
    return SigningKey.load(tmp_path / "key")


def start_with_key(host: Host, directory: Path) -> Agent:
    keys = (str(public_path(directory / "key")),)
    agent = Agent(settings=replace(host.settings(), public_keys=keys))
    host.agents.callback(agent.close)
    return agent


def test_an_agent_with_keys_deploys_what_is_signed_and_remembers_it(
    host: Host, publisher: Publisher, key: SigningKey, tmp_path: Path
) -> None:
    """Not even after a restart can somebody put an older revision in the place of a newer one."""
    agent = start_with_key(host, tmp_path)
    publisher.deploy(2, BY_NAME, key)
    old, _ = host.zk.get(record_path(2))
    assert publisher.deploy(3, OTHER, key)[-1] == "INFO Done deploying version 3"
    assert json.loads((host.root / "etc/zim/accepted").read_text())["serial"] == 2
    agent.close()
    host.zk.set(record_path(2), old)
    start = len(host.log.lines)
    host.set_version(2)
    start_with_key(host, tmp_path)
    error, verdict = host.outcome(2, start)[-2:]
    assert error.startswith("ValueError: version 2: serial 1 is older than serial 2")
    assert verdict == "CRITICAL FAILED deploying version 2"
    assert host.deployed() == ["worker/x.0.deployed"]


@pytest.mark.parametrize("published", [True, False])
def test_an_agent_with_keys_deploys_nothing_that_is_not_signed(
    host: Host, publisher: Publisher, key: SigningKey, tmp_path: Path, published: bool
) -> None:
    """Neither a revision nor the live tree, which anybody may have written."""
    start_with_key(host, tmp_path)
    lines = publisher.deploy(2, BY_NAME) if published else host.deploy(2, BY_NAME)
    why = "it is not signed" if published else "was not published"
    assert why in lines[-2]
    assert lines[-1] == "CRITICAL FAILED deploying version 2"
    assert host.zk.get_properties("/hosts")["version"] is None
    assert host.deployed() == host.software() == []
