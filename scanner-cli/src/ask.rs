//! Goes the way of a scan at a scanner: asks the linked hubs, has it judged alone when none answers, and gives it up where that is due; what is asked and told is the caller's.

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
    /// The hubs.
    pub hubs: &'a Hubs,
    /// Where it is given up.
    pub replica: &'a Replica,
}

impl OwnScan<'_> {
    /// Asks this of the hubs, each of which has `patience` to answer or to show a sign of life, or as long as a slow line takes.
    /// When none answers, `alone` gives the verdict, or none.
    ///
    /// # Errors
    ///
    /// The scan was to be given up and that cannot be written down.
    pub async fn ask(
        &self,
        request: impl Fn() -> Request,
        patience: Duration,
        mut alone: impl AsyncFnMut() -> Option<Verdict>,
    ) -> Result<Conclusion, RequestError> {
        let patience_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
        let mut asker = Asker::new(Routing::of_reader(self.scan.id, patience_ms), request);
        let (progress, lines) = (Progress::default(), || self.lines());
        loop {
            match asker.step(lines, &progress).await {
                Step::Judge(_) => {
                    let verdict = alone().await;
                    asker.judged(verdict, false);
                }
                Step::Withdraw => {
                    self.replica.withdraw(self.scan, self.secret).await?;
                    asker.withdrawn();
                }
                Step::Say(conclusion) => {
                    for hub in self.hubs.linked() {
                        let line = hub.connection.line().id;
                        if let Some((_, answered)) = asker.asked().find(|(asked, _)| *asked == line) {
                            hub.answered(answered);
                        }
                    }
                    return Ok(conclusion);
                }
            }
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
