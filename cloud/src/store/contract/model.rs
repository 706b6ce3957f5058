//! Random histories of one event, run on the store and on a model beside it: no unit ever has two live claims.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use usher_keys::Timestamp;

use crate::catalogue::Status;
use crate::money::DeclineReason;
use crate::selling::{
    BeginOutcome, CloseOutcome, ConfirmOutcome, Ending, Forget, HoldOutcome, OpenBooking, ReleaseOutcome,
    ReleaseRequest, Reservation, Tidy,
};

use crate::store::finding::Finding;

use super::case::{Case, HOLD_MS, STALLS, START};

const STEPS: usize = 40;
const SEATS: usize = 6;

#[derive(Debug, Clone)]
enum Step {
    HoldSeats(Vec<u32>),
    HoldTier(u32),
    /// The number picks one of the reservations made so far.
    Release(usize),
    Begin(usize),
    /// The number picks one of the bookings begun so far.
    Confirm(usize),
    Close(usize, Ending),
    Wait(u64),
    Tidy,
    Forget,
}

fn step() -> impl Strategy<Value = Step> {
    let ending = prop_oneof![
        Just(Ending::Declined(DeclineReason::Card)),
        Just(Ending::Canceled),
        Just(Ending::Expired),
        Just(Ending::Refunded)
    ];
    prop_oneof![
        4 => proptest::collection::btree_set(0..SEATS as u32, 1..4).prop_map(|seats| Step::HoldSeats(seats.into_iter().collect())),
        2 => (1..5_u32).prop_map(Step::HoldTier),
        1 => any::<usize>().prop_map(Step::Release),
        4 => any::<usize>().prop_map(Step::Begin),
        3 => any::<usize>().prop_map(Step::Confirm),
        2 => (any::<usize>(), ending).prop_map(|(pick, ending)| Step::Close(pick, ending)),
        3 => prop_oneof![Just(1), Just(HOLD_MS / 2), Just(HOLD_MS)].prop_map(Step::Wait),
        1 => Just(Step::Tidy),
        1 => Just(Step::Forget),
    ]
}

/// What each seat is, by the rules alone. A claim is the number of its reservation.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Claimed {
    Free,
    Held { by: usize, until: Timestamp },
    Paying { by: usize },
    Booked { by: usize },
}

impl Claimed {
    fn is_free(self, now: Timestamp) -> bool {
        match self {
            Self::Free => true,
            Self::Held { until, .. } => until <= now,
            Self::Paying { .. } | Self::Booked { .. } => false,
        }
    }

    fn status(self, now: Timestamp) -> Status {
        match self {
            Self::Booked { .. } => Status::Booked,
            Self::Free | Self::Held { .. } | Self::Paying { .. } if self.is_free(now) => Status::Available,
            Self::Free | Self::Held { .. } | Self::Paying { .. } => Status::Held,
        }
    }
}

struct Model {
    now: Timestamp,
    seats: [Claimed; SEATS],
    reservations: Vec<Reservation>,
    /// Bookings that were begun, with the number of their reservation; open ones are here.
    begun: Vec<(OpenBooking, usize)>,
    open: BTreeMap<usize, usize>,
}

impl Model {
    fn own(&self, reservation: usize) -> Vec<usize> {
        self.reservations[reservation]
            .lines
            .iter()
            .map(|line| line.unit.0 as usize)
            .collect()
    }

    fn all(&self, reservation: usize, is: impl Fn(Claimed) -> bool) -> bool {
        self.own(reservation).into_iter().all(|seat| is(self.seats[seat]))
    }

    fn set(&mut self, reservation: usize, from: impl Fn(Claimed) -> bool, to: Claimed) {
        for seat in self.own(reservation) {
            if from(self.seats[seat]) {
                self.seats[seat] = to;
            }
        }
    }

    fn held(&mut self, outcome: HoldOutcome, expected: Option<Vec<usize>>) {
        let HoldOutcome::Held(reservation) = outcome else {
            assert_eq!(expected, None, "{outcome:?}");
            return;
        };
        let (by, until) = (self.reservations.len(), reservation.expires_at);
        let units: Vec<_> = reservation
            .lines
            .iter()
            .map(|line| line.unit.0 as usize)
            .collect();
        assert_eq!(Some(&units), expected.as_ref());
        self.reservations.push(reservation);
        units
            .into_iter()
            .for_each(|seat| self.seats[seat] = Claimed::Held { by, until });
    }

    fn held_by(&self, by: usize) -> impl Fn(Claimed) -> bool + use<> {
        let now = self.now;
        move |seat| matches!(seat, Claimed::Held { by: owner, until } if owner == by && until > now)
    }
}

/// Replays random histories on fresh stores that `open` makes.
pub async fn random_histories_agree<O, F>(histories: u32, open: O)
where
    O: Fn() -> F + Send + 'static,
    F: Future<Output = Case>,
{
    let handle = tokio::runtime::Handle::current();
    let run = move || {
        let mut runner = TestRunner::new(Config {
            cases: histories,
            failure_persistence: None,
            ..Config::default()
        });
        let steps = proptest::collection::vec(step(), STEPS);
        runner.run(&steps, |steps| {
            handle.block_on(async { replay(open().await, steps).await });
            Ok(())
        })
    };
    tokio::task::spawn_blocking(run).await.unwrap().unwrap();
}

