"""Cases about repositories that are broken, full disks, and hosts that were changed by hand."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from tests.faults.package_bench import Bench, Case
from tests.faults.package_gates import APP, app
from tests.faults.package_keys import CAN_SIGN, new_key

from zc.zkdeployment.host.software import SoftwareInstaller
from zc.zkdeployment.lab.packages import RPM_DATABASE, run
from zc.zkdeployment.model import Software

_OFFERED = (app("1.0"), app("2.0"), app("3.0"))
_LARGE = app("2.0", more_files={f"large-{number}": os.urandom(2**19).hex() for number in range(8)})

_SMALL_DISK = "6m"


def cases() -> Iterator[Case]:
    """Yield the cases of repositories, disks and hands."""
    metadata = "Failed to download metadata for repo"
    missing = "incorrect checksum"
    broken: tuple[tuple[str, Callable[[Bench], None], str], ...] = (
        ("the repository is gone", _remove_repository, metadata),
        ("the list of metadata is garbage", _spoil_list, metadata),
        ("the metadata are garbage", _spoil_metadata, metadata),
        ("the file of the package is gone", _remove_package, f"No such file|{missing}"),
        ("the file of the package is cut off", partial(_cut_package, 300), missing),
        ("the file of the package lacks its end", partial(_cut_package, -100), missing),
        ("the file of the package is empty", partial(_cut_package, 0), missing),
    )
    for name, spoil, why in broken:
        yield Case(name, _OFFERED, partial(_broken, spoil, why))
    yield Case("the repository goes between two packages", _GOING, _repository_goes)
    yield Case("the repository is gone, and all is there", _OFFERED, _nothing_needed)
    if CAN_SIGN:
        yield Case("signed, not signed, signed by a stranger", _OFFERED, _signatures)
    yield Case("no room for the package", (app("1.0"), _LARGE), _no_room)
    yield Case("no room for anything", _OFFERED, _full)
    yield Case("the database of packages is garbage", _OFFERED, _garbage_database)
    yield Case("the directory is gone", _OFFERED, partial(_files_gone, "."))
    yield Case("the directory is gone, another version is wanted", _OFFERED, _moved_on)
    yield Case("removed behind the agent's back", _OFFERED, _erased)
    yield Case("upgraded behind the agent's back", _OFFERED, _upgraded)
    yield Case("a directory that no package put there", _OFFERED, _stray)
    yield Case("files that a package did not bring", _OFFERED, _more_files)
    yield Case("a name that names another package's version", (app("1"),), _name_of_version)


_GOING = (*_OFFERED, app("1", name="other"))


def _broken(spoil: Callable[[Bench], None], why: str, bench: Bench) -> None:
    bench.by_hand("install", "app-1.0")
    kept = bench.directory / "kept"
    shutil.copytree(bench.repository.directory, kept)
    spoil(bench)
    if bench.manager == "dnf" and spoil is _spoil_metadata:
        bench.reaches("2.0", "0:2.0-1")  # their list is the same, so dnf has them still
        return
    bench.fails("2.0", why, "0:1.0-1")
    shutil.rmtree(bench.repository.directory, ignore_errors=True)
    kept.rename(bench.repository.directory)
    bench.reaches("2.0", "0:2.0-1")


def _remove_repository(bench: Bench) -> None:
    shutil.rmtree(bench.repository.directory)


def _spoil_list(bench: Bench) -> None:
    (bench.repository.directory / "repodata/repomd.xml").write_text("garbage")


def _spoil_metadata(bench: Bench) -> None:
    for path in (bench.repository.directory / "repodata").glob("*.gz"):
        path.write_text("garbage")


def _remove_package(bench: Bench) -> None:
    bench.repository.path(_OFFERED[1]).unlink()


def _cut_package(size: int, bench: Bench) -> None:
    path = bench.repository.path(_OFFERED[1])
    path.write_bytes(path.read_bytes()[:size])


def _repository_goes(bench: Bench) -> None:
    """What yum remembers of a repository does not help where packages are missing."""

    def install_both(installer: SoftwareInstaller) -> None:
        installer.ensure(Software("other", "1"))
        _remove_repository(bench)
        installer.ensure(Software(APP, "2.0"))

    said = bench.begin(install_both).result()
    if "app-2.0" not in said or "No such file" not in said:
        bench.note(f"it said {said!r}")
    if found := bench.host.installed():
        bench.note(f"left was {found}")


def _nothing_needed(bench: Bench) -> None:
    bench.by_hand("install", "app-1.0")
    _remove_repository(bench)
    bench.reaches("1.0", "0:1.0-1")


def _signatures(bench: Bench) -> None:
    with new_key("lab") as key, new_key("stranger") as strange:
        key.sign(bench.repository.path(_OFFERED[0]))
        strange.sign(bench.repository.path(_OFFERED[2]))
        bench.repository.index()
        public = bench.directory / "lab.asc"
        public.write_text(key.public())
    bench.launch(public)
    bench.fails("2.0", "app-2.0-1.noarch.rpm is not signed")
    bench.reaches("1.0", "0:1.0-1")
    bench.fails("3.0", "are not correct for this package", "0:1.0-1")


@contextmanager
def _small_disk(bench: Bench) -> Iterator[None]:
    run("mount", "-t", "tmpfs", "-o", f"size={_SMALL_DISK}", "tmpfs", str(bench.root))
    try:
        yield
    finally:
        run("umount", str(bench.root))


def _no_room(bench: Bench) -> None:
    with _small_disk(bench):
        bench.by_hand("install", "app-1.0")
        bench.fails("2.0", "more space needed on the", "0:1.0-1")
        bench.reaches("1.0", "0:1.0-1")


def _full(bench: Bench) -> None:
    with _small_disk(bench):
        bench.by_hand("install", "app-1.0")
        filler = bench.root / "filler"
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(4096))
        error = bench.ensure("2.0")
        if not ("No space left" in error or "space needed" in error or "disk is full" in error):
            bench.note(f"the disk was full, but it said {error!r}")
        filler.unlink()
        bench.reaches("2.0", "0:2.0-1")


def _garbage_database(bench: Bench) -> None:
    bench.by_hand("install", "app-1.0")
    kept = bench.directory / "kept"
    database = bench.root / RPM_DATABASE.lstrip("/")
    shutil.copytree(database, kept)
    for path in database.iterdir():
        path.write_bytes(b"garbage" * 1000)
    for error in (bench.ensure("2.0"), bench.ensure("1.0"), bench.remove()):
        if APP not in error or "file is not a database" not in error:
            bench.note(f"the database was garbage, but it said {error!r}")
    if not (bench.root / "opt" / APP / "version").exists():
        bench.note("files of a package went that may be installed")
    shutil.rmtree(database)
    kept.rename(database)
    bench.reaches("2.0", "0:2.0-1")


def _files_gone(which: str, bench: Bench) -> None:
    bench.by_hand("install", "app-1.0")
    shutil.rmtree(bench.root / "opt" / APP / which)
    bench.reaches("1.0", "0:1.0-1")


def _moved_on(bench: Bench) -> None:
    bench.by_hand("install", "app-2.0")
    shutil.rmtree(bench.root / "opt" / APP)
    bench.reaches("1.0", "0:1.0-1")


def _erased(bench: Bench) -> None:
    bench.reaches("1.0", "0:1.0-1")
    bench.host.query("-e", APP)
    bench.reaches("1.0", "0:1.0-1")


def _upgraded(bench: Bench) -> None:
    bench.reaches("1.0", "0:1.0-1")
    bench.by_hand("install", "app-3.0")
    bench.reaches("1.0", "0:1.0-1")


def _stray(bench: Bench) -> None:
    stray = bench.root / "opt" / APP / "bin/zookeeper-deploy"
    stray.parent.mkdir(parents=True)
    stray.write_text("#!/bin/sh\n")
    bench.reaches("1.0", "0:1.0-1")


def _more_files(bench: Bench) -> None:
    bench.reaches("1.0", "0:1.0-1")
    (bench.root / "opt" / APP / "bin/compiled").write_text("")
    bench.reaches("2.0", "0:2.0-1")
    if error := bench.remove():
        bench.note(f"it was not removed: {error}")
    if (bench.root / "opt" / APP).exists():
        bench.note("files were left")


def _name_of_version(bench: Bench) -> None:
    """Software that is no package must not take a package away whose version it names."""
    bench.reaches("1", "0:1-1")
    (bench.root / "opt/app-1").mkdir()
    if error := bench.remove("app-1"):
        bench.note(f"it was not removed: {error}")
    bench.note(*bench.host.faults("0:1-1"))
