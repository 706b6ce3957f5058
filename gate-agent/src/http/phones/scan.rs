//! A phone's scan: put into our words, judged by the one admission path, and answered in the app's. Phones decide nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use usher_link::Progress;
use usher_protocol::admission::{Direction, Reason, Verdict};
use usher_protocol::ledger::JudgingAs;
use usher_protocol::request::{Answer, MAX_CODE_BYTES, RequestError, Response as Judged, Scan, TicketFacts};
use usher_protocol::ticket::TicketCode;
use usher_protocol::{GateId, ScanId, ScanSecret};
use usher_words::hub::phones as words;

use super::PhoneDoor;
use super::answer::{self, ShownScan};
use super::asker::{self, Phone};
use super::lists::ListPlace;
use super::recent::RecentScan;
use crate::http::problem::Problem;
use crate::http::scans;

/// The context of the hash that makes a scan's secret of the phone and what it calls the scan.
const PHONE_CONTEXT: &str = "usher/door/1";
/// Longest name of a scan that is taken, in bytes: apps draw 26 letters.
const MAX_NONCE_BYTES: usize = 128;

/// The body of a scan. Apps send more, and `null` for what they leave out.
#[derive(Default, Deserialize)]
pub struct PhoneScan {
    secret: Option<String>,
    lists: Option<Vec<i64>>,
    r#type: Option<String>,
    nonce: Option<String>,
    force: Option<bool>,
    simulate: Option<bool>,
}

/// What an app wants to have written out.
pub type Wishes = Query<Vec<(String, String)>>;

/// Judges a scan.
pub async fn redeem(
    State(door): State<Arc<PhoneDoor>>,
    phone: Phone,
    Query(wishes): Wishes,
    body: Body,
) -> Result<Response, Response> {
    let request: PhoneScan = asker::read(body).await?;
    let lists = request.lists.clone().unwrap_or_default();
    let place = lists.iter().find_map(|list| phone.place(*list));
    let place = place.ok_or_else(|| no_list(lists.first()))?;
    scanned(&door, &phone, (request, place, is_expanded(&wishes))).await
}

/// Judges a scan where apps asked before there was one address for all lists, and where those ask that run in a browser.
pub async fn redeem_at_list(
    State(door): State<Arc<PhoneDoor>>,
    phone: Phone,
    Path((_, list, secret)): Path<(String, i64, String)>,
    Query(wishes): Wishes,
    body: Body,
) -> Result<Response, Response> {
    let request: PhoneScan = asker::read(body).await?;
    let request = PhoneScan {
        secret: Some(secret),
        ..request
    };
    let place = phone.place(list).ok_or_else(|| no_list(Some(&list)))?;
    scanned(&door, &phone, (request, place, is_expanded(&wishes))).await
}

/// Tells whether positions name their items in full.
pub fn is_expanded(wishes: &[(String, String)]) -> bool {
    wishes
        .iter()
        .any(|(name, value)| name == "expand" && value == "item")
}

/// Says that there is no such list, as apps know it.
pub fn no_list(list: Option<&i64>) -> Response {
    let list = list.map(i64::to_string).unwrap_or_default();
    let told = json!({ "lists": [format!("Invalid pk \"{list}\" - object does not exist.")] });
    (StatusCode::BAD_REQUEST, Json(told)).into_response()
}

async fn scanned(
    door: &PhoneDoor,
    phone: &Phone,
    (request, place, is_expanded): (PhoneScan, ListPlace, bool),
) -> Result<Response, Response> {
    if request.force == Some(true) {
        return Err(forced(phone).await);
    }
    let nonce = request.nonce.as_deref();
    let Some(secret) = request.secret.filter(|_| nonce.is_none_or(is_nonce)) else {
        return Err(not_understood());
    };
    let code = code(door, phone, &secret).await?;
    let direction = match request.r#type.as_deref() {
        Some("exit") => Direction::Out,
        _ => Direction::In,
    };
    let (id, own) = id(phone, (place.gate, nonce)).map_err(IntoResponse::into_response)?;
    let asked = Scan {
        id,
        code,
        gate: place.gate,
        direction,
        persons: 1,
    };
    let asked = Scan {
        persons: persons(phone, &asked, place).await,
        ..asked
    };
    let progress = Progress::default();
    let judged = match request.simulate {
        Some(true) => simulated(phone, &asked).await,
        _ => judged(phone, (&asked, place), own, &progress).await,
    };
    let event = phone.event().to_string();
    let at = ShownScan {
        place,
        direction,
        secret: &secret,
        event: &event,
        is_expanded,
    };
    match judged {
        Ok(answer) => Ok(told(
            door,
            phone,
            (repeated(door, answer), progress),
            (&asked, &at),
        )),
        Err(error) => Err(undecided(phone, error)),
    }
}

