//! Three hubs, one of which is cut off from everybody: together they never let in more people than a zone holds, those that are linked lend each other what they have, and healed the last places can be had at any gate.

use anyhow::{Context, ensure};
use serde_json::json;
use usher_tests::relay::Relay;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, SOUTH, STANDING};
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::patience::{until, until_within};
use usher_tests::stage::programs::Programs;
use usher_tests::stage::turnstile::Turnstile;
use usher_tests::stage::venue::{HUB_NORTH, HUB_SOUTH, Venue};

use super::shares::{ROOM_WITHIN, limit_arena};

/// People the zone holds: of three hubs each has some.
const PLACES: usize = 18;
const HUB_THIRD: &str = "Hub Third";

/// Two hubs on one cable, and a third one with cables of its own to both.
struct ThreeHubs {
    stage: Stage,
    venue: Venue,
    third: Hub,
    uplink: Relay,
    cables: [Relay; 2],
    gates: [Turnstile; 3],
    tickets: std::vec::IntoIter<BoughtTicket>,
}

impl ThreeHubs {
    async fn open() -> anyhow::Result<Self> {
        let uplink = Relay::open().await?;
        let settings = format!("uplink_public = [\"{}\"]", uplink.address());
        let stage = Stage::on_sale_by(Programs::find()?, Places::FEW, &settings).await?;
        uplink.aim(stage.cloud.listening.uplink);
        limit_arena(&stage, json!({ "capacity": PLACES })).await?;
        let venue = Venue::open(&stage).await?;
        let cables = [Relay::open().await?, Relay::open().await?];
        cables[0].aim(venue.north.listening.quic);
        cables[1].aim(venue.south.listening.quic);
        let setup = HubSetup {
            dir: stage.path("hub-third"),
            name: HUB_THIRD,
            peers: cables.iter().map(Relay::address).collect(),
        };
        let third = stage.hub(setup).await?;
        let gates = [
            venue.north.turnstile(NORTH).await?,
            venue.south.turnstile(SOUTH).await?,
            third.turnstile(SOUTH).await?,
        ];
        let mut tickets = Vec::new();
        for _ in 0..4 {
            let (tier, quantity) = (STANDING, 20);
            tickets.extend(stage.buyer().buy(&Wish::Any { tier, quantity }).await?.tickets);
        }
        let tickets = tickets.into_iter();
        let hubs = Self {
            stage,
            venue,
            third,
            uplink,
            cables,
            gates,
            tickets,
        };
        hubs.linked().await?;
        Ok(hubs)
    }

    /// Waits until everybody is linked to everybody, and holds the same.
    async fn linked(&self) -> anyhow::Result<()> {
        self.venue.linked().await?;
        for peer in [HUB_NORTH, HUB_SOUTH, "cloud"] {
            self.third.linked_to(peer).await?;
        }
        self.venue.settled(&self.stage).await?;
        until("the third hub to hold what the others do", async || {
            let (third, north) = (self.third.status().await?, self.venue.north.status().await?);
            Ok((third.records == north.records && third.logs == north.logs).then_some(()))
        })
        .await
    }

    /// Cuts the third hub off from the others, and everybody from the cloud.
    fn cut_the_third_off(&self) {
        self.uplink.cut();
        self.cables.iter().for_each(Relay::cut);
    }

    async fn heal(&self) -> anyhow::Result<()> {
        self.uplink.mend();
        self.cables.iter().for_each(Relay::mend);
        self.linked().await
    }

    fn next_ticket(&mut self) -> anyhow::Result<String> {
        Ok(self.tickets.next().context("there are more tickets")?.payload)
    }

    /// Has people come to a gate for as long as hubs may take to hand places over; returns how many came in.
    async fn fill(&mut self, gate: usize, most: usize) -> anyhow::Result<usize> {
        let (mut came_in, mut waiting) = (0, self.next_ticket()?);
        let begun = std::time::Instant::now();
        while came_in < most && begun.elapsed() < ROOM_WITHIN {
            if self.gates[gate].scan(&waiting).await?.verdict == "admit" {
                came_in += 1;
                waiting = self.next_ticket()?;
            }
        }
        Ok(came_in)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_is_cut_off_has_its_share_and_the_others_lend_each_other_theirs() -> anyhow::Result<()> {
    let mut hubs = ThreeHubs::open().await?;
    hubs.cut_the_third_off();
    let apart = hubs.fill(2, PLACES).await?;
    ensure!(
        (1..PLACES).contains(&apart),
        "{apart} came in by the third hub's share"
    );
    // All that the two others hold can be had at one gate.
    let linked = hubs.fill(0, PLACES).await?;
    let strangers = hubs.fill(1, 1).await?;
    ensure!(
        strangers == 0,
        "somebody came in at the other gate, when one gate had all places that there are"
    );
    ensure!(apart + linked <= PLACES, "{apart} + {linked} of {PLACES} came in");

    hubs.heal().await?;
    let left = PLACES - apart - linked;
    let mut waiting = hubs.next_ticket()?;
    let mut came_in = 0;
    until_within(ROOM_WITHIN, format!("the last {left} places"), async || {
        while came_in < left && hubs.gates[1].scan(&waiting).await?.verdict == "admit" {
            came_in += 1;
            waiting = hubs.next_ticket()?;
        }
        Ok((came_in == left).then_some(()))
    })
    .await?;
    for gate in 0..3 {
        let said = hubs.gates[gate].scan(&waiting).await?;
        ensure!(
            said.verdict != "admit",
            "one more came in at gate {gate}: {said:?}"
        );
    }
    hubs.linked().await?;
    assert_eq!(hubs.stage.organizer.incidents().await?, []);
    Ok(())
}
