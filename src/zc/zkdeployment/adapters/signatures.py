"""Ed25519 keys in files: making them, signing with them, and telling what to trust.

A public key file holds one or more keys in PEM (SubjectPublicKeyInfo), a private
key file one in PEM (PKCS8, not encrypted). A key is known by its key id: the
first 16 hexadecimal digits of the SHA-256 of the 32 bytes of the public key.

The package ``cryptography`` is imported when the first key is needed: an agent
that trusts whatever ZooKeeper holds does without. Where it is needed and missing,
:exc:`~zc.zkdeployment.errors.BadConfiguration` says how to install it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from zc.zkdeployment.adapters import durable
from zc.zkdeployment.errors import BadConfiguration, BadRevision
from zc.zkdeployment.regular_files import read_regular

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

_MOST = 64 * 1024  # bytes of a key file
_OTHERS = 0o077  # any access by group and others

_signature = re.compile(r"[0-9a-f]{128}").fullmatch
_pem = r"^-----BEGIN {0}-----\n[A-Za-z0-9+/=\n]*^-----END {0}-----$"
_private_pem = re.compile(_pem.format("PRIVATE KEY"), re.MULTILINE)
_public_pem = re.compile(_pem.format("PUBLIC KEY"), re.MULTILINE)
_private_of_any_kind = re.compile(r"^-----BEGIN [A-Z ]*PRIVATE KEY-----", re.MULTILINE).search


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The private key of a publisher; :meth:`load` makes one."""

    key_id: str
    _private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Return the key in the file at ``path``.

        Raises :exc:`~zc.zkdeployment.errors.BadConfiguration` where it cannot be
        read, holds anything else, or can be accessed by more than its owner.
        """
        with _extra():
            from cryptography.exceptions import UnsupportedAlgorithm
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
            from cryptography.hazmat.primitives.serialization import load_pem_private_key
        text, mode = _read(path)
        found = _private_pem.findall(text)
        key: object = None
        if len(found) == 1:
            with contextlib.suppress(ValueError, UnsupportedAlgorithm):
                key = load_pem_private_key(found[0].encode(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise BadConfiguration(
                f"signing key: {path} is not an Ed25519 private key in PEM (PKCS8, not"
                " encrypted); make one with 'zkdeploy keygen FILE'"
            )
        if mode & _OTHERS:
            raise BadConfiguration(
                f"signing key: {path} has mode {mode & 0o777:03o}, so that group or others can"
                f" use it; if nobody did, protect it with: chmod 600 {path}"
            )
        return cls(_key_id(key.public_key()), key)

    def sign(self, data: bytes) -> str:
        """Return the signature of ``data``, 128 lower-case hexadecimal digits."""
        return self._private.sign(data).hex()


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """The keys whose signatures count; :meth:`load` makes one. Without keys none does."""

    _keys: Mapping[str, Ed25519PublicKey]

    @classmethod
    def load(cls, paths: Iterable[Path]) -> Self:
        """Return the keys in the files at ``paths``, one or more in each.

        Between keys there may be blank lines and comments, which start with ``#``.
        Raises :exc:`~zc.zkdeployment.errors.BadConfiguration` where a file cannot
        be read or holds anything else.
        """
        keys = [key for path in paths for key in _public_keys(path)]
        return cls({_key_id(key): key for key in keys})

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of the keys, sorted."""
        return tuple(sorted(self._keys))

    def verify(self, key_id: str, signature: str, data: bytes) -> None:
        """Return if ``signature`` is that of ``data`` by the key with this id.

        Raises :exc:`~zc.zkdeployment.errors.BadRevision` where it is not, is not
        written as :meth:`SigningKey.sign` writes it, or the key is not known.
        """
        key = self._keys.get(key_id)
        if key is None:
            raise BadRevision(
                f"signed with key {key_id[:100]!r}, which this host does not trust (it trusts"
                f" {', '.join(self.key_ids) or 'none'}); publish again with a key that it trusts"
                " ('zkdeploy sync --sign KEY'), or add a file with that public key to public-keys"
            )
        if not _signature(signature):
            raise BadRevision(
                f"the signature with key {key_id} is not 128 lower-case hexadecimal digits;"
                " publish again with 'zkdeploy sync --sign KEY'"
            )
        with _extra():
            from cryptography.exceptions import InvalidSignature
        try:
            key.verify(bytes.fromhex(signature), data)
        except InvalidSignature as error:
            raise BadRevision(
                f"the signature is not that of key {key_id} for what is published: one of them"
                " was altered; find out by whom, then publish again with"
                " 'zkdeploy sync --sign KEY'"
            ) from error


