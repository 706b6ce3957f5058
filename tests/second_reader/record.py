"""Reads records and links them to their chain (docs/PROTOCOL.md, sections Records and Hash chain); judges no origin."""

import blake3
import foreign
from encoding import Malformed, Reader, whole
from trust import window

RECORD_BYTES = 96 * 1024
KINDS = 24
# The kinds below this one, and the one of foreign codes, are those of authorities, and critical.
FIRST_OF_DEVICES = 10
FOREIGN = 23


class Later(Exception):
    """A record of a later version, of which only the front is understood."""

    def __init__(self, front):
        super().__init__()
        self.front = front


class Signed(dict):
    """What was read of a signed thing, with the bytes that the signature is over."""

    body = b""


def certificate(reader):
    return {
        "event": reader.hex(16),
        "device": reader.key(),
        "role": reader.choice(["cloud", "hub", "scanner"], reader.u32()),
        "name": reader.text(),
        "gates": reader.list(reader.u16),
        "enrols_scanners": reader.bool(),
        "overrides_refusals": reader.bool(),
        "window": window(reader),
    }


def signed_certificate(reader):
    start = reader.at
    read = Signed(certificate=certificate(reader))
    read.body = reader.data[start:reader.at]
    read.update(issuer=reader.key(), signature=reader.hex(64))
    return read


def identity(reader):
    return {
        "certificate": signed_certificate(reader),
        "via": reader.optional(lambda: signed_certificate(reader)),
    }


def zone(reader):
    return {
        "zone": reader.u16(),
        "name": reader.text(),
        "capacity": reader.optional(reader.u32),
        "time_slots": reader.optional(lambda: {"minutes": reader.u16(), "persons": reader.u32()}),
        "inside": reader.optional(reader.u16),
    }


def gate(reader):
    return {
        "gate": reader.u16(),
        "name": reader.text(),
        "zone": reader.u16(),
        "leaves": reader.optional(reader.u16),
    }


def offline_and_live(reader):
    number = reader.u32()
    offline = reader.choice(["strict", "available", "strict", "available"], number)
    return offline, reader.u64() if number > 1 else None


def tier(reader):
    read = {
        "tier": reader.u16(),
        "name": reader.text(),
        "zones": reader.list(reader.u16),
        "windows": reader.list(lambda: window(reader)),
        "entry": reader.enum(("once", None), ("again_after_exit", None), ("times_a_day", reader.u8)),
    }
    read["offline"], read["live_from"] = offline_and_live(reader)
    return read


def policy(reader):
    return {
        "name": reader.text(),
        "utc_offset": reader.i16(),
        "time_zone": reader.text(),
        "offset_changes": reader.list(lambda: {"at": reader.u64(), "utc_offset": reader.i16()}),
        "start_of_day": reader.u16(),
        "zones": reader.list(lambda: zone(reader)),
        "gates": reader.list(lambda: gate(reader)),
        "tiers": reader.list(lambda: tier(reader)),
        "labels": reader.optional(lambda: labels(reader)),
    }


def counterpart(reader):
    return {"scan": reader.hex(16), "persons": reader.u8()}


def labels(reader):
    return {"seats": reader.u32(), "sections": reader.list(lambda: section(reader))}


def section(reader):
    return {"name": reader.text(), "rows": reader.list(lambda: rows(reader))}


def rows(reader):
    return {"first": reader.text(), "rows": reader.u32(), "numbers": numbers(reader)}


def numbers(reader):
    return reader.enum(
        ("counted", lambda: {"first": reader.u32(), "seats": reader.u32()}),
        ("named", lambda: reader.list(reader.text)),
    )


def passage(reader):
    return {
        "scan": reader.hex(16),
        "code": reader.bytes().hex(),
        "persons": reader.u8(),
        "gate": reader.u16(),
        "zone": reader.u16(),
        "at": reader.u64(),
        "counterparts": reader.list(lambda: counterpart(reader)),
    }


def rejection(reader):
    return reader.enum(
        ("not_a_ticket", None),
        ("unknown_version", reader.u8),
        ("unknown_key", None),
        ("false_signature", None),
        ("struck_key", None),
        ("key_out_of_window", None),
        ("not_live", None),
        ("not_listed", None),
    )


def earlier(reader):
    return {"at": reader.optional(reader.u64), "gate": reader.optional(reader.u16)}


def reason(reader):
    return reader.enum(
        ("rejected", lambda: rejection(reader)),
        ("other_event", None),
        ("superseded", reader.u32),
        ("revoked", None),
        ("too_early", reader.u64),
        ("too_late", reader.u64),
        ("wrong_zone", None),
        ("unknown_gate", None),
        ("unknown_tier", None),
        ("already_used", lambda: earlier(reader)),
        ("group_too_large", reader.u8),
        ("day_used_up", lambda: earlier(reader)),
        ("zone_full", lambda: {"capacity": reader.u32(), "inside": reader.u32()}),
        ("time_slot_full", lambda: {"persons": reader.u32(), "until": reader.u64()}),
    )


