//! `make drill`: a cloud of two processes on three PostgreSQL under Patroni, whose leader and its agent are killed again and again while
//! buyers buy and a hub lets them in, and whose cables are pulled out: nothing acknowledged is lost, nothing is sold twice, writing is back in time, gates never stop.

mod drill {
    pub mod cluster;
    pub mod crowd;
    mod wires;
}

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use drill::cluster::{Cluster, PATIENCE};
use drill::crowd::{self, Diary};
use serde_json::json;
use tokio::task::JoinSet;
use usher_tests::effort::{Effort, Rounds};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{Booking, Buyer};
use usher_tests::stage::cloud::Cloud;
use usher_tests::stage::festival::{NORTH, Places};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::organizer::Role;
use usher_tests::stage::patience::until_within;

/// How often leader and agent are killed, unless `USHER_ROUNDS` says otherwise.
const ROUNDS: Rounds = Rounds { suite: 20, soak: 20 };
/// About how long each of them takes, with the way back of the killed one.
const A_ROUND: Duration = Duration::from_secs(50);
/// Within which time writing must be back.
const BACK_WITHIN: Duration = Duration::from_secs(45);
/// Within which time somebody must have bought while what is gone is not needed for that.
const GOES_ON_WITHIN: Duration = Duration::from_secs(15);
/// How long etcd is away: twice as long as a leader's claim lasts.
const AWAY: Duration = Duration::from_secs(40);
/// Between a kill and the next, buyers buy for so long at least.
const CALM: Duration = Duration::from_secs(3);
/// Buyers at the same time, half of them at each process.
const BUYERS: usize = 8;
/// How long an admission may take, whatever the database does.
const ADMITTED_WITHIN: Duration = Duration::from_secs(2);
/// More than is bought.
const PLACES: Places = Places {
    rows: 10,
    seats_per_row: 10,
    standing: 60_000,
    weekend: 10,
};

#[tokio::test(flavor = "multi_thread")]
async fn the_leader_and_its_agent_are_killed_while_buyers_buy_and_a_hub_admits() -> anyhow::Result<()> {
    let Effort { rounds, .. } = Effort::of("leaders killed", 0, ROUNDS);
    say(&format!(
        "about {} minutes",
        (A_ROUND * u32::try_from(rounds)?).as_secs() / 60 + 8
    ));
    // On this thread: what it starts ends with the thread.
    let mut cluster = Cluster::start().context("starting Patroni")?;
    cluster.whole().await?;
    let settings = format!(
        "store.url = \"{}\"\nkeys.master_key = \"{}\"\nlog.filter = \"error\"",
        cluster.url("usher").await?,
        "0".repeat(64)
    );
    let stage = Stage::on_sale_with(PLACES, &settings).await?;
    let other = Cloud::start(&stage.programs, &stage.path("other"), &settings).await?;
    let hub = hub_in_the_north(&stage).await?;
    let turnstile = hub.turnstile(NORTH).await?;
    let diary = Arc::new(Diary::default());
    let mut people = buyers(&stage, &other, &diary);
    people.spawn(crowd::keep_going_in(turnstile, Arc::clone(&diary)));
    let mut longest = Duration::ZERO;
    for round in 1..=rounds {
        let (killed, back) = kill_and_wait(&mut cluster, &diary).await?;
        longest = longest.max(back);
        say(&format!(
            "{round}: {killed} killed, writing back after {:.1} s, {} bookings, {} people let in",
            back.as_secs_f32(),
            diary.bookings().len(),
            diary.admitted()
        ));
        ensure!(back <= BACK_WITHIN, "writing was back after {back:?}");
        cluster.start_agent(&killed)?;
        cluster.whole().await?;
    }
    without_a_standby(&mut cluster, &diary).await?;
    without_etcd(&mut cluster, &diary).await?;
    let apart = cables_are_pulled_out(&cluster, &diary).await?;
    longest = longest.max(apart);
    diary.stop();
    while let Some(ended) = people.join_next().await {
        ended??;
    }
    let answered = diary.bookings();
    books_add_up(&stage, &answered).await?;
    let slowest = diary.slowest_admission();
    say(&format!(
        "{rounds} kills: {} bookings acknowledged, 0 lost, 0 double; writing back after {:.1} s at most; {} people let in, each within {slowest:?}",
        answered.len(),
        longest.as_secs_f32(),
        diary.admitted()
    ));
    ensure!(
        slowest <= ADMITTED_WITHIN,
        "somebody waited {slowest:?} at the gate"
    );
    Ok(())
}

/// Sends buyers to two clouds.
fn buyers(stage: &Stage, other: &Cloud, diary: &Arc<Diary>) -> JoinSet<anyhow::Result<()>> {
    let mut buyers = JoinSet::new();
    for nth in 0..BUYERS {
        let http = if nth % 2 == 0 {
            &stage.cloud.http
        } else {
            &other.http
        };
        let buyer = Buyer::new(http.clone(), stage.organizer.event.clone());
        buyers.spawn(crowd::keep_buying(buyer, Arc::clone(diary)));
    }
    buyers
}

/// Kills the leader and its agent after a while, and waits until somebody has bought since; gives who it was and how long it took.
async fn kill_and_wait(cluster: &mut Cluster, diary: &Diary) -> anyhow::Result<(String, Duration)> {
    tokio::time::sleep(CALM).await;
    let killed = cluster.kill_leader().await?;
    let at = Instant::now();
    let bought = async || Ok(diary.bought_since(at));
    let (_, back) = until_within(PATIENCE, "writing to be back", bought).await?;
    Ok((killed, back))
}

