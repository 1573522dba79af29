"""Live views show what is there and tell of each change."""

from __future__ import annotations

import contextlib
import gc
import logging
import queue
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from kazoo.exceptions import ConnectionClosedError, ConnectionLoss, NoNodeError

import zc.zk
from zc.zk import ZK, NoAnswer
from zc.zk.live import Live
from zc.zk.operations import MAX_DATA
from zc.zk.watch import Look
from zc.zkdeployment.lab.relay import GET, GET_CHILDREN, SET, Relay
from zc.zkdeployment.lab.zookeeper import Server

_PATIENCE = 30.0


class _Calls:
    """A callback that notes what it is shown."""

    def __init__(self) -> None:
        self._seen: queue.Queue[object] = queue.Queue()

    def __call__(self, view: Any = None) -> None:
        if view is None:
            self._seen.put(None)
        else:
            self._seen.put(dict(view) if isinstance(view, zc.zk.Properties) else list(view))

    def next(self) -> object:
        return self._seen.get(timeout=_PATIENCE)

    def until(self, expected: object) -> None:
        while self.next() != expected:
            pass

    @property
    def more(self) -> bool:
        return not self._seen.empty()


@pytest.fixture
def calls() -> _Calls:
    return _Calls()


@pytest.fixture
def other(zk_connection: str) -> Iterator[ZK]:
    """Another client on the same tree."""
    with contextlib.closing(ZK(zk_connection)) as opened:
        yield opened


def test_properties_are_a_mapping(zk: ZK) -> None:
    zk.import_tree("/a : service\n  n = 1\n")
    p = zk.properties("/a")
    assert dict(p) == {"type": "service", "n": 1}
    assert len(p) == 2
    assert p["n"] == p.get("n") == 1
    assert "n" in p
    assert "m" not in p
    with pytest.raises(KeyError):
        p["m"]
    assert (p.path, p.real_path) == ("/a", "/a")
    assert repr(p) == "zc.zk.Properties(/a)"
    assert p.data == {"type": "service", "n": 1}
    assert len({p, zk.properties("/a")}) == 2


def test_children_are_a_sorted_sequence(zk: ZK) -> None:
    zk.import_tree("/a\n  /y\n  /x\n")
    children = zk.children("/a")
    assert list(children) == ["x", "y"]
    assert (len(children), children[0], children[-1:]) == (2, "x", ("y",))
    assert "x" in children
    assert bool(children)
    assert not zk.children("/a/x")
    assert repr(children) == "zc.zk.Children(/a)"
    assert children.data == ("x", "y")
    assert len({children, zk.children("/a")}) == 2


def test_a_view_of_nothing_is_an_error(zk: ZK) -> None:
    zk.import_tree("/a\n  loop -> /a/loop\n")
    for view in (zk.properties, zk.children):
        with pytest.raises(NoNodeError, match="/missing"):
            view("/missing")
        with pytest.raises(zc.zk.LinkLoop):
            view("/a/loop")


def test_a_callback_is_called_at_once_and_at_each_change(zk: ZK, other: ZK, calls: _Calls) -> None:
    zk.import_tree("/a\n  n = 1\n")
    p = zk.properties("/a")
    assert p(calls) is p
    assert calls.next() == {"n": 1}
    other.set("/a", '{"n": 2}')
    assert calls.next() == {"n": 2}
    assert p["n"] == 2
    children_calls = _Calls()
    children = zk.children("/a")(children_calls)
    assert children_calls.next() == []
    other.create("/a/b")
    assert children_calls.next() == ["b"]
    other.set("/a", '{"n": 3}')
    other.create("/a/c")
    assert children_calls.next() == ["b", "c"]  # not again for the other change
    assert calls.next() == {"n": 3}
    assert list(children) == ["b", "c"]


