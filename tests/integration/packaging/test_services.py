"""The services of the packages, under a real systemd, on a real ZooKeeper."""

from __future__ import annotations

import itertools
import json
import queue
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from tests.integration.packaging.conftest import TOP, install, installing
from tests.support.machine import Machine

from zc.zk import ZK
from zc.zkdeployment.lab.free_ports import free_ports
from zc.zkdeployment.lab.repositories import GitRepository
from zc.zkdeployment.lab.scripts import staged_application

LIMIT = 60  # seconds until a test that waits has failed

AGENT = "zkdeployment-agent.service"
CHANGED_SYNC = "/etc/systemd/system/zkdeployment-sync.service.d"  # by systemctl edit

#: The units are the same in both kinds of package.
once = pytest.mark.parametrize("kind", ["deb"], indirect=True)

# Tells what it finds, does what it is told to once, and waits as long as there is a file that
# says so.
SCRIPT = """
if [ -e /srv/task ]; then
    mv /srv/task /srv/doing
    sh -e /srv/doing </dev/null
    mv /srv/doing /srv/did
fi
env >/srv/environment
mkdir -p /srv/mounted
mountpoint -q /srv/mounted || mount -t tmpfs lab /srv/mounted
: >/srv/runs
while [ -e /srv/hold ]; do sleep 0.05; done
rm /srv/runs
"""


@dataclass(frozen=True)
class Fleet:
    """A fleet of the one host h1, which is the machine, and what is published to it."""

    machine: Machine
    zk: ZK
    connection: str
    software: str

    def set_version(self, version: int) -> None:
        self.zk.properties("/hosts", watch=False).update(version=version)

    def wait_for(self, version: int | str) -> None:
        """Wait until the host has reached a version."""
        reached = threading.Event()

        def look(data: bytes | None, _: object) -> bool:
            if data and json.loads(data).get("version") == version:
                reached.set()
            return not reached.is_set()

        self.zk.client.DataWatch("/hosts/h1", look)
        assert reached.wait(LIMIT), self.machine.run("journalctl", "--no-pager", "-n", "50")

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + LIMIT
        while not is_so():
            assert time.monotonic() < deadline, self.machine.run("journalctl", "--no-pager")
            time.sleep(0.02)

    def wait_for_script(self) -> None:
        self.wait_until((self.machine.root / "srv/runs").exists)

    def hold(self) -> None:
        self.machine.write("/srv/hold", "")

    def release(self) -> None:
        (self.machine.root / "srv/hold").unlink(missing_ok=True)

    def entries(self) -> list[dict[str, str]]:
        """Return what is in the journal of the agent, oldest first."""
        shown = self.machine.run("journalctl", "--unit", AGENT, "--output", "json", "--no-pager")
        return [json.loads(line) for line in shown.splitlines()]


