"""A live view of a node's properties, through which they can be changed."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from kazoo.exceptions import (
    BadVersionError,
    ConnectionClosedError,
    ConnectionLoss,
    SessionExpiredError,
)

from zc.zk import codec, links
from zc.zk.calls import NoAnswer
from zc.zk.errors import BadPropertyLink
from zc.zk.live import Live, State
from zc.zk.operations import check_data
from zc.zk.watch import Look, Watcher

logger = logging.getLogger("zc.zk")

#: Told of the data that were written to the node at a path.
Written = Callable[[str, bytes], None]


@dataclass(frozen=True, slots=True)
class _BadLink:
    why: str


@dataclass(frozen=True, slots=True)
class _Content:
    own: Mapping[str, Any]
    linked: Mapping[str, Any]  # by plain name; a _BadLink stands for what is not there


class Properties(Live, Mapping[str, Any]):
    """The properties of a node; those behind property links appear under their plain names.

    The link itself can be had as ``properties['name =>']``. A name whose link leads
    nowhere raises :exc:`~zc.zk.errors.BadPropertyLink`.
    """

    _nothing = _Content({}, {})

    __hash__ = Live.__hash__

    def __init__(self, watcher: Watcher, written: Written, path: str, watch: bool = True) -> None:
        self._written = written
        super().__init__(watcher, path, watch)

    @property
    def data(self) -> Mapping[str, Any]:
        """The node's own properties, links as they are written."""
        return dict(self._content.own)

    @property
    def _content(self) -> _Content:
        content: _Content = self._state.content
        return content

    def __getitem__(self, name: str) -> Any:
        content = self._content
        if name in content.own:
            return content.own[name]
        value = content.linked[name]
        if isinstance(value, _BadLink):
            raise BadPropertyLink(value.why)
        return value

    def __iter__(self) -> Iterator[str]:
        content = self._content
        for name in content.own:
            plain = name.removesuffix(" =>")
            if plain == name or plain in content.linked:
                yield plain

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __contains__(self, name: object) -> bool:
        return name in self._content.own or name in self._content.linked

    def __setitem__(self, name: str, value: Any) -> None:
        self.update({name: value})

    def update(self, data: Mapping[str, Any] | None = None, /, **properties: Any) -> None:
        """Set some properties and leave the others as they are.

        Nothing that somebody else writes meanwhile gets lost. Raises
        :exc:`ValueError` or :exc:`TypeError`, with nothing written, for values that
        cannot be stored and links that lead nowhere; ``NoNodeError`` where the node
        is gone; what :class:`~zc.zk.calls.Calls` raises where ZooKeeper is silent.
        """
        changes = {**(data or {}), **properties}
        self._change(lambda old: {**old, **changes}, changes)

    def set(self, data: Mapping[str, Any] | None = None, /, **properties: Any) -> None:
        """Set all properties: like :meth:`update`, but those not given are removed."""
        new = {**(data or {}), **properties}
        self._change(lambda _: new, new)

    def _state_at(self, path: str, look: Look) -> State:
        content = self._content_at(path, look)
        known = self._content.linked.values()
        for value in content.linked.values():
            if isinstance(value, _BadLink) and value not in known:
                logger.warning("%s", value.why)
        return self._state_of(path, content, look)

    def _state_of(self, path: str, content: _Content, look: Look) -> State:
        mark = path, look.seen[path], content.linked
        return State(path, content, {**self._state.seen, **look.seen}, mark)

    def _content_at(self, path: str, look: Look) -> _Content:
        own = look.properties(path) or {}
        linked: dict[str, Any] = {}
        for key in own:
            name = key.removesuffix(" =>")
            if name not in own:
                try:
                    linked[name] = links.get_property(path, name, look.properties)
                except BadPropertyLink as error:
                    linked[name] = _BadLink(str(error))
        return _Content(own, linked)

    def _change(
        self, change: Callable[[Mapping[str, Any]], Mapping[str, Any]], given: Mapping[str, Any]
    ) -> None:
        calls = self._watcher.calls
        end = time.monotonic() + calls.timeout
        with self._lock:
            path = self._state.path or self.path
            while time.monotonic() < end:
                data, stat = calls.read(partial(calls.client.get_async, path))
                new = change(codec.decode(data))
                look = self._new_look()
                look.assume(path, new)
                content = self._content_at(path, look)
                _check_links(content, given)
                mzxid = self._try_write(path, codec.encode(new), stat.version)
                if mzxid is not None:
                    look.seen[path] = mzxid
                    self._state = self._state_of(path, content, look)
                    return
        raise NoAnswer(f"{path}: somebody else changed it at each attempt to update it")

    def _try_write(self, path: str, data: bytes, version: int) -> int | None:
        """Write if the node has ``version``; return the transaction, ``None`` if there is none."""
        check_data(path, data)
        calls = self._watcher.calls
        try:
            stat = calls.once(partial(calls.client.set_async, path, data, version))
        except BadVersionError:
            return None
        except ConnectionClosedError:
            raise
        except (ConnectionLoss, SessionExpiredError, NoAnswer):
            found, stat = calls.read(partial(calls.client.get_async, path))
            if stat.version > version + 1:
                raise  # any of these changes may be this one
            if stat.version == version or found != data:
                return None
        self._written(path, data)
        return int(stat.mzxid)


def _check_links(content: _Content, given: Mapping[str, Any]) -> None:
    """Raise :exc:`ValueError` if a link among the properties ``given`` leads nowhere."""
    for name, value in given.items():
        if name.endswith(" =>"):
            link = content.linked.get(name.removesuffix(" =>"))
            if isinstance(link, _BadLink):
                raise BadPropertyLink(link.why)
        elif name.endswith(" ->") and not (isinstance(value, str) and value.strip()):
            raise ValueError(f"{name} {value!r}: a symbolic link needs a path")
