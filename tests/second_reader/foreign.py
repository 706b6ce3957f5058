"""Reads other sellers' codes (docs/PROTOCOL.md, section Foreign codes); which of them are listed is not asked."""

import base64
import binascii
import hashlib
import re

import blake3
from encoding import Malformed, whole

TEXT_BYTES = 256
PAYLOAD_BYTES = 64
SEED_BYTES = 32
MARK = 0xF0
SCHEMES = ["text", "signed", "hashed"]
BLANKS = b" \t\n\x0c\r"
UUID = re.compile(rb"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}/")


def base64_of(text):
    """The bytes of a text in standard base64 with padding; None unless it is their one text."""
    try:
        read = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return read if base64.b64encode(read) == text else None


def number(data, at):
    """Where a number that begins there ends; None unless it has at most 64 bits in its shortest form."""
    end = next((end for end in range(at, len(data)) if data[end] < 0x80), None)
    if end is None:
        return None
    value = sum((data[place] & 0x7F) << 7 * (place - at) for place in range(at, end + 1))
    is_short = end == at or data[end] != 0
    return end + 1 if is_short and value < 1 << 64 else None


def is_payload(data):
    """Whether it has a seed, then some of the numbers 2 to 6 in their order."""
    if len(data) < 2 or data[0] != 0x0A or not 1 <= data[1] <= SEED_BYTES or len(data) < 2 + data[1]:
        return False
    at = 2 + data[1]
    if any(not 0x21 <= letter <= 0x7E for letter in data[2:at]):
        return False
    last = 1
    while at < len(data):
        field, form = data[at] >> 3, data[at] & 7
        if form != 0 or not last < field <= 6:
            return False
        last = field
        at = number(data, at + 1)
        if at is None:
            return False
    return True


def payload_in(text):
    """The payload that a code in this text carries with its signature; None if it is no such code."""
    read = base64_of(text[::-1])
    if read is None or len(read) < 5 or read[0] != 1 or read[3:5] != b"\x00\x40":
        return None
    length = int.from_bytes(read[1:3], "big")
    if length > PAYLOAD_BYTES or len(read) != 5 + length + 64:
        return None
    payload = read[5:5 + length]
    return payload if is_payload(payload) else None


def identify(text):
    """(scheme, identity) of a code; None for what is none."""
    text = text.strip(BLANKS)
    if not 1 <= len(text) <= TEXT_BYTES:
        return None
    payload = payload_in(text)
    if payload is not None:
        return ("signed", payload)
    uuid = UUID.match(text)
    proof = text[uuid.end():] if uuid else b""
    decoded = base64_of(proof)
    if decoded is not None and len(decoded) == 32:
        return ("hashed", hashlib.sha256(proof).digest())
    return ("text", text)


def code_hash(salt, scheme, identity):
    return blake3.keyed16(salt, b"usher/foreign/1\0" + bytes([SCHEMES.index(scheme)]) + identity)


def is_sound(scheme, identity):
    if scheme == "signed":
        return len(identity) <= PAYLOAD_BYTES and is_payload(identity)
    if scheme == "hashed":
        return len(identity) == 32
    return identify(identity) == ("text", identity)


def shown(reader):
    if reader.u8() != MARK:
        raise Malformed
    scheme = reader.choice(SCHEMES, reader.u32())
    identity = reader.bytes()
    reader.u32()
    reader.u16()
    if reader.u8() == 0 or not is_sound(scheme, identity):
        raise Malformed
    return scheme, identity


def is_foreign(code):
    """Whether the code of a passage is another seller's."""
    try:
        whole(shown, code)
    except Malformed:
        return False
    return True


def listed(reader):
    return {
        "code": reader.hex(16), "unit": reader.u32(), "tier": reader.u16(), "admits": reader.u8(), "used": reader.u8(),
    }


def foreign_list(reader):
    return {
        "salt": reader.hex(32),
        "sellers": reader.list(reader.key),
        "codes": reader.list(lambda: listed(reader)),
    }