def test_the_object_serves_as_a_decorator(zk: ZK) -> None:
    zk.create("/a")
    seen = []

    @zk.properties("/a")
    def changed(properties: zc.zk.Properties) -> None:
        seen.append(dict(properties))

    assert isinstance(changed, zc.zk.Properties)
    assert seen == [{}]


def test_own_updates_are_seen_at_once_and_told(zk: ZK, calls: _Calls) -> None:
    zk.import_tree("/a\n  n = 1\n")
    p = zk.properties("/a")
    p(calls)
    calls.next()
    p.update(n=2, m=1)
    assert dict(p) == {"n": 2, "m": 1}
    assert calls.next() == {"n": 2, "m": 1}
    p.update({"n": 3, "odd name": 1}, n=4)
    assert dict(p) == {"n": 4, "m": 1, "odd name": 1}
    p["m"] = 2
    assert p["m"] == 2
    p.set({"x": 1}, y=2)
    assert dict(p) == zk.get_properties("/a") == {"x": 1, "y": 2}
    calls.until({"x": 1, "y": 2})
    assert not calls.more


def test_data_that_are_no_properties_are_kept_as_they_are(zk: ZK) -> None:
    zk.create("/a", "hello")
    p = zk.properties("/a")
    assert dict(p) == {"string_value": "hello"}
    p.set(string_value="bye")
    assert zk.get("/a")[0] == b"bye"


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), "x" * (MAX_DATA + 1)])
def test_values_that_cannot_be_stored_change_nothing(zk: ZK, value: object) -> None:
    zk.import_tree("/a\n  n = 1\n")
    p = zk.properties("/a")
    with pytest.raises((TypeError, ValueError)):
        p.update(n=value)
    assert dict(p) == zk.get_properties("/a") == {"n": 1}


LINKS = """
/defaults
  threads = 3
  size = 9
/a
  name = 'a'
  threads => /defaults
  big => ../defaults size
  main -> /b
/b
  /c
"""


def test_property_links_appear_under_their_plain_names(zk: ZK) -> None:
    zk.import_tree(LINKS)
    p = zk.properties("/a")
    assert dict(p) == {"name": "a", "threads": 3, "big": 9, "main ->": "/b"}
    assert len(p) == 4
    assert "threads" in p
    assert p["threads =>"] == "/defaults"
    assert p.data["big =>"] == "../defaults size"
    p.update(threads=5)
    assert p["threads"] == 5
    assert len(p) == 4


def test_changes_behind_property_links_are_told(zk: ZK, other: ZK, calls: _Calls) -> None:
    zk.import_tree(LINKS)
    p = zk.properties("/a")
    p(calls)
    calls.next()
    other.properties("/defaults").update(threads=4)
    seen = calls.next()
    assert isinstance(seen, dict)
    assert seen["threads"] == p["threads"] == 4
    p.update({"threads =>": "/defaults size"})
    assert p["threads"] == 9
    other.properties("/defaults").update(size=10)
    calls.until({**dict(p), "threads": 10, "big": 10})


def test_a_property_link_that_comes_to_lead_nowhere_is_an_error_where_it_is_used(
    zk: ZK, other: ZK, calls: _Calls, caplog: pytest.LogCaptureFixture
) -> None:
    zk.import_tree(LINKS)
    p = zk.properties("/a")
    p(lambda _: calls([p.data["name"], _value(p, "threads")]))
    assert calls.next() == ["a", 3]
    other.delete("/defaults")
    assert calls.next() == ["a", None]
    with pytest.raises(zc.zk.BadPropertyLink, match="there is no node /defaults"):
        p["threads"]
    assert p["name"] == "a"
    assert "threads" in p
    assert [m for m in caplog.messages if "threads => /defaults: there is no node" in m]
    p.update(name="still")  # what is bad already does not keep others from being changed
    assert p["name"] == "still"
    other.import_tree("/defaults\n  threads = 7\n  size = 1\n")
    calls.until(["still", 7])


