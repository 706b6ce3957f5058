//! Gets a scan judged: by a hub within a time limit, or by the own replica, durably, when none answers; showing it is the screen's.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use usher_device::replica::Replica;
use usher_keys::PublicKey;
use usher_protocol::admission::{Reason, Verdict};
use usher_protocol::request::{self, MAX_CODE_BYTES, Request};
use usher_protocol::routing::{Conclusion, Word};
use usher_protocol::ticket::{Rejection, VerifiedTicket};
use usher_protocol::{ScanId, ScanSecret};
use usher_words::scanner::Bar;

use crate::answer::ScanOutcome;
use crate::ask::{OwnScan, ReaderStep};
use crate::gate_position::GatePosition;
use crate::links::{Hubs, LinkedHub};
use crate::order::ShownCode;
use crate::others::Others;
use crate::presentation;

/// How long hubs have to answer or to show that they are at work before the scanner judges alone: a person at the gate does
/// not notice it. Where the line is slow, it waits for as long as that takes.
pub const ANSWER_WITHIN: Duration = Duration::from_millis(300);

/// Gets scans judged at one post.
pub struct ScanJudge {
    replica: Arc<Replica>,
    hubs: Hubs,
    position: GatePosition,
    answer_within: Duration,
    others: Others,
    alone: AtomicU64,
}

impl ScanJudge {
    /// Makes one; hubs have `answer_within` to answer.
    #[must_use]
    pub fn new(replica: Arc<Replica>, hubs: Hubs, position: GatePosition, answer_within: Duration) -> Self {
        Self {
            replica,
            hubs,
            position,
            answer_within,
            others: Others::default(),
            alone: AtomicU64::new(0),
        }
    }

    /// Tells apart the tickets of these other events.
    #[must_use]
    pub fn with_others(mut self, others: Others) -> Self {
        self.others = others;
        self
    }

    /// Judges a scan; whatever it was, there is an answer.
    pub async fn judge(&self, scan: ShownCode) -> ScanOutcome {
        let started = Instant::now();
        let secret = scan.secret;
        let answer = self
            .judged(&self.position.question(scan, &self.replica.me()), secret)
            .await;
        ScanOutcome {
            took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            ..answer
        }
    }

    /// Returns how many tickets were judged alone since a hub last answered.
    #[must_use]
    pub fn alone(&self) -> u64 {
        self.alone.load(Ordering::Relaxed)
    }

    async fn judged(&self, scan: &request::Scan, secret: ScanSecret) -> ScanOutcome {
        let ticket = self.replica.verify(&scan.code);
        if let Err(rejection @ (Rejection::NotATicket | Rejection::NotListed)) = ticket {
            return self.outcome(scan, &self.replica.rejected(scan, rejection));
        }
        let snapshot = self.replica.snapshot();
        let known = ticket.as_ref().ok().map(VerifiedTicket::ticket);
        let own = OwnScan {
            scan,
            secret,
            home: known.and_then(|ticket| snapshot.home(ticket.unit)),
            is_void: known.is_some_and(|ticket| snapshot.is_void(ticket, scan.direction)),
            hubs: &self.hubs,
            replica: &self.replica,
        };
        let asks_nobody = own.is_void && !self.hubs.linked().is_empty();
        let mut asking = own.ask(|| Request::Judge(scan.clone()), self.answer_within);
        let mut ours = Err(Bar::Disk);
        let Conclusion {
            word, is_withdrawn, ..
        } = loop {
            match asking.step().await {
                Ok(ReaderStep::JudgeAlone) => {
                    ours = self.judged_alone(scan, ticket.clone()).await;
                    // Of what is no valid ticket nothing is written down, and of a void one hubs hear by the link.
                    let is_kept = ours.as_ref().is_ok_and(|answer| answer.ticket.is_some());
                    self.alone
                        .fetch_add(u64::from(is_kept && !asks_nobody), Ordering::Relaxed);
                    asking.judged(ours.as_ref().ok().map(|answer| answer.verdict));
                }
                Ok(ReaderStep::Say(conclusion)) => break conclusion,
                Err(_) => {
                    tracing::error!("this scanner cannot give up a scan");
                    return presentation::barred(Bar::Disk);
                }
            }
        };
        let answer = match (word, ours) {
            (Word::Theirs(answer), _) => {
                self.alone.store(0, Ordering::Relaxed);
                self.outcome(scan, &answer)
            }
            (Word::Refused(error), _) => {
                presentation::refused(&presentation::phrasebook(&self.replica), error)
            }
            (Word::Ours, Ok(answer)) if asks_nobody => ScanOutcome {
                alone: false,
                ..self.outcome(scan, &answer)
            },
            (Word::Ours, Ok(answer)) => self.outcome(scan, &answer),
            (Word::Ours, Err(bar)) => presentation::barred(bar),
        };
        ScanOutcome {
            is_withdrawn,
            ..answer
        }
    }

