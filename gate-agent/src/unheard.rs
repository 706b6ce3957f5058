//! Remembers for whom this hub judges and who has not heard the answer: while they are silent, nobody knows whether somebody passed.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use usher_keys::PublicKey;
use usher_protocol::ledger::Unheard;
use usher_protocol::request::Response;
use usher_protocol::{ScanId, Unit};

/// From when on an answer that is not confirmed is worth a word: a packet that was lost is sent again within less.
const QUIET_AFTER: Duration = Duration::from_secs(1);
/// How long it is worth one: by then the guest has gone somewhere.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(15 * 60);
/// How long a scan is known to be heard of: the same may be asked over several lines, and the last of them may be slow.
const HEARD_FOR: Duration = Duration::from_secs(15);
/// Most silent scans of one ticket that are looked at: somebody with a copy of it could make as many as are remembered.
const MAX_OF_A_UNIT: usize = 64;
/// Most scans that are remembered: a quarter of a minute of the busiest hub.
const MAX_REMEMBERED: usize = 16_384;

/// The scans that are judged or answered and whose answer was not heard yet.
#[derive(Debug, Default)]
pub struct UnheardAnswers {
    /// Guards the scans, by their units; never held across an await.
    scans: Mutex<BTreeMap<(Unit, ScanId), Asked>>,
}

#[derive(Debug)]
struct Asked {
    asker: PublicKey,
    at: Instant,
    is_heard: bool,
}

impl Asked {
    fn is_worth_keeping(&self, now: Instant) -> bool {
        let kept_for = if self.is_heard { HEARD_FOR } else { FORGOTTEN_AFTER };
        now.duration_since(self.at) < kept_for
    }
}

impl UnheardAnswers {
    /// Takes note that a scan is judged for a device whose connection may end before it has the answer: whatever is said is
    /// unheard until [`UnheardAnswers::heard`] or [`UnheardAnswers::let_nobody_in`]. What was heard stays heard, however often it is
    /// asked.
    pub fn asked(&self, asker: PublicKey, (scan, unit): (ScanId, Unit), now: Instant) {
        let mut scans = self.locked();
        if scans.len() >= MAX_REMEMBERED {
            scans.retain(|_, asked| asked.is_worth_keeping(now));
        }
        if scans.len() < MAX_REMEMBERED {
            scans.entry((unit, scan)).or_insert(Asked {
                asker,
                at: now,
                is_heard: false,
            });
        }
    }

    /// Takes note that a scan has let nobody in: there is no yes to be heard.
    pub fn let_nobody_in(&self, (scan, unit): (ScanId, Unit)) {
        self.locked().remove(&(unit, scan));
    }

    /// Takes note that the answer was heard.
    pub fn heard(&self, response: &Response, now: Instant) {
        if let Ok(answer) = response
            && let Some(ticket) = &answer.ticket
            && let Some(asked) = self.locked().get_mut(&(ticket.unit, answer.scan))
        {
            (asked.at, asked.is_heard) = (now, true);
        }
    }

    /// Returns the scans of that unit whose asker has been silent, the first one first: one of them may be what uses the ticket up.
    pub fn of(&self, unit: Unit, now: Instant) -> Vec<Unheard> {
        let scans = self.locked();
        let of_unit = scans.range((unit, ScanId([0; 16]))..=(unit, ScanId([0xff; 16])));
        let silent = of_unit.filter(|(_, asked)| {
            let since = now.duration_since(asked.at);
            !asked.is_heard && (QUIET_AFTER..FORGOTTEN_AFTER).contains(&since)
        });
        let mut silent: Vec<_> = silent.collect();
        silent.sort_by_key(|(_, asked)| asked.at);
        let unheard = silent.into_iter().map(|((_, scan), asked)| Unheard {
            scan: *scan,
            asker: asked.asker,
        });
        unheard.take(MAX_OF_A_UNIT).collect()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<(Unit, ScanId), Asked>> {
        self.scans.lock().expect("nothing panics while it holds this")
    }
}

#[cfg(test)]
mod tests {
    use usher_protocol::admission::Verdict;
    use usher_protocol::request::{Answer, JudgedBy, TicketFacts};
    use usher_protocol::{Generation, TierId};

