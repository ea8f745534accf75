"""The chain: entries get their number, their hash and a signature that anybody with the public key can check.

Source: JWS with detached content RFC 7515 appendix F, EdDSA RFC 8037, key derivation RFC 5869. Pure.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from schemas.assist_log import AnnotationMade, Entry, SessionChanged
from services.assist.drafts import Draft
from services.assist.session import Session

Json = dict[str, Any]
ANNOTATIONS = frozenset({"drawn", "erased", "cleared", "said"})
_DERIVED_FOR = b"muster assist log v1"


def canonical(content: Json) -> bytes:
    """JSON with sorted keys, no spaces, in UTF-8: the same bytes for the same content."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def base64url(octets: bytes) -> str:
    """Base64url without padding (RFC 7515 section 2)."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The octets of base64url; ValueError where it is none, or not the one spelling of these octets."""
    octets = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if base64url(octets) != text:
        raise ValueError("base64url with stray bits at its end")
    return octets


class Verifier:
    """Checks signatures of one installation by its public key."""

    def __init__(self, public: Ed25519PublicKey) -> None:
        self._public = public
        self.octets = public.public_bytes_raw()
        self.kid = hashlib.sha256(self.octets).hexdigest()[:16]
        self._header = base64url(canonical({"alg": "EdDSA", "kid": self.kid}))

    @classmethod
    def of_jwk(cls, jwk: Json) -> Verifier:
        """The verifier of a public key as a JWK (OKP, Ed25519); ValueError where it is none."""
        if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519" or not isinstance(jwk.get("x"), str):
            raise ValueError("the key is no Ed25519 JWK")
        return cls(Ed25519PublicKey.from_public_bytes(from_base64url(jwk["x"])))

    @property
    def jwk(self) -> Json:
        """The public key as a JWK (RFC 8037)."""
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url(self.octets), "kid": self.kid}

    def accepts(self, jws: str, content: bytes) -> bool:
        """Whether `jws` is this key's signature over `content`."""
        header, _, signature = jws.partition("..")
        if header != self._header:
            return False
        try:
            self._public.verify(from_base64url(signature), _signed(header, content))
        except (InvalidSignature, ValueError):
            return False
        return True


class Signer(Verifier):
    """Signs with a key that is derived from the installation's secret: nothing more has to be kept."""

    def __init__(self, secret: str) -> None:
        seed = HKDF(algorithm=SHA256(), length=32, salt=None, info=_DERIVED_FOR).derive(secret.encode())
        self._private = Ed25519PrivateKey.from_private_bytes(seed)
        super().__init__(self._private.public_key())

    def sign(self, content: bytes) -> str:
        """A detached compact JWS over `content`."""
        return f"{self._header}..{base64url(self._private.sign(_signed(self._header, content)))}"


def _signed(header: str, content: bytes) -> bytes:
    return header.encode() + b"." + base64url(content).encode()


def chained(session: Session, drafts: Iterable[Draft], at: datetime, signer: Signer) -> list[Entry]:
    """The drafts as the entries that follow the session's last; the session itself stays as it is."""
    entries: list[Entry] = []
    seq, prev = session.seq, session.head
    for draft in drafts:
        seq += 1
        entry = _entry(session, draft, seq, prev, at, signer)
        prev = entry.hash
        entries.append(entry)
    return entries


def _entry(session: Session, draft: Draft, seq: int, prev: str, at: datetime, signer: Signer) -> Entry:
    model = AnnotationMade if draft.kind in ANNOTATIONS else SessionChanged
    unsealed = model.model_validate(
        {
            "session_id": session.session_id,
            "incident_id": session.incident_id,
            "region": session.region,
            "seq": seq,
            "at": at,
            "author": draft.actor.subject,
            "author_role": draft.actor.role,
            "op_id": draft.op_id,
            "prev": prev,
            "hash": prev,
            "jws": "..",
            "kind": draft.kind,
            **draft.fields,
        }
    )
    content = canonical(unsealed.model_dump(mode="json", exclude_none=True, exclude={"hash", "jws"}))
    sealed = {"hash": hashlib.sha256(content).hexdigest(), "jws": signer.sign(content)}
    return unsealed.model_copy(update=sealed)


def line_of(entry: Entry) -> bytes:
    """An entry as one canonical line, as it stands in the store and in a bundle."""
    return canonical(entry.model_dump(mode="json", exclude_none=True))
