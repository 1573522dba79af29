"""What is found out about a publication before anything is written."""

from __future__ import annotations

import pytest

from zc.zk.tree import format_tree
from zc.zkdeployment.model import Identity
from zc.zkdeployment.publication.preparation import BadFiles, Prepared, prepare
from zc.zkdeployment.revisions.fleet import RegisteredHost
from zc.zkdeployment.tree.origin import Origin
from zc.zkdeployment.tree.snapshot import Snapshot, SourceFile

WEB = "/a : web\n  version = '1'\n  /deploy\n    /h1\n"
ROLE = "/roles\n  /cache : controller\n    version = '1'\n"


def prepared(*hosts: RegisteredHost, **texts: str) -> Prepared:
    """Prepare files whose names are those of ``texts``, ``_zkx`` standing for a dot."""
    files = (
        SourceFile(f"{name.replace('_', '.')}", text.encode()) for name, text in texts.items()
    )
    return prepare(Snapshot(1, tuple(files), Origin("test")), hosts)


def refused(*hosts: RegisteredHost, **texts: str) -> str:
    with pytest.raises(BadFiles) as caught:
        prepared(*hosts, **texts)
    return str(caught.value)


def test_an_overlay_changes_what_is_defined_and_adds_what_nobody_defines() -> None:
    """Below the one, what is in no file goes from the live tree; below the other it stays."""
    found = prepared(
        a_zk=WEB + "/lib\n  x = 1\n",
        site_zkx="/a : web\n  version = '2'\n/only\n  y = 1\n",
    )
    assert format_tree(found.defined) == (
        "/a : web\n  version = '2'\n  /deploy\n    /h1\n/lib\n  x = 1\n"
    )
    assert format_tree(found.extra) == "/only\n  y = 1\n"
    assert found.tops == {"/a", "/lib", "/only"}
    assert [each.version for each in found.compiled.manifests["h1"].deployments] == ["2"]
    assert found.warnings == ()


@pytest.mark.parametrize("name", ["roles_zk", "roles_zkx"])
def test_the_queue_of_a_role_is_never_trimmed_wherever_it_is_written(name: str) -> None:
    """Hosts wait in it; without their places two would be out of service at a time."""
    found = prepared(
        a_zk=WEB, z_zkx="/role-locks\n  /db\n", **{name: f"{ROLE}/role-locks\n  /cache\n"}
    )
    assert "role-locks" not in found.defined.children
    assert sorted(found.extra.children["role-locks"].children) == ["cache", "db"]
    assert "/role-locks" in found.tops


def test_a_role_without_a_queue_is_refused() -> None:
    assert "role lock node '/role-locks/cache' must exist" in refused(a_zk=ROLE)


@pytest.mark.parametrize(
    "top", ["hosts", "hosts-lock", "agent-locks", "revisions", "zookeeper", "hosts\n  version = 3"]
)
@pytest.mark.parametrize("name", ["b_zk", "b_zkx"])
def test_files_cannot_say_what_the_fleet_does(top: str, name: str) -> None:
    """A ``/hosts`` in a file would end an all stop, or trim away the hosts."""
    path = f"/{top.split()[0]}"
    assert refused(a_zk=WEB, **{name: f"/x\n/{top}\n"}) == (
        f"the tree has 1 error:\n  {name.replace('_', '.')}:2:1: error: {path} says what the"
        " fleet does; it cannot be published: remove it [reserved-node]"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("/b : web\n  /deploy\n    /h2\n", "a.zk:1:1: error: No version found for /b"),
        ("/b\n  version = '1'\n  /deploy\n    /h2\n", "a.zk:1:1: error: No type found for /b"),
        ("/b -> /nowhere\n", "/nowhere"),
        ("/b\n  x => /nowhere y\n", "/nowhere"),
        ("nonsense\n", "a.zk:1:1: error:"),
        ("/b\n  version = 1 +\n", "a.zk:2:"),
        ("/b : web\n  version = '../x'\n  /deploy\n    /h1\n", "a.zk:2:3: error: "),
        (
            f"{WEB}/b : web\n  version = '2'\n  /deploy\n    /h1\n",
            "Inconsistent versions for web on h1. '2' != '1'",
        ),
    ],
)
def test_what_a_host_would_refuse_is_refused_with_its_place(text: str, message: str) -> None:
    found = refused(a_zk=text)
    assert found.startswith("the tree has 1 error:\n")
    assert message in found


