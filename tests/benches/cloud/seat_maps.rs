//! Seat maps as browsers ask for them, next to a bare server that gives out the same bytes; nobody buys meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::task::JoinSet;
use usher_tests::load::keepalive::{KeptOpen, get};
use usher_tests::measure::{Latencies, Meter, Row};
use usher_tests::stage::Stage;
use usher_tests::stage::festival::Places;

use crate::bare::Bare;

/// Readers at once.
const READERS: u32 = 64;
/// How long one server is asked before it is the other's turn.
const TURN: Duration = Duration::from_secs(2);
/// Turns of each server: taken in turn, so that a noisy neighbour harms both.
const TURNS: u32 = 2;
/// A big hall.
const PLACES: Places = Places {
    rows: 100,
    seats_per_row: 100,
    standing: 1_000,
    weekend: 10,
};

/// A server and what it is asked.
struct Asked {
    pid: u32,
    address: SocketAddr,
    request: Arc<Vec<u8>>,
    status: u16,
}

/// What a server has answered in its turns.
#[derive(Default)]
struct Answered {
    latencies: Latencies,
    cpu: Duration,
    took: Duration,
}

impl Answered {
    fn per_second(&self) -> f64 {
        self.latencies.count() as f64 / self.took.as_secs_f64()
    }

    fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.latencies.count() as f64
    }
}

/// Measures it.
pub async fn measure() -> anyhow::Result<Vec<Row>> {
    let stage = Stage::on_sale(PLACES).await?;
    let path = format!("/v1/events/{}/seats", stage.organizer.event);
    let address = stage.cloud.listening.http;
    let gzipped = get(&path, "accept-encoding: gzip\r\n");
    let mut line = KeptOpen::connect(address).await?;
    let (body, etag) = {
        let answer = line.exchange(&gzipped).await?;
        ensure!(
            answer.status == 200,
            "the seat map is answered with {}",
            answer.status
        );
        let etag = answer.header("etag").context("a seat map has a tag")?;
        (answer.body.to_vec(), etag.to_owned())
    };
    let folder = tempfile::tempdir()?;
    let bare_server = Bare::start(folder.path(), &body).await?;
    let pid = stage.cloud.process.id().context("the cloud runs")?;
    let ours = |request: Vec<u8>, status| Asked {
        pid,
        address,
        request: Arc::new(request),
        status,
    };
    let whole = ours(gzipped, 200);
    let known = ours(get(&path, &format!("if-none-match: {etag}\r\n")), 304);
    let bare = Asked {
        pid: bare_server.id(),
        address: bare_server.address,
        request: Arc::new(get("/", "")),
        status: 200,
    };
    let [mut whole_answers, mut bare_answers, mut known_answers] = [(); 3].map(|()| Answered::default());
    for _ in 0..TURNS {
        take_turn(&whole, &mut whole_answers).await?;
        take_turn(&bare, &mut bare_answers).await?;
        take_turn(&known, &mut known_answers).await?;
    }
    let kib = body.len() / 1_024;
    Ok(vec![
        Row::share_at_least(
            format!("seat maps ({kib} KiB), share of a bare server's requests/s"),
            (whole_answers.per_second() / bare_answers.per_second(), 0.5),
        ),
        Row::share_at_least(
            "  the same by CPU per request",
            (bare_answers.cpu_us() / whole_answers.cpu_us(), 0.5),
        ),
        told("  the cloud", &mut whole_answers),
        told("  the bare server", &mut bare_answers),
        told("  the cloud when nothing has changed (304)", &mut known_answers),
    ])
}

fn told(what: &str, answered: &mut Answered) -> Row {
    let (per_second, cpu) = (answered.per_second(), answered.cpu_us());
    let latencies = answered.latencies.summary();
    Row::told(
        what,
        format!("{per_second:.0}/s, {cpu:.1} µs CPU each, {latencies}"),
    )
}

async fn take_turn(asked: &Asked, answered: &mut Answered) -> anyhow::Result<()> {
    let meter = Meter::start(asked.pid)?;
    let until = Instant::now() + TURN;
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let (address, request, status) = (asked.address, Arc::clone(&asked.request), asked.status);
        readers.spawn(read(address, request, status, until));
    }
    while let Some(latencies) = readers.join_next().await {
        answered.latencies.add_all(latencies??);
    }
    answered.cpu += meter.cpu()?;
    answered.took += meter.elapsed();
    Ok(())
}

async fn read(
    address: SocketAddr,
    request: Arc<Vec<u8>>,
    status: u16,
    until: Instant,
) -> anyhow::Result<Latencies> {
    let mut line = KeptOpen::connect(address).await?;
    let mut latencies = Latencies::default();
    while Instant::now() < until {
        let begun = Instant::now();
        let answer = line.exchange(&request).await?;
        ensure!(
            answer.status == status,
            "expected {status}, the answer was {}",
            answer.status
        );
        latencies.add(begun.elapsed());
    }
    Ok(latencies)
}
