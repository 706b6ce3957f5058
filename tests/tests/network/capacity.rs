//! A capacity that the organizer changes while people come at two gates: never do more go in than the places, and none is stranded.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::json;
use tokio::task::JoinSet;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, SOUTH, STANDING};
use usher_tests::stage::patience::{until, until_within};
use usher_tests::stage::turnstile::{HubVerdict, Turnstile};
use usher_tests::stage::venue::Venue;

/// How long whoever stands in line waits before the ticket is shown again.
const NEXT_TRY: Duration = Duration::from_millis(100);
/// How long after there is room again people may wait at a gate.
const ROOM_WITHIN: Duration = Duration::from_secs(10);
/// The capacities, one after the other.
const FIRST: u32 = 24;
const LOWERED: u32 = 6;
/// How many more may go in once it is raised again.
const MORE: usize = 6;
/// After how many of the first places it is lowered: people still come.
const INSIDE_BY_THEN: usize = 12;
/// How often each gate must say that it is full, with nobody let in.
const REFUSED: usize = 10;

/// People at one gate, who come in one after the other; whoever is refused shows the ticket again.
#[derive(Debug)]
struct Queue {
    turnstile: Turnstile,
    scanned: AtomicUsize,
    admitted: AtomicUsize,
    /// What was said last; held only to read or write it.
    last: Mutex<Option<HubVerdict>>,
    /// Held while a ticket is scanned; whoever else holds it holds the line up.
    turn: tokio::sync::Mutex<()>,
}

impl Queue {
    fn at(turnstile: Turnstile) -> Arc<Self> {
        Arc::new(Self {
            turnstile,
            scanned: AtomicUsize::new(0),
            admitted: AtomicUsize::new(0),
            last: Mutex::new(None),
            turn: tokio::sync::Mutex::default(),
        })
    }