def _value(p: zc.zk.Properties, name: str) -> object:
    with contextlib.suppress(zc.zk.BadPropertyLink):
        return p[name]
    return None


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("x =>", "/missing"),
        ("x =>", "/defaults missing"),
        ("x =>", "/defaults threads more"),
        ("x =>", ""),
        ("x =>", 5),
        ("x =>", "/a"),
        ("x ->", " "),
        ("x ->", None),
    ],
)
def test_a_bad_link_is_refused_and_nothing_written(zk: ZK, name: str, link: object) -> None:
    zk.import_tree(LINKS)
    p = zk.properties("/a")
    before = zk.get("/a")
    for change in (p.update, p.set):
        with pytest.raises(ValueError, match="x"):
            change({name: link}, other=1)
    assert zk.get("/a") == before
    assert "other" not in p


def test_views_follow_their_path_through_links_when_the_node_goes_away(zk: ZK, other: ZK) -> None:
    zk.import_tree("/top\n  /main\n    n = 1\n    /x\n/moved\n  n = 2\n  /y\n")
    p, children = zk.properties("/top/main"), zk.children("/top/main")
    p_calls, children_calls = _Calls(), _Calls()
    p(p_calls)
    children(children_calls)
    other.ln("/moved", "/top/main")
    other.delete_recursive("/top/main")
    p_calls.until({"n": 2})
    children_calls.until(["y"])
    assert (p.path, p.real_path, children.real_path) == ("/top/main", "/moved", "/moved")
    p.update(n=3)
    assert other.get_properties("/moved") == {"n": 3}
    other.ln("/top", "/top/main")  # the link itself may move on
    p_calls.until({"main ->": "/top"})
    other.import_tree("/top\n  /main\n    n = 5\n", trim=False)  # a real child hides a link
    p_calls.until({"n": 5})
    assert p.real_path == "/top/main"


def test_views_of_a_node_that_is_gone_are_empty_until_it_is_back(
    zk: ZK, other: ZK, calls: _Calls, caplog: pytest.LogCaptureFixture
) -> None:
    zk.import_tree("/a\n  n = 1\n  /b\n")
    p, children = zk.properties("/a"), zk.children("/a")
    children_calls = _Calls()
    p(calls)
    children(children_calls)
    needs_one = []
    p(lambda view: needs_one.append(dict(view)))
    obscure = _NoSignature()
    p(obscure)
    for first in (calls, children_calls):
        first.next()
    other.delete_recursive("/a")
    calls.until(None)
    children_calls.until(None)
    assert (dict(p), list(children), len(p), len(children)) == ({}, [], 0, 0)
    assert repr(p) == "DELETED: zc.zk.Properties(/a)"
    assert repr(children) == "DELETED: zc.zk.Children(/a)"
    with pytest.raises(NoNodeError):
        p.update(n=2)
    other.import_tree("/a\n  n = 3\n  /c\n")
    calls.until({"n": 3})
    children_calls.until(["c"])
    assert repr(p) == "zc.zk.Properties(/a)"
    assert needs_one[0] == {"n": 1}
    assert {} not in needs_one
    assert obscure.called
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]


class _NoSignature:
    """Python can not tell what it takes."""

    called = False

    @property
    def __signature__(self) -> object:
        raise ValueError("no signature")

    def __call__(self, view: object) -> None:
        self.called = True


def test_a_callback_that_fails_at_once_is_not_kept(zk: ZK, other: ZK, calls: _Calls) -> None:
    zk.create("/a")
    p = zk.properties("/a")

    def bad(_: object) -> None:
        raise LookupError("at once")

    with pytest.raises(LookupError, match="at once"):
        p(bad)
    p(calls)
    other.set("/a", '{"n": 1}')
    calls.until({"n": 1})


