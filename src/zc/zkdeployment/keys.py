"""Making the keys that revisions are signed with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from zc.zkdeployment.adapters import signatures


@dataclass(frozen=True, slots=True)
class KeyPair:
    """The id of a key, and the paths of the files that hold its two halves."""

    key_id: str
    private_key: str
    public_key: str


def generate(path: Path) -> KeyPair:
    """Make a key pair: the private key at ``path``, the public key at ``path`` with ``.pub``.

    Nothing is overwritten. Raises ``OSError`` where a file cannot be written, and
    :exc:`~zc.zkdeployment.errors.BadConfiguration` where the package is missing
    that makes keys.
    """
    key_id = signatures.generate(path)
    return KeyPair(key_id, str(path), str(signatures.public_path(path)))
