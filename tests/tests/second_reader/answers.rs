//! Our own answers in the words of the second reader, which are those of docs/PROTOCOL.md.

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use usher_keys::{Certificate, DeviceIdentity, Role, SignedCertificate, Window};
use usher_protocol::admission::{Reason, Referral, Refused};
use usher_protocol::evidence::{Worth, worth_of};
use usher_protocol::fork::ForkProof;
use usher_protocol::labels::{SeatNumbers, SeatRows, UnitLabels};
use usher_protocol::log::{Head, Tail};
use usher_protocol::policy::{EntryRule, Gate, Offline, OffsetChange, Policy, TierRules, Zone};
use usher_protocol::record::{
    Body, Count, Counterpart, MAX_RECORD_BYTES, PlacesOf, Record, Refusal, RightToAnnul, ShownPassage, Unread,
};
use usher_protocol::ticket::foreign::ForeignList;
use usher_protocol::ticket::foreign::identity::{CodeIdentity, identify};
use usher_protocol::ticket::{PAYLOAD_VERSION, Rejection, Ticket};
use usher_protocol::trust::Trust;
use usher_tests::hostile::scene::{EVENT, NOW};

use super::inputs::{Input, SALT};

/// What we make of an input.
pub fn ours(trust: &Trust, input: &Input) -> Value {
    match input {
        Input::Text(text) => match trust.keyring().verify_text(text, NOW) {
            Ok(verified) => json!({ "ok": ticket(verified.ticket()) }),
            Err(rejected) => json!({ "no": rejection(&rejected).0 }),
        },
        Input::Foreign(text) => foreign(text),
        Input::Record { bytes, origin, tail } => {
            let after = HEXLOWER.encode(&tail.push(EVENT, origin, bytes).hash);
            let worth = word(worth_of(bytes, trust));
            match Record::from_bytes(bytes) {
                Ok(record) => json!({ "ok": of_record(&record), "hash": after, "worth": worth }),
                Err(Unread::Malformed(_)) => json!({ "no": "malformed", "hash": after, "worth": worth }),
                Err(Unread::Later { hlc, critical }) => {
                    let front = json!({ "ms": hlc.ms, "count": hlc.count, "critical": critical });
                    json!({ "no": "later", "front": front, "hash": after, "worth": worth })
                }
            }
        }
    }
}

fn foreign(text: &[u8]) -> Value {
    let Some(identity) = identify(text) else {
        return json!({ "no": "not_a_ticket" });
    };
    let code = HEXLOWER.encode(&identity.hash(&SALT).0);
    let (scheme, identity) = match identity {
        CodeIdentity::Text(text) => ("text", text),
        CodeIdentity::Signed(payload) => ("signed", payload),
        CodeIdentity::Hashed(hash) => ("hashed", hash),
    };
    json!({ "ok": { "scheme": scheme, "identity": HEXLOWER.encode(&identity), "code": code } })
}

fn of_list(list: &ForeignList) -> Value {
    let codes = list.codes.iter().map(|listed| {
        json!({
            "code": HEXLOWER.encode(&listed.code.0),
            "unit": listed.unit,
            "tier": listed.tier,
            "admits": listed.admits,
            "used": listed.used,
        })
    });
    json!({
        "salt": HEXLOWER.encode(&list.salt),
        "sellers": list.sellers,
        "codes": codes.collect::<Vec<_>>(),
    })
}

fn word(worth: Worth) -> &'static str {
    match worth {
        Worth::Proven => "proven",
        Worth::False => "false",
        Worth::UnknownKey => "unknown_key",
    }
}

fn ticket(ticket: &Ticket) -> Value {
    json!({
        "version": PAYLOAD_VERSION,
        "key_id": ticket.key.to_string(),
        "unit": ticket.unit,
        "generation": ticket.generation,
        "tier": ticket.tier,
        "admits": ticket.admits,
        "flags": ticket.flags.0,
        "holder": ticket.holder,
    })
}

/// An enum's value as the page writes it: the variant's name and its field, if it has one.
fn variant((name, field): (&str, Value)) -> Value {
    json!({ name: field })
}

