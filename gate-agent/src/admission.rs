//! The one way in: verify the code, go the scan's way, decide in the writer, answer once it is durable; who may ask is the responder's.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;
use usher_device::replica::{Replica, asked};
use usher_keys::PublicKey;
use usher_link::{Asker, Progress, Step};
use usher_protocol::ScanSecret;
use usher_protocol::admission::{Reason, Referral, Verdict};
use usher_protocol::ledger::{JudgingAs, Route};
use usher_protocol::request::{
    Answer, JudgedBy, Overriding, Request, RequestError, Response, Scan, TicketFacts,
};
use usher_protocol::routing::{Conclusion, Routing, Word};
use usher_protocol::ticket::{Rejection, VerifiedTicket};

use crate::links::Links;
use crate::neighbours::Neighbours;
use crate::unheard::UnheardAnswers;

/// Most scans under way at once: a second's work of the busiest hub; beyond it scanners are told to ask again.
const SCANS_UNDER_WAY: usize = 2_048;

/// How long scans that are under way may take to end when the hub is told to stop: a disk that is slow, a home that is waited for.
const LAST_SCANS_WITHIN: Duration = Duration::from_secs(2);

/// The admission path of a hub.
pub struct AdmissionPath {
    replica: Arc<Replica>,
    links: Arc<Links>,
    neighbours: Arc<Neighbours>,
    unheard: UnheardAnswers,
    home_timeout_ms: u64,
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
            unheard: UnheardAnswers::default(),
            home_timeout_ms: u64::try_from(home_timeout.as_millis()).unwrap_or(u64::MAX),
            under_way: Semaphore::new(SCANS_UNDER_WAY),
            tally: Tally::default(),
        }
    }

    /// Judges a scan for a device that read the code: if it gives up, it withdraws the scan itself.
    ///
    /// # Errors
    ///
    /// [`RequestError::Busy`], [`RequestError::Unavailable`], [`RequestError::NotAllowed`] when this hub itself may not.
    pub async fn judge(&self, asker: PublicKey, scan: Scan, progress: &Progress) -> Response {
        let response = self.carry_out(Task::judging(asker, scan), progress).await;
        self.tally.count(&response);
        response
    }

    /// Judges a scan of a device that is none of the event's. Where the hub drew its id it counts as its reader, and has the
    /// secret; where the device named it, other hubs may have let the people in, and the device is to ask again.
    ///
    /// # Errors
    ///
    /// As [`AdmissionPath::judge`].
    pub async fn judge_own(&self, scan: Scan, secret: Option<ScanSecret>, progress: &Progress) -> Response {
        let task = Task {
            secret,
            may_be_over: secret.is_none(),
            ..Task::judging(self.replica.me(), scan)
        };
        let response = self.carry_out(task, progress).await;
        self.tally.count(&response);
        response
    }

    /// Judges a scan for another hub, if we are the unit's home.
    ///
    /// # Errors
    ///
    /// [`RequestError::NotHome`], [`RequestError::Busy`], [`RequestError::Unavailable`].
    pub async fn judge_as_home(&self, hub: PublicKey, scan: Scan, progress: &Progress) -> Response {
        let task = Task {
            is_for_home: true,
            ..Task::judging(hub, scan)
        };
        self.carry_out(task, progress).await
    }

    /// Lets people in against the rules, by the word of the unit's home where it answers; a code that is no valid ticket cannot be
    /// overridden.
    ///
    /// # Errors
    ///
    /// [`RequestError::NotAllowed`] when this hub itself may not, [`RequestError::Busy`],
    /// [`RequestError::Unavailable`].
    pub async fn override_refusal(
        &self,
        asker: PublicKey,
        overriding: Overriding,
        progress: &Progress,
    ) -> Response {
        self.carry_out(Task::overriding(asker, overriding), progress)
            .await
    }

    /// Lets people in against the rules for another hub, if we are the unit's home.
    ///
    /// # Errors
    ///
    /// As [`AdmissionPath::override_refusal`], and [`RequestError::NotHome`].
    pub async fn override_as_home(
        &self,
        hub: PublicKey,
        overriding: Overriding,
        progress: &Progress,
    ) -> Response {
        let task = Task {
            is_for_home: true,
            ..Task::overriding(hub, overriding)
        };
        self.carry_out(task, progress).await
    }

    async fn carry_out(&self, task: Task, progress: &Progress) -> Response {
        let _place = self.begin()?;
        // Its log would say so, and nobody would believe it.
        if task.over.is_some() && !self.replica.certificate().capabilities.override_refusals {
            return Err(RequestError::NotAllowed);
        }
        // Right here: handing it to another thread and back takes longer. A supervisor takes the time to say why, and by then a live
        // ticket's code is another one.
        let read = match task.over {
            Some(_) => self.replica.verify_earlier(&task.scan.code),
            None => self.replica.verify(&task.scan.code),
        };
        let ticket = match read {
            Ok(ticket) => ticket,
            Err(rejection) => return Ok(self.unless_answered(&task, rejection).await),
        };
        let route = self.route(&task, &ticket);
        if task.is_for_home && route != Route::Here {
            return Err(RequestError::NotHome);
        }
        let scan = (task.scan.id, ticket.ticket().unit);
        if task.may_be_over && route != Route::Here && self.is_over(&task.scan, &ticket).await? {
            let verdict = Verdict::Refer(Referral::ScanOver);
            return Ok(self.answered(&task.scan, (&ticket, verdict), JudgingAs::Home));
        }
        let response = self.go(&task, (ticket, route), progress).await;
        if lets_nobody_in(&response) {
            self.unheard.let_nobody_in(scan);
        }
        response
    }

    /// Returns who should judge a scan: us where we know that the ticket is void, or it would be let in by a home that has not heard so
    /// yet. Against the rules the home has the word.
    fn route(&self, task: &Task, ticket: &VerifiedTicket) -> Route {
        let snapshot = self.replica.snapshot();
        if task.over.is_none() && snapshot.is_void(ticket.ticket(), task.scan.direction) {
            return Route::Here;
        }
        Route::to(snapshot.home(ticket.ticket().unit), self.replica.me())
    }

    /// Tells whether a scan was annulled here: the home may not have heard of it yet.
    async fn is_over(&self, scan: &Scan, ticket: &VerifiedTicket) -> Result<bool, RequestError> {
        let (unit, scan) = (ticket.ticket().unit, scan.id);
        let look = self
            .replica
            .inspect(move |ledger| ledger.state().is_taken_back(unit, scan));
        look.await.map_err(|_| RequestError::Unavailable)
    }

    /// Goes a scan's way.
    async fn go(
        &self,
        task: &Task,
        (ticket, route): (VerifiedTicket, Route),
        progress: &Progress,
    ) -> Response {
        let lines = || match route {
            Route::Ask(home) => self.links.connections(&home),
            Route::Here => Vec::new(),
        };
        let routing = Routing::of_hub(task.scan.id, route, task.secret.is_some(), self.home_timeout_ms);
        let mut asker = Asker::new(routing, || task.for_home());
        // An asker that gives up while another hub is asked has heard no yes of ours: the home knows what became of its own.
        let scan = (task.scan.id, ticket.ticket().unit);
        let note = || self.unheard.asked(task.asker, scan, Instant::now());
        let mut ours = Err(RequestError::Unavailable);
        loop {
            match asker.step(lines, progress).await {
                Step::Judge(judging_as) => {
                    note();
                    ours = self.decide(task, ticket.clone(), judging_as).await;
                    let verdict = ours.as_ref().ok().map(|answer| answer.verdict);
                    asker.judged(verdict, !self.links.hubs().is_empty());
                }
                Step::Withdraw => {
                    if let Some(secret) = task.secret {
                        self.replica.withdraw(&task.scan, secret).await?;
                    }
                    asker.withdrawn();
                }
                Step::Say(Conclusion { word, silent, .. }) => {
                    return match word {
                        Word::Theirs(answer) => {
                            note();
                            Ok(self.unless_unheard(task, ticket, answer).await)
                        }
                        Word::Refused(error) => Err(error),
                        Word::Ours => ours.map(|answer| Answer { silent, ..answer }),
                    };
                }
            }
        }
    }

    /// The home may know of no silence where this hub does: a restart forgets what was heard.
    async fn unless_unheard(&self, task: &Task, ticket: VerifiedTicket, answer: Answer) -> Answer {
        let unheard = self.unheard.of(ticket.ticket().unit, Instant::now());
        if unheard.is_empty() {
            return answer;
        }
        let (asked, told) = (asked(&task.scan, ticket), answer.verdict);
        let verdict = self.replica.weigh_with_unheard(asked, told, unheard).await;
        // What cannot be written down is not said: the home's word stands.
        let verdict = verdict.unwrap_or(told);
        Answer { verdict, ..answer }
    }

    /// Takes note that an asker wants a response no more, since it has another hub's: of a home's yes the home knows whether it was heard.
    pub fn given_up(&self, response: &Response) {
        if let Ok(answer) = response
            && let Some(ticket) = &answer.ticket
            && matches!(answer.by, JudgedBy::Home(home) if home != self.replica.me())
        {
            self.unheard.let_nobody_in((answer.scan, ticket.unit));
        }
    }

    /// Takes no more scans: whoever asks is told to ask elsewhere. Waits for those under way, so that what they write can be handed on.
    pub async fn close(&self) {
        let all = u32::try_from(SCANS_UNDER_WAY).unwrap_or(u32::MAX);
        if timeout(LAST_SCANS_WITHIN, self.under_way.acquire_many(all))
            .await
            .is_err()
        {
            tracing::warn!("some scans did not end in time");
        }
        self.under_way.close();
    }

    /// Returns the scans whose answer was not heard yet.
    pub fn unheard(&self) -> &UnheardAnswers {
        &self.unheard
    }

    /// Returns how many scans of this hub came out how, by short name.
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

    /// Answers to a code that is not taken. A live code may have been, when it was shown: whoever asks again about its scan hears that.
    async fn unless_answered(&self, task: &Task, rejection: Rejection) -> Answer {
        let may_be_repeated = rejection == Rejection::NotLive && task.over.is_none();
        let before = if may_be_repeated {
            self.replica.answered_before(&task.scan).await
        } else {
            None
        };
        match before {
            Some((ticket, verdict)) => self.answered(&task.scan, (&ticket, verdict), JudgingAs::CutOff),
            None => self.rejected(&task.scan, rejection),
        }
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
        self.neighbours.event_of(code, event, rejection)
    }

    /// Returns the name of the event a code is a genuine ticket of, if it is one of another event that is served here.
    pub fn event_of(&self, code: &[u8]) -> Option<String> {
        let rejection = self.replica.verify(code).err()?;
        self.other_event(code, rejection)
    }

    async fn decide(&self, task: &Task, ticket: VerifiedTicket, judging_as: JudgingAs) -> Response {
        let asked = asked(&task.scan, ticket.clone());
        let verdict = match task.over.clone() {
            Some((by, why)) => self.replica.override_refusal(asked, by, why).await?,
            None => {
                let unheard = self.unheard.of(ticket.ticket().unit, Instant::now());
                self.replica
                    .judge_with_unheard(asked, judging_as, unheard)
                    .await?
            }
        };
        Ok(self.answered(&task.scan, (&ticket, verdict), judging_as))
    }

    fn answered(
        &self,
        scan: &Scan,
        (ticket, verdict): (&VerifiedTicket, Verdict),
        judging_as: JudgingAs,
    ) -> Answer {
        Answer {
            scan: scan.id,
            verdict,
            by: self.replica.judged_by(judging_as),
            ticket: Some(TicketFacts::from(ticket.ticket())),
            silent: None,
        }
    }
}

