"""Targets of :mod:`tests.faults.fuzz_targets` that read files, or what programs print."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from random import Random

from tests.faults import fuzz_inputs as inputs
from tests.faults.fuzz_targets import LONGEST_ERROR, Target

from zc.zkdeployment.adapters.accepted import Accepted
from zc.zkdeployment.adapters.git_copy import GitCopy
from zc.zkdeployment.adapters.host_state import HostFiles
from zc.zkdeployment.adapters.output import printable
from zc.zkdeployment.adapters.signatures import PublicKeys
from zc.zkdeployment.adapters.stop_intent import StopIntent
from zc.zkdeployment.adapters.svn import Subversion
from zc.zkdeployment.adapters.svn_source import SubversionSource
from zc.zkdeployment.errors import BadConfiguration, BadRevision, BadSource
from zc.zkdeployment.publication.locations import Location
from zc.zkdeployment.settings.config import settings_from_configuration, settings_from_files
from zc.zkdeployment.settings.setting_files import read_ini
from zc.zkdeployment.settings.zookeeper_settings import zookeeper_settings_from

_CONFIGURATION = (
    "[zkdeployment]\nhost-id = h1\nrun-directory = /run/zk\nafter = echo 'a b'\n",
    "[zkdeployment]\nhost-id = file:///id\nrun-directory = /run/../zk\nrole = r\ntimeout = 5\n",
    "[DEFAULT]\nx = 1\n[zkdeployment]\nhost-id: h\nrun-directory: /r\npublic-keys = /a /b\n",
    "[zookeeper]\nservers = h:1,[::1]:2/fleet\nacl-admin = world:anyone\n  digest:a:b\n",
    "[zookeeper]\nservers = h:1\ntls = no\nacl-exempt = /a\n    /b/c\ndigest = file:///password\n",
)
_CONFIGURATION_MARKS = (
    *(
        "\n",
        "[",
        "]",
        "=",
        ":",
        ";",
        "#",
        "\n ",
        "file:///",
        "file:///../../",
        "%(x)s",
        "[DEFAULT]",
    ),
    *(
        "[zkdeployment]",
        "host-id",
        "role = ",
        "after = ",
        "'",
        '"',
        "\\",
        "timeout = 1e999",
        "nan",
    ),
    *("tls = yes", "[zookeeper]", "acl-agent = x509:", "/", "..", "file:///\0", "{", "$HOME"),
)
_PEM = "# c\n-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\nAAAA\n-----END PUBLIC KEY-----\n"
_PEM_MARKS = ("-----BEGIN PRIVATE KEY-----", "-----END PUBLIC KEY-----", "\n", "=", "A" * 100)
_SVN_INFO = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<info>\n<entry kind="dir" path="t" revision="7">\n'
    '<url>svn://h/t</url>\n<commit revision="6">\n<author>me</author>\n</commit>\n</entry>\n'
    "</info>"
)
_SVN_MARKS = (
    *("<?xml", "<!DOCTYPE x [<!ENTITY a 'b'>]>", "&a;", "&#0;", "<", ">", 'revision="', "<commit"),
    *("</info>", "<![CDATA[", "svn: warning: W\n", "9" * 5000, 'encoding="UTF-16"', "-1", "kind="),
)
_GIT_LISTED = f"{'a' * 40}\tHEAD\n{'b' * 40}\trefs/heads/main\n{'c' * 64}\trefs/tags/v1^{{}}\n"
_GIT_MARKS = ("\t", "\n", "refs/heads/", "warning: x\n", "0" * 40, "9" * 5000, " ", "^{}")
_STATES = ("1", '"x"', "null", "false", '{"serial": 1, "digest": "ab"}', '"it failed"', "1.5")
_STATE_MARKS = ("{", "[", '"', "NaN", "Infinity", "9" * 5000, "[" * 5000, "\n", "1e999", "null")


class _Canned:
    """Programs that print what a test gives them."""

    def __init__(self, output: str) -> None:
        self.output = output

    def run(
        self,
        argv: Iterable[str],
        *,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        is_query: bool = False,
    ) -> str:
        assert list(argv)
        return printable(self.output)

    begun = 0
    may_run_until: float | None = None

    def end(self) -> None:
        """Nothing runs."""


def disk_targets(directory: Path) -> dict[str, Target]:
    """Return the targets that need a directory, by name."""
    root = directory / "root"
    for below in ("etc/zmh", "etc/zim", "work/.svn"):
        (root / below).mkdir(parents=True)
    return {
        "configuration": Target(
            50_000, _made(_CONFIGURATION, _CONFIGURATION_MARKS), _settings(root)
        ),
        "host_files": Target(20_000, _made(("4242\n", "h1\nx"), ("\n", "/", "..")), _host(root)),
        "run_directory": Target(50_000, _made(_STATES, _STATE_MARKS), _state(root)),
        "public_keys": Target(20_000, _made((_PEM, _PEM * 2), _PEM_MARKS), _keys(root)),
        "svn": Target(50_000, _printed(_SVN_INFO, _SVN_MARKS), _svn(root)),
        "git": Target(50_000, _printed(_GIT_LISTED, _GIT_MARKS), _git(root)),
    }


def _made(usual: tuple[str, ...], marks: tuple[str, ...]) -> Callable[[Random], bytes]:
    def make(choose: Random) -> bytes:
        text = inputs.damaged(choose, choose.choice(usual), marks)
        return inputs.as_bytes(choose, text * 2000 if choose.random() < 0.005 else text)

    return make


def _printed(usual: str, marks: tuple[str, ...]) -> Callable[[Random], str]:
    return lambda choose: inputs.damaged(choose, usual, marks)


def _told(error: Exception) -> str | None:
    length = len(str(error))
    return f"an error of {length} characters: {error!s:.200}" if length > LONGEST_ERROR else None


def _settings(root: Path) -> Callable[[bytes], str | None]:
    path = root / "agent.conf"

    def check(data: bytes) -> str | None:
        """A file is settings or refused."""
        if b"http" in data.lower():
            return None  # nobody is asked
        path.write_bytes(data)
        try:
            found = settings_from_configuration(str(path), {"TEST_ROOT": str(root)}, patience=1)
        except BadConfiguration as error:
            if told := _told(error):
                return told
        else:
            if not found.run_directory.startswith(f"{root}/"):
                return f"the run directory is {found.run_directory}"
        try:
            zookeeper_settings_from(read_ini(str(path)), str(path), str(root))
        except BadConfiguration as error:
            return _told(error)
        return None

    return check


def _host(root: Path) -> Callable[[bytes], str | None]:
    def check(data: bytes) -> str | None:
        """The files of a host without a configuration are settings or refused."""
        for name in ("zmh/pxemac", "zim/role"):
            (root / "etc" / name).write_bytes(data)
        try:
            found = settings_from_files({"TEST_ROOT": str(root)})
        except BadConfiguration as error:
            return _told(error)
        return f"{found.host_identifier!r}" if "/" in found.host_identifier else None

    return check


def _state(root: Path) -> Callable[[bytes], str | None]:
    run = root / "run"
    run.mkdir()

    def check(data: bytes) -> str | None:
        """Whatever is in the run directory, an agent starts, and knows whether it was to stop."""
        for name in ("host_version", "accepted", "stop", "unfinished"):
            (run / name).write_bytes(data)
        files = HostFiles(str(root), str(run))
        version = files.read_version()
        if version is None and (run / "host_version").exists() and json.loads(data) is not None:
            return "it was not set aside"
        if StopIntent(str(run)).error is None:
            return "a stop was forgotten"
        try:
            Accepted(str(run)).check(1, "ab")
        except BadRevision as error:
            return _told(error)
        return None if b"serial" in data else "it counts as a revision that was accepted"

    return check


def _keys(root: Path) -> Callable[[bytes], str | None]:
    path = root / "publisher.pub"

    def check(data: bytes) -> str | None:
        """A file is keys or refused."""
        path.write_bytes(data)
        try:
            PublicKeys.load([path])
        except BadConfiguration as error:
            return _told(error)
        return None

    return check


def _svn(root: Path) -> Callable[[str], str | None]:
    location = Location("svn", "svn://h/t", "HEAD", "")

    def check(output: str) -> str | None:
        """Whatever svn prints, it is a revision or the source cannot be read."""
        programs = _Canned(output)
        Subversion(programs).recorded(str(root / "work"))
        source = SubversionSource(location, programs, root / "scratch", lambda _: None)
        for look in (source.newest, source.read):
            try:
                look()
            except BadSource as error:
                if told := _told(error):
                    return told
        return None

    return check


def _git(root: Path) -> Callable[[str], str | None]:
    def check(output: str) -> str | None:
        """Whatever git prints, it is what was asked for or the source cannot be read."""
        copy = GitCopy("https://h/r.git", _Canned(output), root / "copy")
        copy.list_remote(["refs/heads/main"])
        copy.kind("x")
        copy.directory("x", "y")
        copy.objects("abcd")
        copy.describe("x", "y")
        try:
            copy.size("x")
        except BadSource as error:
            return _told(error)
        return None

    return check