fn rejection(rejection: &Rejection) -> (&'static str, Value) {
    match rejection {
        Rejection::NotATicket => ("not_a_ticket", Value::Null),
        Rejection::UnknownVersion { version } => ("unknown_version", json!(version)),
        Rejection::UnknownKey => ("unknown_key", Value::Null),
        Rejection::FalseSignature => ("false_signature", Value::Null),
        Rejection::StruckKey => ("struck_key", Value::Null),
        Rejection::KeyOutOfWindow => ("key_out_of_window", Value::Null),
        Rejection::NotLive => ("not_live", Value::Null),
        Rejection::NotListed => ("not_listed", Value::Null),
    }
}

fn of_record(record: &Record) -> Value {
    assert!(record.to_bytes().len() <= MAX_RECORD_BYTES);
    json!({
        "ms": record.hlc.ms,
        "count": record.hlc.count,
        "critical": record.body.is_authority(),
        "body": variant(body(&record.body)),
    })
}

fn body(body: &Body) -> (&'static str, Value) {
    let standing = |unit, generation| json!({ "unit": unit, "generation": generation });
    match body {
        Body::Policy { version, policy } => (
            "policy",
            json!({ "version": version, "policy": of_policy(policy) }),
        ),
        Body::Roster { epoch, hubs } => ("roster", json!({ "epoch": epoch, "hubs": hubs })),
        Body::Superseded { unit, generation } => ("superseded", standing(unit, generation)),
        Body::Revoked { unit, generation } => ("revoked", standing(unit, generation)),
        Body::Reinstated { unit, generation } => ("reinstated", standing(unit, generation)),
        Body::DeviceEnrolled { identity } => ("device_enrolled", of_identity(identity)),
        Body::DeviceRevoked { device, after } => {
            ("device_revoked", json!({ "device": device, "after": after }))
        }
        Body::HubRetired { hub, heir } => ("hub_retired", json!({ "hub": hub, "heir": heir })),
        Body::ForkSettled { origin, tail } => {
            ("fork_settled", json!({ "origin": origin, "tail": of_tail(tail) }))
        }
        Body::Restated => ("restated", Value::Null),
        Body::Foreign(list) => ("foreign", of_list(list)),
        Body::Opened { identity } => ("opened", of_identity(identity)),
        Body::Renewed { identity } => ("renewed", of_identity(identity)),
        Body::RosterAdopted { epoch, roster } => (
            "roster_adopted",
            json!({ "epoch": epoch, "roster": HEXLOWER.encode(roster) }),
        ),
        Body::Admitted(passage) => ("admitted", of_passage(passage)),
        Body::Exited(passage) => ("exited", of_passage(passage)),
        Body::Refused(refusal) => ("refused", of_refusal(refusal)),
        Body::Overridden { passage, by, why } => (
            "overridden",
            json!({ "passage": of_passage(passage), "supervisor": by, "reason": why }),
        ),
        Body::ForkSeen(proof) => ("fork_seen", of_proof(proof)),
        Body::Withdrawn { passage, secret } => (
            "withdrawn",
            json!({ "passage": of_passage(passage), "secret": HEXLOWER.encode(&secret.0) }),
        ),
        Body::ExitMatched { unit, exit, closes } => (
            "exit_matched",
            json!({ "unit": unit, "exit": HEXLOWER.encode(&exit.0), "closes": of_counterparts(closes) }),
        ),
        Body::Annulled {
            passage,
            right,
            by,
            why,
        } => (
            "annulled",
            json!({ "passage": of_passage(passage), "right": of_right(right), "by": by, "reason": why }),
        ),
        Body::Counted { count, by } => ("counted", of_count(count, by)),
        Body::Lent { zone, to, places, of } => (
            "lent",
            json!({ "zone": zone, "to": to, "places": places, "of": places_of(*of) }),
        ),
    }
}

fn of_count(count: &Count, by: &str) -> Value {
    let heard = count.heard.iter();
    let heard: Vec<_> = heard
        .map(|(origin, seq)| json!({ "origin": origin, "seq": seq }))
        .collect();
    json!({ "at": count.at, "zone": count.zone, "inside": count.inside, "heard": heard, "by": by })
}

fn of_right(right: &RightToAnnul) -> Value {
    match right {
        RightToAnnul::Reader(secret) => json!({ "reader": HEXLOWER.encode(&secret.0) }),
        RightToAnnul::Turnstile(secret) => json!({ "turnstile": HEXLOWER.encode(&secret.0) }),
        RightToAnnul::Supervisor => json!({ "supervisor": null }),
    }
}

