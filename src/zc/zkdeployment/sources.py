"""Opening what a person names as a source of tree files, for as long as it is used."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from zc.zkdeployment.adapters.commands import Commands
from zc.zkdeployment.adapters.signatures import SigningKey
from zc.zkdeployment.adapters.sources import open_source
from zc.zkdeployment.model import Version
from zc.zkdeployment.publication.locations import Location
from zc.zkdeployment.publication.publisher_ports import Signer, Source

#: Seconds that a program of version control may take.
_TIMEOUT = 600.0


@contextlib.contextmanager
def opened(
    location: Location, *, version: Version = None, work: Path | None = None
) -> Iterator[Source]:
    """Provide the source at ``location``.

    ``version`` takes the place of the source's own. A git repository is copied to the
    directory ``work``, which spares fetching it anew the next time, or for a while to a
    temporary one.
    """
    commands = Commands(timeout=_TIMEOUT, quiet=True)
    if work is not None:
        yield open_source(location, commands, work, version=version)
        return
    with tempfile.TemporaryDirectory(prefix="zkdeploy-") as directory:
        yield open_source(location, commands, Path(directory), version=version)


def signer_from(path: Path) -> Signer:
    """Return the key in a file; raises :exc:`~zc.zkdeployment.errors.BadConfiguration`."""
    return SigningKey.load(path)
