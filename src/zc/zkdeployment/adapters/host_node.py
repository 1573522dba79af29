"""This host's node below ``/hosts``: what agent.txt shows of it, and a report if wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import zc.zk
from zc.zk import codec
from zc.zkdeployment.adapters.requests import silence_named
from zc.zkdeployment.reports.report import Report, encode_report


class HostNode:
    """An ephemeral node with ``properties``; with ``report``, what that returns is one more.

    The thread that deploys says what the node is to show, and writes it. Only
    :meth:`show_report` is for another thread: the reports of steps are written by that.
    """

    def __init__(
        self,
        zk: zc.zk.ZK,
        path: str,
        properties: Mapping[str, Any],
        report: Callable[[], Report] | None = None,
    ) -> None:
        self.path = path
        self._zk = zk
        self._report = report
        self._lock = threading.Lock()  # what is composed first is written first
        self._shown = dict(properties)
        self._written: dict[str, Any] | None = None
        self._reported: dict[str, Any] = {}

    def note(self, **properties: Any) -> None:
        """Remember what is to be shown; ``error=None`` takes the error away."""
        shown = self._shown | properties
        if shown.get("error", "") is None:
            del shown["error"]
        self._shown = shown

    def create(self) -> None:
        """Create the node. Raises what :meth:`zc.zk.session.Ephemerals.create` does."""
        with self._lock, silence_named():
            shown, reported = self._shown, self._encoded()
            self._zk.ephemerals.create(self.path, codec.encode(shown | reported))
            self._written, self._reported = shown, reported

    def show(self) -> None:
        """Write the node if it does not show what it should, with the report as it is now.

        Raises :exc:`~zc.zkdeployment.errors.Unreachable`.
        """
        if self._written != self._shown:
            with self._lock:
                self._write(self._shown, self._encoded())

    def show_report(self) -> None:
        """Write the node if its report is not as it is now; from any thread.

        Raises :exc:`~zc.zkdeployment.errors.Unreachable`.
        """
        with self._lock:
            reported = self._encoded()
            if self._written is not None and reported != self._reported:
                self._write(self._written, reported)

    def _write(self, shown: dict[str, Any], reported: dict[str, Any]) -> None:
        with silence_named():
            self._zk.ephemerals.update(self.path, codec.encode(shown | reported))
        self._written, self._reported = shown, reported

    def _encoded(self) -> dict[str, Any]:
        return {"report": encode_report(self._report())} if self._report else {}
