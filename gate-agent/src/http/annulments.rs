//! `POST /v1/annulments`: a turnstile that did not turn takes its yes back; whether that may be is the ledger's to say.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use usher_device::replica::{Annulment, Replica};
use usher_protocol::admission::Direction;
use usher_protocol::correction::{AnnulledScan, NotAnnulled};
use usher_protocol::plain;
use usher_protocol::record::{MAX_WORDS_BYTES, RightToAnnul};
use usher_protocol::request::Scan;
use usher_protocol::{GateId, ScanId, ScanSecret};
use usher_words::gate;
use usher_words::hub::problems::HubProblem;

use super::problem::{self, Problem};
use super::scans::{self, check_gate, hexadecimal, holder};
use crate::services::Services;

/// How long the record of a scan is waited for: sessions tell of scans ten times a second.
const HEARD_WITHIN: Duration = Duration::from_secs(1);
/// How often is looked for it meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// The reason where none is given.
const DID_NOT_TURN: &str = "nobody passed";

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AnnulmentRequest {
    /// The text of the QR code.
    payload: Option<String>,
    /// Instead of it, the ticket code that is printed beside it.
    ticket_code: Option<String>,
    gate: GateId,
    /// 32 hexadecimal digits: the bytes of whose SHA-256 the first sixteen were the scan's id.
    scan_secret: String,
    why: Option<String>,
}

/// The body of an answer.
#[derive(Serialize)]
pub struct AnnulmentAnswer {
    scan_id: String,
    words: String,
}

/// Takes a scan back.
pub async fn annul(
    State(services): State<Arc<Services>>,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Json<AnnulmentAnswer>), Problem> {
    let shown = holder(&services, &headers).await?;
    let request: AnnulmentRequest = problem::read(body).await?;
    check_gate(&shown.holder, request.gate)?;
    let secret = hexadecimal("scan_secret", &request.scan_secret)?;
    let secret = ScanSecret(secret);
    let why = reason(request.why.as_deref())?;
    let code = (request.payload, request.ticket_code);
    let code = scans::code((&code.0, &code.1), &services.lookup, shown.id).await?;
    let scan = Scan {
        id: ScanId::of_a_turnstile(request.gate, &secret.named()),
        code,
        gate: request.gate,
        direction: Direction::In,
        persons: 1,
    };
    let scan_id = format!("{:?}", scan.id);
    let annulment = Annulment {
        scan,
        right: RightToAnnul::Turnstile(secret),
        by: shown.holder.name,
        why,
    };
    hear_of(&services.replica, &annulment.scan).await;
    let annulled = services.replica.annul(annulment).await;
    let phrasebook = services.phrasebook();
    match annulled.map_err(|error| scans::refused(error, &phrasebook))? {
        Ok(passage) => {
            let status = passage.as_ref().map_or(StatusCode::ACCEPTED, |_| StatusCode::OK);
            let words = passage.map_or_else(gate::annulled_unknown, |passage| {
                phrasebook.undone(Some(AnnulledScan::from(&passage)))
            });
            let words = words.line();
            Ok((status, Json(AnnulmentAnswer { scan_id, words })))
        }
        Err(why) => Err(Problem::new(status(why), gate::not_annulled(why).line())),
    }
}

/// Takes the reason, by the rule of whatever people say for the record.
pub(super) fn reason(why: Option<&str>) -> Result<String, Problem> {
    let Some(said) = plain::said(why.unwrap_or(DID_NOT_TURN)) else {
        return Err(Problem::of(&HubProblem::NoReason {
            most_bytes: MAX_WORDS_BYTES,
        }));
    };
    Ok(said.to_owned())
}

/// Waits until the record of a scan is here, if it comes: the yes of another hub arrives before its log does.
pub(super) async fn hear_of(replica: &Replica, scan: &Scan) {
    let Ok(ticket) = replica.verify_earlier(&scan.code) else {
        return;
    };
    let (unit, scan) = (ticket.ticket().unit, scan.id);
    let until = tokio::time::Instant::now() + HEARD_WITHIN;
    while tokio::time::Instant::now() < until {
        let look = replica.inspect(move |ledger| ledger.state().passage_of(unit, scan).is_some());
        if look.await.unwrap_or(true) {
            return;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn status(why: NotAnnulled) -> StatusCode {
    match why {
        NotAnnulled::NobodyPassed
        | NotAnnulled::TooLate
        | NotAnnulled::ClockInDoubt
        | NotAnnulled::WentOn => StatusCode::CONFLICT,
        NotAnnulled::NotAllowed => StatusCode::FORBIDDEN,
    }
}