def public_path(path: Path) -> Path:
    """Return where :func:`generate` puts the public key that belongs to ``path``."""
    return Path(f"{path}.pub")


def generate(path: Path) -> str:
    """Make a key pair, private at ``path`` and public at :func:`public_path`; return its id.

    Both are on the disk when this returns. Nothing is overwritten. Raises
    ``OSError`` where either cannot be written; then neither is there, as far as
    this made it.
    """
    with _extra():
        from cryptography.hazmat.primitives import serialization as pem
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    private = Ed25519PrivateKey.generate()
    public = private.public_key()
    key_id = _key_id(public)
    secret = private.private_bytes(pem.Encoding.PEM, pem.PrivateFormat.PKCS8, pem.NoEncryption())
    known = public.public_bytes(pem.Encoding.PEM, pem.PublicFormat.SubjectPublicKeyInfo)
    with contextlib.ExitStack() as undo:
        _create(path, secret, 0o600, undo)
        _create(public_path(path), f"# key id {key_id}\n".encode() + known, 0o644, undo)
        durable.sync_directory(path.parent)
        undo.pop_all()
    return key_id


@contextlib.contextmanager
def _extra() -> Iterator[None]:
    """Say how to install what cannot be imported."""
    try:
        yield
    except ImportError as error:
        raise BadConfiguration(
            "signatures need the package cryptography; install python3-cryptography of the system,"
            f" or: pip install 'zc.zkdeployment[sign]' ({error})"
        ) from error


def _key_id(key: Ed25519PublicKey) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    # public_bytes_raw() would be shorter, but distributions have releases without it.
    raw = key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()[:16]


def _public_keys(path: Path) -> list[Ed25519PublicKey]:
    text, _ = _read(path)
    if _private_of_any_kind(text):
        raise BadConfiguration(
            f"public-keys: {path} holds a private key, which no host may have; replace it with"
            " FILE.pub of the publisher, and make a new key if others could read this one"
        )
    found = _public_pem.findall(text)
    rest = _public_pem.sub("", text).split("\n")
    if not found or any(line and not line.startswith("#") for line in rest):
        raise BadConfiguration(
            f"public-keys: {path}: expected public keys in PEM (BEGIN PUBLIC KEY), and nothing"
            " else but empty lines and comments (#); copy FILE.pub of the publisher again"
        )
    return [_public_key(path, pem) for pem in found]


def _public_key(path: Path, pem: str) -> Ed25519PublicKey:
    with _extra():
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
        from cryptography.hazmat.primitives.serialization import load_pem_public_key
    key: object = None
    with contextlib.suppress(ValueError, UnsupportedAlgorithm):
        key = load_pem_public_key(pem.encode())
    if not isinstance(key, Ed25519PublicKey):
        raise BadConfiguration(
            f"public-keys: {path} holds a key that is damaged or no Ed25519 key; copy FILE.pub"
            " of the publisher again"
        )
    return key


def _read(path: Path) -> tuple[str, int]:
    """Return the text of a key file, its lines without white space around, and its mode."""
    try:
        data = read_regular(path, _MOST)
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # a path that holds a NUL is a ValueError
        raise BadConfiguration(f"key file {path} cannot be read: {error}") from error
    if len(data) > _MOST:
        raise BadConfiguration(f"key file {path} is longer than {_MOST} bytes; it is no key")
    try:
        lines = data.decode().split("\n")
    except UnicodeDecodeError as error:
        raise BadConfiguration(f"key file {path} is not text, so it is no key in PEM") from error
    return "\n".join(map(str.strip, lines)), mode


def _create(path: Path, content: bytes, mode: int, undo: contextlib.ExitStack) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError as error:
        why = "is there already, and a key is never overwritten; choose another name"
        raise FileExistsError(error.errno, why, str(path)) from error
    undo.callback(path.unlink, missing_ok=True)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, mode)  # whatever the umask
        file.write(content)
        file.flush()
        os.fsync(descriptor)
