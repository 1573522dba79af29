"""Cases about versions, names and dependencies: from what is installed to what is wanted."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.faults.package_bench import Bench, Case
from tests.faults.package_gates import APP, app

from zc.zkdeployment.lab.packages import Package

ONE, TWO, THREE = app("1.0"), app("2.0"), app("3.0")
NEWER = (ONE, TWO, THREE)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the table.

    ``before`` is installed by hand. Then ``wanted`` leads to what is ``expected`` or, where
    that is none, fails because of ``why``, and ``left`` is what is installed then; by dnf,
    which undoes what failed, ``undone`` if that is given.
    """

    name: str
    offered: Sequence[Package]
    before: tuple[str, ...]
    wanted: str | None
    expected: str | None = None
    why: str = ""
    left: tuple[str, ...] = ()
    software: str = APP
    undone: tuple[str, ...] | None = None

    def attempt(self, bench: Bench) -> None:
        for spec in self.before:
            bench.by_hand("install", spec)
        if self.expected:
            bench.reaches(self.wanted, self.expected, self.software)
        else:
            undone = self.undone if bench.manager == "dnf" else None
            left = self.left if undone is None else undone
            bench.fails(self.wanted, self.why, *left, name=self.software)


def _failing(version: str, scriptlet: str) -> Package:
    return app(version, scriptlets={scriptlet: f'error("no luck in {scriptlet}")'})


def _tagged(name: str, version: str, **tags: str) -> Package:
    return app(version, name=name, tags=tags)


_NATIVE = platform.machine()
_UNKNOWN = r"Command failed: yum -y install app-\S+$|: there is no app-\S+; all .* as they were$"

_EPOCH = app("1.0", epoch=1)
_RELEASES = (app("1.0"), app("1.0", "2"))
_DOTTED = app("1.0", name="c++.tool_x")
_NAMED = Package("app-1", "7", files={"version": "7-1", "only-in-7": ""})

