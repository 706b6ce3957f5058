//! Plays simulated events under faults and demands the promises after every step; longer runs are `make soak`'s.

use std::sync::atomic::{AtomicU64, Ordering};

use usher_tests::sim::{self, Outcome, Shape};

/// Seeds of the default suite.
const SEEDS: u64 = 300;

/// Plays seeds on every core and gives the outcomes' sums.
fn play(seeds: std::ops::Range<u64>, shape: Shape) -> Outcome {
    let next = AtomicU64::new(seeds.start);
    let workers = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let play_some = || {
        let mut sum = Outcome::default();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return sum;
            }
            let outcome = sim::run(seed, shape);
            sum.steps += outcome.steps;
            sum.admitted += outcome.admitted;
            sum.refused += outcome.refused;
            sum.incidents += outcome.incidents;
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(play_some)).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().expect("a seed broke a promise"))
            .fold(Outcome::default(), |sum, one| Outcome {
                steps: sum.steps + one.steps,
                admitted: sum.admitted + one.admitted,
                refused: sum.refused + one.refused,
                incidents: sum.incidents + one.incidents,
            })
    })
}

#[test]
fn the_promises_hold_under_faults() {
    let shape = Shape {
        chaos_ms: 30_000,
        ..Shape::default()
    };
    let sum = play(0..SEEDS, shape);
    // The faults must bite: people got in, doubles happened under the available policy, and much was refused.
    assert!(sum.admitted > SEEDS * 30, "{sum:?}");
    assert!(sum.incidents > SEEDS, "{sum:?}");
    assert!(sum.refused > SEEDS * 50, "{sum:?}");
}

#[test]
fn without_faults_there_are_no_doubles() {
    let shape = Shape {
        faults: false,
        chaos_ms: 20_000,
        ..Shape::default()
    };
    let sum = play(1_000..1_010, shape);
    assert_eq!(sum.incidents, 0, "{sum:?}");
    assert!(sum.admitted > 100, "{sum:?}");
}

#[test]
fn one_seed_plays_the_same_twice() {
    let shape = Shape {
        chaos_ms: 20_000,
        ..Shape::default()
    };
    assert_eq!(sim::run(7, shape), sim::run(7, shape));
}