/// Answers, so that a yes counts as heard once the phone's connection has taken it.
fn told(
    door: &PhoneDoor,
    phone: &Phone,
    (answer, progress): (Answer, Progress),
    (asked, at): (&Scan, &ShownScan<'_>),
) -> Response {
    if let Verdict::Admit { left, .. } = answer.verdict {
        let code = asked.code.clone();
        door.recent.passed(asked.id, RecentScan { code, left });
    }
    let phrasebook = phone.services.phrasebook();
    let said = scans::said(&phone.services, &phrasebook, (&answer, asked));
    let (status, body) = answer::of(&answer, &said, at, &phrasebook);
    let services = Arc::clone(&phone.services);
    scans::followed(
        (status, body.to_string().into_bytes()),
        (answer, progress),
        services,
    )
}

/// A scan that was answered before is answered alike: the ledger does not remember how many were left then.
fn repeated(door: &PhoneDoor, answer: Answer) -> Answer {
    match (answer.verdict, door.recent.scan(answer.scan)) {
        (Verdict::Admit { persons, .. }, Some(RecentScan { left, .. })) => Answer {
            verdict: Verdict::Admit { persons, left },
            ..answer
        },
        _ => answer,
    }
}

/// A phone of ours lets nobody in by itself; one that says so was set up for something else before.
async fn forced(phone: &Phone) -> Response {
    let name = &phone.row.holder.name;
    tracing::warn!(
        phone = name,
        "a phone reports an admission of its own: it counts for nothing"
    );
    phone.services.forced.fetch_add(1, Ordering::Relaxed);
    let noted = phone.access(|access, id| access.note_forced(id)).await;
    if let Err(problem) = noted {
        return problem.into_response();
    }
    let told = answer::refusal("error", words::FORCED);
    (StatusCode::BAD_REQUEST, Json(told)).into_response()
}

fn is_nonce(nonce: &str) -> bool {
    (1..=MAX_NONCE_BYTES).contains(&nonce.len())
}

fn not_understood() -> Response {
    let told = answer::refusal("error", words::NOT_UNDERSTOOD);
    (StatusCode::BAD_REQUEST, Json(told)).into_response()
}

/// Says that nothing was decided. Of what passes with time an app knows that it should ask again.
fn undecided(phone: &Phone, error: RequestError) -> Response {
    let phrasebook = phone.services.phrasebook();
    if matches!(error, RequestError::Busy | RequestError::Unavailable) {
        return scans::refused(error, &phrasebook).into_response();
    }
    let told = answer::refusal("error", &phrasebook.error(error).line());
    (StatusCode::BAD_REQUEST, Json(told)).into_response()
}

/// Returns the ticket that is meant: the one that was read, the one that a search has found, or that of a ticket code that somebody typed.
async fn code(door: &PhoneDoor, phone: &Phone, secret: &str) -> Result<Vec<u8>, Response> {
    if let Some(found) = door.recent.ticket(secret) {
        return Ok(found);
    }
    if secret.parse::<TicketCode>().is_ok() {
        let looked_up = scans::looked_up(&phone.services.lookup, secret, phone.asker()).await;
        return looked_up.map_err(IntoResponse::into_response);
    }
    let mut code = secret.as_bytes().to_vec();
    // Whatever is longer is no ticket; one byte over the limit says so as well.
    code.truncate(MAX_CODE_BYTES);
    Ok(code)
}

/// Returns what a phone's scan is drawn from: whoever asks again in the phone's name means the same people.
pub fn secret_of(phone: &Phone, nonce: &str) -> ScanSecret {
    let mut hasher = blake3::Hasher::new();
    hasher.update(PHONE_CONTEXT.as_bytes()).update(&[0]);
    hasher.update(&phone.row.serial).update(nonce.as_bytes());
    let mut secret = [0; 16];
    hasher.finalize_xof().fill(&mut secret);
    ScanSecret(secret)
}

/// Returns the id of a scan that a phone has named, which is a turnstile's: nobody can tell that nobody went in by it, and whoever knows
/// the secret can annul it. One without a name is this hub's own, with the secret by which it can give it up.
fn id(phone: &Phone, (gate, nonce): (GateId, Option<&str>)) -> Result<(ScanId, Option<ScanSecret>), Problem> {
    match nonce {
        Some(nonce) => {
            let secret = secret_of(phone, nonce);
            Ok((ScanId::of_a_turnstile(gate, &secret.named()), None))
        }
        None => {
            let (id, secret) = scans::drawn(&phone.services.replica.me())?;
            Ok((id, Some(secret)))
        }
    }
}

/// Returns how many people a scan is about: one, or at a list for whole groups all that may still pass, as far as is known here.
async fn persons(phone: &Phone, asked: &Scan, place: ListPlace) -> u8 {
    let ticket = phone.services.replica.verify(&asked.code).ok();
    let Some(ticket) = ticket.filter(|_| place.is_whole_group) else {
        return 1;
    };
    let (unit, admits) = (ticket.ticket().unit, ticket.ticket().admits);
    if asked.direction == Direction::Out {
        let gate = place.gate;
        let look = phone.services.replica.inspect(move |ledger| {
            let state = ledger.state();
            let zone = state.policy().and_then(|(_, policy)| policy.gate(gate))?.zone;
            u8::try_from(state.tally(unit).inside(zone)).ok()
        });
        return look.await.ok().flatten().unwrap_or(1).clamp(1, admits.max(1));
    }
    match simulated(phone, asked).await.map(|answer| answer.verdict) {
        Ok(Verdict::Admit { left, .. }) => left.saturating_add(1).min(admits),
        Ok(Verdict::Deny(_)) => 1,
        // The home knows, and says how many are left if it is fewer.
        Ok(Verdict::Refer(_)) | Err(_) => admits.max(1),
    }
}

/// Judges by the one admission path. Where the home knows of more people who are in than this hub, those pass who are left.
async fn judged(
    phone: &Phone,
    (asked, place): (&Scan, ListPlace),
    own: Option<ScanSecret>,
    progress: &Progress,
) -> Judged {
    let path = &phone.services.path;
    let answer = path.judge_own(asked.clone(), own, progress).await?;
    match answer.verdict {
        Verdict::Deny(Reason::GroupTooLarge { left }) if place.is_whole_group && left > 0 => {
            let fewer = Scan {
                persons: left,
                ..asked.clone()
            };
            path.judge_own(fewer, own, progress).await
        }
        Verdict::Admit { .. } | Verdict::Deny(_) | Verdict::Refer(_) => Ok(answer),
    }
}

/// Judges by what is known here and writes nothing down: nobody passes by it.
async fn simulated(phone: &Phone, asked: &Scan) -> Judged {
    let replica = &phone.services.replica;
    let ticket = match replica.verify(&asked.code) {
        Ok(ticket) => ticket,
        Err(rejection) => return Ok(replica.rejected(asked, rejection)),
    };
    let facts = TicketFacts::from(ticket.ticket());
    let question = usher_device::replica::asked(asked, ticket);
    let moment = replica.clock().moment();
    let judging = replica.inspect(move |ledger| ledger.judge(&question, JudgingAs::Home, moment).verdict);
    let verdict = judging.await.map_err(|_| RequestError::Unavailable)?;
    Ok(Answer {
        scan: asked.id,
        verdict,
        by: replica.judged_by(JudgingAs::Home),
        ticket: Some(facts),
        silent: None,
    })
}
