"""Where Java and ZooKeeper are installed on this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_DEBIAN_JARS = Path("/usr/share/java")
_DEBIAN_NAMES = (
    "zookeeper",
    "zookeeper-jute",
    "slf4j-api",
    "slf4j-simple",
    "netty-all",
    "netty-codec",  # for TLS; netty-all does not lead there
    "metrics-core",
    "snappy-java",
    "commons-cli",
    "jackson-databind",
    "log4j-1.2",
)


class NoZooKeeper(RuntimeError):
    """ZooKeeper or Java is not installed; says what to install."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What a server runs on: the program ``java`` and a class path with ZooKeeper on it."""

    java: str
    classpath: str


def find_runtime(
    environ: Mapping[str, str] = os.environ,
    which: Callable[[str], str | None] = shutil.which,
    jars: Path = _DEBIAN_JARS,
) -> Runtime:
    """Find Java and ZooKeeper.

    The class path is ``$ZOOKEEPER_CLASSPATH``, or the jar files in
    ``$ZOOKEEPER_HOME`` and its ``lib``, or the jar files of the Debian package
    in ``jars``. Raises :exc:`NoZooKeeper`.
    """
    java = which("java")
    if java is None:
        raise NoZooKeeper("No program 'java' on PATH: apt-get install default-jre-headless")
    return Runtime(java, _find_classpath(environ, jars))


def _find_classpath(environ: Mapping[str, str], jars: Path) -> str:
    if classpath := environ.get("ZOOKEEPER_CLASSPATH"):
        return classpath
    if home := environ.get("ZOOKEEPER_HOME"):
        found = [*sorted(Path(home).glob("*.jar")), *sorted(Path(home, "lib").glob("*.jar"))]
        if not found:
            raise NoZooKeeper(f"No jar files in ZOOKEEPER_HOME={home} or its directory lib")
        return os.pathsep.join(map(str, found))
    found = [jar for name in _DEBIAN_NAMES if (jar := jars / f"{name}.jar").exists()]
    if jars / "zookeeper.jar" not in found:
        raise NoZooKeeper(
            f"No zookeeper.jar in {jars}: apt-get install --no-install-recommends zookeeper, "
            "or set ZOOKEEPER_HOME to an unpacked release"
        )
    return os.pathsep.join(map(str, found))
