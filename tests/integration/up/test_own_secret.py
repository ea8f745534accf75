"""The installation's own secret and certificate."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography import x509

from services.cli._certificate import self_made_certificate
from services.cli._own_secret import SecretUnusable, own_secret


def test_the_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """Two starts sign with the same secret; its file has mode 0600."""
    folder = tmp_path / "state"
    first = own_secret(folder)
    assert own_secret(folder) == first
    assert len(first) >= 32
    assert stat.S_IMODE((folder / "secret").stat().st_mode) == 0o600
    assert [file.name for file in folder.iterdir()] == ["secret"]


def test_a_secret_that_others_could_read_is_closed_to_them(tmp_path: Path) -> None:
    """A file left readable (an unpacked copy) is set to 0600 on use."""
    secret = own_secret(tmp_path)
    (tmp_path / "secret").chmod(0o644)
    assert own_secret(tmp_path) == secret
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_a_short_secret_is_refused_with_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is signed with a secret below 32 characters, wherever it comes from."""
    (tmp_path / "secret").write_text("short")
    with pytest.raises(SecretUnusable, match=r"5 characters.*remove it"):
        own_secret(tmp_path)
    monkeypatch.setenv("MUSTER_SECRET", "x" * 31)
    with pytest.raises(SecretUnusable, match="MUSTER_SECRET"):
        own_secret(tmp_path)


def test_the_certificate_names_the_host_and_is_kept(tmp_path: Path) -> None:
    """A browser that trusts it once finds the same one again; another host gets a new one that names it."""
    certificate, key = self_made_certificate(tmp_path, "127.0.0.1")
    first = certificate.read_bytes()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert self_made_certificate(tmp_path, "127.0.0.1")[0].read_bytes() == first
    self_made_certificate(tmp_path, "muster.example")
    names = x509.load_pem_x509_certificate(certificate.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert "muster.example" in names.value.get_values_for_type(x509.DNSName)
