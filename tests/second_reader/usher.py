"""A second reader of tickets and records, written from docs/PROTOCOL.md alone: reads a file of JSON lines, answers line by line.

The first line sets the scene, every other asks (all bytes in hexadecimal):

    {"bundle": signed bundle, "roots": {"threshold": n, "keys": [key]}, "now": ms}
    {"text": code}                                   a ticket's text, as scanned
    {"foreign": text, "salt": salt}                  another seller's code, as scanned
    {"record": bytes, "log": [tail hash, origin, seq]}   a record behind the tail of the origin's log

The answers are {"ok": what was read} or {"no": why not}; a record's also has "hash", the chain hash after it, and "worth", what
it is worth by the signatures in it.
"""

import json
import sys

import evidence
import foreign
import record
import ticket
import trust
from encoding import Malformed


def on_ticket(scene, ask):
    try:
        return {"ok": ticket.read_ticket(bytes.fromhex(ask["text"]), scene["bundle"], scene["now"])}
    except ticket.Rejected as rejected:
        return {"no": str(rejected)}


def on_foreign(_, ask):
    read = foreign.identify(bytes.fromhex(ask["foreign"]))
    if read is None:
        return {"no": "not_a_ticket"}
    scheme, identity = read
    code = foreign.code_hash(bytes.fromhex(ask["salt"]), scheme, identity)
    return {"ok": {"scheme": scheme, "identity": identity.hex(), "code": code.hex()}}


ON = {"text": on_ticket, "foreign": on_foreign}


def on_record(scene, ask):
    data = bytes.fromhex(ask["record"])
    before, origin, seq = ask["log"]
    after = record.chain(bytes.fromhex(before), scene["bundle"]["event"], bytes.fromhex(origin), seq, data)
    try:
        read = record.read_record(data)
        answer = {"ok": read, "worth": evidence.worth(read["body"], scene["bundle"])}
    except Malformed:
        answer = {"no": "malformed", "worth": "false"}
    except record.Later as later:
        answer = {"no": "later", "front": later.front, "worth": "proven"}
    return {**answer, "hash": after.hex()}


def set_scene(first):
    pinned = {
        "threshold": first["roots"]["threshold"],
        "keys": [bytes.fromhex(key) for key in first["roots"]["keys"]],
    }
    return {"bundle": trust.accept(bytes.fromhex(first["bundle"]), pinned), "now": first["now"]}


def main(path):
    with open(path, encoding="utf-8") as lines:
        scene = set_scene(json.loads(next(lines)))
        for line in lines:
            ask = json.loads(line)
            answer = ON.get(next(iter(ask)), on_record)(scene, ask)
            print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1])