    use super::*;

    const ASKER: PublicKey = PublicKey([7; 32]);
    const UNIT: Unit = Unit(5);

    fn scan(number: u8) -> (ScanId, Unit) {
        (ScanId([number; 16]), UNIT)
    }

    fn yes(number: u8) -> Response {
        Ok(Answer {
            scan: ScanId([number; 16]),
            verdict: Verdict::Admit { persons: 1, left: 0 },
            by: JudgedBy::Alone,
            ticket: Some(TicketFacts {
                unit: UNIT,
                generation: Generation(1),
                tier: TierId(1),
                admits: 1,
                flags: 0,
            }),
            silent: None,
        })
    }

    /// Makes what says which scans are unheard so many seconds after the start.
    fn remembered(answers: &UnheardAnswers, start: Instant) -> impl Fn(u64) -> Vec<ScanId> {
        move |seconds| {
            let unheard = answers.of(UNIT, start + Duration::from_secs(seconds));
            unheard.into_iter().map(|unheard| unheard.scan).collect()
        }
    }

    #[test]
    fn a_scan_whose_answer_was_not_heard_is_remembered_for_a_while() {
        let (answers, start) = (UnheardAnswers::default(), Instant::now());
        let unheard = remembered(&answers, start);
        answers.asked(ASKER, scan(1), start);
        assert_eq!(
            [unheard(0), unheard(8), unheard(901)],
            [vec![], vec![ScanId([1; 16])], vec![]]
        );
        let (later, other) = (start + Duration::from_secs(8), Unit(6));
        assert_eq!(answers.of(other, later), []);
        answers.heard(&yes(1), later);
        assert_eq!(unheard(60), []);
    }

    #[test]
    fn scans_that_are_unheard_are_told_in_their_order_unless_they_let_nobody_in() {
        let (answers, start) = (UnheardAnswers::default(), Instant::now());
        let unheard = remembered(&answers, start);
        answers.asked(ASKER, scan(2), start);
        answers.asked(ASKER, scan(1), start + Duration::from_secs(8));
        assert_eq!(
            unheard(60),
            [ScanId([2; 16]), ScanId([1; 16])],
            "the first one first"
        );
        answers.let_nobody_in(scan(2));
        assert_eq!(unheard(60), [ScanId([1; 16])]);
        answers.heard(&yes(1), start);
        assert_eq!(unheard(60), []);
    }

    #[test]
    fn what_was_heard_stays_so_though_a_slow_line_asks_again() {
        let (answers, start) = (UnheardAnswers::default(), Instant::now());
        let unheard = remembered(&answers, start);
        answers.asked(ASKER, scan(1), start);
        answers.heard(&yes(1), start);
        answers.asked(ASKER, scan(1), start + Duration::from_secs(2));
        assert_eq!(unheard(60), []);
    }

    #[test]
    fn the_memory_is_bounded_and_gives_up_first_what_was_heard() {
        let (answers, start) = (UnheardAnswers::default(), Instant::now());
        answers.asked(ASKER, scan(1), start);
        for unit in 10..10 + u32::try_from(MAX_REMEMBERED).unwrap() - 1 {
            answers.asked(ASKER, (ScanId([2; 16]), Unit(unit)), start);
            let mut heard = yes(2).unwrap();
            heard.ticket.as_mut().unwrap().unit = Unit(unit);
            answers.heard(&Ok(heard), start);
        }
        let later = start + HEARD_FOR;
        answers.asked(ASKER, (ScanId([3; 16]), Unit(6)), later);
        assert_eq!(answers.locked().len(), 2);
        assert_eq!(answers.of(UNIT, later).len(), 1);
    }
}
