"""The newest revision that this host accepted: what is older is not accepted again."""

from __future__ import annotations

import json
import re
from pathlib import Path

from zc.zkdeployment.adapters import durable
from zc.zkdeployment.errors import BadRevision
from zc.zkdeployment.regular_files import read_regular

_MOST = 4096  # bytes of the file

_hexadecimal = re.compile(r"[0-9a-f]+").fullmatch


class Accepted:
    """The serial and the digest of the newest revision, in the run directory as ``accepted``.

    The digest is that of the record of the revision, lower-case hexadecimal. The
    file is read each time, so that a person may remove it while an agent runs.

    Methods raise :exc:`~zc.zkdeployment.errors.BadRevision` where the file cannot
    be read or understood: then nothing is known to be new enough.
    """

    def __init__(self, run_directory: str) -> None:
        self._path = Path(run_directory, "accepted")

    def check(self, serial: int, digest: str) -> None:
        """Return if this revision is the one accepted last, or a newer one.

        Raises :exc:`~zc.zkdeployment.errors.BadRevision` if it is not.
        """
        if (last := self._load()) is None:
            return
        accepted, its_digest = last
        if serial < accepted:
            why = f"serial {serial} is older than serial {accepted}, which this host accepted last"
        elif serial == accepted and digest != its_digest:
            why = (
                f"serial {serial} has digest {digest[:100]}, but this host accepted"
                f" serial {accepted} with digest {its_digest}"
            )
        else:
            return
        raise BadRevision(
            f"{why}; somebody may have put something old or forged in its place. If ZooKeeper was"
            f" set up anew, publish with 'zkdeploy sync --serial N' where N is above {accepted},"
            f" or remove {self._path} by hand"
        )

    def keep(self, serial: int, digest: str) -> None:
        """Remember this revision if its serial is above the one remembered.

        It is on the disk when this returns. Raises ``OSError`` where it cannot be
        written; then what was remembered still is.
        """
        last = self._load()
        if last is None or serial > last[0]:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            durable.write(self._path, json.dumps({"serial": serial, "digest": digest}))

    def _load(self) -> tuple[int, str] | None:
        try:
            data = read_regular(self._path, _MOST)
            document = json.loads(data) if len(data) <= _MOST else None
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BadRevision(
                f"cannot tell which revision this host accepted last: {self._path} cannot be"
                f" read: {error}"
            ) from error
        except (ValueError, RecursionError):
            document = None
        match document:
            case {"serial": bool()}:
                pass  # to Python that is an int
            case {"serial": int(serial), "digest": str(digest)} if _hexadecimal(digest):
                return serial, digest
        raise BadRevision(
            f"cannot tell which revision this host accepted last: {self._path} is damaged."
            " Compare what is published with what was meant to be; then remove the file by hand"
        )