async fn replay(case: Case, steps: Vec<Step>) {
    let mut model = Model {
        now: START,
        seats: [Claimed::Free; SEATS],
        reservations: Vec::new(),
        begun: Vec::new(),
        open: BTreeMap::new(),
    };
    for step in steps {
        take(&case, &mut model, step).await;
        let expected = model.seats.map(|seat| seat.status(model.now));
        assert_eq!(case.occupancy(model.now).await.seats, expected);
    }
    // Its tickets are stand-ins that nobody signed.
    let is_signature = |finding: &Finding| matches!(finding, Finding::Ticket(_));
    let audit = case.audit().await;
    assert!(audit.findings.iter().all(is_signature), "{:?}", audit.findings);
}

async fn take(case: &Case, model: &mut Model, step: Step) {
    let now = model.now;
    let (reservations, begun) = (model.reservations.len(), model.begun.len());
    match step {
        Step::Wait(ms) => model.now = now.plus_ms(ms),
        Step::Tidy => {
            case.store
                .tidy(Tidy {
                    event: case.event,
                    limit: 100,
                    now,
                })
                .await
                .unwrap();
        }
        Step::Forget => {
            let request = Forget {
                event: case.event,
                ended_by: now,
                limit: 100,
            };
            case.store.forget(request).await.unwrap();
        }
        Step::HoldSeats(seats) => {
            let wanted: Vec<_> = seats.iter().map(|&seat| seat as usize).collect();
            let free = wanted.iter().all(|&seat| model.seats[seat].is_free(now));
            model.held(case.hold_seats(&seats, now).await, free.then_some(wanted));
        }
        Step::HoldTier(quantity) => model.held_tier(case.hold_tier(STALLS, quantity, now).await, quantity),
        Step::Release(pick) if reservations > 0 => model.release(case, pick % reservations).await,
        Step::Begin(pick) if reservations > 0 => model.begin(case, pick % reservations).await,
        Step::Confirm(pick) if begun > 0 => model.confirm(case, pick % begun).await,
        Step::Close(pick, ending) if begun > 0 => model.close(case, pick % begun, ending).await,
        Step::Release(_) | Step::Begin(_) | Step::Confirm(_) | Step::Close(..) => {}
    }
}

impl Model {
    fn held_tier(&mut self, outcome: HoldOutcome, quantity: u32) {
        let free: Vec<_> = (0..SEATS)
            .filter(|&seat| self.seats[seat].is_free(self.now))
            .collect();
        // Which of the free seats a tier gives is the store's choice; that they are free is not.
        let mut given = None;
        if let HoldOutcome::Held(reservation) = &outcome {
            let units: Vec<_> = reservation
                .lines
                .iter()
                .map(|line| line.unit.0 as usize)
                .collect();
            assert!(units.iter().all(|seat| free.contains(seat)) && units.len() == quantity as usize);
            given = Some(units);
        }
        assert_eq!(given.is_some(), free.len() >= quantity as usize);
        self.held(outcome, given);
    }

    async fn release(&mut self, case: &Case, by: usize) {
        let request = ReleaseRequest {
            reservation: self.reservations[by].id,
            now: self.now,
        };
        let outcome = case.store.release(request).await.unwrap();
        assert_eq!(
            outcome == ReleaseOutcome::Paying,
            self.all(by, |seat| seat == Claimed::Paying { by })
        );
        assert_eq!(
            outcome == ReleaseOutcome::Booked,
            self.all(by, |seat| seat == Claimed::Booked { by })
        );
        self.set(
            by,
            |seat| matches!(seat, Claimed::Held { by: owner, .. } if owner == by),
            Claimed::Free,
        );
    }

    async fn begin(&mut self, case: &Case, by: usize) {
        let key = self.begun.len().to_string();
        let outcome = case.begin(self.reservations[by].id, &key, self.now).await;
        let own = self.all(by, self.held_by(by));
        assert_eq!(matches!(outcome, BeginOutcome::Started(_)), own, "{outcome:?}");
        if let BeginOutcome::Started(open) = outcome {
            self.set(by, |_| true, Claimed::Paying { by });
            self.open.insert(self.begun.len(), by);
            self.begun.push((open, by));
        }
    }

    async fn confirm(&mut self, case: &Case, pick: usize) {
        let (open, by) = self.begun[pick].clone();
        let confirmed = matches!(case.confirm(&open, self.now).await, ConfirmOutcome::Confirmed(_));
        if self.open.remove(&pick).is_some() {
            assert!(confirmed);
            self.set(by, |_| true, Claimed::Booked { by });
        } else if confirmed {
            assert!(self.all(by, |seat| seat == Claimed::Booked { by }));
        }
    }

    async fn close(&mut self, case: &Case, pick: usize, ending: Ending) {
        let (open, by) = self.begun[pick].clone();
        let outcome = case.close(&open, ending, self.now).await;
        let was_open = self.open.remove(&pick).is_some();
        assert_eq!(outcome == CloseOutcome::Closed, was_open);
        if was_open {
            let until = self.reservations[by].expires_at;
            let to = if matches!(ending, Ending::Refunded | Ending::Expired) {
                Claimed::Free
            } else {
                Claimed::Held { by, until }
            };
            self.set(by, |_| true, to);
        }
    }
}