    async fn judged_alone(
        &self,
        scan: &request::Scan,
        ticket: Result<VerifiedTicket, Rejection>,
    ) -> Result<request::Answer, Bar> {
        if let Some(bar) = bar_now(&self.replica, &self.hubs) {
            return Err(bar);
        }
        let judged = self.replica.judge_alone(scan, ticket).await;
        judged.map_err(|error| {
            tracing::error!(?error, "this scanner cannot judge");
            Bar::Disk
        })
    }

    fn outcome(&self, scan: &request::Scan, answer: &request::Answer) -> ScanOutcome {
        if let Some(name) = self.other_event(scan, answer) {
            return presentation::other_event(name);
        }
        let phrasebook = presentation::phrasebook(&self.replica).missing(self.hubs.silent());
        let mut told = presentation::verdict(&phrasebook, answer, self.position.direction);
        told.details.extend(presentation::judged_by(&phrasebook, answer));
        told
    }
}

impl ScanJudge {
    /// Returns the name of the event a code is a genuine ticket of, when it is none of this one.
    fn other_event(&self, scan: &request::Scan, answer: &request::Answer) -> Option<&str> {
        let is_foreign = match answer.verdict {
            Verdict::Deny(Reason::Rejected(rejection)) => rejection.may_be_foreign(),
            Verdict::Deny(reason) => reason == Reason::OtherEvent,
            Verdict::Admit { .. } | Verdict::Refer(_) => false,
        };
        let now = self.replica.clock().now();
        is_foreign
            .then(|| self.others.event_of(&scan.code, now))
            .flatten()
    }
}

impl GatePosition {
    /// Makes the question about a code read here. A code too long for a ticket is cut: it stays none.
    #[must_use]
    pub fn question(&self, scan: ShownCode, reader: &PublicKey) -> request::Scan {
        let mut code = scan.code;
        code.truncate(MAX_CODE_BYTES);
        request::Scan {
            id: ScanId::of(reader, &scan.secret),
            code,
            gate: self.gate,
            direction: self.direction,
            persons: self.persons,
        }
    }
}

/// Tells whether a hub of the event refuses this scanner: it knows something of it that nobody could tell it, that it was revoked.
pub fn is_refused(replica: &Replica, hubs: &Hubs) -> bool {
    let snapshot = replica.snapshot();
    let refused_by = hubs.refused_by();
    refused_by.iter().any(|key| snapshot.roster.contains(key))
}

/// Tells why a scanner judges nothing by itself now, by what it and the hubs know.
#[must_use]
pub fn bar_now(replica: &Replica, hubs: &Hubs) -> Option<Bar> {
    bar(replica).or_else(|| is_refused(replica, hubs).then_some(Bar::Refused))
}

/// Tells why a scanner is to be put away now. One hub that refuses it is no reason while another judges for it: that one knows better,
/// or will hear.
#[must_use]
pub fn bar_shown(replica: &Replica, hubs: &Hubs) -> Option<Bar> {
    let judges = hubs.linked().iter().any(LinkedHub::is_answering);
    bar(replica).or_else(|| (!judges && is_refused(replica, hubs)).then_some(Bar::Refused))
}

/// Tells why a scanner judges nothing by itself: it is no device of the event, or not any more.
#[must_use]
pub fn bar(replica: &Replica) -> Option<Bar> {
    let snapshot = replica.snapshot();
    let now = replica.clock().now();
    let checked = snapshot
        .trust
        .check_peer((&snapshot.identity, replica.me()), &snapshot.register, now);
    checked.err().map(Bar::from)
}