@pytest.fixture(scope="module")
def software(machine: Machine, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The version of software that is in a repository on the machine."""
    repository = GitRepository(tmp_path_factory.mktemp("software"), "web.git")
    repository.commit(staged_application(before=SCRIPT))
    return f"git://{machine.bring(Path(repository.url), '/srv')}#main"


@pytest.fixture
def fleet(
    machine: Machine,
    software: str,
    new_tree: Callable[[], AbstractContextManager[str]],
) -> Iterator[Fleet]:
    with new_tree() as connection, closing(ZK(connection)) as zk:
        zk.import_tree(
            f"/hosts\n  version = 1\n/web : web\n  version = {software!r}\n  /deploy\n    /h1\n"
        )
        machine.write(
            "/etc/zkdeployment/agent.conf",
            "[zkdeployment]\nhost-id = h1\nrun-directory = /var/lib/zkdeployment\n"
            f"[zookeeper]\nservers = {connection}\n",
        )
        machine.write("/etc/zkdeployment/environment", f"ZC_ZK_CONNECTION_STRING={connection}\n")
        fleet = Fleet(machine, zk, connection, software)
        yield fleet
        fleet.release()
        machine.run("systemctl", "stop", "zkdeployment-*")
        machine.run("rm", "-rf", "/var/lib/zkdeployment", "/etc/systemd/system/" + AGENT + ".d")


def change(machine: Machine, **settings: str) -> None:
    """Change the unit of the agent as ``systemctl edit`` does."""
    directory = machine.root / f"etc/systemd/system/{AGENT}.d"
    directory.mkdir(exist_ok=True)
    lines = (f"{name}={value}\n" for name, value in settings.items())
    (directory / "test.conf").write_text("[Service]\n" + "".join(lines))
    machine.run("systemctl", "daemon-reload")


def test_the_agent_deploys(fleet: Fleet) -> None:
    machine = fleet.machine
    machine.run("systemctl", "start", AGENT)  # which waits until the agent is ready
    assert fleet.zk.exists("/hosts/h1")
    fleet.wait_for(1)
    assert (machine.root / "etc/web/web.0.deployed").exists()
    fleet.hold()
    fleet.set_version(2)
    fleet.wait_for_script()
    groups = machine.root / f"sys/fs/cgroup/system.slice/{AGENT}"
    fleet.wait_until(
        lambda: any(each.read_text() for each in groups.glob("script-*/cgroup.procs"))
    )
    fleet.release()
    fleet.wait_for(2)
    environment = (machine.root / "srv/environment").read_text()
    assert "NOTIFY_SOCKET" not in environment
    fleet.wait_until(lambda: machine.property_of(AGENT, "StatusText") == "version 2: done")
    deployed = [entry for entry in fleet.entries() if entry.get("ZKDEPLOY_NODE") == "/web"]
    assert deployed
    assert {entry["ZKDEPLOY_STEP"] for entry in deployed} == {"deploying /web 0"}
    assert {entry["ZKDEPLOY_VERSION"] for entry in deployed} == {"1", "2"}
    assert "/opt/web/bin/zookeeper-deploy /web 0" in {entry["MESSAGE"] for entry in deployed}
    machine.run("systemctl", "stop", AGENT)
    assert machine.property_of(AGENT, "Result") == "success"
    assert not fleet.zk.exists("/hosts/h1")


def test_an_update_restarts_only_whom_it_is_told_to(
    fleet: Fleet, kind: str, built: dict[str, Path], system: Path
) -> None:
    """An update may come at any moment, and be a step of the agent itself."""
    machine = fleet.machine
    machine.run("systemctl", "start", AGENT)
    before = machine.property_of(AGENT, "MainPID")
    install(machine, kind, built[kind], system)
    assert machine.property_of(AGENT, "MainPID") == before
    machine.write("/etc/zkdeployment/restart-on-update", "")
    install(machine, kind, built[kind], system)
    fleet.wait_until(lambda: machine.property_of(AGENT, "MainPID") not in (before, "0"))
    (machine.root / "etc/zkdeployment/restart-on-update").unlink()
    assert machine.property_of("zkdeployment-web.service", "ActiveState") == "inactive"


def test_an_agent_may_update_itself(
    fleet: Fleet, kind: str, built: dict[str, Path], system: Path
) -> None:
    """The step in which it does is not cut off, and the new one goes on with what is left."""
    machine = fleet.machine
    machine.run("systemctl", "start", AGENT)
    fleet.wait_for(1)
    before = machine.property_of(AGENT, "MainPID")
    machine.write("/etc/zkdeployment/restart-on-update", "")
    machine.write("/srv/task", installing(machine, kind, built[kind], system))
    fleet.set_version(2)
    fleet.wait_until(lambda: machine.property_of(AGENT, "MainPID") not in (before, "0"))
    fleet.wait_for(2)
    (machine.root / "etc/zkdeployment/restart-on-update").unlink()
    assert (machine.root / "srv/did").exists()


def test_an_agent_may_remove_itself(
    fleet: Fleet, kind: str, built: dict[str, Path], system: Path
) -> None:
    """To wait for the end of the agent would be to wait for oneself."""
    machine = fleet.machine
    (machine.root / "srv/did").unlink(missing_ok=True)
    machine.run("systemctl", "start", AGENT)
    fleet.wait_for(1)
    remove = "dpkg --remove --no-triggers" if kind == "deb" else "rpm --erase"
    machine.write("/srv/task", f"{remove} zkdeployment")
    fleet.set_version(2)
    fleet.wait_until(lambda: machine.property_of(AGENT, "ActiveState") == "inactive")
    assert machine.property_of(AGENT, "Result") == "success"
    assert (machine.root / "srv/did").exists()
    assert machine.run("sh", "-c", "command -v zkdeploy", check=False) == ""
    install(machine, kind, built[kind], system)


@once
def test_agents_restart_one_after_the_other_as_the_how_to_has_it(
    fleet: Fleet, tmp_path: Path
) -> None:
    machine = fleet.machine
    page = (TOP / "docs/howto/install.md").read_text()
    title = '```sh title="/opt/agent/bin/zookeeper-deploy"\n'
    script = page.partition(title)[2].partition("```")[0]
    repository = GitRepository(tmp_path, "agent.git")
    repository.commit({"bin/zookeeper-deploy": script, "stage-build": "#!/bin/sh\n"})
    url = f"git://{machine.bring(Path(repository.url), '/srv')}#main"
    fleet.zk.import_tree(f"/agents : agent\n  version = {url!r}\n  /deploy\n    /h1\n")
    machine.run("systemctl", "start", AGENT)
    before = machine.property_of(AGENT, "MainPID")
    fleet.wait_until(lambda: machine.property_of(AGENT, "MainPID") not in (before, "0"))
    fleet.wait_for(1)
    after = machine.property_of(AGENT, "MainPID")
    fleet.set_version(2)  # nothing is new: nothing is restarted
    fleet.wait_for(2)
    assert machine.property_of(AGENT, "MainPID") == after
    assert (
        (machine.root / "etc/agent/agents.0.version").read_text().startswith("zkdeploy, version")
    )


@once
def test_what_a_script_mounts_is_mounted(fleet: Fleet) -> None:
    """A service that sees files of its own would mount it where nobody else finds it."""
    fleet.machine.run("systemctl", "start", AGENT)
    fleet.wait_for(1)
    assert fleet.machine.run("stat", "-f", "-c", "%T", "/srv/mounted") == "tmpfs\n"


@once
def test_a_script_may_finish_however_long_systemd_waits(fleet: Fleet) -> None:
    """A script that is killed in the middle leaves the application in pieces."""
    machine = fleet.machine
    change(machine, TimeoutStopSec="1")
    machine.run("systemctl", "start", AGENT)
    fleet.wait_for(1)
    fleet.hold()
    fleet.set_version(2)
    fleet.wait_for_script()
    begin = time.monotonic()
    machine.run("systemctl", "stop", "--no-block", AGENT)
    fleet.wait_until(lambda: machine.property_of(AGENT, "ActiveState") == "deactivating")
    fleet.wait_until(lambda: time.monotonic() > begin + 2)
    assert (machine.root / "srv/runs").exists()
    fleet.release()
    fleet.wait_until(lambda: machine.property_of(AGENT, "ActiveState") == "inactive")
    assert machine.property_of(AGENT, "Result") == "success"
    assert not (machine.root / "srv/runs").exists()


@once
def test_who_hangs_is_started_again_and_who_runs_a_long_script_is_not(fleet: Fleet) -> None:
    machine = fleet.machine
    change(machine, WatchdogSec="1", RestartSec="100ms")
    machine.run("systemctl", "start", AGENT)
    fleet.wait_for(1)
    fleet.hold()
    fleet.set_version(2)
    fleet.wait_for_script()
    begin = time.monotonic()
    fleet.wait_until(lambda: time.monotonic() > begin + 3)
    assert machine.property_of(AGENT, "NRestarts") == "0"
    fleet.release()
    fleet.wait_for(2)
    machine.run("systemctl", "kill", "--kill-whom=main", "--signal=STOP", AGENT)
    fleet.wait_until(lambda: machine.property_of(AGENT, "NRestarts") == "1")


@once
def test_the_dashboard_serves_although_it_may_nothing(fleet: Fleet) -> None:
    (port,) = free_ports(1)
    fleet.machine.write("/etc/zkdeployment/web.env", f"OPTIONS=--listen 127.0.0.1:{port}\n")
    fleet.machine.run("systemctl", "start", "zkdeployment-web.service")
    address = f"http://127.0.0.1:{port}/healthz"
    fleet.wait_until(lambda: answers(address))


@contextmanager
def listening(port: int) -> Iterator[queue.SimpleQueue[bytes]]:
    """A receiver of webhooks; what it gets is in the queue."""
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            heard.put(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(204)
            self.end_headers()

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield heard
        server.shutdown()
        thread.join()


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=LIMIT) as response:
            return bool(response.status == 200)
    except OSError:
        return False


@once
def test_what_somebody_else_wrote_is_published(fleet: Fleet) -> None:
    """The publisher is nobody: it reads what others may read, and keeps its own state."""
    machine = fleet.machine
    tree = f"/web : web\n  version = {fleet.software!r}\n  /deploy\n    /h1\n"
    machine.run("mkdir", "-p", "/srv/fleet")
    machine.write("/srv/fleet/site.zk", tree)
    machine.write("/etc/zkdeployment/sync.env", "SOURCE=/srv/fleet\n")
    machine.run("systemctl", "start", "zkdeployment-sync.service")
    fleet.wait_until(lambda: isinstance(fleet.zk.get_properties("/hosts")["version"], str))
    machine.run("systemctl", "stop", "zkdeployment-sync.service")
    assert machine.property_of("zkdeployment-sync.service", "Result") == "success"


@once
def test_what_is_published_is_signed_as_the_unit_tells(fleet: Fleet) -> None:
    """The key is root's, the publisher nobody, and cryptography that of the system."""
    machine = fleet.machine
    made = json.loads(machine.run("zkdeploy", "keygen", "--json", "/etc/zkdeployment/fleet.key"))
    with (machine.root / "etc/zkdeployment/agent.conf").open("r+") as file:
        lines = file.read().replace(
            "[zookeeper]", f"public-keys = {made['public_key']}\n[zookeeper]"
        )
        file.seek(0)
        file.write(lines)
    machine.run("mkdir", "-p", "/srv/signed", CHANGED_SYNC)
    tree = f"/web : web\n  version = {fleet.software!r}\n  /deploy\n    /h1\n"
    machine.write("/srv/signed/site.zk", tree)
    machine.write("/etc/zkdeployment/sync.env", "SOURCE=/srv/signed\n")
    # As the comment of the unit has it, without its "#".
    unit = machine.run("cat", "/usr/lib/systemd/system/zkdeployment-sync.service")
    comment = unit.partition("# To sign what is published, systemctl edit:\n")[2].splitlines()
    lines = "\n".join(itertools.takewhile(lambda line: line.startswith("#  "), comment))
    machine.write(f"{CHANGED_SYNC}/sign.conf", lines.replace("#  ", ""))
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "start", "zkdeployment-sync.service")
    fleet.wait_until(lambda: isinstance(fleet.zk.get_properties("/hosts")["version"], str))
    machine.run("rm", "-r", CHANGED_SYNC)
    shown = machine.run("zkdeploy", "show", "--json", f"--zookeeper={fleet.connection}")
    assert json.loads(shown)["key"] == made["key_id"]
    machine.run("systemctl", "start", AGENT)
    fleet.wait_for(json.loads(shown)["version"])


@once
def test_webhooks_are_told_although_their_secrets_are_roots(fleet: Fleet) -> None:
    machine = fleet.machine
    secret = "/run/credentials/zkdeployment-notify.service/secret_key"
    machine.run("mkdir", "-p", "/etc/zkdeployment/notify")
    machine.write("/etc/zkdeployment/notify/key", f"whsec_{'c2VjcmV0' * 5}\n")
    machine.run("chmod", "-R", "go=", "/etc/zkdeployment/notify")
    (port,) = free_ports(1)
    machine.write(
        "/etc/zkdeployment/notify.conf",
        f"[webhook ops]\nurl = http://127.0.0.1:{port}/\nsecret = file://{secret}\n",
    )
    with listening(port) as heard:
        machine.run("systemctl", "start", "zkdeployment-notify.service")
        stops = itertools.cycle((None, 1))

        def is_told() -> bool:
            # Again and again: what was so when the service began to look is no news.
            fleet.zk.properties("/hosts", watch=False).update(version=next(stops))
            return not heard.empty()

        fleet.wait_until(is_told)
