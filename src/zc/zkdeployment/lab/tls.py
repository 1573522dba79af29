"""Private ZooKeeper servers that speak TLS, and whoever certifies them.

::

    authority = Authority(directory / "ca")
    with SecureServer.start(directory, authority, authority.issue("localhost")) as server:
        ...  # server.secure_connection_string is where TLS is spoken

It needs the package ``cryptography``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from zc.zkdeployment.lab.ensemble import Ensemble
from zc.zkdeployment.lab.free_ports import HOST, free_ports
from zc.zkdeployment.lab.java import Runtime, find_runtime
from zc.zkdeployment.lab.zookeeper import Server, start_somewhere

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certified:
    """A certificate and its private key, in files of their own."""

    certificate: Path
    key: Path

    @property
    def both(self) -> Path:
        """A file that holds key and certificate."""
        return self.key.with_suffix(".both.pem")


class Authority:
    """Issues certificates, into a new directory; ``file`` holds its own."""

    def __init__(self, directory: Path, name: str = "lab") -> None:
        directory.mkdir(parents=True)
        self._directory = directory
        self._issued = 0
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _subject(name)
        own = _builder(self._name, self._name, self._key).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True
        )
        self.file = directory / "ca.pem"
        self.file.write_bytes(_pem(own.sign(self._key, hashes.SHA256())))

    def issue(self, *names: str, days: int = 1) -> Certified:
        """Certify the names or addresses of a server, or the one name of a client.

        It is valid from yesterday on, up to ``days`` from now: -1 has expired already.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        until = datetime.now(UTC) + days * _DAY
        asked = _builder(_subject(names[0]), self._name, key, until).add_extension(
            x509.SubjectAlternativeName([_alternative(name) for name in names]), critical=False
        )
        self._issued += 1
        stem = self._directory / f"{self._issued}"
        made = Certified(stem.with_suffix(".crt"), stem.with_suffix(".key"))
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        public = _pem(asked.sign(self._key, hashes.SHA256()))
        for path, data in (
            (made.certificate, public),
            (made.key, private),
            (made.both, private + public),
        ):
            path.touch(mode=0o600)
            path.write_bytes(data)
        return made


class SecureServer(Server):
    """A server that also speaks TLS, at ``secure_connection_string``."""

    def __init__(
        self,
        directory: Path,
        ports: Sequence[int],
        runtime: Runtime,
        settings: Sequence[str],
        number: int = 1,
    ) -> None:
        port, secure = ports
        tls = (f"secureClientPort={secure}", f"secureClientPortAddress={HOST}")
        super().__init__(directory, port, runtime, (*tls, *settings), number)
        self.secure_connection_string = f"localhost:{secure}"

    @classmethod
    def start_secure(
        cls,
        directory: Path,
        authority: Authority,
        certified: Certified,
        *,
        client_certificates: bool = False,
        settings: Sequence[str] = (),
        timeout: float = 30.0,
    ) -> Self:
        """Start a server that shows this certificate; else like :meth:`Server.start`.

        With ``client_certificates`` clients must show one that the authority issued.
        """
        runtime = find_runtime()
        lines = (*tls_settings(authority, certified, client_certificates), *settings)

        def make() -> tuple[Self, ...]:
            return (cls(directory.resolve(), free_ports(2), runtime, lines),)

        return start_somewhere(make, timeout)[0]


class SecureEnsemble(Ensemble):
    """Servers that elect a leader, all of which speak TLS at ``secure_connection_string``."""

    def __init__(self, servers: Sequence[SecureServer]) -> None:
        super().__init__(servers)
        self.secure_connection_string = ",".join(
            server.secure_connection_string for server in servers
        )

    @classmethod
    def start_secure(
        cls, directory: Path, authority: Authority, certified: Certified, *, size: int = 3
    ) -> Self:
        """Start servers that all show this certificate; else like :meth:`Ensemble.start`."""
        runtime = find_runtime()
        lines = tls_settings(authority, certified)

        def members() -> tuple[SecureServer, ...]:
            ports = free_ports(4 * size)
            peers = [
                f"server.{number + 1}={HOST}:{ports[4 * number]}:{ports[4 * number + 1]}"
                for number in range(size)
            ]
            return tuple(
                SecureServer(
                    directory.resolve() / str(number + 1),
                    ports[4 * number + 2 : 4 * number + 4],
                    runtime,
                    (*peers, *lines),
                    number + 1,
                )
                for number in range(size)
            )

        return cls(start_somewhere(members, 60.0))


def tls_settings(
    authority: Authority, certified: Certified, client_certificates: bool = False
) -> tuple[str, ...]:
    """Return the lines of a server's configuration that make it speak TLS."""
    return (
        "serverCnxnFactory=org.apache.zookeeper.server.NettyServerCnxnFactory",
        f"ssl.keyStore.location={certified.both}",
        "ssl.keyStore.type=PEM",
        f"ssl.trustStore.location={authority.file}",
        "ssl.trustStore.type=PEM",
        f"ssl.clientAuth={'need' if client_certificates else 'none'}",
        "ssl.clientHostnameVerification=false",
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    until: datetime | None = None,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 2 * _DAY)
        .not_valid_after(until or now + _DAY)
    )


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
