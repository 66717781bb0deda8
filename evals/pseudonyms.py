"""Names for users where a page or a message is not the caller's own result."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

SALT = "salt"
"""File of a run folder; who has it and a user's id can tell the user's pseudonym, and nobody else can."""
_BYTES = 16


class Pseudonyms:
    """Salted hashes (keyed BLAKE2b) of user ids.

    Args:
        salt: Secret bytes; the same salt gives the same pseudonyms.
    """

    def __init__(self, salt: bytes) -> None:
        self._salt = salt

    @classmethod
    def of_folder(cls, folder: Path) -> Pseudonyms:
        """Those of a run folder; its salt is drawn when first asked for, and only its owner can read it.

        A folder that cannot be written to gets other pseudonyms each time.
        """
        path = folder / SALT
        with contextlib.suppress(OSError, ValueError):
            salt = bytes.fromhex(path.read_text("ascii"))
            if len(salt) == _BYTES:  # an empty one, of a process that was killed, would hide nobody
                return cls(salt)
        salt = secrets.token_bytes(_BYTES)
        with contextlib.suppress(OSError):
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(file, "w") as opened:
                opened.write(salt.hex())
        return cls(salt)

    def of(self, user_id: str) -> str:
        """The pseudonym of a user: ``user-`` and 12 hexadecimal digits."""
        digest = hashlib.blake2b(user_id.encode("utf-8", "surrogatepass"), key=self._salt, digest_size=6)
        return f"user-{digest.hexdigest()}"
