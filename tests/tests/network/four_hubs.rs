//! Four hubs with people at 32 turnstiles at once, of which one hub is killed and one retired: never are more people in than the zone holds, and no place is stranded.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::{Value, json};
use tokio::sync::RwLock;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use usher_tests::sim::random::Random;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, SOUTH, STANDING};
use usher_tests::stage::http::Reply;
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::patience::{PATIENCE, until, until_within};
use usher_tests::stage::turnstile::HubVerdict;
use usher_tests::stage::turnstile::{NamedScan, Turnstile};
use usher_tests::stage::venue::{HUB_NORTH, HUB_SOUTH, Venue};

use super::shares::{ROOM_WITHIN, limit_arena};

/// People the zone holds.
const PLACES: usize = 160;
/// Bookings of 20 tickets each: more people than places, also after some have left.
const BOOKINGS: usize = 12;
/// Turnstiles at each hub.
const TURNSTILES: usize = 8;
/// After how many people one hub is killed, and another one retired.
const KILLED_AFTER: usize = 40;
const RETIRED_AFTER: usize = 80;
/// How many come until one hub is retired: with one more at each turnstile the zone is not full yet, however slow the machine is.
const COME_BEFORE: usize = 120;
/// How many leave once the zone is full.
const LEAVE: usize = 8;
/// From one ticket shown at a turnstile to the next.
const NEXT_SHOWN: Duration = Duration::from_millis(400);
const HUB_KILLED: &str = "Hub Killed";
const HUB_RETIRED: &str = "Hub Retired";

/// People who want to go in, and how many are in.
struct Crowd {
    /// Who waits outside; held to take or add one.
    outside: Mutex<Vec<BoughtTicket>>,
    /// Who is in; held to take or add one.
    inside: Mutex<Vec<BoughtTicket>>,
    /// How many are in, or may be on their way out.
    count: AtomicUsize,
    /// How many come, for now.
    comes: AtomicUsize,
    /// Shared while a ticket is shown; whoever has it alone holds everybody up.
    turn: RwLock<()>,
    /// Set once no turnstile shows tickets any more.
    is_over: AtomicBool,
}

impl Crowd {
    async fn buy(stage: &Stage) -> anyhow::Result<Arc<Self>> {
        let (tier, quantity, mut outside) = (STANDING, 20, Vec::new());
        for _ in 0..BOOKINGS {
            outside.extend(stage.buyer().buy(&Wish::Any { tier, quantity }).await?.tickets);
        }
        Ok(Arc::new(Self {
            outside: Mutex::new(outside),
            inside: Mutex::default(),
            count: AtomicUsize::new(0),
            comes: AtomicUsize::new(COME_BEFORE),
            turn: RwLock::default(),
            is_over: AtomicBool::new(false),
        }))
    }

    fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    fn next(&self) -> Option<BoughtTicket> {
        self.outside.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn stays_outside(&self, ticket: BoughtTicket) {
        self.outside
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(ticket);
    }

    fn goes_in(&self, ticket: BoughtTicket) -> anyhow::Result<()> {
        let inside = self.count.fetch_add(1, Ordering::SeqCst) + 1;
        ensure!(
            inside <= PLACES,
            "{inside} people are in a zone that holds {PLACES}"
        );
        self.inside
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(ticket);
        Ok(())
    }

    /// Has somebody leave by a gate: the place is free from when the ticket is shown.
    async fn leaves(&self, turnstile: &Turnstile) -> anyhow::Result<()> {
        let leaver = self.inside.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let payload = leaver.context("somebody is in")?.payload;
        self.count.fetch_sub(1, Ordering::SeqCst);
        let exit = json!({ "payload": payload, "gate": NORTH, "direction": "out" });
        let said: HubVerdict = turnstile.ask(&exit).await?.expect(200)?.json()?;
        ensure!(said.verdict == "admit", "the way out: {said:?}");
        Ok(())
    }

    /// Shows one ticket after the other at a turnstile, each until it is let in.
    async fn come_by(
        self: Arc<Self>,
        turnstile: Turnstile,
        seed: u64,
        ends: Arc<AtomicBool>,
    ) -> anyhow::Result<()> {
        let mut random = Random::new(seed);
        let goes_on = || !ends.load(Ordering::SeqCst) && !self.is_over.load(Ordering::SeqCst);
        loop {
            let turn = self.turn.read().await;
            if !goes_on() {
                return Ok(());
            }
            if self.count() >= self.comes.load(Ordering::SeqCst) {
                drop(turn);
                sleep(NEXT_SHOWN).await;
                continue;
            }
            let ticket = self.next().context("there are more people than places")?;
            let said = answered(&turnstile, &ticket, &mut random).await?;
            if said.verdict == "admit" {
                self.goes_in(ticket)?;
            } else {
                self.stays_outside(ticket);
            }
            drop(turn);
            sleep(NEXT_SHOWN).await;
        }
    }
}

/// Asks under one scan id until there is an answer, also of a hub that is started again meanwhile. What is not a yes is taken back: a
/// hub that was killed while it asked the home has forgotten that it did, and the home may have said yes.
async fn answered(
    turnstile: &Turnstile,
    ticket: &BoughtTicket,
    random: &mut Random,
) -> anyhow::Result<HubVerdict> {
    let scan = NamedScan::by(random.bytes16());
    let said: HubVerdict = repeated(|| turnstile.scan_as(&scan.id, &ticket.payload), &[200])
        .await?
        .json()?;
    if said.verdict == "refer" {
        repeated(|| turnstile.take_back(&scan, &ticket.payload), &[200, 202]).await?;
    }
    Ok(said)
}

/// Asks until the answer has one of these statuses.
async fn repeated<F: Future<Output = anyhow::Result<Reply>>>(
    ask: impl Fn() -> F,
    statuses: &[u16],
) -> anyhow::Result<Reply> {
    let asking = async {
        loop {
            match ask().await {
                Ok(reply) if statuses.contains(&reply.status) => return reply,
                Ok(_) | Err(_) => sleep(NEXT_SHOWN).await,
            }
        }
    };
    timeout(PATIENCE, asking).await.context("no hub answers")
}

/// The venue's two hubs and two more, all linked with each other.
struct FourHubs {
    stage: Stage,
    venue: Venue,
    killed: Hub,
    retired: Hub,
}

impl FourHubs {
    async fn open() -> anyhow::Result<Self> {
        let stage = Stage::on_sale(Places::FEW).await?;
        limit_arena(&stage, json!({ "capacity": PLACES })).await?;
        let venue = Venue::open(&stage).await?;
        let mut peers = vec![venue.north.listening.quic, venue.south.listening.quic];
        let setup = |name, dir, peers| HubSetup { dir, name, peers };
        let killed = setup(HUB_KILLED, stage.path("hub-killed"), peers.clone());
        let killed = stage.hub(killed).await?;
        peers.push(killed.listening.quic);
        let retired = stage
            .hub(setup(HUB_RETIRED, stage.path("hub-retired"), peers))
            .await?;
        let hubs = Self {
            stage,
            venue,
            killed,
            retired,
        };
        for peer in [HUB_NORTH, HUB_SOUTH, HUB_KILLED, "cloud"] {
            hubs.retired.linked_to(peer).await?;
        }
        hubs.are_linked().await?;
        Ok(hubs)
    }

    /// Waits until those hubs that stay are linked.
    async fn are_linked(&self) -> anyhow::Result<()> {
        for peer in [HUB_NORTH, HUB_SOUTH, "cloud"] {
            self.killed.linked_to(peer).await?;
        }
        self.venue.linked().await
    }

    /// Waits until the hub in the north holds every scan that the one has written down which is to be retired.
    async fn nothing_is_lost(&self) -> anyhow::Result<()> {
        until("the north to hold what the other hub does", async || {
            let (held, written) = (self.venue.north.export().await?, self.retired.export().await?);
            let is_held = |row| held.0.contains(row);
            Ok(written.0.iter().all(is_held).then_some(()))
        })
        .await
    }

    /// Stops a hub for good, and vouches for that.
    async fn retire(&mut self) -> anyhow::Result<()> {
        self.nothing_is_lost().await?;
        let device = self.retired.status().await?.device;
        self.retired.process.stop().await?;
        let path = self.stage.organizer.path(&format!("hubs/{device}/retire"));
        let word = json!({ "it_will_never_admit_again": true });
        self.stage.organizer.http.post(&path, &word).await?.expect(200)?;
        Ok(())
    }