def test_a_callback_that_fails_later_is_logged_and_ended_and_no_other(
    zk: ZK, other: ZK, calls: _Calls, caplog: pytest.LogCaptureFixture
) -> None:
    zk.create("/a")
    children = zk.children("/a")
    seen = []

    def bad(view: Any) -> None:
        seen.append(list(view))
        if view:
            raise LookupError("later")

    children(bad)
    children(calls)
    for name in ("x", "y"):
        other.create(f"/a/{name}")
    calls.until(["x", "y"])
    assert len(seen) == 2
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.getMessage().startswith("watch(zc.zk.Children(/a), <function ")
    assert record.exc_info


def test_a_callback_can_end_its_subscription(
    zk: ZK, other: ZK, calls: _Calls, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "zc.zk")
    zk.create("/a")
    children = zk.children("/a")
    seen = []

    def enough(view: Any) -> None:
        seen.append(list(view))
        if view:
            raise zc.zk.CancelWatch

    children(enough)
    children(calls)
    for name in ("x", "y"):
        other.create(f"/a/{name}")
    calls.until(["x", "y"])
    assert len(seen) == 2
    assert [m for m in caplog.messages if m.startswith("cancelled watch(zc.zk.Children(/a), ")]
    assert not [r for r in caplog.records if r.levelno == logging.ERROR]


def test_a_callback_may_ask_the_server_and_write(zk: ZK, other: ZK, calls: _Calls) -> None:
    """In a callback of kazoo's own that would hang."""
    zk.import_tree("/a\n  n = 1\n/b\n")
    b = zk.properties("/b")
    b(calls)

    def copy(a: Any) -> None:
        zk.create(f"/b/{a['n']}")
        b.update(n=a["n"], children=sorted(zk.get_children("/b")))

    p = zk.properties("/a")(copy)
    other.set("/a", '{"n": 2}')
    calls.until({"n": 2, "children": ["1", "2"]})
    assert p["n"] == 2


def test_a_change_while_a_callback_is_being_registered_is_not_missed(
    zk: ZK, other: ZK, calls: _Calls
) -> None:
    zk.import_tree("/a\n  n = 1\n")
    p = zk.properties("/a")
    earlier = _Calls()
    p(earlier)

    def slow(view: Any) -> None:
        calls(view)
        if view["n"] == 1:
            other.set("/a", '{"n": 2}')
            earlier.until({"n": 2})  # it changes under our eyes

    p(slow)
    assert calls.next() == {"n": 1}
    assert calls.next() == {"n": 2}


def test_without_watching_a_view_is_a_snapshot(zk: ZK, other: ZK) -> None:
    zk.import_tree("/a\n  n = 1\n")
    p = zk.properties("/a", watch=False)
    with pytest.raises(TypeError, match=r"Can't set callbacks without watching\."):
        p(print)
    other.set("/a", '{"n": 2, "m": 1}')
    assert p["n"] == 1
    p.update(n=3)
    assert dict(p) == {"n": 3, "m": 1}


@pytest.mark.parametrize("kind", ["properties", "children"])
def test_views_that_nobody_holds_go_away_with_their_callbacks(
    zk: ZK, other: ZK, kind: str
) -> None:
    zk.create("/a")
    view: Live = getattr(zk, kind)("/a")
    told = []
    view(lambda view: told.append(view.path))
    gone = weakref.ref(view)
    del view
    gc.collect()
    assert gone() is None
    calls = _Calls()
    zk.children("/a")(calls)
    kept = zk.children("/a")(calls)
    other.create("/a/b")
    calls.until(["b"])
    assert kept
    assert told == ["/a"]


def test_views_made_and_dropped_do_not_pile_up_watches(zk: ZK) -> None:
    zk.create("/a")
    for _ in range(50):
        zk.properties("/a")
        zk.children("/a")
    assert sum(len(w) for w in zk.client._data_watchers.values()) == 1
    assert sum(len(w) for w in zk.client._child_watchers.values()) == 1


