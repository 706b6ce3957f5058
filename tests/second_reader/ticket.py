"""Reads tickets (docs/PROTOCOL.md, sections Ticket payload to Reading a ticket); asks no log."""

import ed25519
import trust
from encoding import Malformed, whole

TEXT_DIGITS = 459
PAYLOAD_BYTES = 117
SIGNATURE_BYTES = 64
MOVING_BYTES = 8 + SIGNATURE_BYTES
LIVE_MS = 30_000
DIGITS_OF = {1: 3, 2: 5, 3: 8, 4: 10, 5: 13, 6: 15, 7: 17}
BYTES_OF = {digits: count for count, digits in DIGITS_OF.items()}


class Rejected(Exception):
    """Why a code is not a ticket that opens gates."""


def bytes_of(text):
    """The bytes that a decimal text stands for; None if it stands for none."""
    if any(digit not in b"0123456789" for digit in text):
        return None
    out = b""
    for at in range(0, len(text), 17):
        group = text[at:at + 17]
        count = BYTES_OF.get(len(group))
        if count is None or int(group) >> 8 * count:
            return None
        out += int(group).to_bytes(count, "little")
    return out


def body(reader):
    read = {
        "version": reader.u8(),
        "key_id": reader.hex(4),
        "unit": reader.u32(),
        "generation": reader.u32(),
        "tier": reader.u16(),
        "admits": reader.u8(),
        "flags": reader.u8(),
        "holder": reader.optional(reader.key),
    }
    if read["admits"] == 0 or read["generation"] == 0 or read["flags"] & ~1:
        raise Malformed
    return read


def taken_apart(payload):
    """What a payload says, unchecked."""
    if not SIGNATURE_BYTES < len(payload) <= PAYLOAD_BYTES:
        raise Rejected("not_a_ticket")
    if payload[0] != 1:
        raise Rejected("unknown_version")
    try:
        return whole(body, payload[:-SIGNATURE_BYTES])
    except Malformed as error:
        raise Rejected("not_a_ticket") from error


def is_live(code):
    """Whether the last bytes are the moving part of a live ticket."""
    try:
        return taken_apart(code[:-MOVING_BYTES])["holder"] is not None
    except Rejected:
        return False


def check_signature(bundle, signed, signature):
    """The key of the bundle that signed it."""
    keys = [key for key in bundle["ticket"] if trust.key_id(key["public"]) == signed[1:5]]
    if not keys:
        raise Rejected("unknown_key")
    key = keys[0]
    if not ed25519.verify(key["public"], b"usher/ticket/1\0" + signed, signature):
        raise Rejected("false_signature")
    return key


def check_believed(key, now):
    """Refuses what the key signed if it is not believed at this time."""
    if "struck" in key["status"]:
        raise Rejected("struck_key")
    if not key["window"]["from"] <= now < key["window"]["until"]:
        raise Rejected("key_out_of_window")


def check_moving(read, live, code):
    """Refuses a live ticket that its phone did not sign along; gives the moment it was shown, if it is one."""
    if read["holder"] is None:
        return None
    signed, signature = code[:-SIGNATURE_BYTES], code[-SIGNATURE_BYTES:]
    holder = bytes.fromhex(read["holder"])
    if not live or not ed25519.verify(holder, b"usher/live/1\0" + signed, signature):
        raise Rejected("not_live")
    return int.from_bytes(signed[-8:], "little")


def read_code(code, bundle):
    """What the ticket says, the key that signed it, and whether there is a moving part; all whatever the time."""
    live = is_live(code)
    payload = code[:-MOVING_BYTES] if live else code
    read = taken_apart(payload)
    return read, check_signature(bundle, payload[:-SIGNATURE_BYTES], payload[-SIGNATURE_BYTES:]), live


def check_evidence(code, bundle):
    """Refuses a code in a record that could never have opened a gate."""
    read, _, live = read_code(code, bundle)
    check_moving(read, live, code)


def read_ticket(text, bundle, now):
    """What the ticket says, or Rejected with the first rule that fails."""
    code = bytes_of(text) if len(text) <= TEXT_DIGITS else None
    if code is None:
        raise Rejected("not_a_ticket")
    read, key, live = read_code(code, bundle)
    check_believed(key, now)
    shown_at = check_moving(read, live, code)
    if shown_at is not None and abs(now - shown_at) > LIVE_MS:
        raise Rejected("not_live")
    return read
