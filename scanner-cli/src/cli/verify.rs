//! `usher-scan verify`: judges by what this scanner knows and records nothing; the rules are the ledger's.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, value_parser};
use usher_device::replica::{self, Replica, ReplicaError};
use usher_protocol::GateId;
use usher_protocol::admission::{Direction, Reason, Referral, Verdict};
use usher_protocol::ledger::JudgingAs;
use usher_protocol::request::{self, JudgedBy, TicketFacts};
use usher_protocol::ticket::{Rejection, TicketCode, VerifiedTicket};
use usher_words::scanner as words;
use usher_words::scanner::{Bar, NoTicket};

use super::trouble::Trouble;
use super::{DirectionArg, codes, runtime};
use crate::answer::{ScanOutcome, Signal};
use crate::folder::{self, Chosen};
use crate::gate_position::{GateChoice, GatePosition};
use crate::order::ShownCode;
use crate::others::Others;
use crate::presentation;
use crate::printable::printable;
use crate::screen::{Screen, Style};
use crate::station::draw_scan;

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// The text of the ticket's code.
    #[arg(
        value_name = "PAYLOAD",
        required_unless_present = "image",
        conflicts_with = "image"
    )]
    payload: Option<String>,
    /// Pictures of codes, or folders of them.
    #[arg(long, value_name = "FILE", num_args = 1..)]
    image: Vec<PathBuf>,
    /// The gate, by its number or its name; the one where the ticket has the best chances when missing.
    #[arg(long, value_name = "GATE")]
    gate: Option<GateChoice>,
    /// Which way people would pass.
    #[arg(long, value_enum, default_value = "in")]
    direction: DirectionArg,
    /// How many people would pass.
    #[arg(long, value_name = "N", default_value = "1", value_parser = value_parser!(u8).range(1..))]
    persons: u8,
    /// Write one JSON object a line, as `run --json` does for scans.
    #[arg(long)]
    json: bool,
}

/// Judges codes at some gates, one after the other.
struct Check {
    replica: Replica,
    others: Others,
    gates: Vec<GateId>,
    direction: Direction,
    persons: u8,
}

impl VerifyArgs {
    pub(super) fn run(self, event: Chosen) -> Result<ExitCode, Trouble> {
        let (_key, replica) = folder::open(&event.directory)?;
        let check = Check {
            gates: gates(&replica, self.gate.as_ref())?,
            replica,
            others: event.others,
            direction: self.direction.into(),
            persons: self.persons,
        };
        let style = if self.json { Style::Json } else { Style::Plain };
        let codes = match self.payload {
            Some(payload) => {
                let codes = codes::typed(&payload)?.into_iter();
                codes.map(|code| Ok((PathBuf::new(), code))).collect()
            }
            None => codes::in_pictures(self.image),
        };
        let mut screen = Screen::new(io::stdout(), style);
        let mut worst = 0;
        let runtime = runtime()?;
        for code in codes {
            let exit_code = match code {
                Ok((_, code)) => {
                    let answer = runtime.block_on(check.judge(code))?;
                    screen.judged(&answer)?;
                    exit_code(&answer)
                }
                Err(fault) => {
                    writeln!(io::stderr(), "usher-scan: {}", printable(&fault.to_string()))?;
                    2
                }
            };
            worst = worst.max(exit_code);
        }
        runtime.block_on(check.replica.close());
        Ok(ExitCode::from(worst))
    }
}

fn exit_code(answer: &ScanOutcome) -> u8 {
    match answer.signal {
        Signal::Admit => 0,
        Signal::Deny => 1,
        Signal::Refer | Signal::Unanswered | Signal::Barred => 2,
    }
}

/// The gate that was named, or every gate the certificate allows. Before a policy was heard any will do.
fn gates(replica: &Replica, choice: Option<&GateChoice>) -> Result<Vec<GateId>, Trouble> {
    let policy = replica.snapshot().policy.clone();
    let certificate = replica.certificate();
    if let Some(choice) = choice {
        return Ok(vec![choice.find(policy.as_deref(), &certificate)?]);
    }
    let known = policy.iter().flat_map(|policy| &policy.gates).map(|gate| gate.id);
    let served: Vec<_> = known.filter(|gate| certificate.serves(gate.0)).collect();
    Ok(if served.is_empty() {
        vec![GateId(0)]
    } else {
        served
    })
}