def test_two_writers_lose_nothing(zk: ZK, other: ZK) -> None:
    zk.create("/a")
    failures = []

    def write(tree: ZK, name: str) -> None:
        try:
            p = tree.properties("/a")
            for number in range(100):
                p.update({f"{name}{number}": number})
        except Exception as error:
            failures.append(error)

    writers = [threading.Thread(target=write, args=args) for args in ((zk, "x"), (other, "y"))]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert failures == []
    assert zk.get_properties("/a") == {f"{n}{i}": i for n in "xy" for i in range(100)}


@pytest.mark.parametrize("lose", ["lose_answer", "lose_request"])
def test_an_update_is_done_once_although_the_connection_is_lost(
    zk: ZK, relay: Relay, relayed: ZK, lose: str
) -> None:
    zk.import_tree("/a\n  n = 1\n")
    p = relayed.properties("/a")
    getattr(relay, lose)(SET)
    p.update(m=2)
    assert zk.get_properties("/a") == {"n": 1, "m": 2}
    assert zk.get("/a")[1].version == 1
    assert p["m"] == 2


def test_an_update_that_somebody_else_forestalled_is_made_again(
    zk: ZK, relay: Relay, relayed: ZK
) -> None:
    """The connection is lost, and meanwhile the node has changed."""
    zk.import_tree("/a\n  n = 1\n")
    p = relayed.properties("/a")
    relay.lose_request(SET)
    interfere = _on_first_loss(relayed, lambda: zk.set("/a", '{"n": 7}'))
    p.update(m=2)
    interfere.join()
    assert zk.get_properties("/a") == {"n": 7, "m": 2}


def test_an_update_of_which_nobody_can_tell_whether_it_was_done_is_an_error(
    zk: ZK, relay: Relay, relayed: ZK
) -> None:
    """To do it again might undo what somebody else wrote since."""
    zk.import_tree("/a\n  n = 1\n")
    p = relayed.properties("/a")
    relay.lose_answer(SET)

    def interfere() -> None:
        zk.set("/a", '{"n": 7}')
        zk.set("/a", '{"n": 8}')

    interference = _on_first_loss(relayed, interfere)
    with pytest.raises(ConnectionLoss):
        p.update(n=2)
    interference.join()
    assert zk.get_properties("/a") == {"n": 8}
    p.update(m=1)
    assert dict(p) == {"n": 8, "m": 1}


def _on_first_loss(zk: ZK, action: Callable[[], object]) -> threading.Thread:
    """Do something when the connection is lost, before it is made again."""
    lost, done = threading.Event(), threading.Event()

    def listener(state: str) -> None:
        if state == "SUSPENDED" and not lost.is_set():
            lost.set()
            done.wait(_PATIENCE)

    def run() -> None:
        lost.wait(_PATIENCE)
        action()
        done.set()

    zk.client.add_listener(listener)
    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_an_update_gives_up_where_others_never_stop_writing(
    zk: ZK, other: ZK, monkeypatch: pytest.MonkeyPatch
) -> None:
    zk.import_tree("/a\n  n = 1\n")
    p = zk.properties("/a")
    look = p._new_look

    def disturb_and_look() -> Look:
        other.set("/a", "{}")
        return look()

    monkeypatch.setattr(p, "_new_look", disturb_and_look)  # between reading and writing
    p._watcher.calls.timeout = 0.5
    with pytest.raises(NoAnswer, match="/a: somebody else changed it at each attempt"):
        p.update(n=2)


def test_a_tree_that_is_closed_meanwhile_is_not_updated(
    zk: ZK, monkeypatch: pytest.MonkeyPatch
) -> None:
    zk.create("/a")
    p = zk.properties("/a")
    look = p._new_look

    def close_and_look() -> Look:
        zk.close()
        return look()

    monkeypatch.setattr(p, "_new_look", close_and_look)
    with pytest.raises(ConnectionClosedError):
        p.update(n=1)


