//! What two processes tell of the seats they both sell: the same, whoever is asked, and in the end what the store has. No change is lost on
//! the way, neither of those that are asked for nor of those that are streamed.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use data_encoding::BASE64;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant, sleep, timeout};
use usher_tests::load::keepalive::{KeptOpen, get};
use usher_tests::sim::random::Random;
use usher_tests::stage::buyer::{Buyer, Wish};

use super::super::{PLACES, Pair};

const SEATS: usize = (PLACES.rows * PLACES.seats_per_row) as usize;
/// Buyers at once, and how often each of them comes.
const BUYERS: usize = 8;
const VISITS: usize = 60;
/// The seats that are sold, as the store has them.
const BOOKED: &str = "SELECT unit FROM units WHERE state = 'booked' AND section IS NOT NULL ORDER BY unit";
/// Bytes before the counts of the tiers, and of each tier.
const HEADER: usize = 24;
const TIER: usize = 6;
/// After so long without a change nothing more comes: versions are seconds.
const QUIET: Duration = Duration::from_secs(4);
/// How long the streams go on when nothing is sold any more.
const LONGEST: Duration = Duration::from_secs(60);
/// Changes after which a listener goes to the other process.
const STAYS_FOR: usize = 3;

/// What changed from one version to the next.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Changes {
    from: u64,
    to: u64,
    #[serde(default)]
    available: Vec<usize>,
    #[serde(default)]
    held: Vec<usize>,
    #[serde(default)]
    booked: Vec<usize>,
}

/// The seats as somebody was told, and every change on the way.
#[derive(Debug)]
struct Follower {
    version: u64,
    seats: Vec<u8>,
    heard: BTreeMap<u64, Changes>,
}

impl Follower {
    fn begin(availability: &[u8]) -> anyhow::Result<Self> {
        let version = u64::from_be_bytes(*availability.first_chunk().context("it has a version")?);
        let tiers = usize::from(availability[HEADER + 1]);
        let packed = &availability[HEADER + 2 + tiers * TIER..];
        ensure!(
            packed.len() == SEATS.div_ceil(4),
            "{} bytes of seats",
            packed.len()
        );
        let seats = (0..SEATS)
            .map(|seat| packed[seat / 4] >> (2 * (seat % 4)) & 3)
            .collect();
        let heard = BTreeMap::new();
        Ok(Self {
            version,
            seats,
            heard,
        })
    }

    /// Takes changes over; tells whether there are any.
    fn take(&mut self, changes: Changes) -> anyhow::Result<bool> {
        ensure!(
            changes.from == self.version,
            "from {} follows {}",
            changes.from,
            self.version
        );
        if changes.to == self.version {
            return Ok(false);
        }
        for (bits, seats) in [(0, &changes.available), (1, &changes.held), (2, &changes.booked)] {
            for seat in seats {
                ensure!(self.seats[*seat] != bits, "seat {seat} becomes what it was");
                self.seats[*seat] = bits;
            }
        }
        self.version = changes.to;
        self.heard.insert(changes.from, changes);
        Ok(true)
    }
}

/// Asks one process and then the other, as whoever goes through a load balancer does.
async fn asks(
    processes: [SocketAddr; 2],
    path: String,
    selling: watch::Receiver<bool>,
) -> anyhow::Result<Follower> {
    let mut lines = [
        KeptOpen::connect(processes[0]).await?,
        KeptOpen::connect(processes[1]).await?,
    ];
    let mut follower = Follower::begin(lines[0].exchange(&get(&path, "")).await?.body)?;
    let (mut quiet_since, mut turn) = (Instant::now(), 0);
    while *selling.borrow() || quiet_since.elapsed() < QUIET {
        turn += 1;
        let request = get(&format!("{path}/{}", follower.version), "");
        let changes = lines[turn % 2].exchange(&request).await?.json(200)?;
        if follower.take(changes)? || *selling.borrow() {
            quiet_since = Instant::now();
        }
        sleep(Duration::from_millis(60)).await;
    }
    Ok(follower)
}

/// Listens to one process for some changes, then goes on at the other where it was.
async fn listens(
    processes: [SocketAddr; 2],
    path: String,
    selling: watch::Receiver<bool>,
) -> anyhow::Result<Follower> {
    let mut follower: Option<Follower> = None;
    let deadline = Instant::now() + LONGEST;
    for turn in 0.. {
        let known = follower.as_ref().map(|follower| follower.version);
        let mut stream = Stream::open(processes[turn % 2], &path, known).await?;
        for _ in 0..STAYS_FOR {
            ensure!(Instant::now() < deadline, "the seats change on and on");
            let Ok(heard) = timeout(QUIET, stream.next()).await else {
                if *selling.borrow() {
                    continue;
                }
                return follower.context("nothing was streamed");
            };
            match (heard?, &mut follower) {
                (Heard::Snapshot(bytes), None) => follower = Some(Follower::begin(&bytes)?),
                (Heard::Changes(changes), Some(follower)) => {
                    follower.take(changes)?;
                }
                (Heard::Snapshot(_), Some(_)) => bail!("whoever goes on is told all of it again"),
                (Heard::Changes(_), None) => bail!("changes come before what they change"),
            }
        }
    }
    bail!("it listens until nothing is sold")
}

