"""An agent brings its host to what the tree says, on real packages and scripts."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from kazoo.recipe.lock import Lock
from tests.support.host import IDENTIFIER, Host

from zc.zkdeployment.agent import Agent, Deployment, UnversionedDeployment, register
from zc.zkdeployment.lab.packages import write_file

LINE = "INFO " + "=" * 60

TWO_WEBS = """
/cust
  /cms : web
    version = '1.0.0'
    /deploy
      /host42
/cust2
  /cms : web
    version = '1.0.0'
    /deploy
      /424242424242
        n = 2
"""


def test_an_agent_shows_who_it_is_and_what_it_sees(host: Host) -> None:
    host.zk.import_tree(TWO_WEBS)
    agent = host.start()
    assert (agent.host_identifier, agent.host_name, agent.role) == (IDENTIFIER, "host42", None)
    assert (agent.version, agent.cluster_version) == (1, 1)
    assert host.node == {"name": "host42", "version": 1}
    assert sorted(agent.get_deployments()) == [
        Deployment("web", None, "1.0.0", "web", "/cust/cms", 0),
        Deployment("web", None, "1.0.0", "web", "/cust2/cms", 0),
        Deployment("web", None, "1.0.0", "web", "/cust2/cms", 1),
    ]
    assert list(agent.get_installed_deployments()) == []
    assert host.log.lines == ["INFO Agent starting, cluster 1, host 1"]


def test_a_first_deployment_installs_and_deploys(host: Host) -> None:
    agent = host.start()
    assert host.deploy(2, TWO_WEBS) == [
        LINE,
        "INFO Deploying version 2",
        "INFO yum -y clean all",
        "INFO yum -y install web-1.0.0",
        "INFO yum -q list installed web",
        "INFO /opt/web/bin/zookeeper-deploy /cust/cms 0",
        "INFO /opt/web/bin/zookeeper-deploy /cust2/cms 0",
        "INFO /opt/web/bin/zookeeper-deploy /cust2/cms 1",
        "INFO Done deploying version 2",
    ]
    assert host.deployed() == ["web/cust,cms.0.deployed"] + [
        f"web/cust2,cms.{n}.deployed" for n in (0, 1)
    ]
    assert sorted(agent.get_installed_deployments())[0] == UnversionedDeployment(
        "web", "web", "/cust/cms", 0
    )
    assert agent.version == 2
    assert host.node == {"name": "host42", "version": 2}
    assert json.loads((host.root / "etc/zim/host_version").read_text()) == 2
    assert (host.root / "etc/zim/status").read_text().split()[2:] == ["2", "done"]
    assert host.zk.export_tree("/agent-locks") == ("/agent-locks\n  /cust,cms\n  /cust2,cms\n")


def test_what_the_tree_lacks_goes_with_its_software_and_directory(host: Host) -> None:
    host.start()
    host.deploy(2, TWO_WEBS + "/x : worker\n  version = '1.0'\n  /deploy\n    /host42\n")
    host.zk.delete_recursive("/x")
    assert host.deploy(3, TWO_WEBS.replace("n = 2", "n = 1")) == [
        LINE,
        "INFO Deploying version 3",
        "INFO /opt/web/bin/zookeeper-deploy -u /cust2/cms 1",
        "INFO /opt/worker/bin/zookeeper-deploy -u /x 0",
        "INFO yum -q list installed web",
        "INFO /opt/web/bin/zookeeper-deploy /cust/cms 0",
        "INFO /opt/web/bin/zookeeper-deploy /cust2/cms 0",
        "INFO yum -y remove worker",
        "INFO Done deploying version 3",
    ]
    assert host.software() == ["web"]
    assert not (host.root / "etc/worker").exists()


def test_versions_go_up_and_down(host: Host) -> None:
    host.start()
    host.deploy(2, TWO_WEBS)
    up = host.deploy(3, TWO_WEBS.replace("1.0.0", "1.1.0"))
    assert up[2:6] == [
        "INFO yum -q list installed web",
        "INFO yum -y clean all",
        "INFO yum -y install web-1.1.0",
        "INFO yum -q list installed web",
    ]
    down = host.deploy(2, TWO_WEBS)
    assert "INFO yum -y install web-1.0.0" in down
    assert down[-1] == "INFO Done deploying version 2"
    assert "INFO yum -y clean all" not in host.deploy(3)  # it is there, says rpm


def test_versions_in_names_live_side_by_side(host: Host) -> None:
    host.start()
    host.deploy(2, TWO_WEBS)
    mixed = TWO_WEBS.replace("web\n    version = '1.0.0'", "web-4.0.0", 1)
    assert host.deploy(3, mixed)[2:] == [
        "INFO yum -q list installed web",
        "INFO yum -y clean all",
        "INFO yum -y install web-4.0.0",
        "INFO yum -q list installed web-4.0.0",
        "INFO /opt/web-4.0.0/bin/zookeeper-deploy /cust/cms 0",
        "INFO /opt/web/bin/zookeeper-deploy /cust2/cms 0",
        "INFO /opt/web/bin/zookeeper-deploy /cust2/cms 1",
        "INFO Done deploying version 3",
    ]
    assert host.deploy(4, mixed.replace("4.0.0", "5.0.0"))[-2:] == [
        "INFO yum -y remove web-4.0.0",
        "INFO Done deploying version 4",
    ]
    assert host.software() == ["web", "web-5.0.0"]


def test_a_subtype_is_handed_to_the_script(host: Host) -> None:
    host.start()
    special = host.deploy(2, "/x : worker special\n  version = '1.0'\n  /deploy\n    /host42\n")
    assert special[-2] == "INFO /opt/worker/bin/zookeeper-deploy -r special /x 0"
    host.zk.delete_recursive("/x")
    assert host.deploy(3)[2:-1] == [
        "INFO /opt/worker/bin/zookeeper-deploy -u /x 0",
        "INFO yum -y remove worker",
    ]


def test_a_failing_script_stops_the_fleet_and_says_why(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    agent = host.start()
    failed = host.deploy(2, "/x : cranky\n  version = '1.0'\n  /deploy\n    /host42\n")
    assert failed[-5:] == [
        "INFO /opt/cranky/bin/zookeeper-deploy /x 0",
        "ERROR FAILURE",
        "ERROR deploying",
        "RuntimeError: Command failed: /opt/cranky/bin/zookeeper-deploy /x 0",
        "CRITICAL FAILED deploying version 2",
    ]
    assert capsys.readouterr().out == "waaaa\n"
    assert agent.failing
    assert host.zk.get_properties("/hosts") == {"version": None}
    assert host.node["error"] == (
        f"Command failed: {host.root}/opt/cranky/bin/zookeeper-deploy /x 0"
    )
    assert host.node["version"] == 1
    host.zk.delete_recursive("/x")
    assert host.deploy(3)[-2:] == [
        "INFO yum -y remove cranky",
        "INFO Done deploying version 3",
    ]
    assert not agent.failing
    assert host.node == {"name": "host42", "version": 3}


@pytest.mark.parametrize("restart", [False, True])
def test_going_back_after_a_failure_deploys_the_version_that_was_reached_before(
    host: Host, restart: bool
) -> None:
    """Else a rollback would leave the host with half of the bad release."""
    agent = host.start()
    host.deploy(2, "/x : cranky\n  version = '1.0'\n  /deploy\n    /host42\n")
    host.zk.delete_recursive("/x")
    if restart:
        agent.close()
        host.start()
    assert host.deploy(1)[-2:] == [
        "INFO yum -y remove cranky",
        "INFO Done deploying version 1",
    ]
    assert host.node == {"name": "host42", "version": 1}
    start = len(host.log.lines)
    host.set_version(None)
    host.set_version(1)
    host.deploy(3)
    assert "INFO Deploying version 1" not in host.log.lines[start:], "once is enough"


def test_output_that_is_no_text_is_shown_safely(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    host.start()
    failed = host.deploy(2, "/x : binary\n  version = '1.0'\n  /deploy\n    /host42\n")
    assert failed[-1] == "CRITICAL FAILED deploying version 2"
    assert capsys.readouterr().out == "a\\xffb\n"


def test_a_script_that_cannot_take_an_instance_away_stops_the_fleet(host: Host) -> None:
    host.start()
    host.deploy(2, "/x : uncranky\n  version = '1.0'\n  /deploy\n    /host42\n")
    host.zk.delete_recursive("/x")
    assert host.deploy(3)[2:] == [
        "INFO /opt/uncranky/bin/zookeeper-deploy -u /x 0",
        "ERROR FAILURE",
        "ERROR deploying",
        "RuntimeError: Command failed: /opt/uncranky/bin/zookeeper-deploy -u /x 0",
        "CRITICAL FAILED deploying version 3",
    ]
    assert host.software() == ["uncranky"]


def test_a_package_that_does_not_exist_stops_the_fleet_before_anything_is_deployed(
    host: Host,
) -> None:
    host.start()
    failed = host.deploy(2, TWO_WEBS.replace("1.0.0", "666"))
    assert failed[2:] == [
        "INFO yum -y clean all",
        "INFO yum -y install web-666",
        "ERROR FAILURE",
        "ERROR deploying",
        "RuntimeError: Command failed: yum -y install web-666",
        "CRITICAL FAILED deploying version 2",
    ]
    assert host.deployed() == []


def test_a_bad_tree_is_refused_and_nothing_is_touched(host: Host) -> None:
    host.start()
    host.deploy(2, TWO_WEBS)
    before = (host.deployed(), host.software())
    host.zk.import_tree("/bad : ../../etc\n  version = '1'\n  /deploy\n    /host42\n")
    assert host.deploy(3, "/cust\n") == [
        LINE,
        "INFO Deploying version 3",
        "ERROR deploying",
        "ValueError: /bad: type '../../etc' names no software: letters, digits and _ . + - only",
        "CRITICAL FAILED deploying version 3",
    ]
    assert (host.deployed(), host.software()) == before
    assert "/bad" in str(host.node["error"])


def test_binary_node_data_is_refused_by_name(host: Host) -> None:
    host.start()
    host.zk.import_tree("/bad\n  /deploy\n    /host42\n")
    host.zk.set("/bad", b"\xff\xfe\x00")
    assert host.deploy(3)[2:4] == ["ERROR deploying", "ValueError: No type found for /bad"]


def test_a_property_link_that_dangles_is_refused_under_its_plain_name(host: Host) -> None:
    host.start()
    host.zk.import_tree("/x : web\n  version => /nowhere\n  /deploy\n    /host42\n")
    failed = host.deploy(3)
    assert failed[3].startswith("ValueError: ")
    assert "/x" in failed[3]


@pytest.mark.parametrize("held", [None, False])
def test_a_fleet_that_is_stopped_or_held_waits(host: Host, held: bool | None) -> None:
    host.start()
    host.set_version(held)
    host.set_version("then")
    host.outcome("then")
    assert host.log.lines[1:] == [
        LINE,
        "INFO Deploying version then",
        "INFO Done deploying version then",
    ]


def test_nonsense_as_a_version_is_waited_out(host: Host) -> None:
    host.start()
    host.set_version([1])  # type: ignore[arg-type] # on purpose
    assert host.deploy(3)[-1] == "INFO Done deploying version 3"


def test_verbose_shows_what_succeeds(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    agent = host.start()
    host.deploy(2, TWO_WEBS)
    capsys.readouterr()
    agent.verbose = True
    assert host.deploy(3)[2:4] == ["INFO yum -q list installed web", "INFO SUCCESS"]
    assert "web.noarch" in capsys.readouterr().out


def test_run_once_deploys_once_and_leaves(host: Host) -> None:
    host.zk.import_tree(TWO_WEBS)
    host.set_version(2)
    agent = host.start(run_once=True)
    assert agent.version == 2
    assert host.log.lines[-1] == "INFO Done deploying version 2"
    assert host.zk.get_children("/hosts") == []
    host.set_version(3)
    assert host.start(run_once=True).version == 3


@pytest.mark.parametrize("held", [None, False])
def test_run_once_says_why_it_does_nothing(host: Host, held: bool | None) -> None:
    host.set_version(held)
    assert not host.start(run_once=True).failing
    assert host.log.lines[-1] == f"WARNING Not deploying because cluster version is {held}"


def test_a_restarted_agent_goes_on_where_the_host_is(host: Host) -> None:
    host.start().close()
    host.zk.import_tree(TWO_WEBS)
    host.set_version(19)
    host.start()
    assert host.outcome(19)[-1] == "INFO Done deploying version 19"
    assert "INFO Agent starting, cluster 19, host 1" in host.log.lines


def test_a_host_that_lost_its_version_converges(host: Host) -> None:
    """A damaged file costs one deployment more, not an agent that does not start."""
    (host.root / "etc/zim/host_version").write_text('"2')
    host.start()
    assert host.outcome(1)[-1] == "INFO Done deploying version 1"
    assert (host.root / "etc/zim/host_version.corrupt").read_text() == '"2'


def test_a_second_agent_is_refused_at_once(host: Host) -> None:
    host.start()
    with pytest.raises(ValueError, match="Another agent is running"):
        host.start()


def test_what_does_not_show_without_its_software_is_removed_when_that_is_back(host: Host) -> None:
    """Somebody removed the package by hand, and then the tree wanted an instance less."""
    tree = "/x : web\n  version = '1.0.0'\n  /deploy\n    /host42\n      n = 2\n"
    host.start()
    host.deploy(2, tree)
    shutil.rmtree(host.root / "opt/web")
    lines = host.deploy(3, tree.replace("n = 2", "n = 1"))
    assert "INFO /opt/web/bin/zookeeper-deploy -u /x 1" in lines
    assert host.deployed() == ["web/x.0.deployed"]


def test_a_directory_with_files_of_others_stays(host: Host) -> None:
    host.start()
    host.deploy(2, "/x : worker\n  version = '1.0'\n  /deploy\n    /host42\n")
    (host.root / "etc/worker/junk").touch()
    host.zk.delete_recursive("/x")
    lines = host.deploy(3)
    assert lines[-4:-2] == ["INFO yum -y remove worker", "ERROR Removing '/etc/worker'"]
    assert lines[-2].startswith("OSError")
    assert (host.root / "etc/worker/junk").exists()


def test_an_incorrect_home_is_fixed_for_scripts(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/")
    host.start()
    assert host.log.lines[0] == "WARNING Fixing incorrect home, '/'."


def test_register_of_old_is_still_there() -> None:
    """Programs of old call it before they construct an agent."""
    register()


def agent_that_waits(host: Host) -> tuple[Agent, Lock]:
    """Start an agent that waits for a node, to deploy version 2; return it and that lock."""
    lock = host.zk.client.Lock("/agent-locks/cust,cms")
    assert lock.acquire(timeout=10)
    agent = host.start()
    host.zk.import_tree(TWO_WEBS)
    host.set_version(2)
    host.log.wait_for("INFO yum -q list installed web")
    return agent, lock


def test_another_host_that_holds_a_node_is_waited_for(host: Host) -> None:
    _, lock = agent_that_waits(host)
    assert not any("zookeeper-deploy" in line for line in host.log.lines)
    lock.release()
    host.outcome(2)


def test_a_wait_for_a_node_ends_with_an_all_stop(host: Host) -> None:
    _, lock = agent_that_waits(host)
    host.set_version(None)
    host.log.wait_for("WARNING Abandoning deployment because cluster version is None")
    lock.release()
    assert host.deploy(2)[-1] == "INFO Done deploying version 2"


def test_software_that_nothing_needs_stays_after_an_all_stop(host: Host, tmp_path: Path) -> None:
    """A fleet is stopped to have a look: no host may remove anything meanwhile."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    host.start()
    host.deploy(2, "/x : web\n  version = '1.0.0'\n  /deploy\n    /host42\n")
    write_file(host.root / "opt/web/bin/zookeeper-deploy", f"#!/bin/sh\nread line < {gate}\n")
    write_file(host.root / "opt/unused/bin/zookeeper-deploy", "#!/bin/sh\n")
    start = len(host.log.lines)
    host.set_version(3)
    host.log.wait_for("INFO /opt/web/bin/zookeeper-deploy /x 0", start)
    host.set_version(None)
    gate.write_text("go on\n")
    host.log.wait_for("WARNING Abandoning deployment because cluster version is None")
    assert host.software() == ["unused", "web"]
    assert host.node["version"] == 2


