//! How often a database is asked something, and how often somebody waits for it, for tests that hold both.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The counts of one store; clones share them.
#[derive(Debug, Clone, Default)]
pub struct StatementCounts {
    asked: Arc<AtomicU64>,
    waited: Arc<AtomicU64>,
}

impl StatementCounts {
    /// Counts a statement that is sent.
    pub fn ask(&self) {
        self.asked.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an answer that is waited for.
    pub fn wait(&self) {
        self.waited.fetch_add(1, Ordering::Relaxed);
    }

    /// Returns how many statements were sent and how many answers were waited for.
    pub fn so_far(&self) -> (u64, u64) {
        (
            self.asked.load(Ordering::Relaxed),
            self.waited.load(Ordering::Relaxed),
        )
    }
}

mod tests {
    use crate::store::Store;
    use crate::store::contract::case::{Case, START};
    use crate::store::contract::server;

    /// Statements of a reservation of one seat, of its payment's beginning and of its end, each with its transaction.
    const STATEMENTS: [u64; 3] = [8, 12, 17];
    /// Answers that are waited for, if all of them come one by one.
    const WAITS: [u64; 3] = [5, 5, 7];

    #[tokio::test(flavor = "multi_thread")]
    async fn a_booking_sends_so_many_statements_and_waits_for_no_more_answers_than_it_needs() {
        let mut case = Case::on_postgres().await;
        let servers = server::servers(&case.url().unwrap());
        let counts = servers.counts.clone();
        case.store = Store::open_servers(servers).await.unwrap();
        let mut taken = Vec::new();
        // Each statement is prepared with the first booking.
        for seat in 0..3 {
            let mut before = counts.so_far();
            let mut since = || {
                let (was, now) = (before, counts.so_far());
                before = now;
                (now.0 - was.0, now.1 - was.1)
            };
            let held = case.held(&[seat], START).await;
            let hold = since();
            let open = case.begun(held.id, &seat.to_string(), START).await;
            let begin = since();
            case.confirm(&open, START).await;
            taken.push([hold, begin, since()]);
        }
        for steps in &taken[1..] {
            assert_eq!(steps.map(|(statements, _)| statements), STATEMENTS, "{taken:?}");
            let waits = steps.map(|(_, waits)| waits);
            assert!(
                waits.iter().zip(WAITS).all(|(waits, most)| *waits <= most),
                "{taken:?}"
            );
        }
    }
}
