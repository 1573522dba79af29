"""Keys that sign packages: with a real gpg and rpmsign."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zc.zkdeployment.lab.packages import run

#: Whether there is what signs packages.
CAN_SIGN = bool(shutil.which("gpg") and shutil.which("rpmsign"))


class Key:
    """A key that signs packages; ``home`` is where gpg keeps it."""

    def __init__(self, name: str, home: str) -> None:
        self._name = name
        self._home = {"GNUPGHOME": home}
        self._gpg("--quiet", "--passphrase", "", "--quick-gen-key", name, "rsa2048", "sign")

    def public(self) -> str:
        return self._gpg("--armor", "--export", self._name)

    def sign(self, package: Path) -> None:
        program = ("--define", f"__gpg {shutil.which('gpg')}")
        name = ("--define", f"_gpg_name {self._name}")
        run("rpmsign", *program, *name, "--addsign", str(package), env=self._home)

    def close(self) -> None:
        run("gpgconf", "--kill", "all", env=self._home)

    def _gpg(self, *arguments: str) -> str:
        return run("gpg", "--batch", "--pinentry-mode", "loopback", *arguments, env=self._home)


@contextmanager
def new_key(name: str) -> Iterator[Key]:
    """Provide a new key of a name."""
    with tempfile.TemporaryDirectory(prefix="gpg-") as home:  # a socket's path must be short
        key = Key(name, home)
        try:
            yield key
        finally:
            key.close()
