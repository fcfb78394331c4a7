"""Hashes of a Merkle tree over SHA-256. Source: RFC 9162, section 2.1.1."""

import hashlib

SIZE = 32  # bytes of a hash
EMPTY = hashlib.sha256(b"").digest()  # the root of no leaves


def leaf_hash(leaf: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()