def test_a_top_node_in_two_files_is_refused() -> None:
    """Each of the two would trim what the other one defines."""
    found = refused(a_zk=WEB, b_zk="/a\n")
    assert "b.zk:1:1: error: top node /a is also in a.zk" in found
    assert "    a.zk:1:1: note: /a" in found


def test_bytes_that_are_no_text_are_refused() -> None:
    files = (SourceFile("a.zk", b"/a\n  x = '\xff'\n"),)
    with pytest.raises(BadFiles, match=r"a\.zk: error: byte 11 is no UTF-8 text"):
        prepare(Snapshot(1, files, Origin("test")))


def test_a_mistake_in_one_file_is_not_told_again_for_all_that_leads_there() -> None:
    """The one line that is wrong would drown in what follows from it."""
    found = refused(a_zk="/a\n  link -> /b/c\n", b_zk="/b\n  nonsense\n  /c\n")
    assert found.startswith("the tree has 1 error:\n  b.zk:2:3: error: ")


@pytest.mark.parametrize(("count", "more"), [(1, 0), (20, 0), (21, 1), (50, 30)])
def test_a_message_stays_readable_however_much_is_wrong(count: int, more: int) -> None:
    text = "".join(f"/n{number:02}\n  /deploy\n    /h1\n" for number in range(count))
    first, *lines = refused(a_zk=text).splitlines()
    assert first == f"the tree has {count} error{'s' if count > 1 else ''}:"
    told = [f"  and {more} more: 'zkdeploy validate' shows all"] if more else []
    assert lines[20:] == told
    assert len(lines) == count - more + len(told)


def test_who_is_registered_is_taken_into_account() -> None:
    """Files cannot tell that two names are one host, nor that it has a role."""
    both = "/a : web\n  version = '1'\n  /deploy\n    /4242\n    /host42\n"
    assert prepared(a_zk=both).tops == {"/a"}
    plain = RegisteredHost(Identity("4242", "host42"))
    assert "Conflicting deployments for /a. Can't deploy to host42 and 4242." in refused(
        plain, a_zk=both
    )
    with_role = RegisteredHost(Identity("4242", "host42", "cache"))
    found = refused(with_role, a_zk=WEB.replace("h1", "host42"))
    assert "Found a host-based deployment at /a/deploy/host42" in found
    assert "but the host has a role, cache." in found


def test_two_versions_for_one_host_are_found_under_both_of_its_names() -> None:
    text = WEB.replace("h1", "host42") + "/b : web\n  version = '2'\n  /deploy\n    /4242\n"
    assert prepared(a_zk=text)
    found = refused(RegisteredHost(Identity("4242", "host42")), a_zk=text)
    assert "Inconsistent versions for web on host42. '2' != '1'" in found


def test_a_host_that_is_not_registered_is_no_mistake() -> None:
    """It may be down, or not be there yet; the tree is published all the same."""
    assert prepared(RegisteredHost(Identity("1", "other")), a_zk=WEB).warnings == ()


def test_what_nobody_would_ever_read_is_a_warning() -> None:
    found = prepared(a_zk=WEB, z_zkx="/role-locks\n  /x\n    /deploy\n      /h1\n")
    [warning] = found.warnings
    assert "agents do not read what is below /role-locks" in str(warning)


def test_what_no_node_can_hold_is_refused_before_anything_is_written() -> None:
    """Else the live tree would be left half way, and agents wait for the rest of it."""
    text = f"/a\n  x = '{'v' * 1_040_000}'\n"
    message = refused(a_zk=f"/b\n{text}")
    assert "a.zk:2:1: error: /a: its properties are 1040008 bytes, but a node holds" in message
    assert len(message) < 1000


def test_files_that_are_too_long_together_are_refused() -> None:
    blank = "\n" * 600_000
    message = refused(a_zk=f"/a\n{blank}", b_zk=f"/b\n{blank}")
    assert "b.zk: error: the tree files have more than 1000000 lines together" in message
