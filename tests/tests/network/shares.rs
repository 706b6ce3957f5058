//! Hubs that are cut off from each other let people in from their own shares alone, of a zone's places and of a slot of time; healed, every place can be had again at any gate.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use usher_tests::relay::Relay;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, SOUTH, STANDING};
use usher_tests::stage::patience::{until, until_within};
use usher_tests::stage::programs::Programs;
use usher_tests::stage::turnstile::{HubVerdict, Turnstile};
use usher_tests::stage::venue::Venue;

/// People the zone holds, or lets in within a slot.
const PLACES: usize = 12;
/// How long after healing the last place may take.
pub const ROOM_WITHIN: Duration = Duration::from_secs(10);
/// The shortest slot, in seconds.
const SLOT_SECONDS: u64 = 300;
/// How long before the next slot the programs begin, in seconds: the gates are open and the first slot is full by then.
const BEFORE_NEXT_SLOT: u64 = 75;

/// Two hubs that can be cut from each other and from the cloud, and people with tickets at both.
struct Doors {
    stage: Stage,
    venue: Venue,
    uplink: Relay,
    gates: [Turnstile; 2],
    tickets: std::vec::IntoIter<BoughtTicket>,
}

impl Doors {
    async fn open(programs: Programs, limit: Value) -> anyhow::Result<Self> {
        let uplink = Relay::open().await?;
        let settings = format!("uplink_public = [\"{}\"]", uplink.address());
        let stage = Stage::on_sale_by(programs, Places::FEW, &settings).await?;
        uplink.aim(stage.cloud.listening.uplink);
        limit_arena(&stage, limit).await?;
        let venue = Venue::open(&stage).await?;
        let gates = [
            venue.north.turnstile(NORTH).await?,
            venue.south.turnstile(SOUTH).await?,
        ];
        let mut tickets = Vec::new();
        for _ in 0..4 {
            let (tier, quantity) = (STANDING, 20);
            tickets.extend(stage.buyer().buy(&Wish::Any { tier, quantity }).await?.tickets);
        }
        Ok(Self {
            stage,
            venue,
            uplink,
            gates,
            tickets: tickets.into_iter(),
        })
    }

    /// Cuts the hubs off once they have shared the places: by then nobody writes anything down any more.
    async fn cut(&self) -> anyhow::Result<()> {
        self.venue.settled(&self.stage).await?;
        self.venue.cable.cut();
        self.uplink.cut();
        Ok(())
    }

    async fn heal(&self) -> anyhow::Result<()> {
        self.venue.cable.mend();
        self.uplink.mend();
        self.venue.linked().await
    }

    /// Has somebody else try to come in by one of the gates.
    async fn comes(&mut self, gate: usize) -> anyhow::Result<HubVerdict> {
        let ticket = self.tickets.next().context("there are more tickets")?;
        self.gates[gate].scan(&ticket.payload).await
    }

    /// Has people come to a gate until one is not let in; returns how many were, and why that one was not.
    async fn fills(&mut self, gate: usize) -> anyhow::Result<(usize, HubVerdict)> {
        let mut admitted = 0;
        loop {
            let said = self.comes(gate).await?;
            if said.verdict != "admit" {
                return Ok((admitted, said));
            }
            admitted += 1;
        }
    }

    /// Has people at one gate take places that are left, for as long as hubs may take to hand them over.
    async fn takes(&mut self, gate: usize, places: usize) -> anyhow::Result<()> {
        let (mut admitted, mut last) = (0, None);
        let ticket = self.tickets.next().context("there are more tickets")?;
        let mut waiting = ticket.payload;
        let what = format!("the last {places} places to be had at gate {gate}");
        let taken = until_within(ROOM_WITHIN, what, async || {
            let said = self.gates[gate].scan(&waiting).await?;
            if said.verdict == "admit" {
                admitted += 1;
                waiting = self.tickets.next().context("there are more tickets")?.payload;
            }
            last = Some(said);
            Ok((admitted == places).then_some(()))
        });
        taken.await.with_context(|| format!("{last:?}"))?;
        Ok(())
    }

