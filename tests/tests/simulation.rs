//! Plays simulated events under faults and demands the promises after every step; longer runs are `make soak`'s.

#[path = "simulation/saboteurs.rs"]
mod saboteurs;
#[path = "simulation/scenes.rs"]
mod scenes;

use std::sync::atomic::{AtomicU64, Ordering};

use usher_tests::sim::{self, Kind, Outcome, Shape};

/// Seeds of the default suite, each with a venue of its own size.
const SEEDS: u64 = 100;
/// Seeds played with the largest venue.
const LARGE_SEEDS: u64 = 4;

/// How often each kind of fault happens at least in the default suite, so that none silently never does: about half of what was counted.
const HAPPENS: [(Kind, u64); Kind::ALL.len()] = [
    (Kind::Cuts, 200),
    (Kind::Loss, 6_000),
    (Kind::Delays, 50),
    (Kind::Corruption, 550),
    (Kind::Crashes, 90),
    (Kind::Clocks, 30),
    (Kind::Roaming, 30),
    (Kind::OldCopy, 30),
    (Kind::HubLoss, 16),
    (Kind::Revocation, 40),
    (Kind::Rotation, 20),
    (Kind::Rosters, 20),
    (Kind::Liars, 5_000),
    (Kind::Clones, 17),
    (Kind::Powers, 40),
    (Kind::StruckKeys, 10),
    (Kind::Newcomers, 20),
    (Kind::BadReads, 1_000),
    (Kind::Policies, 15),
    (Kind::Overrides, 50),
    (Kind::Settling, 9),
    (Kind::Crowding, 20),
    (Kind::Slots, 9),
    (Kind::Nesting, 20),
    (Kind::Counts, 80),
    (Kind::Days, 12),
    (Kind::Sellers, 50),
    (Kind::Stalls, 100),
    (Kind::LateClocks, 50),
    (Kind::WiderLies, 100),
];

/// Plays seeds on every core and gives the outcomes' sums.
fn play(seeds: std::ops::Range<u64>, shape: impl Fn(u64) -> Shape + Sync) -> Outcome {
    let next = AtomicU64::new(seeds.start);
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let play_some = || {
        let mut sum = Outcome::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return sum;
            }
            sum = sum.and(sim::run(seed, &shape(seed)));
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(play_some)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a seed broke a promise"))
            .fold(Outcome::default(), Outcome::and)
    })
}

#[test]
fn the_promises_hold_under_faults() {
    let sum = play(0..SEEDS, Shape::drawn);
    // The faults must bite: people got in, doubles happened under the available policy, and much was refused.
    assert!(sum.admitted > SEEDS * 20, "{sum:?}");
    assert!(sum.incidents > SEEDS * 4 / 5, "{sum:?}");
    assert!(sum.refused > SEEDS * 50, "{sum:?}");
    // Most hubs that are put back to an old copy get their past back before they write a second one.
    assert!(sum.forks > SEEDS / 75, "{sum:?}");
    assert!(sum.altered > SEEDS, "{sum:?}");
    assert!(sum.begun > SEEDS / 10, "{sum:?}");
    assert!(sum.lied_about > SEEDS, "{sum:?}");
    for (kind, least) in HAPPENS {
        let times = sum.happened.times(kind);
        assert!(
            times >= least,
            "{kind:?} happened {times} times, not {least}: {sum:?}"
        );
    }
}

#[test]
fn every_kind_of_fault_is_in_the_table_of_what_happens() {
    for kind in Kind::ALL {
        assert!(HAPPENS.iter().any(|(one, _)| *one == kind), "{kind:?}");
    }
}

#[test]
fn the_promises_hold_at_the_largest_venue() {
    let (hubs, scanners) = Shape::LARGEST;
    let sum = play(10_000..10_000 + LARGE_SEEDS, |_| Shape {
        hubs,
        scanners,
        ..Shape::default()
    });
    assert!(sum.admitted > LARGE_SEEDS * 20, "{sum:?}");
}

#[test]
fn without_faults_there_are_no_doubles() {
    let sum = play(1_000..1_010, |_| Shape {
        faults: [Kind::Rotation].into(),
        chaos_ms: 20_000,
        ..Shape::default()
    });
    assert_eq!((sum.incidents, sum.forks), (0, 0), "{sum:?}");
    assert!(sum.admitted > 100, "{sum:?}");
}

/// A storm in which a hub's past stays with outcasts, so that it can give nobody the places it has.
#[test]
fn a_hub_that_waits_for_its_past_in_the_end_strands_no_places_of_others() {
    // Kinds of faults that came later would lead it elsewhere.
    let sum = play(500_077..500_078, |seed| {
        let mut shape = Shape::drawn(seed);
        shape.faults.retain(|kind| *kind <= Kind::Sellers);
        shape
    });
    assert!(sum.admitted > 0, "{sum:?}");
}

#[test]
fn one_seed_plays_the_same_twice() {
    let shape = Shape {
        chaos_ms: 20_000,
        ..Shape::default()
    };
    assert_eq!(sim::run(7, &shape), sim::run(7, &shape));
}
