//! What an app is told of a verdict: a status and reason that it has a picture for, and our own words for staff.

use axum::http::StatusCode;
use serde_json::{Value, json};
use usher_keys::Timestamp;
use usher_protocol::GateId;
use usher_protocol::admission::{Direction, Reason, RefusalKind, Verdict};
use usher_protocol::request::{Answer, TicketFacts};
use usher_protocol::ticket::TicketFlags;
use usher_words::StaffMessage;
use usher_words::gate::Phrasebook;

use super::lists::{ListPlace, moment};

/// What was scanned, as far as an answer repeats it.
pub struct ShownScan<'a> {
    pub place: ListPlace,
    pub direction: Direction,
    /// The text as the app sent it.
    pub secret: &'a str,
    /// The event's slug.
    pub event: &'a str,
    /// Whether a position names its item in full.
    pub is_expanded: bool,
}

/// Returns the reason that an app knows for a refusal, and the status it comes with. Where apps have no reason that says the same, they
/// show our words alone.
pub fn reason(kind: RefusalKind) -> (StatusCode, &'static str) {
    match kind {
        RefusalKind::NotATicket
        | RefusalKind::UnknownVersion
        | RefusalKind::UnknownKey
        | RefusalKind::FalseSignature => (StatusCode::NOT_FOUND, "invalid"),
        RefusalKind::StruckKey | RefusalKind::Superseded | RefusalKind::Revoked => {
            (StatusCode::BAD_REQUEST, "revoked")
        }
        RefusalKind::KeyOutOfWindow | RefusalKind::TooEarly | RefusalKind::TooLate => {
            (StatusCode::BAD_REQUEST, "invalid_time")
        }
        RefusalKind::WrongZone => (StatusCode::BAD_REQUEST, "product"),
        RefusalKind::AlreadyUsed | RefusalKind::DayUsedUp | RefusalKind::GroupTooLarge => {
            (StatusCode::BAD_REQUEST, "already_redeemed")
        }
        RefusalKind::NotLive | RefusalKind::ZoneFull | RefusalKind::TimeSlotFull => {
            (StatusCode::BAD_REQUEST, "rules")
        }
        RefusalKind::OtherEvent
        | RefusalKind::UnknownGate
        | RefusalKind::UnknownTier
        | RefusalKind::HomeUnreachable
        | RefusalKind::HomeUnsettled
        | RefusalKind::NotReady
        | RefusalKind::OwnLogForked
        | RefusalKind::OwnLogBehind
        | RefusalKind::Retired
        | RefusalKind::UpdateNeeded
        | RefusalKind::NotAllowed
        | RefusalKind::ScanOver
        | RefusalKind::ClockInDoubt
        | RefusalKind::NoPlaces
        | RefusalKind::NotListed
        | RefusalKind::AskerSilent => (StatusCode::BAD_REQUEST, "error"),
    }
}

/// Returns the answer to a scan.
pub fn of(
    answer: &Answer,
    said: &StaffMessage,
    at: &ShownScan<'_>,
    phrasebook: &Phrasebook,
) -> (StatusCode, Value) {
    let (status, mut told) = match answer.verdict {
        Verdict::Admit { .. } => passed(answer, said, phrasebook),
        Verdict::Deny(why) => refused(why.kind(), said),
        Verdict::Refer(why) => refused(why.kind(), said),
    };
    told["list"] = json!({
        "id": at.place.list,
        "name": phrasebook.gate(at.place.gate),
        "event": at.event,
        "subevent": null,
        "include_pending": false,
    });
    if let Some(ticket) = &answer.ticket {
        let checkins = checkins(answer.verdict, at, phrasebook.now());
        told["position"] = position(ticket, (at.secret, at.is_expanded), checkins, phrasebook);
    }
    (status, told)
}

fn passed(answer: &Answer, said: &StaffMessage, phrasebook: &Phrasebook) -> (StatusCode, Value) {
    let must_show_id = |ticket: &&TicketFacts| TicketFlags(ticket.flags).contains(TicketFlags::CHECK_ID);
    let shows_id = answer.ticket.as_ref().filter(must_show_id);
    let texts = [
        shows_id.map(|ticket| phrasebook.ticket(ticket)),
        said.detail.clone(),
        phrasebook.judged_by(answer.by),
    ];
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    let told = json!({
        "status": "ok",
        "reason_explanation": null,
        "require_attention": shows_id.is_some(),
        "checkin_texts": texts,
    });
    (StatusCode::CREATED, told)
}