    /// Demands that both gates let nobody in, in the end for that reason.
    async fn are_full(&mut self, reason: &str) -> anyhow::Result<()> {
        for gate in [0, 1] {
            until(format!("gate {gate} to say {reason}"), async || {
                let said = self.comes(gate).await?;
                ensure!(said.verdict != "admit", "somebody more came in: {said:?}");
                Ok((said.reason.as_deref() == Some(reason)).then_some(()))
            })
            .await?;
        }
        Ok(())
    }

    /// Has both gates, cut off, let in whom they may, one of them two people only; returns how many came in.
    async fn fill_apart(&mut self) -> anyhow::Result<usize> {
        let (north, refused) = self.fills(0).await?;
        ensure!(
            (1..PLACES).contains(&north),
            "{north} came in by one gate's share: {refused:?}"
        );
        for person in 1..=2 {
            let said = self.comes(1).await?;
            ensure!(said.verdict == "admit", "person {person} at the other: {said:?}");
        }
        Ok(north + 2)
    }
}

/// Sets members of the first zone of the policy.
pub async fn limit_arena(stage: &Stage, limit: Value) -> anyhow::Result<()> {
    let http = &stage.organizer.http;
    let event = format!("/v1/organizer/events/{}", stage.organizer.event);
    let event: Value = http.get(&event).await?.expect(200)?.json()?;
    let mut policy = event["policy"].clone();
    for (member, value) in limit.as_object().context("it is an object")? {
        policy["zones"][0][member] = value.clone();
    }
    let path = stage.organizer.path("policy");
    http.send(Method::PUT, &path, Some(&policy)).await?.expect(200)?;
    Ok(())
}

/// Gives the programs with clocks that will come to the next slot in a while.
fn before_a_slot() -> anyhow::Result<Programs> {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let ahead = (2 * SLOT_SECONDS - BEFORE_NEXT_SLOT - seconds % SLOT_SECONDS) % SLOT_SECONDS;
    Programs::find()?.off_by(&format!("{ahead:+}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn hubs_apart_fill_a_zone_from_their_shares_and_healed_any_gate_gives_its_last_places()
-> anyhow::Result<()> {
    let mut doors = Doors::open(Programs::find()?, json!({ "capacity": PLACES })).await?;
    doors.cut().await?;
    let inside = doors.fill_apart().await?;
    ensure!(inside < PLACES, "{inside} of {PLACES} came in apart");
    doors.heal().await?;
    doors.takes(0, PLACES - inside).await?;
    doors.are_full("zone_full").await?;
    // Full, and apart once more: there is no share left to let anybody in by.
    doors.cut().await?;
    for gate in [0, 1] {
        let (admitted, said) = doors.fills(gate).await?;
        ensure!(admitted == 0, "{admitted} came in beyond the capacity: {said:?}");
    }
    doors.heal().await?;
    doors.venue.settled(&doors.stage).await?;
    let counts = doors.stage.organizer.path("counts");
    let counts: Value = doors
        .stage
        .organizer
        .http
        .get(&counts)
        .await?
        .expect(200)?
        .json()?;
    assert_eq!(counts["zones"][0]["inside"], json!(PLACES));
    assert_eq!(doors.stage.organizer.incidents().await?, []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_of_time_lets_in_as_many_as_may_linked_and_apart_and_the_next_one_opens() -> anyhow::Result<()>
{
    let slots = json!({ "time_slots": { "minutes": SLOT_SECONDS / 60, "persons": PLACES } });
    let mut doors = Doors::open(before_a_slot()?, slots).await?;
    doors.takes(0, PLACES / 2).await?;
    doors.takes(1, PLACES - PLACES / 2).await?;
    doors.are_full("time_slot_full").await?;

    doors.cut().await?;
    let next_slot = Duration::from_secs(BEFORE_NEXT_SLOT) + ROOM_WITHIN;
    let ticket = doors.tickets.next().context("there are more tickets")?;
    until_within(next_slot, "the next slot to open", async || {
        let said = doors.gates[0].scan(&ticket.payload).await?;
        Ok((said.verdict == "admit").then_some(()))
    })
    .await?;
    let arrived = 1 + doors.fill_apart().await?;
    ensure!(arrived < PLACES, "{arrived} of {PLACES} came in apart");
    doors.heal().await?;
    doors.takes(1, PLACES - arrived).await?;
    doors.are_full("time_slot_full").await?;
    assert_eq!(doors.stage.organizer.incidents().await?, []);
    Ok(())
}
