"""Tells whether records prove what they say by their own signatures (docs/PROTOCOL.md, Who may say what); asks no log."""

import ed25519
import foreign
import record
import ticket

NAME_BYTES = 64
GATES = 64
LINKS = 1024
LAST_SEQ = 2**64 - 1


def is_signed(label, signed, by, before=b""):
    signature = bytes.fromhex(signed["signature"])
    return ed25519.verify(bytes.fromhex(by), label + b"\0" + before + signed.body, signature)


def certifies(signed, bundle):
    """Whether the issuer signed the certificate, and it is of the event and within the limits."""
    certificate = signed["certificate"]
    if certificate["event"] != bundle["event"].hex():
        return False
    if len(certificate["name"].encode()) > NAME_BYTES or len(certificate["gates"]) > GATES:
        return False
    return is_signed(b"usher/certificate/1", signed, signed["issuer"])


def may_enrol(hub, other):
    """Whether a hub's certificate lets it sign that one."""
    gates_within = not hub["gates"] or (other["gates"] and set(other["gates"]) <= set(hub["gates"]))
    return (
        hub["role"] == "hub"
        and hub["enrols_scanners"]
        and other["role"] == "scanner"
        and not other["enrols_scanners"]
        and (hub["overrides_refusals"] or not other["overrides_refusals"])
        and gates_within
    )


def of_identity(identity, bundle):
    own, via = identity["certificate"], identity["via"]
    issuer = bytes.fromhex((via or own)["issuer"])
    if issuer not in [key["public"] for key in bundle["issuing"]]:
        return "unknown_key"
    if via:
        hub = via["certificate"]
        if not may_enrol(hub, own["certificate"]) or hub["device"] != own["issuer"] or not certifies(via, bundle):
            return "false"
    return "proven" if certifies(own, bundle) else "false"


def of_code(code, bundle):
    if foreign.is_foreign(code):
        # The authority's lists would tell.
        return "unknown_key"
    try:
        ticket.check_evidence(code, bundle)
    except ticket.Rejected as rejected:
        return "unknown_key" if str(rejected) == "unknown_key" else "false"
    return "proven"


def is_good_proof(proof, event):
    """Whether two heads of one origin contradict each other."""
    one, other = proof["one"], proof["other"]
    seq, base = one["tail"]["seq"], bytes.fromhex(proof["base"])
    if one["origin"] != other["origin"] or seq == 0 or len(proof["links"]) > LINKS:
        return False
    if proof["base"] == one["tail"]["hash"]:
        return False
    for link in proof["links"]:
        seq = min(seq + 1, LAST_SEQ)
        base = record.chain_by_hash(base, event, bytes.fromhex(one["origin"]), seq, bytes.fromhex(link))
    if other["tail"] != {"seq": seq, "hash": base.hex()}:
        return False
    return all(is_signed(b"usher/head/1", head, head["origin"], event) for head in (one, other))


def worth(body, bundle):
    """What a record is worth by itself: proven, false, or resting on a key that the bundle does not name."""
    (kind, said), = body.items()
    if kind in ("admitted", "exited"):
        return of_code(bytes.fromhex(said["code"]), bundle)
    if kind in ("overridden", "withdrawn", "annulled"):
        return of_code(bytes.fromhex(said["passage"]["code"]), bundle)
    if kind in ("device_enrolled", "opened", "renewed"):
        return of_identity(said, bundle)
    if kind == "fork_seen":
        return "proven" if is_good_proof(said, bundle["event"]) else "false"
    return "proven"