def test_a_version_that_may_have_been_stopped_is_left_for_the_newer_one(
    host: Host, tmp_path: Path
) -> None:
    """A release that was stopped and mended must not go on where it was begun."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    host.start()
    host.deploy(2, TWO_WEBS)
    write_file(host.root / "opt/web/bin/zookeeper-deploy", f"#!/bin/sh\nread line < {gate}\n")
    start = len(host.log.lines)
    host.set_version("bad")
    with gate.open("w") as go_on:  # as soon as the script reads it
        host.set_version(None)
        host.zk.import_tree("/cust\n/cust2\n", trim=True)
        write_file(host.root / "opt/web/bin/zookeeper-deploy", "#!/bin/sh\n")
        host.set_version("mended")
        go_on.write("go on\n")
    lines = host.outcome("mended", start)
    assert "INFO Abandoning deployment because cluster version is mended" in lines
    assert "INFO Done deploying version bad" not in lines
    assert host.deployed() == []


def test_a_version_that_was_begun_is_finished_before_the_next_one(host: Host) -> None:
    _, lock = agent_that_waits(host)
    host.set_version(3)
    lock.release()
    host.outcome(3)
    assert "INFO Done deploying version 2" in host.log.lines


def test_the_cluster_version_is_known_while_a_script_runs(host: Host, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    agent = host.start()
    write_file(host.root / "opt/web-4.0.0/bin/zookeeper-deploy", f"#!/bin/sh\nread l < {gate}\n")
    write_file(tmp_path / "bin/yum", "#!/bin/sh\necho web-4.0.0.noarch 1-1 @lab\n")
    host.zk.import_tree("/x : web-4.0.0\n  /deploy\n    /host42\n")
    host.set_version(2)
    host.log.wait_for("INFO /opt/web-4.0.0/bin/zookeeper-deploy /x 0")
    host.set_version(None)
    assert agent.cluster_version is None
    gate.write_text("go on\n")
    host.outcome(2)
    host.zk.delete_recursive("/hosts", force=True)
    assert agent.cluster_version is None
    agent.close()
    assert agent.cluster_version is None


def test_closing_an_agent_ends_its_wait(host: Host) -> None:
    agent, _ = agent_that_waits(host)
    agent.close()
    assert host.log.lines[-1] == "WARNING Abandoning deployment because the agent is closing"
    assert agent.run() == 0
    assert host.zk.get_children("/hosts") == []


def test_a_removal_that_was_cut_off_at_its_very_end_leaves_nothing_behind(host: Host) -> None:
    """All was gone but the note that it was going: nobody would ever take that away."""
    write_file(host.root / "etc/zim/checkout-web", "web")
    host.start()
    host.deploy(2, "/x\n")
    assert sorted(path.name for path in (host.root / "etc/zim").glob("checkout-*")) == []