    /// Waits until so many people are in: everybody is linked, so no place may be stranded for longer.
    async fn is_full(&self, crowd: &Crowd, coming: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
        self.are_linked().await?;
        let what = format!("{PLACES} people to be in");
        let taken = until_within(ROOM_WITHIN, what, async || {
            if let Some(ended) = coming.try_join_next() {
                ended??;
            }
            Ok((crowd.count() == PLACES).then_some(()))
        });
        let Err(stranded) = taken.await else {
            return Ok(());
        };
        self.told(stranded, crowd).await
    }

    /// Waits until so many people are in, at least.
    async fn are_in(
        &self,
        crowd: &Crowd,
        many: usize,
        coming: &mut JoinSet<anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        let taken = until(format!("{many} people to be in"), async || {
            if let Some(ended) = coming.try_join_next() {
                ended??;
            }
            Ok((crowd.count() >= many).then_some(()))
        });
        let Err(stranded) = taken.await else {
            return Ok(());
        };
        self.told(stranded, crowd).await
    }

    /// Says beside an error how many are in, and how many the hubs count that answer.
    async fn told(&self, stranded: anyhow::Error, crowd: &Crowd) -> anyhow::Result<()> {
        let mut counted = Vec::new();
        for hub in [&self.venue.north, &self.venue.south, &self.killed, &self.retired] {
            let zones = hub.status().await.map(|status| status.zones).ok();
            counted.push((hub.name.clone(), zones));
        }
        Err(stranded.context(format!("{} are in; the hubs count {counted:?}", crowd.count())))
    }
}

/// Has people come to all turnstiles of a hub.
async fn open_turnstiles(
    crowd: &Arc<Crowd>,
    (hub, gate): (&Hub, u16),
    ends: &Arc<AtomicBool>,
    coming: &mut JoinSet<anyhow::Result<()>>,
) -> anyhow::Result<()> {
    for number in 0..TURNSTILES {
        let seed = u64::from(hub.listening.http.port()) << 8 | u64::try_from(number)?;
        let turnstile = hub.turnstile(gate).await?;
        coming.spawn(crowd.clone().come_by(turnstile, seed, ends.clone()));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn at_32_turnstiles_of_four_hubs_a_zone_fills_up_and_no_more_while_one_is_killed_and_one_retired()
-> anyhow::Result<()> {
    let mut hubs = FourHubs::open().await?;
    let crowd = Crowd::buy(&hubs.stage).await?;
    let (never, stops) = <(Arc<AtomicBool>, Arc<AtomicBool>)>::default();
    let (mut coming, mut stopping) = (JoinSet::new(), JoinSet::new());
    let stay = [
        (&hubs.venue.north, NORTH),
        (&hubs.venue.south, SOUTH),
        (&hubs.killed, SOUTH),
    ];
    for hub in stay {
        open_turnstiles(&crowd, hub, &never, &mut coming).await?;
    }
    open_turnstiles(&crowd, (&hubs.retired, NORTH), &stops, &mut stopping).await?;

    hubs.are_in(&crowd, KILLED_AFTER, &mut coming).await?;
    hubs.killed.process.kill9()?;
    hubs.are_in(&crowd, RETIRED_AFTER, &mut coming).await?;
    hubs.killed.start_again().await?;
    // Whom it let in and told nobody of would go with it.
    let held_up = crowd.turn.write().await;
    ensure!(crowd.count() < PLACES, "the zone was full before");
    stops.store(true, Ordering::SeqCst);
    hubs.retire().await?;
    crowd.comes.store(usize::MAX, Ordering::SeqCst);
    drop(held_up);
    while let Some(ended) = stopping.join_next().await {
        ended??;
    }
    hubs.is_full(&crowd, &mut coming).await?;

    let north = hubs.venue.north.turnstile(NORTH).await?;
    for _ in 0..LEAVE {
        crowd.leaves(&north).await?;
    }
    hubs.is_full(&crowd, &mut coming).await?;
    crowd.is_over.store(true, Ordering::SeqCst);
    while let Some(ended) = coming.join_next().await {
        ended??;
    }
    assert_eq!(crowd.count(), PLACES, "as many as the zone holds");
    hubs.venue.settled(&hubs.stage).await?;
    let path = hubs.stage.organizer.path("counts");
    let counts: Value = hubs.stage.organizer.http.get(&path).await?.expect(200)?.json()?;
    assert_eq!(counts["zones"][0]["inside"], json!(PLACES));
    assert_eq!(hubs.stage.organizer.incidents().await?, []);
    Ok(())
}