/// One standby is enough for a commit.
async fn without_a_standby(cluster: &mut Cluster, diary: &Diary) -> anyhow::Result<()> {
    let killed = cluster.kill_standby().await?;
    let gone = goes_on(diary, "a standby is gone").await?;
    say(&format!(
        "standby {killed} killed, the next booking after {gone:.1?}"
    ));
    cluster.start_agent(&killed)?;
    cluster.whole().await
}

/// A leader that reaches all others stays one, though nobody can renew its claim.
async fn without_etcd(cluster: &mut Cluster, diary: &Diary) -> anyhow::Result<()> {
    cluster.kill_etcd()?;
    tokio::time::sleep(AWAY).await;
    let gone = goes_on(diary, "etcd is away").await?;
    say(&format!(
        "etcd away for {AWAY:?}, the next booking after {gone:.1?}"
    ));
    cluster.start_etcd()?;
    cluster.whole().await
}

/// Cuts the network between the nodes, their clients and etcd, in four ways; gives how long writing was away at most.
async fn cables_are_pulled_out(cluster: &Cluster, diary: &Diary) -> anyhow::Result<Duration> {
    let (at, leader) = (Instant::now(), cluster.unplug_leader().await?);
    let unplugged = writing_again(diary, at, "the leader's cable is out").await?;
    cluster.plug_in(leader)?;
    cluster.whole().await?;

    // Clients that reach it must not be told that something is sold which the others do not know.
    let (at, leader) = (Instant::now(), cluster.cut_leader().await?);
    let cut = writing_again(
        diary,
        at,
        "the leader is cut off from standbys and etcd, and not from clients",
    )
    .await?;
    cluster.join(leader)?;
    cluster.whole().await?;

    let standby = cluster.unplug_standby().await?;
    let gone = goes_on(diary, "a standby's cable is out").await?;
    say(&format!(
        "a standby's cable out, the next booking after {gone:.1?}"
    ));
    cluster.plug_in(standby)?;
    cluster.whole().await?;

    let etcd = cluster.unplug_etcd()?;
    tokio::time::sleep(AWAY).await;
    let gone = goes_on(diary, "etcd's cable is out").await?;
    say(&format!(
        "etcd's cable out for {AWAY:?}, the next booking after {gone:.1?}"
    ));
    cluster.plug_in(etcd)?;
    cluster.whole().await?;
    Ok(unplugged.max(cut))
}

/// Waits until somebody has bought who began after that moment, in time.
async fn writing_again(diary: &Diary, at: Instant, though: &str) -> anyhow::Result<Duration> {
    let bought = async || Ok(diary.bought_since(at));
    let (_, back) = until_within(PATIENCE, format!("writing to be back though {though}"), bought).await?;
    say(&format!(
        "{though}: writing back after {:.1} s",
        back.as_secs_f32()
    ));
    ensure!(
        back <= BACK_WITHIN,
        "writing was back after {back:?}, though {though}"
    );
    Ok(back)
}

/// Waits for a booking that is begun from now on.
async fn goes_on(diary: &Diary, though: &str) -> anyhow::Result<Duration> {
    let at = Instant::now();
    let bought = async || Ok(diary.bought_since(at));
    let (_, took) = until_within(GOES_ON_WITHIN, format!("a booking while {though}"), bought).await?;
    Ok(took)
}

fn say(line: &str) {
    // Nobody misses a line that cannot be said.
    let _ = writeln!(std::io::stderr(), "drill: {line}");
}

async fn hub_in_the_north(stage: &Stage) -> anyhow::Result<Hub> {
    let code = stage.organizer.enrolment_code(Role::Hub, "north").await?;
    let setup = HubSetup {
        name: "north",
        dir: stage.path("north"),
        peers: Vec::new(),
    };
    let hub = Hub::enrol(&stage.programs, setup, &code).await?;
    hub.linked_to("cloud").await?;
    Ok(hub)
}

/// Compares what was acknowledged with what is stored.
async fn books_add_up(stage: &Stage, answered: &[Booking]) -> anyhow::Result<()> {
    ensure!(!answered.is_empty(), "nothing was bought");
    let mut units = BTreeSet::new();
    for booking in answered {
        let path = format!("/v1/bookings/{}", booking.booking_id);
        let kept = stage
            .cloud
            .http
            .get(&path)
            .await?
            .expect(200)?
            .json::<Booking>()?;
        // Each process names its own page.
        let kept = Booking {
            page: booking.page.clone(),
            ..kept
        };
        ensure!(kept == *booking, "{booking:?} is {kept:?} now");
        for ticket in &booking.tickets {
            ensure!(units.insert(ticket.unit), "unit {} was sold twice", ticket.unit);
        }
    }
    let event = stage.organizer.path("");
    let event: serde_json::Value = stage
        .organizer
        .http
        .get(event.trim_end_matches('/'))
        .await?
        .expect(200)?
        .json()?;
    ensure!(
        event["sales"]["bookings"] == json!(answered.len()),
        "{} acknowledged, sold: {}",
        answered.len(),
        event["sales"]
    );
    let audited = stage.cloud.audit().await?;
    ensure!(
        audited.ends_with("every page, log, ticket and booking is sound"),
        "{audited}"
    );
    Ok(())
}
