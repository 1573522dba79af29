"""What is fed with nonsense, and what must come of it.

A target's ``check`` returns what broke, ``None`` if nothing did. What it lets through is
an exception that its function does not declare.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.faults import fuzz_inputs as inputs

from zc.zk import codec, links
from zc.zk.errors import (
    BadPropertyLink,
    LinkLoop,
    MissingNode,
    TreeSyntaxError,
)
from zc.zk.source import parse_source
from zc.zk.tree import format_tree, parse_tree, walk
from zc.zk.values import same
from zc.zkdeployment import names
from zc.zkdeployment.errors import BadSource, BadTree
from zc.zkdeployment.host import desired, package_output
from zc.zkdeployment.model import Identity
from zc.zkdeployment.publication.locations import parse_location
from zc.zkdeployment.revisions.manifest import compile_tree, decode_manifest, encode_manifest
from zc.zkdeployment.tree.packages import checkout, parse_list_installed, satisfies
from zc.zkdeployment.tree.snapshot import SourceFile
from zc.zkdeployment.tree.tree_files import parse_files
from zc.zkdeployment.views.health import Limits, Observed, Registered, StatusFile, diagnose

#: Characters that an error may have: 200 of what it is about, which are ten times as many if
#: each has to be escaped, and some words.
LONGEST_ERROR = 2500


@dataclass(frozen=True, slots=True)
class Target:
    """A function, ``make`` for its inputs, and ``count``: how many inputs it gets in full."""

    count: int
    make: Callable[[Random], Any]
    check: Callable[[Any], str | None]


def check_tree(text: str) -> str | None:
    """Text is a tree or an error that names a line; a tree has text, which is that tree."""
    try:
        tree = parse_tree(text, "f")
    except TreeSyntaxError as error:
        if len(str(error)) > LONGEST_ERROR:
            return f"an error of {len(str(error))} characters"
        _, mistakes = parse_source(text, "f")
        if not mistakes or str(mistakes[0]) != str(error):
            return f"to an author it is {mistakes[:1]}, to an import {error}"
        return None
    tree.children.pop("zookeeper", None)  # it is the server's own, and not written
    written = format_tree(tree)
    again = parse_tree(written)
    if again != tree:
        return f"reads back as {format_tree(again)!r:.500}"
    if len(text) % 4 == 0 and (again := parse_source(text)[0]) != tree:
        again.children.pop("zookeeper", None)
        if again != tree:
            return "is another tree to its author"
    for path, node in walk(tree):
        if not same(codec.decode(codec.encode(node.properties)), node.properties):
            return f"{path:.200} is not stored as it is"
    return None


def check_files(data: bytes) -> str | None:
    """Bytes are trees or problems that name a place."""
    trees, problems = parse_files([SourceFile("a.zk", data), SourceFile("b.zkx", data[::2])])
    for problem in problems:
        if not problem.places or len(str(problem)) > LONGEST_ERROR:
            return f"a problem without a place, or too long: {problem!r:.300}"
    return None if trees or problems else "neither a tree nor a problem"


def _node_data(choose: Random) -> tuple[bytes, ...]:
    """Data for the nodes of a small tree that deploys something."""
    made = []
    for usual in _USUAL:
        drawn = choose.random()
        if drawn < 0.5:
            made.append(usual)
        elif drawn < 0.75:
            properties = codec.decode(usual) | {
                choose.choice(_KNOWN): inputs.json_value(choose) for _ in range(2)
            }
            made.append(inputs.as_bytes(choose, inputs.json_text(choose, properties)))
        elif drawn < 0.95:
            text = inputs.json_text(choose, inputs.json_value(choose))
            made.append(inputs.as_bytes(choose, text))
        else:
            made.append(choose.randbytes(choose.randrange(40)))
    return tuple(made)


_PATHS = ("/", "/a", "/a/deploy", "/a/deploy/h1", "/a/deploy/r", "/b", "/b/deploy/h1", "/roles/r")
_USUAL = (
    b"{}",
    b'{"type":"app sub","version":"1.0"}',
    b"",
    b'{"n":2}',
    b"",
    b'{"type":"app-1","version =>":"/a version","n":1}',
    b'{"n =>":"../../a/deploy/h1"}',
    b'{"type":"controller","version":"svn://h/t"}',
)
_KNOWN = (
    *("type", "version", "n", "timeout", "max_parallel", "type =>", "version =>", "n =>"),
    *("max_parallel =>", "a ->", "deploy ->"),
)
_IDENTITIES = (Identity("h1", "host1"), Identity("h2", "h1", "r"))


def check_node_data(data: tuple[bytes, ...]) -> str | None:
    """Data are properties that are stored as they are; what they want is clear or refused."""
    tree = {}
    for path, each in zip(_PATHS, data, strict=True):
        properties = tree[path] = codec.decode(each)
        with suppress(UnicodeEncodeError):
            if not same(codec.decode(codec.encode(properties)), properties):
                return f"{each!r:.200} is not stored as it is read: {properties!r:.200}"
    for path in tree:
        with suppress(BadPropertyLink):
            links.properties(path, tree.get)
        with suppress(MissingNode, LinkLoop):
            links.resolve(f"{path}/deploy/a", tree.get)
    for identity in _IDENTITIES:
        try:
            wanted = desired.gather(tree, identity)
        except (BadTree, BadPropertyLink) as error:
            if len(str(error)) > LONGEST_ERROR:
                return f"an error of {len(str(error))} characters: {error!s:.200}"
            continue
        for deployment in wanted.deployments:
            _, subtype, version, software, _, _ = deployment
            if found := misread(software, subtype, version):
                return f"{deployment!r:.300} is accepted: {found}"
        errors: list[ValueError] = []
        manifests = {
            target: decode_manifest(encode_manifest(manifest))
            for target, manifest in compile_tree(tree, errors.append).items()
        }
        if desired.assemble(manifests, identity) != wanted:
            return f"{identity}: a manifest wants something else than the tree"
    return None


def misread(software: str, subtype: str | None, version: str | None) -> str | None:
    """Tell what of a deployment some program, a package manager say, could misunderstand."""
    plain = [software] if version is None or names.is_url(version) else [software, version]
    for word in plain:
        if not word.isascii() or set(word) & set("/*?[]{}()<>|&;!$`'\"\\ "):
            return f"{word!r:.100} is no name of a package"
    return _dangerous(software, subtype, version)


def _dangerous(*arguments: str | None) -> str | None:
    for argument in filter(None, arguments):
        if argument.startswith("-") or set(argument) & set("\0\n\r\x1b\u202e\u2028 "):
            return f"{argument!r:.100} reaches a command line"
    return None


_YUM = (
    "Installed Packages\napp.noarch   1:1.0-1   @lab\n",
    "app.x86_64\n     1.0.0-1.el9\n            @System\napp.noarch 2-1 installed\n",
    "Extra text\napp 1.0-1 installed\napp-sub.noarch 3-1 @x\n",
    "Running transaction\n  Installing : app-1.0-1.noarch 1/1\nError in POSTIN scriptlet in app\n",
    "Error:\n Problem: conflicting requests\n  - nothing provides x needed by app-1-1.noarch\n",
    "Can't get exclusive lock on /var/lib/rpm/.rpm.lock\nWaiting for process with pid 1\n",
)
_YUM_MARKS = (
    "app",
    ".noarch",
    " ",
    "\n",
    "1:",
    "-",
    "1.0",
    "@",
    "installed",
    "Error: ",
    "x" * 3000,
)


def _yum(choose: Random) -> str:
    return inputs.damaged(choose, choose.choice(_YUM), _YUM_MARKS)


def check_yum(output: str) -> str | None:
    """Whatever a package manager prints, it is a package or none."""
    for name in ("app", "app-sub", "a"):
        found = parse_list_installed(output, name)
        if found:
            satisfies("1:1.0-1", found)
            str(found)
            assert found.full_version
    for told in (package_output.reason, package_output.busy, package_output.unreadable):
        if len(text := told(output) or "") > LONGEST_ERROR or "\n" in text:
            return f"{text!r:.200} is no line for an error"
    package_output.overtaken(output)
    package_output.says_already_installed(output)
    return None if all(package_output.failed_scriptlets(output)) else "an empty line is told"


_URLS = (
    *("svn://h/r/t", "svn+ssh://u@h/r", "file:///srv/r", "git://https://h/r#main", "git://r#v1"),
    *("git://ssh://u@h/r.git#a/b", "git://u@h:r#m", "/srv/tree", "https://u:p@h/r.git", "./a:b"),
    *("git://file:///r#0123abc", "svn://h/r@12", "ssh://h/r", "1.0-1", "0:1~rc^x+y", "git://"),
)
_URL_MARKS = (
    *("://", "#", "@", "-", "ext::", "git://", "svn+", "file://", "/", ":", "..", "@{", "%2d"),
    *("--config-option=", "-oProxyCommand=x", "?", " ", "\n", "http://", "~", ".lock", "%00"),
)


def _url(choose: Random) -> str:
    return inputs.damaged(choose, choose.choice(_URLS), _URL_MARKS)


def check_url(text: str) -> str | None:
    """Text is a version, and a place of tree files, or refused; no part of it is an option."""
    try:
        found = checkout(names.check_version(text, "/a"), "/a")
    except BadTree as error:
        if len(str(error)) > LONGEST_ERROR:
            return f"an error of {len(str(error))} characters"
    else:
        if found and (bad := _dangerous(*_words(found.url), found.ref)):
            return bad
    try:
        location = parse_location(text)
    except BadSource as error:
        return None if len(str(error)) <= 2 * LONGEST_ERROR else "an error that is too long"
    return _dangerous(*_words(location.url), location.ref, location.path) if location.ref else None


def _words(url: str) -> tuple[str, ...]:
    """Return what a program could take for an option: the URL, and a host in it."""
    _, _, rest = url.partition("://")
    return url, rest[:1]


def _file_name(choose: Random) -> str:
    return inputs.damaged(
        choose, choose.choice(("cust,cms.0", "a%2Cb,c.12", "x.1")), (",", "%", ".")
    )


def check_file_name(stem: str) -> str | None:
    """The name of a file is that of a deployment, and of one only, or none."""
    parsed = names.parse_file_name(stem)
    if parsed is None or "/" in stem:
        return None
    path, n = parsed
    if not path.startswith("/") or "/../" in f"{path}/" or "\0" in path:
        return f"it is taken for {path!r}"
    return None if names.parse_file_name(names.file_name(path, n)) == parsed else "changes"


def _status(choose: Random) -> bytes:
    text = choose.choice(("1700000000.5 12 3 done\n", "1 2 v 1 deploying a b", "1e9 1 None error"))
    return inputs.as_bytes(
        choose, inputs.damaged(choose, text, (" ", "\n", "1e999", "nan", "9" * 5000))
    )


def check_status(content: bytes) -> str | None:
    """Whatever a status file holds, a monitoring system gets one line."""
    for version in ("3", 3, None, "v 1", 1e308):
        file = StatusFile("status", content)
        seen = Observed(Registered(version), 3 if version is None else version, file, 1.7e9)
        found = diagnose(seen, Limits(1, 2))
        if "\n" in found.message or len(found.message) > LONGEST_ERROR:
            return f"{found!r:.300}"
    return None


def _node_or_files(choose: Random) -> bytes:
    return inputs.as_bytes(choose, inputs.tree_text(choose))


#: By name.
TARGETS = {
    "tree": Target(1_000_000, inputs.tree_text, check_tree),
    "files": Target(50_000, _node_or_files, check_files),
    "node_data": Target(100_000, _node_data, check_node_data),
    "yum": Target(50_000, _yum, check_yum),
    "url": Target(100_000, _url, check_url),
    "file_name": Target(50_000, _file_name, check_file_name),
    "status": Target(50_000, _status, check_status),
}
