"""Certificates of an authority of the test's own, in the forms that servers and clients want."""

from __future__ import annotations

from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


class Authority:
    """Signs certificates for this machine's loopback address."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._signs = trustme.CA()
        self.file = folder / "ca.pem"
        self._signs.cert_pem.write_to_path(self.file)

    def certificate(self, name: str) -> tuple[Path, Path]:
        """A certificate's file and its key's."""
        issued = self._signs.issue_cert("127.0.0.1", common_name=name)
        certificate, key = (self._folder / f"{name}.{kind}" for kind in ("pem", "key"))
        certificate.write_bytes(b"".join(one.bytes() for one in issued.cert_chain_pems))
        loaded = load_pem_private_key(issued.private_key_pem.bytes(), None)
        # PKCS8 is the one form that Java reads too.
        key.write_bytes(loaded.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return certificate, key