def referral(reader):
    return reader.enum(
        ("home_unreachable", reader.key),
        ("home_unsettled", reader.key),
        ("not_ready", None),
        ("own_log_forked", None),
        ("own_log_behind", None),
        ("retired", None),
        ("update_needed", None),
        ("not_allowed", None),
        ("scan_over", None),
        ("clock_in_doubt", None),
        ("no_places", None),
        ("asker_silent", lambda: {"asker": reader.key(), "gate": reader.u16(), "at": reader.u64()}),
        ("not_listed", None),
    )


def refusal(reader):
    return {
        "scan": reader.hex(16),
        "unit": reader.u32(),
        "generation": reader.u32(),
        "gate": reader.u16(),
        "why": reader.enum(("denied", lambda: reason(reader)), ("referred", lambda: referral(reader))),
    }


def unit_generation(reader):
    return {"unit": reader.u32(), "generation": reader.u32()}


def tail(reader):
    return {"seq": reader.u64(), "hash": reader.hex(32)}


def head(reader):
    start = reader.at
    read = Signed(origin=reader.key(), tail=tail(reader))
    read.body = reader.data[start:reader.at]
    read.update(signature=reader.hex(64))
    return read


def fork_proof(reader):
    return {
        "one": head(reader),
        "base": reader.hex(32),
        "links": reader.list(lambda: reader.hex(32)),
        "other": head(reader),
    }


def places_of(reader):
    return reader.enum(
        ("room", None),
        ("time_slot", reader.u64),
        ("time_slots_from", reader.u64),
    )


def right_to_annul(reader):
    return reader.enum(
        ("reader", lambda: reader.hex(16)),
        ("turnstile", lambda: reader.hex(16)),
        ("supervisor", None),
    )


def body(reader):
    return reader.enum(
        ("policy", lambda: {"version": reader.u32(), "policy": policy(reader)}),
        ("roster", lambda: {"epoch": reader.u32(), "hubs": reader.list(reader.key)}),
        ("superseded", lambda: unit_generation(reader)),
        ("revoked", lambda: unit_generation(reader)),
        ("reinstated", lambda: unit_generation(reader)),
        ("device_enrolled", lambda: identity(reader)),
        ("device_revoked", lambda: {"device": reader.key(), "after": reader.u64()}),
        ("hub_retired", lambda: {"hub": reader.key(), "heir": reader.optional(reader.key)}),
        ("fork_settled", lambda: {"origin": reader.key(), "tail": tail(reader)}),
        ("restated", None),
        ("opened", lambda: identity(reader)),
        ("renewed", lambda: identity(reader)),
        ("roster_adopted", lambda: {"epoch": reader.u32(), "roster": reader.hex(32)}),
        ("admitted", lambda: passage(reader)),
        ("exited", lambda: passage(reader)),
        ("refused", lambda: refusal(reader)),
        ("overridden", lambda: {
            "passage": passage(reader), "supervisor": reader.text(), "reason": reader.text(),
        }),
        ("fork_seen", lambda: fork_proof(reader)),
        ("withdrawn", lambda: {"passage": passage(reader), "secret": reader.hex(16)}),
        ("exit_matched", lambda: {
            "unit": reader.u32(), "exit": reader.hex(16), "closes": reader.list(lambda: counterpart(reader)),
        }),
        ("lent", lambda: {
            "zone": reader.u16(), "to": reader.key(), "places": reader.u32(), "of": places_of(reader),
        }),
        ("annulled", lambda: {
            "passage": passage(reader), "right": right_to_annul(reader), "by": reader.text(), "reason": reader.text(),
        }),
        ("counted", lambda: {
            "at": reader.u64(), "zone": reader.u16(), "inside": reader.u32(),
            "heard": reader.list(lambda: {"origin": reader.key(), "seq": reader.u64()}), "by": reader.text(),
        }),
        ("foreign", lambda: foreign.foreign_list(reader)),
    )


def front(reader):
    return {"ms": reader.u64(), "count": reader.u32(), "critical": reader.bool()}


def record(reader):
    read = front(reader)
    kind = Reader(reader.data[reader.at:]).u32()
    if read["critical"] != (kind < FIRST_OF_DEVICES or kind == FOREIGN):
        raise Malformed
    return {**read, "body": body(reader)}


def read_record(data):
    """What the record says, or Malformed, or Later."""
    if len(data) > RECORD_BYTES:
        raise Malformed
    try:
        return whole(record, data)
    except Malformed:
        reader = Reader(data)
        read = front(reader)
        if reader.u32() < KINDS:
            raise
        raise Later(read) from None


def chain_by_hash(before, event, origin, seq, record_hash):
    """The chain hash after a record of which the hash is known."""
    return blake3.hash32(before + event + origin + seq.to_bytes(8, "little") + record_hash)


def chain(before, event, origin, seq, data):
    """The chain hash after a record."""
    return chain_by_hash(before, event, origin, seq, blake3.hash32(data))
