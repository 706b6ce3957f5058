"""Accepts a signed trust bundle (docs/PROTOCOL.md, section Trust bundle) and tells its ticket keys; renews nothing."""

import blake3
import ed25519
from encoding import Malformed, whole

BUNDLE_BYTES = 32 * 1024
ROOTS = 16
KEYS_OF_A_KIND = 128


def key_id(public):
    return blake3.hash32(public)[:4]


def window(reader):
    return {"from": reader.u64(), "until": reader.u64()}


def trusted_key(reader):
    return {
        "public": reader.take(32),
        "window": window(reader),
        "status": reader.enum(("active", None), ("retired", reader.u64), ("struck", reader.u64)),
    }


def root_set(reader):
    return {"threshold": reader.u8(), "keys": reader.list(lambda: reader.take(32))}


def bundle(reader):
    return {
        "event": reader.take(16),
        "version": reader.u64(),
        "roots": root_set(reader),
        **{kind: reader.list(lambda: trusted_key(reader)) for kind in ("ticket", "authority", "issuing")},
    }


def signed_bundle(reader):
    return reader.bytes(), reader.list(lambda: (reader.take(32), reader.take(64)))


def is_sound_key(public):
    return ed25519.table_of(public) is not None


def is_sound(read):
    roots = read["roots"]
    if not 1 <= len(set(roots["keys"])) == len(roots["keys"]) <= ROOTS:
        return False
    if not 1 <= roots["threshold"] <= len(roots["keys"]) or not all(map(is_sound_key, roots["keys"])):
        return False
    for kind in ("ticket", "authority", "issuing"):
        keys = [key["public"] for key in read[kind]]
        if len(keys) > KEYS_OF_A_KIND or not all(map(is_sound_key, keys)):
            return False
        if len(set(map(key_id, keys))) != len(keys):
            return False
    return True


def accept(data, pinned):
    """The bundle that enough of the pinned roots signed."""
    body, signatures = whole(signed_bundle, data)
    message = b"usher/bundle/1\0" + body
    signed = {
        root
        for root, signature in signatures[:ROOTS]
        if root in pinned["keys"] and ed25519.verify(root, message, signature)
    }
    if len(signed) < pinned["threshold"] or len(body) > BUNDLE_BYTES:
        raise Malformed
    read = whole(bundle, body)
    if not is_sound(read):
        raise Malformed
    return read