enum Heard {
    Snapshot(Vec<u8>),
    Changes(Changes),
}

/// A stream of events over a connection of its own, which ends with it: no chunks to take apart.
struct Stream(BufReader<TcpStream>);

impl Stream {
    async fn open(process: SocketAddr, path: &str, known: Option<u64>) -> anyhow::Result<Self> {
        let mut connection = TcpStream::connect(process).await?;
        let known = known.map_or_else(String::new, |id| format!("last-event-id: {id}\r\n"));
        let request = format!("GET {path} HTTP/1.0\r\nhost: usher\r\n{known}\r\n");
        connection.write_all(request.as_bytes()).await?;
        let mut stream = Self(BufReader::new(connection));
        let status = stream.line().await?;
        ensure!(status.contains(" 200 "), "the stream is answered with {status}");
        while !stream.line().await?.is_empty() {}
        Ok(stream)
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        ensure!(self.0.read_line(&mut line).await? > 0, "the stream has ended");
        Ok(line.trim_end().to_owned())
    }

    async fn next(&mut self) -> anyhow::Result<Heard> {
        let (mut event, mut data) = (String::new(), String::new());
        loop {
            let line = self.line().await?;
            match line.split_once(": ") {
                Some(("event", name)) => event = name.to_owned(),
                Some(("data", text)) => data = text.to_owned(),
                Some(_) => {}
                None if line.is_empty() && event == "snapshot" => {
                    return Ok(Heard::Snapshot(BASE64.decode(data.as_bytes())?));
                }
                None if line.is_empty() && event == "changes" => {
                    return Ok(Heard::Changes(serde_json::from_str(&data)?));
                }
                None => {}
            }
        }
    }
}

/// Buys, and gives back, seats that others want too.
async fn buys(processes: [Buyer; 2], number: usize) -> anyhow::Result<()> {
    let mut random = Random::new(number as u64);
    for visit in 0..VISITS {
        let buyer = &processes[visit % 2];
        let seat = u32::try_from(random.index(SEATS - 1))?;
        let reserved = buyer.reserve(&Wish::Seats(vec![seat, seat + 1])).await?;
        if reserved.status == 409 {
            continue;
        }
        let reserved: serde_json::Value = reserved.expect(201)?.json()?;
        let id = reserved["reservation_id"]
            .as_str()
            .context("a reservation has an id")?;
        sleep(Duration::from_millis(random.below(300))).await;
        // Whoever is asked knows of it, wherever it was made.
        let other = &processes[(visit + 1) % 2];
        if random.percent(85) {
            let path = format!("/v1/reservations/{id}");
            let given_back = other.http.send(reqwest::Method::DELETE, &path, None).await?;
            ensure!(matches!(given_back.status, 200 | 204), "{}", given_back.status);
        } else {
            other.book(id, "tok_ok", &other.fresh_key()).await?.expect(201)?;
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_tell_the_same_of_their_seats_and_lose_no_change() -> anyhow::Result<()> {
    let pair = Pair::on_sale().await?;
    let processes = [pair.stage.cloud.listening.http, pair.other.listening.http];
    let base = format!("/v1/events/{}", pair.stage.organizer.event);
    let (sell, selling) = watch::channel(true);
    let mut followers = JoinSet::new();
    for turned in [processes, [processes[1], processes[0]]] {
        followers.spawn(asks(turned, format!("{base}/availability"), selling.clone()));
        followers.spawn(listens(turned, format!("{base}/seats/stream"), selling.clone()));
    }
    let mut buyers = JoinSet::new();
    for number in 0..BUYERS {
        buyers.spawn(buys(pair.buyers(), number));
    }
    while let Some(done) = buyers.join_next().await {
        done??;
    }
    sell.send(false)?;

    let (database, sql) = (pair.database.clone(), BOOKED.to_owned());
    let listed = tokio::task::spawn_blocking(move || usher_test_postgres::run(&database, &sql)).await?;
    let booked: Vec<usize> = listed.lines().map(str::parse).collect::<Result<_, _>>()?;
    let mut told: BTreeMap<u64, Changes> = BTreeMap::new();
    let mut ends = Vec::new();
    while let Some(follower) = followers.join_next().await {
        let follower = follower??;
        for (from, changes) in follower.heard {
            let first = told.entry(from).or_insert_with(|| changes.clone());
            assert_eq!(*first, changes, "a change was told in two ways");
        }
        ends.push(follower.seats);
    }
    assert!(told.len() > 3, "{} changes", told.len());
    assert!(!booked.is_empty());
    let stored: Vec<u8> = (0..SEATS)
        .map(|seat| if booked.contains(&seat) { 2 } else { 0 })
        .collect();
    for end in ends {
        assert_eq!(end, stored, "somebody was told something else than the store has");
    }
    Ok(())
}