/// A scan that is over may have let people in before: who waited for that answer, this one says nothing about. Where nothing could be
/// made durable here, the home may have let them in.
fn lets_nobody_in(response: &Response) -> bool {
    match response.as_ref().map(|answer| answer.verdict) {
        Ok(Verdict::Admit { .. } | Verdict::Refer(Referral::ScanOver)) => false,
        Ok(Verdict::Deny(_) | Verdict::Refer(_)) => true,
        Err(RequestError::Busy | RequestError::Unavailable) => false,
        Err(
            RequestError::NotAllowed
            | RequestError::NotHome
            | RequestError::Malformed
            | RequestError::NoPin
            | RequestError::WrongPin { .. }
            | RequestError::PinsRest { .. },
        ) => true,
    }
}

/// What is wanted of a scan.
struct Task {
    /// Whom the answer goes to; this hub itself for a device that is none of the event's.
    asker: PublicKey,
    scan: Scan,
    /// What the scan's id was drawn from, where the hub counts as its reader.
    secret: Option<ScanSecret>,
    /// Who lets the people in against the rules, and why.
    over: Option<(String, String)>,
    /// Whether another hub takes us for the unit's home.
    is_for_home: bool,
    /// Whether the device that named the scan may have annulled it.
    may_be_over: bool,
}

impl Task {
    fn judging(asker: PublicKey, scan: Scan) -> Self {
        Self {
            asker,
            scan,
            secret: None,
            over: None,
            is_for_home: false,
            may_be_over: false,
        }
    }

    fn overriding(asker: PublicKey, overriding: Overriding) -> Self {
        let Overriding { scan, by, why } = overriding;
        Self {
            over: Some((by, why)),
            ..Self::judging(asker, scan)
        }
    }

    /// Returns what the unit's home is asked.
    fn for_home(&self) -> Request {
        let scan = self.scan.clone();
        match self.over.clone() {
            Some((by, why)) => Request::OverrideAsHome(Overriding { scan, by, why }),
            None => Request::JudgeAsHome(scan),
        }
    }
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
                Verdict::Deny(reason) => reason.kind().name(),
                Verdict::Refer(referral) => referral.kind().name(),
            },
            Err(RequestError::Busy) => "busy",
            Err(RequestError::Unavailable) => "unavailable",
            Err(
                RequestError::NotAllowed
                | RequestError::NotHome
                | RequestError::Malformed
                | RequestError::NoPin
                | RequestError::WrongPin { .. }
                | RequestError::PinsRest { .. },
            ) => "not_allowed",
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
