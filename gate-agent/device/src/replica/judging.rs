//! What is asked of a replica about scans, and is durable before it is answered; what the rules say is the ledger's.

use tokio::sync::oneshot;
use usher_disk::DiskError;
use usher_keys::Role;
use usher_protocol::admission::Verdict;
use usher_protocol::correction::{NotAnnulled, NotCounted};
use usher_protocol::ledger::{JudgingAs, ScanQuestion, Unheard};
use usher_protocol::record::Passage;
use usher_protocol::request::{Answer, JudgedBy, RequestError, Response, Scan, TicketFacts};
use usher_protocol::ticket::{Rejection, VerifiedTicket};
use usher_protocol::{ScanSecret, ZoneId};

use super::command::{Annulment, Judging, WriterCommand};
use super::{Replica, asked};

impl Replica {
    /// Judges a scan and makes what came of it durable.
    ///
    /// # Errors
    ///
    /// [`RequestError::Busy`], [`RequestError::Unavailable`].
    pub async fn judge(&self, asked: ScanQuestion, judging_as: JudgingAs) -> Result<Verdict, RequestError> {
        self.judge_with_unheard(asked, judging_as, Vec::new()).await
    }

    /// Judges a scan of a ticket by which somebody was let in for a device that may not have heard so, and makes what came of it
    /// durable.
    ///
    /// # Errors
    ///
    /// [`RequestError::Busy`], [`RequestError::Unavailable`].
    pub async fn judge_with_unheard(
        &self,
        asked: ScanQuestion,
        judging_as: JudgingAs,
        unheard: Vec<Unheard>,
    ) -> Result<Verdict, RequestError> {
        self.decide(asked, Judging::Ours(judging_as, unheard)).await
    }

    /// Weighs a home's verdict on a ticket by which somebody was let in for a device that may not have heard so, and makes
    /// durable what is said instead.
    ///
    /// # Errors
    ///
    /// [`RequestError::Busy`], [`RequestError::Unavailable`].
    pub async fn weigh_with_unheard(
        &self,
        asked: ScanQuestion,
        told: Verdict,
        unheard: Vec<Unheard>,
    ) -> Result<Verdict, RequestError> {
        self.decide(asked, Judging::Told(told, unheard)).await
    }

    /// Gives up a scan of our own that others were asked about and have not answered, durably: whatever they say later, nobody
    /// is let in by it.
    ///
    /// # Errors
    ///
    /// [`RequestError::Busy`], [`RequestError::Unavailable`].
    pub async fn withdraw(&self, scan: &Scan, secret: ScanSecret) -> Result<(), RequestError> {
        let (reply, done) = oneshot::channel();
        let scan = scan.clone();
        let command = WriterCommand::Withdraw { scan, secret, reply };
        let sent = self.commands.send(command).await;
        sent.map_err(|_| RequestError::Unavailable)?;
        let is_durable = done.await.unwrap_or(false);
        is_durable.then_some(()).ok_or(RequestError::Unavailable)
    }

    /// Takes a yes back, durably: nobody passed by that scan. Returns the passage, if it is known here.
    ///
    /// # Errors
    ///
    /// [`RequestError::Unavailable`]; inside, why it is not to be taken back.
    pub async fn annul(
        &self,
        annulment: Annulment,
    ) -> Result<Result<Option<Passage>, NotAnnulled>, RequestError> {
        let (reply, done) = oneshot::channel();
        let sent = self
            .commands
            .send(WriterCommand::Annul { annulment, reply })
            .await;
        sent.map_err(|_| RequestError::Unavailable)?;
        done.await.ok().flatten().ok_or(RequestError::Unavailable)
    }

    /// Corrects how many people are in a zone, durably.
    ///
    /// # Errors
    ///
    /// [`RequestError::Unavailable`]; inside, why it is not taken.
    pub async fn count(
        &self,
        counted: (ZoneId, u32),
        by: String,
    ) -> Result<Result<(), NotCounted>, RequestError> {
        let (reply, done) = oneshot::channel();
        let sent = self
            .commands
            .send(WriterCommand::Count { counted, by, reply })
            .await;
        sent.map_err(|_| RequestError::Unavailable)?;
        done.await.ok().flatten().ok_or(RequestError::Unavailable)
    }

    /// Lets people in against the rules and makes that durable.
    ///
    /// # Errors
    ///
    /// [`RequestError::Busy`], [`RequestError::Unavailable`].
    pub async fn override_refusal(
        &self,
        asked: ScanQuestion,
        by: String,
        why: String,
    ) -> Result<Verdict, RequestError> {
        let (reply, verdict) = oneshot::channel();
        self.ask(
            WriterCommand::Override {
                asked,
                by,
                why,
                reply,
            },
            verdict,
        )
        .await
    }

    async fn decide(&self, asked: ScanQuestion, judging: Judging) -> Result<Verdict, RequestError> {
        let (reply, verdict) = oneshot::channel();
        let command = WriterCommand::Judge {
            asked,
            judging,
            reply,
        };
        self.ask(command, verdict).await
    }

    async fn ask(
        &self,
        command: WriterCommand,
        verdict: oneshot::Receiver<Option<Verdict>>,
    ) -> Result<Verdict, RequestError> {
        self.commands.try_send(command).map_err(|refused| {
            if matches!(refused, DiskError::Overloaded) {
                RequestError::Busy
            } else {
                RequestError::Unavailable
            }
        })?;
        verdict.await.ok().flatten().ok_or(RequestError::Unavailable)
    }

    /// Judges a scan with nobody to ask: what a scanner does when it reaches no hub.
    ///
    /// # Errors
    ///
    /// [`RequestError::Busy`], [`RequestError::Unavailable`].
    pub async fn judge_alone(&self, scan: &Scan, ticket: Result<VerifiedTicket, Rejection>) -> Response {
        let ticket = match ticket {
            Ok(ticket) => ticket,
            Err(rejection) => return Ok(self.rejected(scan, rejection)),
        };
        let facts = TicketFacts::from(ticket.ticket());
        let verdict = self.judge(asked(scan, ticket), JudgingAs::CutOff).await?;
        Ok(Answer {
            scan: scan.id,
            verdict,
            by: self.judged_by(JudgingAs::CutOff),
            ticket: Some(facts),
            silent: None,
        })
    }

    /// Returns the answer to a code that is no valid ticket; nothing is written down.
    pub fn rejected(&self, scan: &Scan, rejection: Rejection) -> Answer {
        Answer {
            scan: scan.id,
            verdict: Verdict::rejected(rejection),
            by: self.judged_by(JudgingAs::CutOff),
            ticket: None,
            silent: None,
        }
    }

    /// Returns who has judged, by what it judged as.
    pub fn judged_by(&self, judging_as: JudgingAs) -> JudgedBy {
        match (self.enrolment.identity.unverified().role, judging_as) {
            (Role::Scanner, _) => JudgedBy::Alone,
            (Role::Hub | Role::Cloud, JudgingAs::Home) => JudgedBy::Home(self.me()),
            (Role::Hub | Role::Cloud, JudgingAs::CutOff) => JudgedBy::Hub(self.me()),
        }
    }
}
