//! Carries out the way of one scan over the lines that stand: sends requests, hears answers, keeps time; the way itself is `usher_protocol::routing`.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use usher_protocol::admission::Verdict;
use usher_protocol::ledger::JudgingAs;
use usher_protocol::request::{Reply, Request};
use usher_protocol::routing::{Conclusion, Heard, LineId, Next, Routing, Word};

use crate::connection::{AskError, Connection, Pending};
use crate::sync_store::Progress;

/// What the scan's way needs of the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Judge from there, and say what came of it with [`Asker::judged`].
    Judge(JudgingAs),
    /// Give the scan up, durably, and say so with [`Asker::withdrawn`].
    Withdraw,
    /// Say what came of it.
    Say(Conclusion),
}

/// A request that is waited for; it is lost when it cannot be sent.
type Waited = (LineId, Option<Pending>, Heard);

/// One scan on its way. Whoever drops it takes back what was asked.
pub struct Asker<R> {
    routing: Routing,
    request: R,
    asked: JoinSet<Waited>,
    /// What was asked on behalf of others and is answered.
    answered: Vec<Pending>,
    since: Instant,
}

impl<R: Fn() -> Request> Asker<R> {
    /// Begins; `request` makes what lines are asked.
    #[must_use]
    pub fn new(routing: Routing, request: R) -> Self {
        Self {
            routing,
            request,
            asked: JoinSet::new(),
            answered: Vec::new(),
            since: Instant::now(),
        }
    }

    /// Goes on until the caller has something to do. `lines` gives the connections that stand to whom is asked, the best first;
    /// whoever waits for us hears through `progress` that we wait for others, who hear through it what became of their word.
    pub async fn step(&mut self, lines: impl Fn() -> Vec<Connection>, progress: &Progress) -> Step {
        loop {
            let connections = || lines().iter().map(Connection::line).collect();
            match self.routing.next(connections, self.now_ms()) {
                Next::Ask(line) => self.ask(line, &lines()),
                Next::Wait { until_ms } => progress.asking(self.hear(until_ms)).await,
                Next::Judge(judging_as) => return Step::Judge(judging_as),
                Next::Withdraw => return Step::Withdraw,
                Next::Say(conclusion) => {
                    if matches!(conclusion.word, Word::Theirs(_)) {
                        progress.answered_by(std::mem::take(&mut self.answered));
                    }
                    return Step::Say(conclusion);
                }
            }
        }
    }

    /// Takes the verdict, or that there is none, as [`Routing::judged`] does.
    pub fn judged(&mut self, verdict: Option<Verdict>, has_neighbours: bool) {
        self.routing.judged(verdict, has_neighbours, self.now_ms());
    }

    /// Takes that the scan is given up, durably.
    pub fn withdrawn(&mut self) {
        self.routing.withdrawn();
    }

    /// Returns which lines were asked, and whether an answer came over each.
    pub fn asked(&self) -> impl Iterator<Item = (LineId, bool)> {
        self.routing.asked()
    }

    fn ask(&mut self, line: LineId, lines: &[Connection]) {
        let Some(connection) = lines.iter().find(|connection| connection.line().id == line) else {
            // It ended between two looks.
            return self.routing.hear(line, Heard::Lost, self.now_ms());
        };
        let (connection, request) = (connection.clone(), (self.request)());
        self.asked.spawn(async move {
            match connection.begin(&request).await {
                Ok(pending) => wait(line, pending).await,
                Err(error) => (line, None, lost(&error)),
            }
        });
    }

    async fn hear(&mut self, until_ms: u64) {
        let until = self.since + Duration::from_millis(until_ms);
        tokio::select! {
            biased;
            Some(waited) = self.asked.join_next() => if let Ok((line, pending, heard)) = waited {
                match (pending, &heard) {
                    (Some(pending), Heard::Working) => {
                        self.asked.spawn(wait(line, pending));
                    }
                    (Some(pending), Heard::Response(_)) if pending.is_on_behalf() => self.answered.push(pending),
                    (Some(_), Heard::Response(_) | Heard::Lost) | (None, _) => {}
                }
                self.routing.hear(line, heard, self.now_ms());
            },
            () = sleep_until(until) => {},
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

async fn wait(line: LineId, mut pending: Pending) -> Waited {
    let heard = match pending.next().await {
        Ok(Reply::Working) => Heard::Working,
        Ok(Reply::Done(response)) => Heard::Response(response),
        Ok(Reply::Told(_) | Reply::Corrected(_)) => Heard::Lost,
        Err(error) => lost(&error),
    };
    (line, Some(pending), heard)
}

fn lost(error: &AskError) -> Heard {
    tracing::info!(%error, "a hub that was asked about a scan does not answer");
    Heard::Lost
}
