"""What people typed, on its way into the audit log: plain, encrypted, or left out.

Encrypted means for a public key (HPKE, RFC 9180), whose private half is kept elsewhere: the server
itself cannot read back what it wrote. Left out means not even a digest, which could be guessed.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from medrag.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.hpke import Suite

    from medrag.server.settings import ServeSettings

Mode = Literal["plain", "encrypted", "none"]
SEALED = "_sealed"
_PURPOSE = "medrag audit 1 "
_PAD = 128  # so that the length of what is sealed says little
_KEYGEN = "Make a pair: medrag audit keygen PRIVATE_FILE PUBLIC_FILE"


@dataclass(frozen=True, slots=True)
class QuestionSealer:
    """Writes what may hold patient text into a record, as ``mode`` says."""

    mode: Mode = "plain"
    public_key: X25519PublicKey | None = field(default=None, repr=False)

    @classmethod
    def of(cls, serve: ServeSettings) -> QuestionSealer:
        """The sealer that the settings ask for.

        Raises:
            ConfigError: it should encrypt, and the public key is missing or is none.
        """
        if serve.audit_questions != "encrypted":
            return cls("none" if serve.audit_questions == "none" else "plain")
        if not serve.audit_public_key:
            raise ConfigError("[audit] questions is encrypted, without a public_key.", _KEYGEN)
        return cls("encrypted", read_public_key(Path(serve.audit_public_key)))

    def seal(self, name: str, value: Any) -> dict[str, Any]:
        """``value`` (anything JSON) under its name, or sealed under ``name_sealed``, or nothing."""
        if self.mode == "plain":
            return {name: value}
        if self.mode == "none":
            return {}
        if self.public_key is None:
            raise ConfigError("There is no public key to encrypt questions with.", _KEYGEN)
        text = json.dumps(value, separators=(",", ":")).encode("ascii")
        padded = text + b" " * (-len(text) % _PAD)
        sealed = _suite().encrypt(padded, self.public_key, info=_info(name))
        return {name + SEALED: base64.b64encode(sealed).decode("ascii")}


def unsealed(record: Mapping[str, Any], private_key: X25519PrivateKey) -> dict[str, Any]:
    """A record with its sealed fields deciphered. Those sealed for another key stay as they are."""
    from cryptography.exceptions import InvalidTag

    out: dict[str, Any] = {}
    for field_name, value in record.items():
        out[field_name] = value
        if not field_name.endswith(SEALED):
            continue
        name = field_name.removesuffix(SEALED)
        try:
            sealed = base64.b64decode(value, validate=True)
            text = _suite().decrypt(sealed, private_key, info=_info(name))
            plain = json.loads(text)
        except (InvalidTag, binascii.Error, TypeError, ValueError):
            continue
        del out[field_name]
        out[name] = plain
    return out


def make_keys(private_file: Path, public_file: Path) -> None:
    """Write a new pair of keys as PEM files; the private one can only be read by its owner.

    Raises:
        UsageError: one of the files is already there, or cannot be written.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    for path in (private_file, public_file):
        if path.exists():
            raise UsageError(f"{path} is already there.", "Name a new file.")
    key = X25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write_new(private_file, private, 0o600)
    try:
        _write_new(public_file, public, 0o644)
    except UsageError:
        private_file.unlink()  # half a pair is of no use
        raise


def read_public_key(path: Path) -> X25519PublicKey:
    """The public key of a PEM file.

    Raises:
        ConfigError: the file cannot be read, or holds no such key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(_read(path))
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, X25519PublicKey):
        raise ConfigError(f"{path} is no public key for the audit log.", _KEYGEN)
    return key


def read_private_key(path: Path) -> X25519PrivateKey:
    """The private key of a PEM file.

    Raises:
        ConfigError: the file cannot be read, or holds no such key.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(_read(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, X25519PrivateKey):
        raise ConfigError(
            f"{path} is no private key of the audit log.",
            "Name the private file that medrag audit keygen made.",
        )
    return key


def _suite() -> Suite:
    from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

    return Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def _info(name: str) -> bytes:
    """What a sealed text is for: it cannot be deciphered as another field."""
    return (_PURPOSE + name).encode()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "not readable"
        raise ConfigError(f"{path}: {reason}.", "Name a readable key file.") from error


def _write_new(path: Path, data: bytes, mode: int) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
    except OSError as error:
        reason = error.strerror or "not writable"
        raise UsageError(f"{path}: {reason}.", "Name a new file that can be written.") from error
