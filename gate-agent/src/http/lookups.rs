//! `POST /v1/lookups`: what became of the ticket with a ticket code, for whoever sits at the hub; it lets nobody in and writes nothing down.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, header};
use serde::{Deserialize, Serialize};
use usher_protocol::admission::{Direction, Reason, Verdict};
use usher_protocol::ledger::{JudgingAs, ScanQuestion};
use usher_protocol::request::{Answer, JudgedBy, TicketFacts};
use usher_protocol::ticket::VerifiedTicket;
use usher_protocol::{GateId, ScanId};
use usher_words::gate::{self, Phrasebook};
use usher_words::hub::problems::HubProblem;

use super::problem::{self, Problem};
use super::scans::looked_up;
use super::status::check_asker;
use crate::services::Services;

/// The body of a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupRequest {
    /// As printed on the ticket.
    ticket_code: String,
}

/// What became of a ticket. Its payload is not among it: whoever has that may go in.
#[derive(Serialize)]
pub struct LookupAnswer {
    /// Tier, place and people, in words; nothing of a ticket that is none of the event's.
    ticket: Option<String>,
    /// Whether a gate would let it in now.
    opens: bool,
    /// What a gate would say now, and which gates.
    words: String,
}

/// Looks a ticket up.
pub async fn look_up(
    State(services): State<Arc<Services>>,
    ConnectInfo(asker): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<LookupAnswer>, Problem> {
    check_asker(&services, asker)?;
    check_is_json(&headers)?;
    let request: LookupRequest = problem::read(body).await?;
    let replica = &services.replica;
    let code = looked_up(&services.lookup, &request.ticket_code, replica.me().0).await?;
    let phrasebook = replica.snapshot().phrasebook(replica.clock().now());
    let ticket = match replica.verify(&code) {
        Ok(ticket) => ticket,
        Err(rejection) => {
            return Ok(Json(answer_of(
                None,
                &Verdict::Deny(Reason::Rejected(rejection)),
                &phrasebook,
            )));
        }
    };
    let facts = TicketFacts::from(ticket.ticket());
    let judged = at_each_gate(&services, &ticket).await?;
    let open: Vec<String> = judged
        .iter()
        .filter(|(_, verdict)| matches!(verdict, Verdict::Admit { .. }))
        .map(|(gate, _)| phrasebook.gate(*gate))
        .collect();
    if !open.is_empty() {
        return Ok(Json(LookupAnswer {
            ticket: Some(phrasebook.ticket(&facts)),
            opens: true,
            words: gate::opens_at(&open),
        }));
    }
    let best = judged.into_iter().map(|(_, verdict)| verdict).max_by_key(chances);
    let best = best.ok_or_else(|| Problem::of(&HubProblem::NoPolicy))?;
    Ok(Json(answer_of(Some(facts), &best, &phrasebook)))
}

/// Keeps pages of other sites from asking in the name of whoever sits at the hub: a browser lets none of them send JSON here.
pub(super) fn check_is_json(headers: &HeaderMap) -> Result<(), Problem> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    if kind.is_some_and(|kind| kind.starts_with("application/json")) {
        return Ok(());
    }
    Err(Problem::of(&HubProblem::NotJson))
}

/// Returns what each gate would say of one person more with this ticket, by what is known here.
async fn at_each_gate(
    services: &Services,
    ticket: &VerifiedTicket,
) -> Result<Vec<(GateId, Verdict)>, Problem> {
    let policy = services.replica.snapshot().policy.clone();
    let gates: Vec<GateId> = policy
        .iter()
        .flat_map(|policy| &policy.gates)
        .map(|gate| gate.id)
        .collect();
    let (ticket, moment) = (ticket.clone(), services.replica.clock().moment());
    let mut secret = [0; 16];
    getrandom::fill(&mut secret).map_err(|error| Problem::internal(&error))?;
    let judging = services.replica.inspect(move |ledger| {
        let at = |gate| {
            let asked = ScanQuestion {
                scan: ScanId(secret),
                ticket: ticket.clone(),
                gate,
                direction: Direction::In,
                persons: 1,
            };
            (gate, ledger.judge(&asked, JudgingAs::Home, moment).verdict)
        };
        gates.into_iter().map(at).collect()
    });
    judging.await.map_err(|error| Problem::internal(&error))
}

fn answer_of(facts: Option<TicketFacts>, verdict: &Verdict, phrasebook: &Phrasebook) -> LookupAnswer {
    let answer = Answer {
        scan: ScanId([0; 16]),
        verdict: *verdict,
        by: JudgedBy::Alone,
        ticket: facts,
        silent: None,
    };
    LookupAnswer {
        words: phrasebook.answer(&answer, Direction::In).line(),
        ticket: answer.ticket.map(|facts| phrasebook.ticket(&facts)),
        opens: false,
    }
}

/// How much a refusal says of the ticket itself: that another gate is the right one says least.
fn chances(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Admit { .. } => 3,
        Verdict::Refer(_) => 1,
        Verdict::Deny(Reason::WrongZone) => 0,
        Verdict::Deny(_) => 2,
    }
}