    async fn goes_in(self: Arc<Self>, tickets: Vec<BoughtTicket>) -> anyhow::Result<()> {
        for ticket in tickets {
            loop {
                let is_in = self.shows(&ticket).await?;
                tokio::time::sleep(NEXT_TRY).await;
                if is_in {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn shows(&self, ticket: &BoughtTicket) -> anyhow::Result<bool> {
        let _turn = self.turn.lock().await;
        let said = self.turnstile.scan(&ticket.payload).await?;
        let is_in = said.verdict == "admit";
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
        self.admitted.fetch_add(usize::from(is_in), Ordering::SeqCst);
        self.scanned.fetch_add(1, Ordering::SeqCst);
        Ok(is_in)
    }

    fn admitted(&self) -> usize {
        self.admitted.load(Ordering::SeqCst)
    }

    fn scanned(&self) -> usize {
        self.scanned.load(Ordering::SeqCst)
    }

    fn last(&self) -> Option<HubVerdict> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The queues at both gates.
struct Queues {
    queues: [Arc<Queue>; 2],
    coming: JoinSet<anyhow::Result<()>>,
}

impl Queues {
    fn begin(turnstiles: [Turnstile; 2], tickets: &[BoughtTicket]) -> Self {
        let (queues, mut coming) = (turnstiles.map(Queue::at), JoinSet::new());
        for (queue, tickets) in queues.iter().zip(tickets.chunks(tickets.len() / 2)) {
            coming.spawn(Arc::clone(queue).goes_in(tickets.to_vec()));
        }
        Self { queues, coming }
    }

    fn inside(&self) -> usize {
        self.queues.iter().map(|queue| queue.admitted()).sum()
    }

    /// Waits until each gate has scanned so many times more.
    async fn scan_on(&mut self, times: usize) -> anyhow::Result<()> {
        let before: Vec<usize> = self.queues.iter().map(|queue| queue.scanned()).collect();
        until("both gates to scan on", async || {
            if let Some(ended) = self.coming.try_join_next() {
                ended??;
            }
            let pairs = self.queues.iter().zip(&before);
            let all = pairs
                .into_iter()
                .all(|(queue, before)| queue.scanned() >= before + times);
            Ok(all.then_some(()))
        })
        .await
    }

    /// Waits until the gates have let in so many people together.
    async fn let_in(&self, total: usize) -> anyhow::Result<()> {
        let what = format!("the gates to let {total} people in");
        let (_, took) = until_within(ROOM_WITHIN, what, async || {
            Ok((self.inside() >= total).then_some(()))
        })
        .await
        .with_context(|| format!("{:?}", self.queues.each_ref().map(|queue| queue.last())))?;
        ensure!(took <= ROOM_WITHIN, "it took {} s", took.as_secs());
        Ok(())
    }

    /// Demands that both gates say how many are in and how many may be.
    async fn say_full(&self, inside: usize, capacity: usize) -> anyhow::Result<()> {
        let truth = format!("{inside} people are inside, and there is room for {capacity}");
        for queue in &self.queues {
            until(format!("a gate to say that {truth}"), async || {
                let said = queue.last();
                let is_true = said.is_some_and(|said| {
                    said.reason.as_deref() == Some("zone_full") && said.words.contains(&truth)
                });
                Ok(is_true.then_some(()))
            })
            .await
            .with_context(|| format!("it says {:?}", queue.last()))?;
        }
        Ok(())
    }
}

/// Changes the capacity, and waits until both hubs know.
async fn limit(stage: &Stage, venue: &Venue, capacity: usize) -> anyhow::Result<()> {
    let capacity = u32::try_from(capacity)?;
    stage.organizer.limit_zone(capacity).await?;
    for hub in [&venue.north, &venue.south] {
        until(format!("{} to know of {capacity} places", hub.name), async || {
            let zones = hub.status().await?.zones;
            let knows = zones.first().is_some_and(|zone| zone.capacity == Some(capacity));
            Ok(knows.then_some(()))
        })
        .await?;
    }
    Ok(())
}

async fn tickets(stage: &Stage) -> anyhow::Result<Vec<BoughtTicket>> {
    let mut tickets = Vec::new();
    for _ in 0..4 {
        let wish = Wish::Any {
            tier: STANDING,
            quantity: 20,
        };
        tickets.extend(stage.buyer().buy(&wish).await?.tickets);
    }
    Ok(tickets)
}

async fn go_out(turnstile: &Turnstile, ticket: &BoughtTicket) -> anyhow::Result<()> {
    let exit = json!({ "payload": ticket.payload, "gate": NORTH, "direction": "out" });
    let said: HubVerdict = turnstile.ask(&exit).await?.expect(200)?.json()?;
    ensure!(said.verdict == "admit", "the way out: {said:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_capacity_that_is_lowered_and_raised_while_people_come_is_kept_and_strands_no_place()
-> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FULL).await?;
    let venue = Venue::open(&stage).await?;
    let tickets = tickets(&stage).await?;
    let turnstiles = [
        venue.north.turnstile(NORTH).await?,
        venue.south.turnstile(SOUTH).await?,
    ];
    let north = turnstiles[0].clone();
    let first = usize::try_from(FIRST)?;
    limit(&stage, &venue, first).await?;
    let mut queues = Queues::begin(turnstiles, &tickets);
    until("half of the places to be taken", async || {
        Ok((queues.inside() >= INSIDE_BY_THEN).then_some(()))
    })
    .await?;

    let lowered = usize::try_from(LOWERED)?;
    limit(&stage, &venue, lowered).await?;
    // Scans that began before end.
    queues.scan_on(2).await?;
    let inside = queues.inside();
    let range = INSIDE_BY_THEN..=first;
    ensure!(range.contains(&inside), "{inside} people went in");
    queues.say_full(inside, lowered).await?;
    queues.scan_on(REFUSED).await?;
    assert_eq!(queues.inside(), inside, "nobody goes in beyond the capacity");
    queues.say_full(inside, lowered).await?;

    // Whichever hub has the places that are added: whoever stands at the other one gets them.
    let full = inside + MORE;
    let southern = Arc::clone(&queues.queues[1]);
    let held_up = southern.turn.lock().await;
    limit(&stage, &venue, full).await?;
    queues.let_in(full).await?;
    drop(held_up);
    queues.scan_on(REFUSED).await?;
    assert_eq!(queues.inside(), full, "all places, and no more");
    queues.say_full(full, full).await?;

    // Two leave by the northern gate while its line is held up: whoever stands at the other one gets their places.
    let northern = Arc::clone(&queues.queues[0]);
    let held_up = northern.turn.lock().await;
    for first in [&tickets[0], &tickets[tickets.len() / 2]] {
        go_out(&north, first).await?;
    }
    queues.let_in(full + 2).await?;
    drop(held_up);
    queues.scan_on(REFUSED).await?;
    assert_eq!(queues.inside(), full + 2, "as many as have left");
    drop(queues);
    venue.settled(&stage).await?;
    let path = stage.organizer.path("counts");
    let counts: serde_json::Value = stage.organizer.http.get(&path).await?.expect(200)?.json()?;
    assert_eq!(counts["zones"][0]["inside"], json!(full));
    assert_eq!(stage.organizer.incidents().await?, []);
    Ok(())
}