def test_a_node_that_comes_while_it_is_looked_for_is_found(
    zk: ZK, monkeypatch: pytest.MonkeyPatch
) -> None:
    exists = zk.client.exists_async

    def create_and_look(path: str, watch: object) -> object:
        if not zk.client.exists(path):
            zk.client.create(path)
        return exists(path, watch)

    zk.client.create("/there")
    monkeypatch.setattr(zk.client, "exists_async", create_and_look)
    monkeypatch.setattr(zk.client, "exists", lambda path: exists(path).get())
    assert zk.properties("/new").real_path == "/new"


def test_a_look_that_failed_is_repeated_although_nothing_happens(
    relay: Relay, relayed: ZK, monkeypatch: pytest.MonkeyPatch
) -> None:
    children = relayed.children("/")
    refreshed: queue.Queue[bool] = queue.Queue()
    refresh = children.refresh

    def note() -> None:
        try:
            refresh()
        except NoAnswer:
            refreshed.put(False)
            raise
        refreshed.put(True)

    monkeypatch.setattr(children, "refresh", note)
    relayed._watcher.calls.timeout = 0.3
    relay.hold()
    relayed._watcher.changed("/")
    assert not refreshed.get(timeout=_PATIENCE)
    relay.release()
    while not refreshed.get(timeout=_PATIENCE):
        pass


def test_a_closed_tree_is_not_updated(zk: ZK) -> None:
    zk.create("/a")
    p = zk.properties("/a")
    zk.close()
    with pytest.raises(ConnectionClosedError):
        p.update(n=1)
    assert dict(p) == {}


def test_views_live_on_after_the_session_has_ended(
    zk: ZK, zk_connection: str, expire: Callable[[ZK], None], calls: _Calls
) -> None:
    zk.import_tree("/a\n  n = 1\n")
    with contextlib.closing(ZK(zk_connection)) as watching:
        p = watching.properties("/a")(calls)
        children_calls = _Calls()
        children = watching.children("/a")(children_calls)
        expire(watching)
        zk.set("/a", '{"n": 2}')
        zk.create("/a/b")
        calls.until({"n": 2})
        children_calls.until(["b"])
        assert (p["n"], list(children)) == (2, ["b"])


def test_changes_made_while_the_connection_was_lost_are_told(
    zk: ZK, relay: Relay, relayed: ZK, calls: _Calls
) -> None:
    zk.import_tree("/a\n  n = 1\n")
    p = relayed.properties("/a")(calls)
    calls.next()
    relay.hold()
    zk.set("/a", '{"n": 2}')
    relay.cut()
    relay.release()
    assert calls.next() == {"n": 2}
    relay.cut()
    zk.set("/a", '{"n": 3}')
    calls.until({"n": 3})  # and nothing in between: what did not change is not told
    assert p["n"] == 3


def test_views_survive_a_crash_of_the_server(tmp_path: Path, calls: _Calls) -> None:
    with (
        Server.start(tmp_path) as server,
        contextlib.closing(ZK(server.connection_string)) as zk,
    ):
        zk.import_tree("/a\n  n = 1\n")
        p = zk.properties("/a")(calls)
        server.kill()
        server.launch()
        p.update(n=2)
        calls.until({"n": 2})


@pytest.mark.parametrize("kind", [GET, GET_CHILDREN])
def test_a_look_that_fails_is_repeated_until_it_does_not(
    zk: ZK,
    relay: Relay,
    relayed: ZK,
    kind: int,
    calls: _Calls,
    caplog: pytest.LogCaptureFixture,
) -> None:
    zk.create("/a")
    children = relayed.children("/a")(calls)
    relayed._watcher.calls.timeout = 0.3
    relay.lose_request(kind, 6)
    zk.create("/a/b")
    calls.until(["b"])
    assert list(children) == ["b"]
    assert [m for m in caplog.messages if "Cannot look again at zc.zk.Children(/a) yet" in m]
