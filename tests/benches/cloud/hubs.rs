//! A thousand linked hubs, each with a key and a socket of its own, in this process: what they cost the cloud, and how soon a revocation is with all of them.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use usher_keys::{EnrolmentCode, EnrolmentRequest, EventId, SealedGrant, SecretKey};
use usher_link::{Endpoint, SyncStore, drive};
use usher_protocol::Unit;
use usher_protocol::trust::Trust;
use usher_tests::measure::{FlushTimes, Latencies, Meter, Row, flush_times, resident_kib, signature_times};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Buyer};
use usher_tests::stage::festival::{Places, STANDING};
use usher_tests::stage::organizer::{Organizer, Role};
use usher_tests::stage::patience::until_within;

use crate::listener::{Heard, Listener, NoAnswers};

/// Events of an evening.
const EVENTS: u8 = 20;
/// Hubs of each: a big venue.
const HUBS: u8 = 50;
const ALL: usize = EVENTS as usize * HUBS as usize;
/// Connections over which nobody says anything, beside which a linked hub stands.
const BARE: u16 = 200;
/// How often a ticket of every event is revoked, all at the same moment; once more before, to see that all are there.
const ROUNDS: usize = 10;
/// How long nothing happens before memory and idle cost are looked at: several signs of life of every link.
const QUIET: Duration = Duration::from_secs(10);
/// How long any step may take before the bench gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// An event whose tickets are revoked.
struct Evening {
    event: EventId,
    organizer: Organizer,
    tickets: Vec<BoughtTicket>,
}

/// A machine that was enrolled and can link.
struct Enrolled {
    key: SecretKey,
    address: SocketAddr,
    replica: Arc<Listener>,
}

/// Measures it.
pub async fn measure() -> anyhow::Result<Vec<Row>> {
    let bare = bare_kib().await?;
    let mut stage = Stage::empty("").await?;
    let pid = stage.cloud.process.id().context("the cloud runs")?;
    let (told, mut heard) = mpsc::channel(2 * ALL);
    let mut evenings = Vec::new();
    for _ in 0..EVENTS {
        evenings.push(prepare(&mut stage).await?);
    }
    let mut enrolling = JoinSet::new();
    for (number, evening) in (0..).zip(&evenings) {
        enrolling.spawn(enrol_all(number, evening.organizer.clone(), told.clone()));
    }
    let mut enrolled = Vec::new();
    while let Some(hubs) = enrolling.join_next().await {
        enrolled.push(hubs??);
    }

    let before = resident_kib(pid)?;
    let (meter, stop) = (Meter::start(pid)?, CancellationToken::new());
    let links = TaskTracker::new();
    let replicas: Vec<_> = enrolled
        .iter()
        .flatten()
        .map(|hub| Arc::clone(&hub.replica))
        .collect();
    link_all(enrolled, stage.cloud.listening.uplink, &links, &stop).await?;
    let mut opening = revoke(&evenings, 0, &mut heard).await?;
    // The authority's log and that of every hub.
    let has_all = |hub: &Arc<Listener>| hub.log_count() == 1 + usize::from(HUBS);
    until_within(PATIENCE, "all hubs to hold all logs", async || {
        Ok(replicas.iter().all(has_all).then_some(()))
    })
    .await?;
    let (linking, took) = (meter.cpu()?, meter.elapsed());
    let idle = Meter::start(pid)?;
    sleep(QUIET).await;
    let (idle, after) = (idle.cpu()?, resident_kib(pid)?);

    let (meter, mut reached) = (Meter::start(pid)?, Latencies::default());
    for round in 1..=ROUNDS {
        reached.add_all(revoke(&evenings, round, &mut heard).await?);
    }
    let telling = meter.cpu()?;
    stop.cancel();
    links.wait().await;
    let (signatures, flushes) = (signature_times()?, flush_times(stage.cloud.data_dir())?);
    let mut rows = told_rows(reached, telling, flushes);
    rows.push(Row::told(
        "  while everything else is sent to fresh hubs",
        opening.summary(),
    ));
    rows.extend(link_rows((before, after, bare), (linking, took), idle));
    let handshake = signatures.signing + 2 * signatures.verification;
    let beside = "a signature and two verifications, CPU for each link";
    rows.push(Row::beside(beside, (linking / u32::try_from(ALL)?, handshake)));
    Ok(rows)
}

