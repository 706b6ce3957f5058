//! Goes the way of a scan at a scanner: asks the linked hubs, hands it back to be judged alone when none answers, and gives it up where that is due; what is asked and told is the caller's.

use std::time::Duration;

use usher_device::replica::Replica;
use usher_keys::PublicKey;
use usher_link::{Asker, Connection, Progress, Step};
use usher_protocol::ScanSecret;
use usher_protocol::admission::Verdict;
use usher_protocol::request::{Request, RequestError, Scan};
use usher_protocol::routing::{Conclusion, Routing};

use crate::links::{Hubs, LinkedHub};

/// A scan that was read here, and whom it can be asked of.
#[derive(Clone, Copy)]
pub struct OwnScan<'a> {
    /// The question.
    pub scan: &'a Scan,
    /// What its id was drawn from.
    pub secret: ScanSecret,
    /// The ticket's home hub, if it is known: it decides without asking anyone.
    pub home: Option<PublicKey>,
    /// Whether it is known here that the ticket lets nobody in: then nobody is asked.
    pub is_void: bool,
    pub hubs: &'a Hubs,
    /// Where it is given up.
    pub replica: &'a Replica,
}

/// What a scan on its way needs of whoever asks.
#[derive(Debug)]
pub enum ReaderStep {
    /// No hub answers: judge it alone, and say what came of it with [`AskedScan::judged`].
    JudgeAlone,
    /// Tell what came of it.
    Say(Conclusion),
}

/// A scan on its way.
pub struct AskedScan<'a, R> {
    own: OwnScan<'a>,
    asker: Asker<R>,
    progress: Progress,
}

impl<'a> OwnScan<'a> {
    /// Begins to ask this of the hubs, each of which has `patience` to answer or to show a sign of life, or as long as a slow
    /// line takes.
    pub fn ask<R: Fn() -> Request>(self, request: R, patience: Duration) -> AskedScan<'a, R> {
        let patience_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        AskedScan {
            asker: Asker::new(
                Routing::of_reader(self.scan.id, self.is_void, patience_ms),
                request,
            ),
            own: self,
            progress: Progress::default(),
        }
    }

    /// The connections to the linked hubs, the home first.
    fn lines(&self) -> Vec<Connection> {
        let mut hubs = self.hubs.linked();
        hubs.sort_by_key(|hub| Some(hub.connection.peer()) != self.home);
        let connection = |hub: LinkedHub| hub.connection;
        hubs.into_iter().map(connection).collect()
    }
}

impl<R: Fn() -> Request> AskedScan<'_, R> {
    /// Goes on until the caller has something to do.
    ///
    /// # Errors
    ///
    /// The scan was to be given up and that cannot be written down.
    pub async fn step(&mut self) -> Result<ReaderStep, RequestError> {
        loop {
            match self.asker.step(|| self.own.lines(), &self.progress).await {
                Step::Judge(_) => return Ok(ReaderStep::JudgeAlone),
                Step::Withdraw => {
                    self.own.replica.withdraw(self.own.scan, self.own.secret).await?;
                    self.asker.withdrawn();
                }
                Step::Say(conclusion) => {
                    self.note_answers();
                    return Ok(ReaderStep::Say(conclusion));
                }
            }
        }
    }

    /// Takes the verdict of judging alone, or that there is none.
    pub fn judged(&mut self, verdict: Option<Verdict>) {
        self.asker.judged(verdict, false);
    }

    /// Writes down which hubs answered, for the next scan.
    fn note_answers(&self) {
        for hub in self.own.hubs.linked() {
            let line = hub.connection.line().id;
            if let Some((_, answered)) = self.asker.asked().find(|(asked, _)| *asked == line) {
                hub.answered(answered);
            }
        }
    }
}
