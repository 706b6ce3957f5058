//! The one way in: verify the code, ask the unit's home hub or be it, decide in the owner, answer once it is durable; who may ask is the responder's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use usher_keys::PublicKey;
use usher_link::Progress;
use usher_protocol::ScanSecret;
use usher_protocol::admission::{Reason, Referral, Refused, Verdict};
use usher_protocol::ledger::{Asked, Seat};
use usher_protocol::request::{Answer, Request, RequestError, Response, Scan, TicketFacts};
use usher_protocol::state::refusal_name;
use usher_protocol::ticket::{Rejection, VerifiedTicket};

use crate::links::Links;
use crate::neighbours::Neighbours;
use crate::replica::{Replica, asked};

/// Most scans under way at once: a second's work of the busiest hub; beyond it scanners are told to ask again.
const SCANS_UNDER_WAY: usize = 2_048;

/// How long places from other hubs are waited for, each time before judging again: a log travels in less on a good line.
const HELP_IS_WAITED_FOR: [Duration; 3] = [
    Duration::from_millis(60),
    Duration::from_millis(150),
    Duration::from_millis(300),
];

/// The admission path of a hub.
pub struct AdmissionPath {
    replica: Arc<Replica>,
    links: Arc<Links>,
    neighbours: Arc<Neighbours>,
    home_timeout: Duration,
    under_way: Semaphore,
    tally: Tally,
}

impl AdmissionPath {
    /// Makes the path; a home hub that is silent for `home_timeout`, or longer where the line is slow, counts as out of reach.
    pub fn new(
        replica: Arc<Replica>,
        links: Arc<Links>,
        neighbours: Arc<Neighbours>,
        home_timeout: Duration,
    ) -> Self {
        Self {
            replica,
            links,
            neighbours,
            home_timeout,
            under_way: Semaphore::new(SCANS_UNDER_WAY),
            tally: Tally::default(),
        }
    }

    /// Judges a scan that reached this hub from a device that read the code: if it gives up, it withdraws the scan itself.
    ///
    /// **Errors**: [`RequestError::Busy`], [`RequestError::Unavailable`], [`RequestError::NotAllowed`] when this hub itself may not.
    pub async fn judge(&self, scan: Scan, progress: &Progress) -> Response {
        let response = self.judge_here(scan, progress).await;
        self.tally.count(&response);
        response
    }

    /// Judges a scan of a device that is none of the event's. Where the hub drew its id it counts as its reader, and has the
    /// secret; where the device named it, other hubs may have let the people in, and the device is to ask again.
    ///
    /// **Errors**: as [`AdmissionPath::judge`].
    pub async fn judge_own(&self, scan: Scan, secret: Option<ScanSecret>) -> Response {
        let judged = self.judge_here(scan.clone(), &Progress::default()).await;
        let response = match (judged, secret) {
            (Ok(answer), Some(secret)) => self.withdraw_unless_admitted(answer, &scan, secret).await,
            (judged, _) => judged,
        };
        self.tally.count(&response);
        response
    }

    async fn withdraw_unless_admitted(&self, answer: Answer, scan: &Scan, secret: ScanSecret) -> Response {
        let is_admitted = matches!(answer.verdict, Verdict::Admit { .. });
        if !is_admitted && answer.silent.is_some() {
            self.replica.withdraw(scan, secret).await?;
        }
        Ok(answer)
    }

    async fn judge_here(&self, scan: Scan, progress: &Progress) -> Response {
        let _place = self.begin()?;
        let ticket = match self.verify(&scan) {
            Ok(ticket) => ticket,
            Err(rejection) => return Ok(self.rejected(&scan, rejection)),
        };
        let home = self.replica.standing().home(ticket.ticket().unit);
        let Some(home) = home.filter(|home| *home != self.replica.me()) else {
            return self
                .decide_with_help(asked(&scan, ticket), Seat::Home, progress)
                .await;
        };
        let silent = match progress.asking(self.ask_home(home, &scan)).await {
            Heard::Answer(answer) => return Ok(answer),
            Heard::Nothing { is_silent } => is_silent.then_some(home),
        };
        let answer = self
            .decide_with_help(asked(&scan, ticket), Seat::CutOff, progress)
            .await?;
        Ok(Answer { silent, ..answer })
    }

    /// Judges a scan for another hub, if we are the unit's home.
    ///
    /// **Errors**: [`RequestError::NotHome`], [`RequestError::Busy`], [`RequestError::Unavailable`].
    pub async fn judge_as_home(&self, scan: Scan) -> Response {
        let _place = self.begin()?;
        let ticket = match self.verify(&scan) {
            Ok(ticket) => ticket,
            Err(rejection) => return Ok(self.rejected(&scan, rejection)),
        };
        if self.replica.standing().home(ticket.ticket().unit) != Some(self.replica.me()) {
            return Err(RequestError::NotHome);
        }
        self.decide(asked(&scan, ticket), Seat::Home).await
    }