/// Returns the memory of one end of a connection over which nobody says anything, in KiB. Both ends are in this process: what was free
/// in it before is not counted, so that this is measured first.
async fn bare_kib() -> anyhow::Result<f64> {
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let cloud = Endpoint::bind_for_thousands(local, &key(0, u8::MAX))?;
    let hub = Endpoint::bind(local, &key(1, u8::MAX))?;
    let before = resident_kib(std::process::id())?;
    let mut ends = Vec::new();
    for _ in 0..BARE {
        let (here, there) = tokio::join!(cloud.accept(), hub.connect(cloud.local_addr(), EventId([7; 16])));
        ends.push((here.context("the endpoint is open")?, there?));
    }
    let after = resident_kib(std::process::id())?;
    drop(ends);
    tokio::join!(hub.close(), cloud.close());
    Ok(after.saturating_sub(before) as f64 / f64::from(2 * BARE))
}

fn told_rows(mut reached: Latencies, cpu: Duration, flushes: FlushTimes) -> Vec<Row> {
    let slowest = reached.percentile(99.0);
    let p99 = slowest.as_secs_f64() * 1e3;
    let each = cpu.as_secs_f64() * 1e6 / reached.count() as f64;
    let what = format!("a revocation with all of {ALL} hubs, p99");
    let [told, ratio] =
        Row::at_most(what, (p99, 500.0), "ms").beside("the p99 of an fsync", (slowest, flushes.p99));
    vec![
        told,
        ratio,
        Row::told(
            format!("  {ROUNDS} in each of {EVENTS} events at once"),
            reached.summary(),
        ),
        Row::told("  cloud CPU for each hub told", format!("{each:.0} µs")),
    ]
}

fn link_rows(
    (before, after, bare): (u64, u64, f64),
    (linking, took): (Duration, Duration),
    idle: Duration,
) -> Vec<Row> {
    let memory = after.saturating_sub(before) as f64 / ALL as f64;
    let each = linking.as_secs_f64() * 1e3 / ALL as f64;
    let took = took.as_secs_f64();
    let idle = idle.as_secs_f64() / QUIET.as_secs_f64() * 1e2;
    let of_hub = Row::at_most("cloud memory for each linked hub", (memory, 120.0), "KiB");
    let [of_hub, ratio] = of_hub.beside_size("one end of a bare QUIC connection", (memory, bare), "KiB");
    vec![
        of_hub,
        ratio,
        Row::told(
            "  in all",
            format!("{} MB, {} MB before", after / 1_024, before / 1_024),
        ),
        Row::told(
            "  cloud CPU for each link, until all hubs have all logs",
            format!("{each:.1} ms, all in {took:.1} s"),
        ),
        Row::told(
            "  cloud CPU while nothing happens",
            format!("{idle:.1} % of a core"),
        ),
    ]
}

/// Puts an event on sale and buys what will be revoked.
async fn prepare(stage: &mut Stage) -> anyhow::Result<Evening> {
    stage.organizer.draft(Places::FEW).await?;
    stage.organizer.sign_keys().await?;
    stage.organizer.publish().await?;
    let organizer = stage.organizer.clone();
    let buyer: Buyer = stage.buyer();
    let mut tickets = Vec::new();
    for _ in 0..=ROUNDS {
        tickets.push(buyer.buy_one(STANDING).await?);
    }
    Ok(Evening {
        event: organizer.event.parse().context("an event has an id")?,
        organizer,
        tickets,
    })
}

