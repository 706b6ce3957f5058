//! Runs the simulation: one seed with a trace, many seeds in a row, or a failing seed made small; fails at the first broken promise.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::mpsc;

use clap::Parser;
use usher_tests::sim::shrink::{Failing, shrink};
use usher_tests::sim::{self, Broken, Kind, Outcome, Sabotage, Shape, Tape};

/// Plays a simulated event under faults, seed by seed, and checks the promises after every step.
#[derive(Parser)]
struct Args {
    /// Play this one seed.
    #[arg(long)]
    seed: Option<u64>,
    /// Play so many seeds.
    #[arg(long, default_value_t = 300)]
    seeds: u64,
    /// The first seed of many.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Virtual seconds under faults; each seed draws its own unless given.
    #[arg(long)]
    seconds: Option<u64>,
    /// Hubs; each seed draws its own number unless given.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=20))]
    hubs: Option<u8>,
    /// Scanners; each seed draws its own number unless given.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=100))]
    scanners: Option<u8>,
    /// Print every step.
    #[arg(long)]
    trace: bool,
    /// Make the first failing seed small and print its story.
    #[arg(long)]
    shrink: bool,
    /// Break a rule on purpose, to see it found.
    #[arg(long, value_enum)]
    sabotage: Option<Sabotage>,
}

impl Args {
    fn shape(&self, seed: u64) -> Shape {
        let drawn = self
            .sabotage
            .map_or_else(|| Shape::drawn(seed), |rule| Shape::sabotaged(seed, rule));
        Shape {
            hubs: self.hubs.map_or(drawn.hubs, usize::from),
            scanners: self.scanners.map_or(drawn.scanners, usize::from),
            chaos_ms: self.seconds.map_or(drawn.chaos_ms, |seconds| seconds * 1000),
            ..drawn
        }
    }
}

fn main() -> io::Result<ExitCode> {
    let args = Args::parse();
    let last = args.from.saturating_add(args.seeds);
    let seeds = args.seed.map_or(args.from..last, |seed| seed..seed + 1);
    let mut out = io::stdout().lock();
    // What a panic says is told below, and shrinking makes hundreds of them.
    std::panic::set_hook(Box::new(|_| {}));
    let mut sum = Outcome::default();
    for seed in seeds {
        let shape = args.shape(seed);
        let size = format!("{} hubs, {} scanners", shape.hubs, shape.scanners);
        let played = if args.trace {
            told(&mut out, seed, &shape, Tape::Everything)?
        } else {
            sim::attempt(seed, &shape)
        };
        match played {
            Ok(outcome) => {
                sum = sum.and(outcome);
                writeln!(
                    out,
                    "seed {seed} ({size}): {} steps, {} let in, {} refused, {} incidents",
                    outcome.steps, outcome.admitted, outcome.refused, outcome.incidents
                )?;
            }
            Err(broken) => {
                writeln!(
                    out,
                    "seed {seed} ({size}): BROKEN after {} ms: {}",
                    broken.after_ms, broken.complaint
                )?;
                let small = if args.shrink { shrink(seed, &shape) } else { None };
                match small {
                    Some(failing) => tell_small(&mut out, &failing)?,
                    None => writeln!(
                        out,
                        "see it: usher-sim --seed {seed} --trace; make it small: --seed {seed} --shrink"
                    )?,
                }
                return Ok(ExitCode::FAILURE);
            }
        }
    }
    writeln!(out, "{} tickets were lied about", sum.lied_about)?;
    for kind in Kind::ALL {
        writeln!(out, "{kind:?} happened {} times", sum.happened.times(kind))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Plays a seed and prints its story line by line.
fn told(
    out: &mut impl Write,
    seed: u64,
    shape: &Shape,
    tape: fn(mpsc::Sender<String>) -> Tape,
) -> io::Result<Result<Outcome, Broken>> {
    let (lines, story) = mpsc::channel();
    let played = sim::attempt(
        seed,
        &Shape {
            tape: tape(lines),
            ..shape.clone()
        },
    );
    for line in story {
        writeln!(out, "{line}")?;
    }
    Ok(played)
}

fn tell_small(out: &mut impl Write, failing: &Failing) -> io::Result<()> {
    let shape = &failing.shape;
    writeln!(
        out,
        "made small in {} runs: seed {}, {} hubs, {} scanners, {} ms, faults {:?}, {} of {} acts dropped",
        failing.runs,
        failing.seed,
        shape.hubs,
        shape.scanners,
        shape.chaos_ms,
        shape.faults,
        shape.dropped.range(..=failing.broken.acts).count(),
        failing.broken.acts
    )?;
    let _ = told(out, failing.seed, shape, Tape::Story)?;
    writeln!(out, "BROKEN: {}", failing.broken.complaint)
}