_LINES = (
    _Line("absent", NEWER, (), "2.0", "0:2.0-1"),
    _Line("absent, the lowest", NEWER, (), "1.0", "0:1.0-1"),
    _Line("absent, any version", NEWER, (), None, "0:3.0-1"),
    _Line("the same", NEWER, ("app-2.0",), "2.0", "0:2.0-1"),
    _Line("older", NEWER, ("app-1.0",), "2.0", "0:2.0-1"),
    _Line("newer", NEWER, ("app-3.0",), "2.0", "0:2.0-1"),
    _Line("downgrade by two to the lowest", NEWER, ("app-3.0",), "1.0", "0:1.0-1"),
    _Line("any version, one is there", NEWER, ("app-1.0",), None, "0:1.0-1"),
    _Line("from epoch 0 to 1", (ONE, _EPOCH), ("app-0:1.0",), "1:1.0", "1:1.0-1"),
    _Line("from epoch 1 to 0", (TWO, _EPOCH), ("app-1:1.0",), "0:2.0", "0:2.0-1"),
    _Line(
        "from epoch 1 to 0 and nothing else",  # for rpm they are the same
        (ONE, _EPOCH),
        ("app-1:1.0",),
        "0:1.0",
        why="app-1.0-1.noarch is already installed",
        left=("1:1.0-1",),
    ),
    _Line("epoch 1 hides a higher version", (TWO, _EPOCH), ("app-1:1.0",), "2.0", "0:2.0-1"),
    _Line("any epoch", (ONE, _EPOCH), ("app-0:1.0",), "1.0", "0:1.0-1"),
    _Line("to a higher release", _RELEASES, ("app-1.0-1",), "1.0-2", "0:1.0-2"),
    _Line("to a lower release", _RELEASES, ("app-1.0-2",), "1.0-1", "0:1.0-1"),
    _Line("two releases, none named", _RELEASES, (), "1.0", "0:1.0-2"),
    _Line("two releases, one is there", _RELEASES, ("app-1.0-1",), "1.0", "0:1.0-1"),
    _Line("epoch, version and release", (ONE, _EPOCH), (), "1:1.0-1", "1:1.0-1"),
    _Line("three numbers", (app("1.2.3"), app("1.2.4")), (), "1.2.3", "0:1.2.3-1"),
    _Line("three numbers and a release", (app("1.2.3"),), (), "1.2.3-1", "0:1.2.3-1"),
    _Line(
        "from a release to its candidate",
        (ONE, app("1.0~rc1")),
        ("app-1.0",),
        "1.0~rc1",
        "0:1.0~rc1-1",
    ),
    _Line(
        "from a snapshot to the release",
        (ONE, app("1.0^git1")),
        ("app-1.0^git1",),
        "1.0",
        "0:1.0-1",
    ),
    _Line(
        "from a release to a snapshot",
        (ONE, app("1.0^git1")),
        ("app-1.0",),
        "1.0^git1",
        "0:1.0^git1-1",
    ),
    _Line(
        "letters are older than digits", (app("1.a"), app("1.0")), ("app-1.0",), "1.a", "0:1.a-1"
    ),
    _Line("digits and letters", (app("1.0b"), app("1.0")), ("app-1.0",), "1.0b", "0:1.0b-1"),
    _Line(
        "equal for rpm, but not the same",
        (ONE,),
        (),
        "1.00",
        why=r"Failed to install app-1\.00 \(installed: 1\.0(?:-1)?\)|app-1\.00",
        left=("0:1.0-1",),
        undone=(),
    ),
    _Line("an unknown version", NEWER, ("app-1.0",), "9.9", why=_UNKNOWN, left=("0:1.0-1",)),
    _Line("an unknown release", NEWER, ("app-1.0",), "1.0-9", why=_UNKNOWN, left=("0:1.0-1",)),
    _Line("an unknown epoch", NEWER, ("app-1.0",), "7:1.0", why=_UNKNOWN, left=("0:1.0-1",)),
    _Line("an unknown package", (app("1.0", name="other"),), (), "1.0", why=_UNKNOWN),
    _Line(
        "a name that carries its version",
        (app("7", name="app-1"), ONE),
        (),
        None,
        "0:7-1",
        software="app-1",
    ),
    _Line(
        "a version that makes the name of another package",
        (app("1"), _NAMED),
        (),
        "1",
        "0:1-1",
    ),
    _Line(
        "a version that makes the name of another package that is there",
        (app("1"), app("2"), _NAMED),
        ("app-1", "app-0:2"),
        "1",
        "0:1-1",
    ),
    _Line(
        "the name is the beginning of another",
        (ONE, TWO, app("2.0", name="app-extra")),
        ("app-extra", "app-1.0"),
        "2.0",
        "0:2.0-1",
    ),
    _Line(
        "another name is the beginning of this",
        (ONE, app("2.0", name="app-extra")),
        ("app-1.0",),
        "2.0",
        "0:2.0-1",
        software="app-extra",
    ),
    _Line("dots and plus in a name", (_DOTTED,), (), "1.0", "0:1.0-1", software="c++.tool_x"),
    _Line("for this machine only", (app("1.0", architecture=_NATIVE),), (), "1.0", "0:1.0-1"),
    _Line(
        "from any machine to this machine",
        (ONE, app("2.0", architecture=_NATIVE)),
        ("app-1.0",),
        "2.0",
        "0:2.0-1",
    ),
    _Line(
        "from this machine to any machine, downwards",
        (ONE, app("2.0", architecture=_NATIVE)),
        ("app-2.0",),
        "1.0",
        "0:1.0-1",
    ),
    _Line(
        "obsoleted by another that is offered",
        (ONE, _tagged("next", "1", Obsoletes="app < 9")),
        (),
        "1.0",
        "0:1.0-1",
    ),
    _Line(
        "obsoleted by another that is there",
        (ONE, _tagged("next", "1", Obsoletes="app < 9")),
        ("next",),
        "1.0",
        why="obsolete|conflict|Failed to install|cannot install",
    ),
    _Line(
        "obsoletes what is there",
        (ONE, _tagged("next", "1", Obsoletes="app < 9")),
        ("app",),
        "1",
        "0:1-1",
        software="next",
    ),
    _Line(
        "conflicts with what is there",
        (_tagged(APP, "1.0", Conflicts="other"), app("1", name="other")),
        ("other",),
        "1.0",
        why="app-1.0-1.noarch conflicts with other",
    ),
    _Line(
        "conflicts with what is there, from an older version",
        (ONE, _tagged(APP, "2.0", Conflicts="other"), app("1", name="other")),
        ("other", "app-1.0"),
        "2.0",
        why="conflicts with other",
        left=("0:1.0-1",),
    ),
    _Line(
        "a file of another package",
        (
            app("1.0", more_files={"/opt/shared": "a"}),
            app("1", name="other", more_files={"/opt/shared": "b"}),
        ),
        ("other",),
        "1.0",
        why="file /opt/shared .* conflicts with file from package other",
    ),
    _Line(
        "what it requires is nowhere",
        (ONE, _tagged(APP, "2.0", Requires="nowhere")),
        ("app-1.0",),
        "2.0",
        why="nothing provides nowhere",
        left=("0:1.0-1",),
    ),
    _Line(
        "what it requires comes along",
        (_tagged(APP, "2.0", Requires="library"), app("1", name="library")),
        (),
        "2.0",
        "0:2.0-1",
    ),
    _Line(
        "what is there requires it as it is",
        (ONE, TWO, _tagged("user", "1", Requires="app = 1.0")),
        ("app-1.0", "user"),
        "2.0",
        why=r"requires app = 1\.0",
        left=("0:1.0-1",),
    ),
    _Line(
        "%pre fails",
        (_failing("1.0", "pre"),),
        (),
        "1.0",
        why="PREIN scriptlet.*|no luck in pre",
    ),
    _Line(
        "%pre fails in an upgrade",
        (ONE, _failing("2.0", "pre")),
        ("app-1.0",),
        "2.0",
        why="no luck in pre",
        left=("0:1.0-1",),
    ),
    _Line(
        "%pretrans fails in an upgrade",
        (ONE, _failing("2.0", "pretrans")),
        ("app-1.0",),
        "2.0",
        why="app-2.0",
        left=("0:1.0-1",),
    ),
    _Line("%post fails", (_failing("1.0", "post"),), (), "1.0", "0:1.0-1"),
    _Line(
        "%post fails in an upgrade",
        (ONE, _failing("2.0", "post")),
        ("app-1.0",),
        "2.0",
        "0:2.0-1",
    ),
    _Line(
        "%preun of the old fails in an upgrade",
        (_failing("1.0", "preun"), TWO),
        ("app-1.0",),
        "2.0",
        why="no luck in preun",
        left=("0:1.0-1", "0:2.0-1"),
        undone=("0:1.0-1", "0:1.0-1"),
    ),
    _Line(
        "%postun of the old fails in an upgrade",
        (_failing("1.0", "postun"), TWO),
        ("app-1.0",),
        "2.0",
        "0:2.0-1",
    ),
)


def cases() -> Iterator[Case]:
    """Yield the cases of the table."""
    for line in _LINES:
        yield Case(line.name, line.offered, line.attempt)