    /// Lets people in against the rules; a code that is no valid ticket cannot be overridden.
    ///
    /// **Errors**: [`RequestError::NotAllowed`] when this hub itself may not, [`RequestError::Busy`],
    /// [`RequestError::Unavailable`].
    pub async fn override_refusal(&self, scan: Scan, by: String, why: String) -> Response {
        let _place = self.begin()?;
        // Its log would say so, and nobody would believe it.
        if !self.replica.certificate().capabilities.override_refusals {
            return Err(RequestError::NotAllowed);
        }
        let ticket = match self.verify(&scan) {
            Ok(ticket) => ticket,
            Err(rejection) => return Ok(self.rejected(&scan, rejection)),
        };
        let facts = TicketFacts::from(ticket.ticket());
        let verdict = self
            .replica
            .override_refusal(asked(&scan, ticket), by, why)
            .await?;
        Ok(Answer {
            scan: scan.id,
            verdict,
            by: self.replica.judged_by(Seat::CutOff),
            ticket: Some(facts),
            silent: None,
        })
    }

    /// Gives how many scans of this hub came out how, by short name.
    pub fn tally(&self) -> BTreeMap<&'static str, u64> {
        self.tally.now()
    }

    /// Takes a place among the scans under way, if we may judge at all.
    fn begin(&self) -> Result<SemaphorePermit<'_>, RequestError> {
        if !self.replica.may_judge() {
            return Err(RequestError::NotAllowed);
        }
        self.under_way.try_acquire().map_err(|_| RequestError::Busy)
    }

    /// Answers to a code that is no ticket of this event: it may be one of another event that is served here.
    fn rejected(&self, scan: &Scan, rejection: Rejection) -> Answer {
        let mut answer = self.replica.rejected(scan, rejection);
        if self.other_event(&scan.code, rejection).is_some() {
            answer.verdict = Verdict::Deny(Reason::OtherEvent);
        }
        answer
    }

    fn other_event(&self, code: &[u8], rejection: Rejection) -> Option<String> {
        let event = self.replica.certificate().event;
        self.neighbours.owner_of(code, event, rejection)
    }

    /// Gives the name of the event a code is a genuine ticket of, if it is one of another event that is served here.
    pub fn event_of(&self, code: &[u8]) -> Option<String> {
        let rejection = self.replica.verify(code).err()?;
        self.other_event(code, rejection)
    }

    /// Verifies right here: that takes less time than handing it to another thread and back, and the network has its turn
    /// between any two scans.
    fn verify(&self, scan: &Scan) -> Result<VerifiedTicket, Rejection> {
        self.replica.verify(&scan.code)
    }

    /// Asks the home hub; whatever is no answer of a home means that it cannot be reached.
    async fn ask_home(&self, home: PublicKey, scan: &Scan) -> Heard {
        let mut is_silent = false;
        for connection in self.links.connections(&home) {
            let request = Request::JudgeAsHome(scan.clone());
            let patience = connection.patience(self.home_timeout);
            match connection.ask(&request, patience).await {
                Ok(Ok(answer)) if answer.scan == scan.id => return Heard::Answer(answer),
                Ok(Ok(_)) => tracing::warn!(home = %home.id(), "the home hub answered another scan"),
                Ok(Err(error)) => tracing::debug!(home = %home.id(), ?error, "the home hub does not judge"),
                Err(error) => {
                    is_silent = true;
                    tracing::debug!(home = %home.id(), %error, "the home hub does not answer");
                }
            }
        }
        Heard::Nothing { is_silent }
    }

    /// Judges once more where other hubs have places left: those that read in our log that we had none send some.
    async fn decide_with_help(&self, asked: Asked, seat: Seat, progress: &Progress) -> Response {
        let mut answer = self.decide(asked.clone(), seat).await?;
        for wait in HELP_IS_WAITED_FOR {
            let is_short = answer.verdict == Verdict::Refer(Referral::NoPlaces);
            if !is_short || self.links.hubs().is_empty() {
                break;
            }
            progress.asking(tokio::time::sleep(wait)).await;
            answer = self.decide(asked.clone(), seat).await?;
        }
        Ok(answer)
    }

    async fn decide(&self, asked: Asked, seat: Seat) -> Response {
        let (scan, facts) = (asked.scan, TicketFacts::from(asked.ticket.ticket()));
        let verdict = self.replica.judge(asked, seat).await?;
        Ok(Answer {
            scan,
            verdict,
            by: self.replica.judged_by(seat),
            ticket: Some(facts),
            silent: None,
        })
    }
}

/// What came of asking the home hub.
enum Heard {
    /// Its answer.
    Answer(Answer),
    /// No answer; *silent* if it was asked and may have said yes.
    Nothing {
        /// Whether it was asked.
        is_silent: bool,
    },
}

/// Counts of how scans came out.
#[derive(Default)]
struct Tally {
    /// Guards the counts; never held across an await.
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

impl Tally {
    fn count(&self, response: &Response) {
        let name = match response {
            Ok(answer) => match answer.verdict {
                Verdict::Admit { .. } => "admit",
                Verdict::Deny(reason) => refusal_name(&Refused::Deny(reason)),
                Verdict::Refer(referral) => refusal_name(&Refused::Refer(referral)),
            },
            Err(RequestError::Busy) => "busy",
            Err(RequestError::Unavailable) => "unavailable",
            Err(RequestError::NotAllowed | RequestError::NotHome | RequestError::Malformed) => "not_allowed",
        };
        *self.locked().entry(name).or_default() += 1;
    }

    fn now(&self) -> BTreeMap<&'static str, u64> {
        self.locked().clone()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.counts.lock().expect("nothing panics while it holds this")
    }
}
