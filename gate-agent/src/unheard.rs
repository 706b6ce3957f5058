//! Remembers whom this hub has let in for a device that has not shown that it heard so: while it is silent, nobody knows whether they passed.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use usher_keys::PublicKey;
use usher_protocol::admission::Verdict;
use usher_protocol::ledger::Unheard;
use usher_protocol::request::Response;
use usher_protocol::{ScanId, Unit};

/// From when on an answer that is not confirmed is worth a word: a packet that was lost is sent again within less.
const QUIET_AFTER: Duration = Duration::from_secs(1);
/// How long it is worth one: by then the guest has gone somewhere.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15 * 60);
/// Most answers that are remembered: a minute of the busiest hub.
const MAX_REMEMBERED: usize = 16_384;

/// The answers that were sent and not heard yet.
#[derive(Debug, Default)]
pub struct UnheardAnswers {
    /// Guards the answers; never held across an await.
    answers: Mutex<BTreeMap<ScanId, Sent>>,
}

#[derive(Debug)]
struct Sent {
    unit: Unit,
    asker: PublicKey,
    at: Instant,
}

impl UnheardAnswers {
    /// Takes note of an answer that is on its way; only a yes matters.
    pub fn sent(&self, asker: PublicKey, response: &Response, now: Instant) {
        let Some((scan, unit)) = yes(response) else {
            return;
        };
        self.take_note(scan, Sent { unit, asker, at: now });
    }

    /// Takes note that a scan is judged for a device whose connection may end before there is an answer: whatever is said is
    /// unheard until [`UnheardAnswers::heard`] or [`UnheardAnswers::let_nobody_in`].
    pub fn asked(&self, asker: PublicKey, (scan, unit): (ScanId, Unit), now: Instant) {
        self.take_note(scan, Sent { unit, asker, at: now });
    }

    /// Takes note that a scan has let nobody in: there is no yes to be heard.
    pub fn let_nobody_in(&self, scan: ScanId) {
        self.locked().remove(&scan);
    }

    fn take_note(&self, scan: ScanId, sent: Sent) {
        let (mut answers, now) = (self.locked(), sent.at);
        if answers.len() >= MAX_REMEMBERED {
            answers.retain(|_, sent| now.duration_since(sent.at) < FORGOTTEN_AFTER);
        }
        if answers.len() < MAX_REMEMBERED {
            answers.insert(scan, sent);
        }
    }

    /// Takes note that the asker's machine has it.
    pub fn heard(&self, response: &Response) {
        if let Some((scan, _)) = yes(response) {
            self.locked().remove(&scan);
        }
    }

    /// Returns the first scan of that unit whose asker has been silent: it is what uses the ticket up.
    pub fn of(&self, unit: Unit, now: Instant) -> Option<Unheard> {
        let answers = self.locked();
        let silent = answers.iter().filter(|(_, sent)| {
            let since = now.duration_since(sent.at);
            sent.unit == unit && (QUIET_AFTER..FORGOTTEN_AFTER).contains(&since)
        });
        let (scan, sent) = silent.min_by_key(|(_, sent)| sent.at)?;
        Some(Unheard {
            scan: *scan,
            asker: sent.asker,
        })
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<ScanId, Sent>> {
        self.answers.lock().expect("nothing panics while it holds this")
    }
}

fn yes(response: &Response) -> Option<(ScanId, Unit)> {
    let answer = response.as_ref().ok()?;
    let ticket = answer.ticket.as_ref()?;
    matches!(answer.verdict, Verdict::Admit { .. }).then_some((answer.scan, ticket.unit))
}

#[cfg(test)]
mod tests {
    use usher_protocol::request::{Answer, JudgedBy, TicketFacts};
    use usher_protocol::{Generation, TierId};

    use super::*;

    const ASKER: PublicKey = PublicKey([7; 32]);

    fn answer(scan: u8, verdict: Verdict) -> Response {
        Ok(Answer {
            scan: ScanId([scan; 16]),
            verdict,
            by: JudgedBy::Alone,
            ticket: Some(TicketFacts {
                unit: Unit(5),
                generation: Generation(1),
                tier: TierId(1),
                admits: 1,
                flags: 0,
            }),
            silent: None,
        })
    }

    #[test]
    fn a_yes_that_was_not_heard_is_remembered_for_a_while() {
        let (answers, start) = (UnheardAnswers::default(), Instant::now());
        let admit = answer(1, Verdict::Admit { persons: 1, left: 0 });
        answers.sent(ASKER, &admit, start);
        let of = |seconds| answers.of(Unit(5), start + Duration::from_secs(seconds));
        let silent = Unheard {
            scan: ScanId([1; 16]),
            asker: ASKER,
        };
        assert_eq!([of(0), of(8), of(901)], [None, Some(silent), None]);
        assert_eq!(answers.of(Unit(6), start + Duration::from_secs(8)), None);
        answers.heard(&admit);
        assert_eq!(of(8), None);
    }

    #[test]
    fn a_scan_whose_answer_nobody_waited_for_is_unheard_unless_it_let_nobody_in() {
        let (answers, start) = (UnheardAnswers::default(), Instant::now());
        let later = start + Duration::from_secs(8);
        let scan_of = |seconds| {
            answers
                .of(Unit(5), start + Duration::from_secs(seconds))
                .map(|found| found.scan)
        };
        answers.asked(ASKER, (ScanId([2; 16]), Unit(5)), start);
        answers.asked(ASKER, (ScanId([1; 16]), Unit(5)), later);
        assert_eq!(scan_of(60), Some(ScanId([2; 16])), "the first one");
        answers.let_nobody_in(ScanId([2; 16]));
        assert_eq!(scan_of(60), Some(ScanId([1; 16])));
        answers.heard(&answer(1, Verdict::Admit { persons: 1, left: 0 }));
        assert_eq!(scan_of(60), None);
    }
}
