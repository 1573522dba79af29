"""Nothing is accepted but what a trusted key signed, byte for byte."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from tests.integration.adapters.conftest import names_in
from tests.integration.adapters.test_durable import no_file_larger_than

from zc.zkdeployment.adapters.signatures import PublicKeys, SigningKey, generate, public_path
from zc.zkdeployment.errors import BadConfiguration, BadRevision

RECORD = b'{"serial": 7, "version": "4f2a91c", "digest": "5e884898da280471"}'

# RFC 8032, 7.1, test 1: the signature of nothing.
SECRET = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
SIGNATURE = (
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
    "b46bd25bf5f0595bbe24655141438e7a100b"
)
ORDER = 2**252 + 27742317777372353535851937790883648493  # of the base point


def pem(label: str, der: bytes) -> str:
    text = base64.b64encode(der).decode()
    return f"-----BEGIN {label}-----\n{text}\n-----END {label}-----\n"


SECRET_PEM = pem("PRIVATE KEY", bytes.fromhex("302e020100300506032b657004220420") + SECRET)
PUBLIC_PEM = pem("PUBLIC KEY", bytes.fromhex("302a300506032b6570032100") + PUBLIC)


@pytest.fixture
def key(tmp_path: Path) -> SigningKey:
    generate(tmp_path / "a.key")
    return SigningKey.load(tmp_path / "a.key")


@pytest.fixture
def trusted(key: SigningKey, tmp_path: Path) -> PublicKeys:
    return PublicKeys.load([tmp_path / "a.key.pub"])


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def refused(trusted: PublicKeys, key_id: str, signature: str, data: bytes) -> bool:
    with pytest.raises(BadRevision, match=re.escape(key_id)):
        trusted.verify(key_id, signature, data)
    return True


def test_what_was_signed_is_accepted(key: SigningKey, trusted: PublicKeys) -> None:
    for data in (RECORD, b"", bytes(range(256)) * 1000):
        trusted.verify(key.key_id, key.sign(data), data)


def test_keys_and_signatures_are_those_of_the_standard(tmp_path: Path) -> None:
    """Another implementation of Ed25519 can make them and check them."""
    key = SigningKey.load(write(tmp_path / "key", SECRET_PEM))
    trusted = PublicKeys.load([write(tmp_path / "key.pub", PUBLIC_PEM)])
    key_id = hashlib.sha256(PUBLIC).hexdigest()[:16]
    assert (key.key_id, trusted.key_ids) == (key_id, (key_id,))
    assert key.sign(b"") == SIGNATURE
    trusted.verify(key_id, SIGNATURE, b"")


def test_a_signature_with_any_byte_altered_is_refused(
    key: SigningKey, trusted: PublicKeys
) -> None:
    good = bytes.fromhex(key.sign(RECORD))
    for at in range(len(good)):
        for flip in (0x01, 0x80, 0xFF):
            bad = good[:at] + bytes([good[at] ^ flip]) + good[at + 1 :]
            assert refused(trusted, key.key_id, bad.hex(), RECORD)


def test_data_with_any_byte_altered_added_or_missing_is_refused(
    key: SigningKey, trusted: PublicKeys
) -> None:
    signature = key.sign(RECORD)
    for at in range(len(RECORD)):
        for flip in (0x01, 0x80, 0xFF):
            bad = RECORD[:at] + bytes([RECORD[at] ^ flip]) + RECORD[at + 1 :]
            assert refused(trusted, key.key_id, signature, bad)
        assert refused(trusted, key.key_id, signature, RECORD[:at] + RECORD[at + 1 :])
        assert refused(trusted, key.key_id, signature, RECORD[:at] + b" " + RECORD[at:])


def test_a_second_signature_cannot_be_made_of_a_first(tmp_path: Path) -> None:
    """Its second half counts modulo the order of the group; only the least number is good."""
    trusted = PublicKeys.load([write(tmp_path / "key.pub", PUBLIC_PEM)])
    half = int.from_bytes(bytes.fromhex(SIGNATURE[64:]), "little")
    second = SIGNATURE[:64] + (half + ORDER).to_bytes(32, "little").hex()
    assert refused(trusted, trusted.key_ids[0], second, b"")


def test_a_signature_can_be_written_in_one_way_only(key: SigningKey, trusted: PublicKeys) -> None:
    good = key.sign(RECORD)
    assert re.fullmatch("[0-9a-f]{128}", good)
    spelled = (good.upper(), f"{good}\n", f" {good}", f"{good[:64]} {good[64:]}", f"0x{good}")
    for bad in (*spelled, "", good[:-1], good[:-2], f"{good}00", "\u0660" * 128, "g" * 128):
        with pytest.raises(BadRevision, match=rf"{key.key_id} is not 128 lower-case hexadecimal"):
            trusted.verify(key.key_id, bad, RECORD)


def test_a_key_that_is_not_trusted_is_named_and_what_to_do(
    key: SigningKey, trusted: PublicKeys, tmp_path: Path
) -> None:
    other_id = generate(tmp_path / "other.key")
    other = SigningKey.load(tmp_path / "other.key")
    with pytest.raises(BadRevision) as caught:
        trusted.verify(other_id, other.sign(RECORD), RECORD)
    assert str(caught.value) == (
        f"signed with key {other_id!r}, which this host does not trust (it trusts {key.key_id});"
        " publish again with a key that it trusts ('zkdeploy sync --sign KEY'), or add a file"
        " with that public key to public-keys"
    )
    assert refused(trusted, key.key_id, other.sign(RECORD), RECORD)


def test_a_key_id_is_not_guessed(key: SigningKey, trusted: PublicKeys) -> None:
    signature = key.sign(RECORD)
    for spelled in (f"{key.key_id} ", key.key_id[:-1], f"{key.key_id}00", f"0x{key.key_id}"):
        assert refused(trusted, spelled, signature, RECORD)


def test_without_keys_nothing_is_trusted(key: SigningKey) -> None:
    with pytest.raises(BadRevision, match=r"\(it trusts none\); publish again"):
        PublicKeys.load(()).verify(key.key_id, key.sign(RECORD), RECORD)


def test_keys_may_be_in_one_file_or_in_several(tmp_path: Path) -> None:
    """So a new key can be brought in before the old one goes."""
    paths = [tmp_path / name for name in ("a", "b", "c")]
    key_ids = [generate(path) for path in paths]
    together = "\n# of 2024, é\n\n" + "\n".join(
        public_path(path).read_text() for path in paths[:2]
    )
    both = write(tmp_path / "both.pub", together.replace("\n", " \r\n"))
    trusted = PublicKeys.load([both, public_path(paths[2]), public_path(paths[0])])
    assert trusted.key_ids == tuple(sorted(key_ids))
    for path, key_id in zip(paths, key_ids, strict=True):
        trusted.verify(key_id, SigningKey.load(path).sign(RECORD), RECORD)


def an_elliptic_curve_key() -> str:
    return (
        ec.generate_private_key(ec.SECP256R1())
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected public keys in PEM"),
        ("# a comment\n", "expected public keys in PEM"),
        ("ssh-ed25519 AAAA somebody\n", "expected public keys in PEM"),
        (f"{PUBLIC_PEM}x\n", "expected public keys in PEM"),
        (PUBLIC_PEM + PUBLIC_PEM[:-10], "expected public keys in PEM"),
        (PUBLIC_PEM.replace("-----END PUBLIC KEY-----\n", ""), "expected public keys in PEM"),
        (PUBLIC_PEM.replace("MCow", "M?ow"), "expected public keys in PEM"),
        (PUBLIC_PEM.replace("PUBLIC KEY", "CERTIFICATE"), "expected public keys in PEM"),
        (PUBLIC_PEM.replace("MCow", "MCox"), "holds a key that is damaged or no Ed25519 key"),
        (pem("PUBLIC KEY", b""), "holds a key that is damaged or no Ed25519 key"),
        (an_elliptic_curve_key(), "holds a key that is damaged or no Ed25519 key"),
        (PUBLIC_PEM + SECRET_PEM, "holds a private key, which no host may have"),
        (pem("OPENSSH PRIVATE KEY", b"x"), "holds a private key, which no host may have"),
    ],
)
def test_what_is_no_public_key_is_refused_with_its_file(
    tmp_path: Path, text: str, why: str
) -> None:
    good = write(tmp_path / "good.pub", PUBLIC_PEM)
    bad = write(tmp_path / "bad.pub", text)
    with pytest.raises(BadConfiguration, match=f"^public-keys: {re.escape(str(bad))}:? {why}"):
        PublicKeys.load([good, bad])


def an_encrypted_key() -> str:
    return (
        ed25519.Ed25519PrivateKey.generate()
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"password"),
        )
        .decode()
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        PUBLIC_PEM,
        an_encrypted_key(),
        SECRET_PEM + SECRET_PEM,
        SECRET_PEM.replace("PRIVATE KEY", "EC PRIVATE KEY"),
        SECRET_PEM.replace("MC4C", "MC4D"),
    ],
)
def test_what_is_no_private_key_does_not_sign(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "key", text)
    with pytest.raises(BadConfiguration, match=f"^signing key: {path} is not an Ed25519 private"):
        SigningKey.load(path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666])
def test_a_private_key_that_others_can_use_is_refused(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "key", SECRET_PEM, mode)
    with pytest.raises(BadConfiguration, match=rf"has mode {mode:03o}, .*: chmod 600 {path}$"):
        SigningKey.load(path)
    path.chmod(0o600)
    SigningKey.load(path)


def test_files_that_cannot_be_keys_are_named(tmp_path: Path) -> None:
    large = write(tmp_path / "large", PUBLIC_PEM + "#" * 65536)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff")
    for path, why in (
        (tmp_path / "nowhere", "cannot be read: .*No such file"),
        (tmp_path, "cannot be read: .*Is a directory"),
        (tmp_path / "nul\0", "cannot be read: "),
        (large, "is longer than 65536 bytes"),
        (binary, "is not text"),
    ):
        expected = f"^key file {re.escape(str(path))} {why}"
        with pytest.raises(BadConfiguration, match=expected):
            PublicKeys.load([path])
        with pytest.raises(BadConfiguration, match=expected):
            SigningKey.load(path)


@pytest.mark.parametrize("mask", [0o000, 0o077])
def test_a_new_private_key_is_for_its_owner_and_the_public_one_for_all(
    tmp_path: Path, mask: int
) -> None:
    path = tmp_path / "publisher.key"
    with umask(mask):
        key_id = generate(path)
    assert names_in(tmp_path) == ["publisher.key", "publisher.key.pub"]
    assert (mode_of(path), mode_of(public_path(path))) == (0o600, 0o644)
    assert public_path(path).read_text().startswith(f"# key id {key_id}\n-----BEGIN PUBLIC KEY")
    assert SigningKey.load(path).key_id == key_id
    assert "_private" not in repr(SigningKey.load(path))


@pytest.mark.parametrize("name", ["key", "key.pub"])
def test_no_key_is_overwritten_and_none_is_left_half_made(tmp_path: Path, name: str) -> None:
    precious = write(tmp_path / name, "precious")
    with pytest.raises(FileExistsError, match=r"never overwritten") as caught:
        generate(tmp_path / "key")
    assert caught.value.filename == str(precious)
    assert (names_in(tmp_path), precious.read_text()) == ([name], "precious")


def test_a_link_to_nowhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "key").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        generate(tmp_path / "key")
    assert names_in(tmp_path) == ["key"]


@pytest.mark.parametrize("room", [10, len(SECRET_PEM)])
def test_a_full_disk_leaves_no_half_of_a_pair(tmp_path: Path, room: int) -> None:
    with no_file_larger_than(room), pytest.raises(OSError, match="File too large"):
        generate(tmp_path / "key")
    assert names_in(tmp_path) == []


def test_without_the_extra_a_person_is_told_how_to_install_it(
    tmp_path: Path, key: SigningKey, trusted: PublicKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    signature = key.sign(RECORD)
    for name in [name for name in sys.modules if name.split(".")[0] == "cryptography"]:
        monkeypatch.setitem(sys.modules, name, None)
    calls = (
        lambda: generate(tmp_path / "b.key"),
        lambda: SigningKey.load(tmp_path / "a.key"),
        lambda: PublicKeys.load([tmp_path / "a.key.pub"]),
        lambda: trusted.verify(key.key_id, signature, RECORD),
    )
    for call in calls:
        with pytest.raises(BadConfiguration, match=r"pip install 'zc\.zkdeployment\[sign\]'"):
            call()
    assert names_in(tmp_path) == ["a.key", "a.key.pub"]


def test_an_agent_without_keys_needs_no_cryptography() -> None:
    program = (
        "import sys; sys.modules['cryptography'] = None; import zc.zkdeployment.agent;"
        "from zc.zkdeployment.adapters.signatures import PublicKeys;"
        "print(PublicKeys.load(()).key_ids)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("()\n", "")
