"""What somebody who can write the tree, or a checkout, could try: one entry each.

An entry says what a tree holds besides ``/role-locks/r``, and what must come of it on a
host of the role ``r``: it is ``refused`` by an error that names the node, ``deployed``,
passed over (``nothing``), or ``either`` refused or deployed. Programs that come with the
host fail for every URL (``unreachable``), unless a trap is about a repository.

``sprung`` is a program on ``PATH`` that leaves a mark: whoever makes a shell of a value
runs it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.faults.corpus_traps import TRAPS

Expected = Literal["refused", "deployed", "nothing", "either", "unreachable"]


@dataclass(frozen=True, slots=True)
class Entry:
    """``nodes`` are data by path. Of the ``trap`` see :mod:`tests.faults.corpus_traps`."""

    kind: str
    what: str
    expected: Expected
    nodes: Mapping[str, bytes] = field(default_factory=dict)
    trap: str | None = None

    def __str__(self) -> str:
        return f"{self.kind}: {self.what:.200}"


_APP: Mapping[str, Any] = {"type": "app", "version": "1.0"}


def _site(
    properties: Mapping[str, Any], target: Mapping[str, Any] | None = None, node: str = "/a"
) -> dict[str, bytes]:
    """Return the nodes of an application that is deployed here."""
    data = {node: properties, f"{node}/deploy": {}, f"{node}/deploy/r": target or {}}
    return {path: json.dumps(each).encode() for path, each in data.items()}


_COMMANDS = (
    "$(sprung)",
    "`sprung`",
    ";sprung",
    "|sprung",
    "&&sprung",
    "a\tsprung",
    "'",
    '"',
    "\\",
)
_OPTIONS = ("-y", "-u", "--help", "--installroot=/", "--setopt=tsflags=test", "-c/etc/passwd", "-")
_PATHS = ("..", ".", "../../etc", "/etc/passwd", "~root", "./x", "a/../../b")
_GLOBS = ("z4m*", "z4m?", "[z]4m", "{a,b}", "*", "!app")
_ODD = ("\u202etxt", "a\u200eb", "\u2028x", "a\x1b[2J", "a\0b", "a\x9bb", "\ud800", "a\nb", "a\rb")

_NODE_NAMES: tuple[str, ...] = (
    *("a,b", "a%2Cb", "%", "%25", "%2e%2e", "%00", "a.0", "a.0.deployed", "host_version", "-u"),
    *(
        "-r",
        "--help",
        "a b",
        " a",
        "a ",
        "*",
        "?",
        "[a]",
        "~",
        "!x",
        "$HOME",
        "${IFS}",
        "$(sprung)",
    ),
    *(
        "`sprung`",
        ";sprung",
        "|sprung",
        "&sprung",
        "'",
        '"',
        "\\",
        "\\n",
        "#",
        "=",
        ":",
        "->",
        "<a>",
    ),
    *(
        "é",
        "e\u0301",
        "日本",
        "\u0430pp",
        "\u200b",
        "\ufeff",
        "\u202etxt",
        "\u2066x",
        "...",
        "..;",
        "con",
    ),
    *("x" * 100, "x" * 244, "x" * 245, "x" * 255, "x" * 1000, "é" * 122, "é" * 123, "%" * 81),
)
_TARGETS = (
    *(
        "R",
        "\u0433",
        "r ",
        " r",
        "r\u200b",
        "r%00",
        "%72",
        "r,r",
        "*",
        "?",
        "r*",
        "..r",
        "-r",
        "host",
    ),
    *("r\u0301", "r.", "$(sprung)", "r;sprung", "\uff52", "r" * 1000),
)
_SUBTYPES_REFUSED = (*_OPTIONS, "a\u202eb", "a\u2066b", "a\x9b", "\ud800", "x" * 201, "-" * 5000)
_SUBTYPES = (
    "sub",
    "$(sprung)",
    ";sprung",
    "'",
    "*",
    "../..",
    "50%",
    "é",
    "\u0430pp",
    "x" * 200,
    "~",
    "|x",
)
_TYPES: tuple[object, ...] = (
    *_OPTIONS, *_PATHS, *_GLOBS, *_COMMANDS, *_ODD,
    *("", " ", "x.rpm", "app a b", "@core", "http://h/x.rpm", "app=1", "app>1", "app,b"),
    *("é", "\u0430pp", "\uff41pp"),
    *("x" * 201, "x" * 100_000, ".app", "app\u00a0b c"),
    *(5, 1.5, True, [], ["app"], {"a": 1}, 10**400),
)  # fmt: skip
_TYPES_OF_WORDS = ("a\tsprung", "\u2028x", "a\nb", "a\rb", "app\u00a0sub", "\x85app\x1f")
_TYPES_THAT_ARE_SOFTWARE = ("cron.d", "zim", "ssh", "x" * 200, "app.noarch", "_app", "a+b")
_VERSIONS: tuple[object, ...] = (
    *_OPTIONS, *_PATHS, *_GLOBS, *_COMMANDS, *_ODD,
    *("", "1 2", "1.rpm", "1*", "1/2", ":1", "1:", "1:2:3", "9999999999:1", "\u0661"),
    *("1" * 201, "1" * 100_000),
    *(1, 1.0, 0, True, False, [], ["1"], {"1": 1}, 10**30, 10**400, -1),
)  # fmt: skip
_VERSIONS_OF_PACKAGES = ("0:1.0", "1:1.0", "999999999:1", "1.0-1", "1~rc1", "1^git", "latest")
_URLS_REFUSED = (
    *("git://ext::sh -c sprung#m", "git://ext::sprung%20#m", "git://-oProxyCommand=sprung#m"),
    *("git://ssh://-oProxyCommand=sprung/x#m", "git://ssh://u@-oProxyCommand=sprung/x#m"),
    *(
        "git://--upload-pack=sprung#m",
        "git://h/r#--detach",
        "git://h/r#-f",
        "git://h/r#",
        "git://#m",
    ),
    *("git://h/r#a..b", "git://h/r#@{-1}", "git://h/r#:/x", "git://h/r#a b", "git://h/r#x.lock"),
    *("git://h/r\n#m", "git://h/r#m\n", "git://fd::17#m", "git://ftp://h/r#m", "git://h/r#m\0"),
    *("git://transport-helper::x#m", "git://h/r#HEAD^", "git://h/r#HEAD~1", "git://h/r#m\u202ex"),
    *("svn+ssh://-oProxyCommand=sprung/x", "svn+ssh://u@-oProxyCommand=sprung/x", "svn:///x"),
    *("svn+ssh://%2doProxyCommand=sprung/x", "svn://h/x --config-option=a:b:c=sprung", "svn://"),
    *("svn+-x://h/r", "svn+$(sprung)://h/r", "file://h/x", "file://", "file:", "http://h/x"),
    *(
        "https://h/x.rpm",
        "ftp://h/x",
        "javascript:x",
        "data:x",
        "ext::sprung",
        "FILE:///x",
        "svn:x",
    ),
    *(
        "svn://h/\nx",
        "svn://h/x\r",
        "svn://h/\u2028x",
        "svn://" + "x" * 2000,
        "git://" + "x" * 100_000,
    ),
)
_URLS = (
    *(
        "git://https://h.invalid/r.git#main",
        "git://git@h.invalid:r#v1",
        "git://ssh://u@h.invalid/r#a/b",
    ),
    *(
        "git:///nowhere/r#main",
        "git://file:///nowhere/r#main",
        "git://$(sprung)#m",
        "git://;sprung#m",
    ),
    *(
        "git://h/r#$(sprung)",
        "git://h/r#;sprung",
        "git://h/r#é",
        "git://../../etc#m",
        "git://~/x#m",
    ),
    *(
        "svn://h.invalid/r/$(sprung)",
        "svn://h.invalid/r/;sprung",
        "svn://h.invalid/r@1",
        "file:///etc",
    ),
    *(
        "file:///etc/passwd",
        "svn+ssh://h.invalid/r",
        "svn+x://h.invalid/r",
        "file:///nowhere/`sprung`",
    ),
)
_COUNTS: tuple[object, ...] = (
    *("3", "", "x", -1, 1001, 10**9, 10**400, 1.0, 2.5, True, False, [], [1], {"a": 1}, -(10**30)),
)
_TIMEOUTS: tuple[object, ...] = ("5", -1, 0, 10**400, True, [], {"a": 1}, "x", -0.5, 1e300)
_PARALLEL: tuple[object, ...] = (
    *(0, -1, 10_001, 10**400, 1.5, True, [], "", "25", "0%", "101%", "-1%", "1e1%", "25% "),
    *("\u0661%", "9" * 5000 + "%", "$(sprung)"),
)
_RAW: tuple[tuple[bytes, Expected], ...] = (
    (b"\xff\xfe\x00", "refused"),
    (b"[1]", "refused"),
    (b"null", "refused"),
    (b"{", "refused"),
    (b"{}", "refused"),
    (b"", "refused"),
    (b'{"type":"app","version":"1.0","version":"-y"}', "refused"),
    (b'{"type":"-y","type":"app","version":"1.0"}', "deployed"),
    (b'{"type":"app","version":NaN}', "refused"),
    (b'{"type":"app","version":Infinity}', "refused"),
    (b'{"type":"app","version":' + b"9" * 5000 + b"}", "refused"),
    (b'{"type":"app","version":1e999}', "refused"),
    (b'{"type":"app","version":' + b"[" * 50_000 + b"]" * 50_000 + b"}", "refused"),
    (b'{"type":"app","version":"1.0","x":' + b'{"a":' * 99 + b"1" + b"}" * 100, "deployed"),
    (b'{"type":"app","version":"1.0"}\0', "refused"),
    (b'\xef\xbb\xbf{"type":"app","version":"1.0"}', "refused"),
    (b'{"type":"app","version":"1.0","x":"' + b"x" * 900_000 + b'"}', "deployed"),
    (b'{"type":"app","version":"\\u0031.0"}', "deployed"),
    (b'{"type":"app\\u0000","version":"1.0"}', "refused"),
    (b'{"type":"app","version":"1.0","type =>":"/nowhere type"}', "deployed"),
)
_LINKED: tuple[tuple[Mapping[str, Any], Expected], ...] = (
    ({"type": "app", "version =>": "/a version"}, "refused"),
    ({"type": "app", "version =>": ". version"}, "refused"),
    ({"type": "app", "version =>": "/nowhere version"}, "refused"),
    ({"type": "app", "version =>": "../../../../a/deploy version"}, "refused"),
    ({"type": "app", "version =>": "/role-locks/r version"}, "refused"),
    ({"type": "app", "version =>": "/hosts version"}, "refused"),
    ({"type": "app", "version =>": ["/a"]}, "refused"),
    ({"type": "app", "version =>": ""}, "refused"),
    ({"type": "app", "version =>": "a b c"}, "refused"),
    ({"type": "app", "version =>": "/a " + "x" * 100_000}, "refused"),
    ({"type =>": "/a type", "version": "1.0"}, "refused"),
    ({"type": "app", "version =>": "/a other", "other": "1.0"}, "deployed"),
    ({"type": "app", "version =>": "/a other", "other": "-y"}, "refused"),
    ({"type": "app", "version": "1.0", "deploy ->": "/etc", "$(sprung)": "x"}, "deployed"),
)


def _shown(value: object) -> str:
    try:
        return repr(value)
    except ValueError:
        return "a number of very many digits"


def _entries() -> Iterable[Entry]:
    for name in _NODE_NAMES:
        yield Entry("node name", name, "either", _site(_APP, node=f"/{name}"))
    for name in _TARGETS:
        nodes = {**_site(_APP), f"/a/deploy/{name}": b""}
        del nodes["/a/deploy/r"]
        yield Entry("target", name, "nothing", nodes)
    for one, other in (
        ("/a,b/c", "/a/b,c"),
        ("/a%2Cb", "/a,b"),
        ("/a%25", "/a%"),
        ("/é", "/e\u0301"),
    ):
        nodes = _site(_APP, node=one) | _site(_APP, node=other)
        above = {path.rpartition("/")[0]: b"" for path in (one, other)} | nodes
        above.pop("", None)
        yield Entry("names of files", f"{one} and {other}", "deployed", above)
    for type_ in _TYPES:
        if type_ not in _TYPES_OF_WORDS:
            yield Entry("type", _shown(type_), "refused", _site({**_APP, "type": type_}))
    for type_ in _TYPES_OF_WORDS:
        yield Entry("type", _shown(type_), "deployed", _site({**_APP, "type": type_}))
    for name in _TYPES_THAT_ARE_SOFTWARE:
        yield Entry("type", name, "deployed", _site({**_APP, "type": name}))
    for subtype in _SUBTYPES_REFUSED:
        yield Entry("subtype", subtype, "refused", _site({**_APP, "type": f"app {subtype}"}))
    for subtype in _SUBTYPES:
        yield Entry("subtype", subtype, "deployed", _site({**_APP, "type": f"app {subtype}"}))
    for version in _VERSIONS:
        yield Entry("version", _shown(version), "refused", _site({**_APP, "version": version}))
    for version in _VERSIONS_OF_PACKAGES:
        yield Entry("version", version, "deployed", _site({**_APP, "version": version}))
    yield Entry("version", "none, and none in the name", "refused", _site({"type": "app"}))
    for url in _URLS_REFUSED:
        yield Entry("url", url, "refused", _site({**_APP, "version": url}))
    for url in _URLS:
        yield Entry("url", url, "unreachable", _site({**_APP, "version": url}))
    for n in _COUNTS:
        yield Entry("n", _shown(n), "refused", _site(_APP, {"n": n}))
    yield Entry("n", "0", "nothing", _site(_APP, {"n": 0}))
    for timeout in _TIMEOUTS:
        yield Entry("timeout", _shown(timeout), "refused", _site({**_APP, "timeout": timeout}))
    for hosts in _PARALLEL:
        nodes = _site({**_APP, "max_parallel": hosts})
        yield Entry("max_parallel", _shown(hosts)[:60], "refused", nodes)
    for data, expected in _RAW:
        nodes = {**_site(_APP), "/a": data}
        yield Entry("data", f"{data!r:.60}, {len(data)} bytes", expected, nodes)
    for properties, expected in _LINKED:
        yield Entry("link", f"{properties}", expected, _site(properties))
    for wrong in (
        {"type": "-y"},
        {"version": "1*"},
        {"version": "ext::x"},
        {"type": "a b c"},
        {"type": 1},
    ):
        controller = json.dumps({**_APP, "type": "controller", **wrong}).encode()
        yield Entry("controller", f"{wrong}", "refused", {"/roles": b"", "/roles/r": controller})
    yield from _traps()


def _traps() -> Iterable[Entry]:
    for name, trap in TRAPS.items():
        yield Entry(trap.kind, name, trap.expected, trap=name)


#: Values that no host may have for its identifier or role.
HOST_IDENTIFIERS = (
    *(
        "..",
        ".",
        "a/b",
        "../../x",
        "/",
        "a b",
        "a\tb",
        "\0",
        "a\x1bb",
        "\ud800",
        "x" * 201,
        "\u2028",
    ),
    *("\ue000", "\uffff", "a\u00a0b"),
)

#: All of them.
ENTRIES: tuple[Entry, ...] = tuple(_entries())