/// Enrols the hubs of an event.
async fn enrol_all(
    event: u8,
    organizer: Organizer,
    told: mpsc::Sender<Heard>,
) -> anyhow::Result<Vec<Enrolled>> {
    let mut hubs = Vec::new();
    for hub in 0..HUBS {
        let name = format!("Hub {hub}");
        let code: EnrolmentCode = organizer.enrolment_code(Role::Hub, &name).await?.parse()?;
        let key = key(event, hub);
        let request = serde_json::to_value(EnrolmentRequest::new(&code, name, &key)?)?;
        let answer = organizer
            .http
            .post("/v1/enrolments", &request)
            .await?
            .expect(200)?;
        let SealedGrant { grant, .. } = answer.json()?;
        let trust = Arc::new(Trust::pin(code.roots(), grant.bundle)?);
        let replica = Listener::new(&key, grant.identity, trust, told.clone());
        hubs.push(Enrolled {
            key,
            // Each machine has an address of its own: the cloud lets only so many strangers of one in at a time.
            address: SocketAddr::from((Ipv4Addr::new(127, 1, event, hub + 1), 0)),
            replica: Arc::new(replica),
        });
    }
    Ok(hubs)
}

fn key(event: u8, hub: u8) -> SecretKey {
    let mut seed = [7; 32];
    (seed[0], seed[1]) = (event, hub);
    SecretKey::from_seed(&seed)
}

/// Links all hubs, those of each event one after the other, and waits until every session is open.
async fn link_all(
    enrolled: Vec<Vec<Enrolled>>,
    cloud: SocketAddr,
    links: &TaskTracker,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let mut venues = JoinSet::new();
    for hubs in enrolled {
        let (links, stop) = (links.clone(), stop.clone());
        venues.spawn(async move {
            for hub in hubs {
                link(hub, cloud, &links, stop.clone()).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(linked) = venues.join_next().await {
        linked??;
    }
    links.close();
    Ok(())
}

async fn link(
    hub: Enrolled,
    cloud: SocketAddr,
    links: &TaskTracker,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let endpoint = Endpoint::bind(hub.address, &hub.key)?;
    let connection = endpoint.connect(cloud, hub.replica.event()).await?;
    let (opened, is_open) = oneshot::channel();
    links.spawn(async move {
        // An error means that nobody waits any more.
        let opened = |_| {
            let _ = opened.send(());
        };
        drive(connection, hub.replica, Arc::new(NoAnswers), opened, stop).await;
        endpoint.close().await;
    });
    let opening = timeout(PATIENCE, is_open).await;
    opening
        .context("a session did not open in time")?
        .context("a session ended before it was open")
}

/// Revokes a ticket of every event at the same moment and gives how long each hub waited for it, from when it was asked for.
async fn revoke(
    evenings: &[Evening],
    round: usize,
    heard: &mut mpsc::Receiver<Heard>,
) -> anyhow::Result<Latencies> {
    let (begun, mut revoking) = (Instant::now(), JoinSet::new());
    let mut awaited = BTreeMap::new();
    for evening in evenings {
        let ticket = &evening.tickets[round];
        awaited.insert((evening.event, Unit(ticket.unit)), usize::from(HUBS));
        let (organizer, id) = (evening.organizer.clone(), ticket.ticket_id.clone());
        revoking.spawn(async move { organizer.revoke(&id).await });
    }
    let mut reached = Latencies::default();
    let all_hear = async {
        while reached.count() < ALL {
            let heard = heard.recv().await.context("hubs are there")?;
            let left = awaited
                .get_mut(&(heard.event, heard.unit))
                .context("this one was not revoked now")?;
            *left = left.checked_sub(1).context("a hub heard of it twice")?;
            reached.add(heard.at - begun);
        }
        anyhow::Ok(())
    };
    timeout(PATIENCE, all_hear)
        .await
        .context("not all hubs heard of it")??;
    while let Some(revoked) = revoking.join_next().await {
        revoked??;
    }
    ensure!(
        awaited.values().all(|left| *left == 0),
        "a hub heard of something else"
    );
    Ok(reached)
}
