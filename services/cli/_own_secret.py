"""The secret that signs this installation's tokens: made once, readable by its owner alone."""

from __future__ import annotations

import os
import secrets
import stat
from pathlib import Path

SECRET_BYTES = 48
SHORTEST = 32


class SecretUnusable(Exception):
    """The secret's file is there and can not be used; the message says what to do."""


def state_folder() -> Path:
    """Where one installation on this machine keeps what it makes: `MUSTER_STATE`, or `.muster` here."""
    return Path(os.environ.get("MUSTER_STATE") or ".muster").absolute()


def own_secret(folder: Path) -> str:
    """Return the secret, making it on first use with mode 0600.

    `MUSTER_SECRET` wins where it is set. Raises SecretUnusable where the file is too short or not readable.
    """
    given = os.environ.get("MUSTER_SECRET", "")
    if given:
        return _checked(given, "MUSTER_SECRET")
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "secret"
    try:
        # Created whole or not at all: of two that start together, both read what one wrote.
        made = folder / f"secret.{os.getpid()}"
        descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            out.write(secrets.token_urlsafe(SECRET_BYTES))
        try:
            os.link(made, file)
        except FileExistsError:
            pass
        finally:
            made.unlink()
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            file.chmod(0o600)
        return _checked(file.read_text(encoding="ascii").strip(), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise SecretUnusable(f"{file}: {error}") from error


def _checked(secret: str, where: str) -> str:
    if len(secret) < SHORTEST:
        raise SecretUnusable(
            f"{where} holds {len(secret)} characters, a secret needs {SHORTEST}: remove it, a new one is made"
        )
    return secret
