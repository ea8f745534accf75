"""A self-made certificate: a phone on the same network may use its camera only over HTTPS."""

from __future__ import annotations

import ipaddress
import os
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

VALID_DAYS = 90
RENEW_DAYS = 7


def self_made_certificate(folder: Path, host: str) -> tuple[Path, Path]:
    """Return (certificate, key) files for this host, made anew where there are none that still hold.

    The key is readable by its owner alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = _names(host)
    if not (key.is_file() and _still_holds(certificate, names)):
        _make(certificate, key, names)
    return certificate, key


def _names(host: str) -> list[x509.GeneralName]:
    wanted = ["localhost", "127.0.0.1", socket.gethostname(), host]
    names: list[x509.GeneralName] = []
    for text in dict.fromkeys(word for word in wanted if word and word not in {"0.0.0.0", "::"}):  # noqa: S104
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(text)))
        except ValueError:
            names.append(x509.DNSName(text))
    return names


def _still_holds(file: Path, names: list[x509.GeneralName]) -> bool:
    try:
        found = x509.load_pem_x509_certificate(file.read_bytes())
        covered = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    lasts = found.not_valid_after_utc - datetime.now(UTC) > timedelta(days=RENEW_DAYS)
    return lasts and all(name in covered for name in names)


def _make(certificate: Path, key: Path, names: list[x509.GeneralName]) -> None:
    secret = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Muster, self-made")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(
            secret.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
