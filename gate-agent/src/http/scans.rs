//! `POST /v1/scans`: turnstiles and foreign handhelds, which hold a device token instead of a certificate; judging is the admission path's.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response as HttpResponse};
use data_encoding::HEXLOWER_PERMISSIVE;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use usher_device::replica::{Access, ReplicaError, TokenHolder};
use usher_device::token::DeviceToken;
use usher_keys::{PublicKey, Timestamp};
use usher_link::Progress;
use usher_protocol::admission::{Direction, Reason, Verdict};
use usher_protocol::request::{Answer, JudgedBy, MAX_CODE_BYTES, RequestError, Scan, Told};
use usher_protocol::ticket::{Mistyped, TicketFlags};
use usher_protocol::{GateId, ScanId, ScanSecret};
use usher_words::StaffMessage;
use usher_words::gate::{self, Phrasebook};
use usher_words::hub::problems::HubProblem;

use super::problem::{self, Problem};
use crate::lookup::{CodeLookup, LookupAsker};
use crate::services::Services;

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScanRequest {
    /// The text of the QR code.
    payload: Option<String>,
    /// Instead of it, the ticket code that is printed beside it.
    ticket_code: Option<String>,
    gate: GateId,
    #[serde(default = "inwards")]
    direction: Direction,
    #[serde(default = "one_person")]
    persons: u8,
    /// 32 hexadecimal digits, the same for every retry of one reading; one is drawn here when missing.
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
    /// What its place is called on the ticket.
    place: String,
    admits: u8,
    check_id: bool,
}

/// Judges a scan; every verdict is an answer with status 200.
pub async fn judge(
    State(services): State<Arc<Services>>,
    headers: HeaderMap,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let holder = holder(&services, &headers).await?;
    let request: ScanRequest = problem::read(body).await?;
    check_gate(&holder.holder, request.gate)?;
    let (id, secret) = request.id(&services.replica.me())?;
    let code = (&request.payload, &request.ticket_code);
    let code = self::code(code, &services.lookup, holder.id).await?;
    let scan = request.scan(id, code);
    let asked = scan.clone();
    let progress = Progress::default();
    let answer = services.path.judge_own(scan, secret, &progress).await;
    let phrasebook = services.phrasebook();
    match answer {
        Ok(answer) => {
            let said = said(&services, &phrasebook, (&answer, &asked));
            let told = ScanAnswer::of(&answer, said, &phrasebook);
            drop(phrasebook);
            let body = serde_json::to_vec(&told).expect("texts and numbers have a JSON form");
            Ok(followed((StatusCode::OK, body), (answer, progress), services))
        }
        Err(error) => Err(refused(error, &phrasebook)),
    }
}

/// Says how a scan came out. Of a genuine ticket of another event that is served here it is said of which.
pub(super) fn said(
    services: &Services,
    phrasebook: &Phrasebook,
    (answer, asked): (&Answer, &Scan),
) -> StaffMessage {
    let other = match answer.verdict {
        Verdict::Deny(Reason::OtherEvent) => services.path.event_of(&asked.code),
        Verdict::Admit { .. } | Verdict::Deny(_) | Verdict::Refer(_) => None,
    };
    other.map_or_else(
        || phrasebook.answer(answer, asked.direction),
        |name| gate::other_event(&name),
    )
}

/// Answers so that a yes counts as heard once the client's connection has taken it, here and at the ticket's home. If the client
/// goes away while the scan is judged, nobody asks for the body.
pub(super) fn followed(
    (status, bytes): (StatusCode, Vec<u8>),
    (answer, progress): (Answer, Progress),
    services: Arc<Services>,
) -> HttpResponse {
    let head = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::CONTENT_LENGTH, HeaderValue::from(bytes.len())),
    ];
    let taken = async move {
        services.path.unheard().heard(&Ok(answer), Instant::now());
        progress.heard();
        Ok::<_, Infallible>(bytes)
    };
    (status, head, Body::from_stream(stream::once(taken))).into_response()
}

/// Tells whether a request shows a token of that hub, ended or not: then it is the hub's to answer.
pub async fn shows_token(services: &Services, headers: &HeaderMap) -> bool {
    let Some(token) = token_in(headers) else {
        return false;
    };
    let access = services.access.clone();
    let looking = tokio::task::spawn_blocking(move || access.token(token.hash()));
    matches!(looking.await, Ok(Ok(Some(_))))
}

fn token_in(headers: &HeaderMap) -> Option<DeviceToken> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    given.strip_prefix("Bearer ")?.parse().ok()
}

/// Finds who asks. What a token may do is looked up each time, so that one taken back is refused at once.
pub(super) async fn holder(services: &Services, headers: &HeaderMap) -> Result<Shown, Problem> {
    let token = token_in(headers).ok_or_else(unknown_token)?;
    let (access, now, hash) = (
        services.access.clone(),
        services.replica.clock().now(),
        token.hash(),
    );
    let looking = tokio::task::spawn_blocking(move || shown(&access, hash, now));
    let looked = looking.await.map_err(|error| Problem::internal(&error))?;
    let holder = looked
        .map_err(|error| Problem::internal(&error))?
        .ok_or_else(unknown_token)?;
    if holder.expires <= now {
        return Err(Problem::of(&HubProblem::TokenEnded));
    }
    Ok(Shown { holder, id: hash })
}