fn refused(kind: RefusalKind, said: &StaffMessage) -> (StatusCode, Value) {
    let (status, reason) = reason(kind);
    let mut told = refusal(reason, &said.line());
    if status == StatusCode::NOT_FOUND {
        told["detail"] = json!("Not found.");
    }
    (status, told)
}

/// Returns a refusal with words that every app shows.
pub fn refusal(reason: &str, said: &str) -> Value {
    json!({
        "status": "error",
        "reason": reason,
        "reason_explanation": said,
        "require_attention": false,
        "checkin_texts": [],
    })
}

/// Returns the scan that the app shows: this one, or the one that has used the ticket up.
fn checkins(verdict: Verdict, at: &ShownScan<'_>, now: Timestamp) -> Vec<Value> {
    match verdict {
        Verdict::Admit { .. } => vec![checkin(at.place.list, now, at.direction)],
        Verdict::Deny(Reason::AlreadyUsed { at: used, gate } | Reason::DayUsedUp { at: used, gate }) => {
            let used = used.zip(gate);
            let list = |gate: GateId| match gate == at.place.gate {
                true => at.place.list,
                false => i64::from(gate.0),
            };
            let used = used.map(|(used, gate)| checkin(list(gate), used, Direction::In));
            used.into_iter().collect()
        }
        Verdict::Deny(_) | Verdict::Refer(_) => Vec::new(),
    }
}

/// Returns a scan in the past, as apps list it.
pub fn checkin(list: i64, at: Timestamp, direction: Direction) -> Value {
    let way = match direction {
        Direction::In => "entry",
        Direction::Out => "exit",
    };
    json!({ "id": 1, "list": list, "datetime": moment(at), "type": way })
}

/// Returns what apps show of a ticket. Nobody's name is among it: hubs have none.
pub fn position(
    ticket: &TicketFacts,
    (secret, is_expanded): (&str, bool),
    checkins: Vec<Value>,
    phrasebook: &Phrasebook,
) -> Value {
    let id = u64::from(ticket.unit.0) + 1;
    let item = match is_expanded {
        true => json!({ "name": { "en": phrasebook.tier(ticket.tier) }, "internal_name": null }),
        false => json!(ticket.tier.0),
    };
    json!({
        "id": id,
        "order": ticket.unit.to_string(),
        "positionid": 1,
        "item": item,
        "variation": null,
        "price": "0.00",
        "attendee_name": null, "attendee_email": null,
        "secret": secret,
        "addon_to": null, "addons": [], "subevent": null,
        "pseudonymization_id": format!("{}-{}", ticket.unit, ticket.generation),
        "checkins": checkins,
        "print_logs": [], "answers": [],
        "seat": { "id": id, "name": phrasebook.place(ticket.unit), "seat_guid": ticket.unit.to_string() },
        "order__status": "p", "order__valid_if_pending": false, "order__require_approval": false,
        "order__locale": "en",
        "require_attention": false, "blocked": null, "valid_from": null, "valid_until": null,
    })
}

#[cfg(test)]
mod tests {
    use usher_protocol::ticket::Rejection;

    use super::*;

    /// The reasons that the apps have a headline for, those of the one for iPhones too.
    const KNOWN: [&str; 7] = [
        "invalid",
        "revoked",
        "invalid_time",
        "product",
        "already_redeemed",
        "rules",
        "error",
    ];

    #[test]
    fn only_what_is_no_ticket_is_not_found_and_every_refusal_has_a_reason_that_apps_know() {
        let not_found = [
            Reason::Rejected(Rejection::NotATicket),
            Reason::Rejected(Rejection::UnknownKey),
            Reason::Rejected(Rejection::FalseSignature),
        ];
        for why in not_found {
            assert_eq!(reason(why.kind()), (StatusCode::NOT_FOUND, "invalid"));
        }
        let used = Reason::AlreadyUsed { at: None, gate: None };
        for why in [Reason::Revoked, Reason::OtherEvent, Reason::WrongZone, used] {
            let (status, name) = reason(why.kind());
            assert_eq!(status, StatusCode::BAD_REQUEST);
            assert!(KNOWN.contains(&name), "{name}");
        }
    }
}
