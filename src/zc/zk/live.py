"""Live views of a node, and of its children.

They show what ZooKeeper held at the last look, which is soon after each change.
All that a look passes is watched, the nodes that links lead over included.
"""

from __future__ import annotations

import inspect
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, overload

from kazoo.exceptions import NoNodeError

from zc.zk import links
from zc.zk.errors import CancelWatch, LinkLoop, MissingNode
from zc.zk.watch import Look, Watcher

logger = logging.getLogger("zc.zk")


@dataclass(frozen=True, slots=True)
class State:
    """What one look saw. ``path`` is the real node's, ``None`` if there is none.

    ``seen`` is what the look passed: see :class:`~zc.zk.watch.Look`. Callbacks are
    called when ``mark`` is another than before.
    """

    path: str | None
    content: Any
    seen: Mapping[str, int | None]
    mark: object


@dataclass(slots=True, eq=False)
class _Callback:
    function: Callable[..., object]
    mark: object  # of the state that it was called for last


class Live(ABC):
    """A view of the node at ``path``, kept up to date unless ``watch`` is false.

    ``real_path`` is the path after symbolic links, as it was when there last was a
    node. If the node goes away, the view finds another through links, or else is
    empty until there is a node again.

    Called with a function, a view calls it at once with itself, then again after
    each change, in another thread; in an empty view functions are called without
    arguments, if they can be. :exc:`~zc.zk.errors.CancelWatch` ends that, and so
    does any other exception, which is logged. Functions live as long as the view.
    """

    real_path: str
    _nothing: Any  # the content of an empty view

    def __init__(self, watcher: Watcher, path: str, watch: bool = True) -> None:
        self.path = path
        self._watcher = watcher
        self._event = watcher.event if watch else None
        self._callbacks: list[_Callback] = []
        self._lock = threading.RLock()  # to look, or to write and see it
        self._state = State(None, self._nothing, {}, None)
        with self._lock:
            if watch:
                watcher.add(self)  # before the look: a change right after it must not be missed
            look = self._new_look()
            try:
                self._state = self._resolve(look)
            except MissingNode as error:
                raise NoNodeError(path) from error

    def __call__(self, function: Callable[..., object]) -> Self:
        """Call ``function`` with this view now and after each change; return the view."""
        if self._event is None:
            raise TypeError("Can't set callbacks without watching.")
        mark = self._state.mark
        function(self)
        self._callbacks.append(_Callback(function, mark))
        if self._state.mark != mark:
            self._watcher.changed(self.real_path)
        return self

    def __repr__(self) -> str:
        deleted = "DELETED: " if self._state.path is None else ""
        return f"{deleted}zc.zk.{type(self).__name__}({self.path})"

    def __hash__(self) -> int:
        return id(self)

    def depends_on(self, path: str) -> bool:
        """Tell whether a change of the node at ``path`` may change what this shows."""
        with self._lock:  # a look under way may be about to pass it
            return path in self._state.seen

    def refresh(self) -> None:
        """Look again, and tell the functions if something is different."""
        with self._lock:
            look = self._new_look()
            try:
                self._state = self._resolve(look)
            except (MissingNode, LinkLoop, NoNodeError) as error:
                if self._state.path is not None:
                    logger.warning("%r: the node went away: %r", self, error)
                self._state = State(None, self._nothing, look.seen, None)
        self._notify()

    def _new_look(self) -> Look:
        return Look(self._watcher.calls, self._event)

    def _resolve(self, look: Look) -> State:
        path = links.resolve(self.path, look.properties)
        state = self._state_at(path, look)
        self.real_path = path
        return state

    @abstractmethod
    def _state_at(self, path: str, look: Look) -> State:
        """Return what there is to show of the real node at ``path``."""

    def _notify(self) -> None:
        """Call the functions that have not been called for the present state."""
        state = self._state
        for callback in list(self._callbacks):
            if callback.mark != state.mark:
                callback.mark = state.mark
                if state.path is not None:
                    self._call(callback, self)
                elif _can_do_without_arguments(callback.function):
                    self._call(callback)

    def _call(self, callback: _Callback, *arguments: Self) -> None:
        try:
            callback.function(*arguments)
        except CancelWatch:
            self._callbacks.remove(callback)
            logger.debug("cancelled watch(%r, %r)", self, callback.function)
        except Exception:  # whatever it is, it ends this one and not the thread
            self._callbacks.remove(callback)
            logger.exception("watch(%r, %r)", self, callback.function)


def _can_do_without_arguments(function: Callable[..., object]) -> bool:
    try:
        inspect.signature(function).bind()
    except (TypeError, ValueError):  # it needs some, or does not say
        return False
    return True


class Children(Live, Sequence[str]):
    """The sorted names of a node's children."""

    _nothing = ()

    __hash__ = Live.__hash__

    @property
    def data(self) -> Sequence[str]:
        """The names, as they are now; they stay as they are."""
        names: Sequence[str] = self._state.content
        return names

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        return self.data[index]

    def __len__(self) -> int:
        return len(self.data)

    def _state_at(self, path: str, look: Look) -> State:
        names = look.children(path)
        return State(path, names, look.seen, (path, names))