/// A token that was shown.
pub(super) struct Shown {
    pub(super) holder: TokenHolder,
    /// Its hash.
    pub(super) id: [u8; 32],
}

fn unknown_token() -> Problem {
    Problem::of(&HubProblem::UnknownToken)
}

/// Finds the holder of a token, and notes that it was shown.
fn shown(access: &Access, hash: [u8; 32], now: Timestamp) -> Result<Option<TokenHolder>, ReplicaError> {
    let Some(row) = access.token(hash)? else {
        return Ok(None);
    };
    // A note that is not taken keeps nobody outside.
    if row.is_to_be_noted(now)
        && let Err(error) = access.note_use(hash, now)
    {
        let error: &dyn std::error::Error = &error;
        tracing::warn!(error, "the use of a token is not noted");
    }
    Ok(Some(row.holder))
}

pub(super) fn check_gate(holder: &TokenHolder, gate: GateId) -> Result<(), Problem> {
    if holder.serves(gate.0) {
        return Ok(());
    }
    Err(Problem::of(&HubProblem::OtherGate {
        token: &holder.gates,
        gate: gate.0,
    }))
}

impl ScanRequest {
    /// Returns the scan's id, and the secret with which this hub can give the scan up where it drew it itself. The device's own id
    /// of it names its retries at this gate, at whatever hub: none of them can tell that nobody went in by it.
    fn id(&self, hub: &PublicKey) -> Result<(ScanId, Option<ScanSecret>), Problem> {
        if self.persons == 0 {
            return Err(Problem::of(&HubProblem::Persons));
        }
        let Some(given) = self.scan_id.as_deref() else {
            let (id, secret) = drawn(hub)?;
            return Ok((id, Some(secret)));
        };
        let given = hexadecimal("scan_id", given)?;
        Ok((ScanId::of_a_turnstile(self.gate, &given), None))
    }

    fn scan(&self, id: ScanId, mut code: Vec<u8>) -> Scan {
        // Whatever is longer is no ticket; one byte over the limit says so as well.
        code.truncate(MAX_CODE_BYTES);
        Scan {
            id,
            code,
            gate: self.gate,
            direction: self.direction,
            persons: self.persons,
        }
    }
}

/// Draws the id of a scan that this hub counts as the reader of, with the secret by which it can give the scan up.
pub(super) fn drawn(hub: &PublicKey) -> Result<(ScanId, ScanSecret), Problem> {
    let mut secret = [0; 16];
    getrandom::fill(&mut secret).map_err(|error| Problem::internal(&error))?;
    let secret = ScanSecret(secret);
    Ok((ScanId::of(hub, &secret), secret))
}

/// Returns the code that is meant: the one that was read, or that of the ticket whose ticket code was typed.
pub(super) async fn code(
    (payload, ticket_code): (&Option<String>, &Option<String>),
    lookup: &CodeLookup,
    asker: [u8; 32],
) -> Result<Vec<u8>, Problem> {
    match (payload, ticket_code) {
        (Some(payload), None) => Ok(payload.clone().into_bytes()),
        (None, Some(typed)) => looked_up(lookup, typed, asker).await,
        (Some(_), Some(_)) | (None, None) => Err(Problem::of(&HubProblem::WhichCode)),
    }
}

/// Finds the code of the ticket that has a ticket code.
pub async fn looked_up(lookup: &CodeLookup, typed: &str, asker: [u8; 32]) -> Result<Vec<u8>, Problem> {
    let code = typed
        .parse()
        .map_err(|mistyped: Mistyped| Problem::of(&HubProblem::Mistyped(&mistyped.to_string())))?;
    let asker = LookupAsker {
        id: asker,
        is_hub: false,
    };
    let problem = match lookup.find(code, asker, &Progress::default()).await {
        Told::Ticket(text) => return Ok(text),
        Told::NoTicket => HubProblem::NoSuchCode,
        Told::TooOften => HubProblem::TooManyGuesses,
        Told::NoCloud | Told::NotAllowed | Told::Hubs(_) => HubProblem::NoLookups,
    };
    Err(Problem::of(&problem))
}

/// Reads sixteen bytes.
pub(super) fn hexadecimal(name: &str, text: &str) -> Result<[u8; 16], Problem> {
    let decoded = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
    let bytes = decoded.and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| Problem::of(&HubProblem::NoId { name }))
}

pub(super) fn refused(error: RequestError, phrasebook: &Phrasebook) -> Problem {
    let status = match error {
        RequestError::Busy | RequestError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        RequestError::NotAllowed
        | RequestError::NoPin
        | RequestError::WrongPin { .. }
        | RequestError::PinsRest { .. } => StatusCode::FORBIDDEN,
        RequestError::NotHome | RequestError::Malformed => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Problem::new(status, phrasebook.error(error).line())
}

impl ScanAnswer {
    fn of(answer: &Answer, said: StaffMessage, phrasebook: &Phrasebook) -> Self {
        let (verdict, reason, persons, left) = match answer.verdict {
            Verdict::Admit { persons, left } => ("admit", None, persons, left),
            Verdict::Deny(reason) => ("deny", Some(reason.kind().name()), 0, 0),
            Verdict::Refer(referral) => ("refer", Some(referral.kind().name()), 0, 0),
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
                tier_name: phrasebook.tier(ticket.tier),
                place: phrasebook.place(ticket.unit),
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
