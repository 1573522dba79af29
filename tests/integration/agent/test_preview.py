"""A person can read what a host would do, and nothing is done by reading it."""

from __future__ import annotations

from tests.support.host import Host

from zc.zkdeployment.preview import PreviewStep, preview

TREE = """
/roles
  /cache : controller
    version = '1.0'
/role-locks
  /cache
/a : web
  version = '1.0.0'
  /deploy
    /cache
      n = 2
/b : worker
  version = '1.0'
  /deploy
    /cache
"""


def actions(host: Host) -> list[tuple[str, str]]:
    return [(step.action, step.subject) for step in preview(host.settings()).steps]


def test_every_kind_of_step_is_told_in_words(host: Host) -> None:
    host.role = "cache"
    host.zk.import_tree(TREE)
    host.set_version(2)
    first = preview(host.settings())
    assert first.steps == (
        PreviewStep("update controller", "controller 1.0", "the role has a controller"),
        PreviewStep("install", "web 1.0.0", "needed by /a"),
        PreviewStep("install", "worker 1.0", "needed by /b"),
        PreviewStep("deploy", "/a 0 1", "/a deploys here"),
        PreviewStep("deploy", "/b 0", "/b deploys here"),
    )
    assert (first.cluster_version, first.host_version, first.blocked) == (2, 1, None)
    assert host.software() == []
    assert host.zk.get_children("/hosts") == []

    agent = host.start()
    host.outcome(2)
    assert actions(host) == []
    agent.close()

    host.zk.delete_recursive("/b")
    host.zk.delete_recursive("/roles")
    host.zk.import_tree(
        "/a : web\n  version = '1.1.0'\n  /deploy\n    /cache\n"
        "/c : tool\n  version = 'svn://example.com/tool'\n  /deploy\n    /cache\n",
        trim=True,
    )
    host.set_version(3)
    assert actions(host) == [
        ("remove controller", "controller"),
        ("remove deployment", "/a 1"),
        ("remove deployment", "/b 0"),
        ("check out and build", "tool svn://example.com/tool"),
        ("change from 1.0.0", "web 1.1.0"),
        ("deploy", "/a 0"),
        ("deploy", "/c 0"),
        ("remove software", "worker"),
        ("remove configuration", "/etc/worker"),
    ]


def test_software_that_is_there_already_is_kept(host: Host) -> None:
    host.start()
    host.deploy(2, "/b : worker\n  version = '1.0'\n  /deploy\n    /host42\n")
    host.set_version(None)
    stopped = preview(host.settings())
    assert stopped.blocked == "all stop: a person must set the cluster version"
    assert [(step.action, step.subject) for step in stopped.steps] == [
        ("keep", "worker 1.0"),
        ("deploy", "/b 0"),
    ]