impl Check {
    /// Judges a code at each gate; the first that admits counts, or else the first that leads where the ticket belongs.
    async fn judge(&self, code: Vec<u8>) -> Result<ScanOutcome, Trouble> {
        if let Some(bar @ (Bar::Expired | Bar::Revoked)) = crate::scan_judge::bar(&self.replica) {
            return Ok(presentation::barred(bar));
        }
        if str::from_utf8(&code).is_ok_and(|text| text.parse::<TicketCode>().is_ok()) {
            let mut answer = presentation::no_ticket(NoTicket::Offline);
            answer.details.push(words::NOT_RECORDED.to_owned());
            return Ok(answer);
        }
        let ticket = self.replica.verify(&code);
        let mut best = None;
        for gate in &self.gates {
            let judged = self.judge_at(*gate, code.clone(), ticket.clone()).await?;
            let better = best
                .as_ref()
                .is_none_or(|(_, best)| chances(&judged) > chances(best));
            if better {
                best = Some((*gate, judged));
            }
        }
        if let Some(name) = self.others.event_of(&code, self.replica.clock().now()) {
            return Ok(presentation::other_event(name));
        }
        let (gate, judged) = best.expect("there is at least one gate");
        Ok(self.outcome_of(gate, &judged))
    }

    async fn judge_at(
        &self,
        gate: GateId,
        code: Vec<u8>,
        ticket: Result<VerifiedTicket, Rejection>,
    ) -> Result<request::Answer, Trouble> {
        let position = GatePosition {
            gate,
            direction: self.direction,
            persons: self.persons,
        };
        let secret = draw_scan()?;
        let scan = position.question(ShownCode { secret, code }, &self.replica.me());
        let ticket = match ticket {
            Ok(ticket) => ticket,
            Err(rejection) => return Ok(self.replica.rejected(&scan, rejection)),
        };
        let facts = TicketFacts::from(ticket.ticket());
        let asked = replica::asked(&scan, ticket);
        let now = self.replica.clock().now();
        let judging = self
            .replica
            .inspect(move |ledger| ledger.judge(&asked, JudgingAs::CutOff, now));
        let judged = judging
            .await
            .map_err(|error: ReplicaError| Trouble::from(error))?;
        Ok(request::Answer {
            scan: scan.id,
            verdict: judged.verdict,
            by: JudgedBy::Alone,
            ticket: Some(facts),
            silent: None,
        })
    }

    fn outcome_of(&self, gate: GateId, judged: &request::Answer) -> ScanOutcome {
        let phrasebook = presentation::phrasebook(&self.replica);
        let mut answer = match judged.verdict {
            // The rules say yes by what is known here; the last word is a hub's, and none was asked.
            Verdict::Refer(Referral::HomeUnreachable { .. } | Referral::NoPlaces) => {
                presentation::for_a_hub(&phrasebook, judged)
            }
            Verdict::Admit { .. } | Verdict::Deny(_) | Verdict::Refer(_) => {
                presentation::verdict(&phrasebook, judged, self.direction)
            }
        };
        if judged.ticket.is_some() {
            answer.details.push(phrasebook.gate(gate));
        }
        answer
            .details
            .push(phrasebook.freshness(self.replica.fresh_as_of(), self.replica.cloud_heard()));
        answer.details.push(words::NOT_RECORDED.to_owned());
        answer.alone = false;
        answer
    }
}

/// How near to being let in.
fn chances(judged: &request::Answer) -> u8 {
    match judged.verdict {
        Verdict::Admit { .. } => 3,
        Verdict::Refer(_) => 2,
        Verdict::Deny(Reason::WrongZone) => 0,
        Verdict::Deny(_) => 1,
    }
}