fn of_tail(tail: &Tail) -> Value {
    json!({ "seq": tail.seq, "hash": HEXLOWER.encode(&tail.hash) })
}

fn of_head(head: &Head) -> Value {
    json!({ "origin": head.origin, "tail": of_tail(&head.tail), "signature": head.signature })
}

fn of_proof(proof: &ForkProof) -> Value {
    let links = proof.links.iter().map(|link| HEXLOWER.encode(link));
    json!({
        "one": of_head(&proof.one),
        "base": HEXLOWER.encode(&proof.base),
        "links": links.collect::<Vec<_>>(),
        "other": of_head(&proof.other),
    })
}

fn of_window(window: &Window) -> Value {
    json!({ "from": window.from.0, "until": window.until.0 })
}

fn of_policy(policy: &Policy) -> Value {
    json!({
        "name": policy.name,
        "utc_offset": policy.utc_offset_minutes,
        "time_zone": policy.time_zone,
        "offset_changes": policy.offset_changes.iter().map(of_offset_change).collect::<Vec<_>>(),
        "start_of_day": policy.day_start_minutes,
        "zones": policy.zones.iter().map(of_zone).collect::<Vec<_>>(),
        "gates": policy.gates.iter().map(of_gate).collect::<Vec<_>>(),
        "tiers": policy.tiers.iter().map(of_tier).collect::<Vec<_>>(),
        "labels": policy.labels.as_ref().map(of_labels),
    })
}

fn of_offset_change(change: &OffsetChange) -> Value {
    json!({ "at": change.at.0, "utc_offset": change.utc_offset_minutes })
}

fn of_labels(labels: &UnitLabels) -> Value {
    let sections = labels.sections.iter().map(|section| {
        let rows = section.rows.iter().map(of_rows).collect::<Vec<_>>();
        json!({ "name": section.name, "rows": rows })
    });
    json!({ "seats": labels.seats, "sections": sections.collect::<Vec<_>>() })
}

fn of_rows(rows: &SeatRows) -> Value {
    let numbers = match &rows.numbers {
        SeatNumbers::Counted { first, seats } => ("counted", json!({ "first": first, "seats": seats })),
        SeatNumbers::Named(names) => ("named", json!(names)),
    };
    json!({ "first": rows.first, "rows": rows.rows, "numbers": variant(numbers) })
}

fn places_of(of: PlacesOf) -> Value {
    variant(match of {
        PlacesOf::Room => ("room", Value::Null),
        PlacesOf::TimeSlot(at) => ("time_slot", json!(at.0)),
        PlacesOf::TimeSlotsFrom(at) => ("time_slots_from", json!(at.0)),
    })
}

fn of_zone(zone: &Zone) -> Value {
    let slots = zone
        .time_slots
        .map(|slots| json!({ "minutes": slots.minutes, "persons": slots.persons }));
    json!({
        "zone": zone.id, "name": zone.name, "capacity": zone.capacity, "time_slots": slots, "inside": zone.inside,
    })
}

fn of_gate(gate: &Gate) -> Value {
    json!({ "gate": gate.id, "name": gate.name, "zone": gate.zone, "leaves": gate.leaves })
}

fn of_tier(tier: &TierRules) -> Value {
    let entry = match tier.entry {
        EntryRule::Single => ("once", Value::Null),
        EntryRule::Reentry => ("again_after_exit", Value::Null),
        EntryRule::PerDay(times) => ("times_a_day", json!(times)),
    };
    let offline = match tier.offline {
        Offline::Strict => "strict",
        Offline::Available => "available",
    };
    json!({
        "tier": tier.id,
        "name": tier.name,
        "zones": tier.zones,
        "windows": tier.windows.iter().map(of_window).collect::<Vec<_>>(),
        "entry": variant(entry),
        "offline": offline,
        "live_from": tier.live_from,
    })
}

fn of_identity(identity: &DeviceIdentity) -> Value {
    json!({
        "certificate": of_signed(&identity.certificate),
        "via": identity.via.as_ref().map(of_signed),
    })
}

