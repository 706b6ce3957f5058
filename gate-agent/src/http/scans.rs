//! `POST /v1/scans`: turnstiles and foreign handhelds, which hold a device token instead of a certificate; judging is the admission path's.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use data_encoding::HEXLOWER_PERMISSIVE;
use serde::{Deserialize, Serialize};
use usher_protocol::admission::{Direction, Reason, Refused, Verdict};
use usher_protocol::request::{Answer, JudgedBy, MAX_CODE_BYTES, RequestError, Scan};
use usher_protocol::state::refusal_name;
use usher_protocol::ticket::TicketFlags;
use usher_protocol::{GateId, ScanId};

use super::problem::{self, Problem};
use crate::hub::Services;
use crate::token::DeviceToken;
use crate::words::{self, Said, Voice};

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanRequest {
    payload: String,
    gate: GateId,
    #[serde(default = "inwards")]
    direction: Direction,
    #[serde(default = "one_person")]
    persons: u8,
    /// 32 hexadecimal digits, the same for every retry of one reading; drawn here when missing.
    scan_id: Option<String>,
}

fn inwards() -> Direction {
    Direction::In
}

fn one_person() -> u8 {
    1
}

/// The body of an answer.
#[derive(Serialize)]
pub struct ScanAnswer {
    scan_id: String,
    verdict: &'static str,
    reason: Option<&'static str>,
    persons: u8,
    left: u8,
    title: String,
    detail: Option<String>,
    words: String,
    ticket: Option<TicketLine>,
    judged_by: &'static str,
}

/// What the ticket says.
#[derive(Serialize)]
struct TicketLine {
    unit: u32,
    generation: u32,
    tier: u16,
    tier_name: String,
    admits: u8,
    check_id: bool,
}

/// Judges a scan; every verdict is an answer with status 200.
pub async fn judge(
    State(services): State<Arc<Services>>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<ScanAnswer>, Problem> {
    let holder = holder(&services, &headers).await?;
    let request: ScanRequest = problem::read(body).await?;
    if !holder.serves(request.gate.0) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "this token is not for this gate",
        ));
    }
    let scan = request.into_scan()?;
    let (direction, code) = (scan.direction, scan.code.clone());
    let answer = services.path.judge(scan).await;
    let voice = Voice::new(services.replica.standing(), services.replica.clock().now());
    match answer {
        Ok(answer) => {
            let other = match answer.verdict {
                Verdict::Deny(Reason::OtherEvent) => services.path.event_of(&code),
                Verdict::Admit { .. } | Verdict::Deny(_) | Verdict::Refer(_) => None,
            };
            let said = other.map_or_else(
                || voice.answer(&answer, direction),
                |name| words::other_event(&name),
            );
            Ok(Json(ScanAnswer::of(&answer, said, &voice)))
        }
        Err(error) => Err(refused(error, &voice)),
    }
}

/// Tells whether a request shows a token of that hub.
pub async fn shows_token(services: &Services, headers: &HeaderMap) -> bool {
    holder(services, headers).await.is_ok()
}

async fn holder(services: &Services, headers: &HeaderMap) -> Result<crate::replica::TokenHolder, Problem> {
    let unknown = || {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "send Authorization: Bearer and a token of this hub",
        )
    };
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token: DeviceToken = given
        .and_then(|value| value.strip_prefix("Bearer "))
        .and_then(|token| token.parse().ok())
        .ok_or_else(unknown)?;
    let access = services.access.clone();
    let looking = tokio::task::spawn_blocking(move || access.holder(token.hash()));
    match looking.await {
        Ok(Ok(found)) => found.ok_or_else(unknown),
        Ok(Err(error)) => Err(Problem::internal(&error)),
        Err(error) => Err(Problem::internal(&error)),
    }
}

impl ScanRequest {
    fn into_scan(self) -> Result<Scan, Problem> {
        if self.persons == 0 {
            return Err(Problem::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "persons must be 1 to 255",
            ));
        }
        // Whatever is longer is no ticket; one byte over the limit says so as well.
        let mut code = self.payload.into_bytes();
        code.truncate(MAX_CODE_BYTES);
        Ok(Scan {
            id: scan_id(self.scan_id.as_deref())?,
            code,
            gate: self.gate,
            direction: self.direction,
            persons: self.persons,
        })
    }
}

fn scan_id(given: Option<&str>) -> Result<ScanId, Problem> {
    let mut bytes = [0; 16];
    let Some(text) = given else {
        getrandom::fill(&mut bytes).map_err(|error| Problem::internal(&error))?;
        return Ok(ScanId(bytes));
    };
    let decoded = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    let id = decoded.and_then(|bytes| bytes.try_into().ok()).map(ScanId);
    id.ok_or_else(|| {
        Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "scan_id must be 32 hexadecimal digits",
        )
    })
}

fn refused(error: RequestError, voice: &Voice) -> Problem {
    let status = match error {
        RequestError::Busy | RequestError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        RequestError::NotAllowed => StatusCode::FORBIDDEN,
        RequestError::NotHome | RequestError::Malformed => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Problem::new(status, voice.error(error).line())
}

impl ScanAnswer {
    fn of(answer: &Answer, said: Said, voice: &Voice) -> Self {
        let (verdict, reason, persons, left) = match answer.verdict {
            Verdict::Admit { persons, left } => ("admit", None, persons, left),
            Verdict::Deny(reason) => ("deny", Some(refusal_name(&Refused::Deny(reason))), 0, 0),
            Verdict::Refer(referral) => ("refer", Some(refusal_name(&Refused::Refer(referral))), 0, 0),
        };
        Self {
            scan_id: format!("{:?}", answer.scan),
            verdict,
            reason,
            persons,
            left,
            words: said.line(),
            title: said.title,
            detail: said.detail,
            ticket: answer.ticket.map(|ticket| TicketLine {
                unit: ticket.unit.0,
                generation: ticket.generation.0,
                tier: ticket.tier.0,
                tier_name: voice.tier(ticket.tier),
                admits: ticket.admits,
                check_id: TicketFlags(ticket.flags).contains(TicketFlags::CHECK_ID),
            }),
            judged_by: match answer.by {
                JudgedBy::Home(_) => "home",
                JudgedBy::Hub(_) => "hub",
                JudgedBy::Alone => "alone",
            },
        }
    }
}