fn of_signed(signed: &SignedCertificate) -> Value {
    json!({
        "certificate": of_certificate(&signed.certificate),
        "issuer": signed.issuer,
        "signature": signed.signature,
    })
}

fn of_certificate(certificate: &Certificate) -> Value {
    let role = match certificate.role {
        Role::Cloud => "cloud",
        Role::Hub => "hub",
        Role::Scanner => "scanner",
    };
    json!({
        "event": HEXLOWER.encode(&certificate.event.0),
        "device": certificate.device,
        "role": role,
        "name": certificate.name,
        "gates": certificate.gates,
        "enrols_scanners": certificate.capabilities.enrol_scanners,
        "overrides_refusals": certificate.capabilities.override_refusals,
        "window": of_window(&certificate.window),
    })
}

fn of_counterparts(counterparts: &[Counterpart]) -> Vec<Value> {
    let one = |one: &Counterpart| json!({ "scan": HEXLOWER.encode(&one.scan.0), "persons": one.persons });
    counterparts.iter().map(one).collect()
}

fn of_passage(passage: &ShownPassage) -> Value {
    json!({
        "scan": HEXLOWER.encode(&passage.scan.0),
        "code": HEXLOWER.encode(&passage.code),
        "persons": passage.persons,
        "gate": passage.gate,
        "zone": passage.zone,
        "at": passage.at.0,
        "counterparts": of_counterparts(&passage.counterparts),
    })
}

fn of_refusal(refusal: &Refusal) -> Value {
    let why = match &refusal.why {
        Refused::Deny(denied) => ("denied", variant(reason(denied))),
        Refused::Refer(referred) => ("referred", variant(referral(referred))),
    };
    json!({
        "scan": HEXLOWER.encode(&refusal.scan.0),
        "unit": refusal.ticket.0,
        "generation": refusal.ticket.1,
        "gate": refusal.gate,
        "why": variant(why),
    })
}

fn reason(reason: &Reason) -> (&'static str, Value) {
    match reason {
        Reason::Rejected(rejected) => ("rejected", variant(rejection(rejected))),
        Reason::OtherEvent => ("other_event", Value::Null),
        Reason::Superseded { newest } => ("superseded", json!(newest)),
        Reason::Revoked => ("revoked", Value::Null),
        Reason::TooEarly { opens } => ("too_early", json!(opens.0)),
        Reason::TooLate { closed } => ("too_late", json!(closed.0)),
        Reason::WrongZone => ("wrong_zone", Value::Null),
        Reason::UnknownGate => ("unknown_gate", Value::Null),
        Reason::UnknownTier => ("unknown_tier", Value::Null),
        Reason::AlreadyUsed { at, gate } => {
            ("already_used", json!({ "at": at.map(|at| at.0), "gate": gate }))
        }
        Reason::GroupTooLarge { left } => ("group_too_large", json!(left)),
        Reason::DayUsedUp { at, gate } => ("day_used_up", json!({ "at": at.map(|at| at.0), "gate": gate })),
        Reason::ZoneFull { capacity, inside } => {
            ("zone_full", json!({ "capacity": capacity, "inside": inside }))
        }
        Reason::TimeSlotFull { persons, until } => {
            ("time_slot_full", json!({ "persons": persons, "until": until.0 }))
        }
    }
}

fn referral(referral: &Referral) -> (&'static str, Value) {
    match referral {
        Referral::HomeUnreachable { home } => ("home_unreachable", json!(home)),
        Referral::HomeUnsettled { former } => ("home_unsettled", json!(former)),
        Referral::NotReady => ("not_ready", Value::Null),
        Referral::OwnLogForked => ("own_log_forked", Value::Null),
        Referral::OwnLogBehind => ("own_log_behind", Value::Null),
        Referral::Retired => ("retired", Value::Null),
        Referral::UpdateNeeded => ("update_needed", Value::Null),
        Referral::NotAllowed => ("not_allowed", Value::Null),
        Referral::ScanOver => ("scan_over", Value::Null),
        Referral::ClockInDoubt => ("clock_in_doubt", Value::Null),
        Referral::NoPlaces => ("no_places", Value::Null),
        Referral::AskerSilent { asker, gate, at } => {
            ("asker_silent", json!({ "asker": asker, "gate": gate, "at": at }))
        }
        Referral::NotListed => ("not_listed", Value::Null),
    }
}
