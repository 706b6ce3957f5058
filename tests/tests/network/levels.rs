//! Zones inside another at real gates: once means once on each level of the way in, zones beside each other exclude each other, and who passes from one to another is written down once.

use std::time::Duration;

use anyhow::ensure;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{self, Places, SEATED};
use usher_tests::stage::patience::PATIENCE;
use usher_tests::stage::turnstile::{HubVerdict, Turnstile};
use usher_tests::stage::venue::Venue;

/// The gates: from the street into the grounds, from there into either zone inside, and from one of these into the other.
const GATES: [u16; 4] = [1, 2, 3, 4];
const STREET: u16 = GATES[0];
const TO_HALL: u16 = GATES[1];
const TO_TERRACE: u16 = GATES[2];
const ACROSS: u16 = GATES[3];
/// Guests who come in by the street.
const GUESTS: u32 = 12;
/// After how long a ticket that was sent elsewhere is shown again.
const NEXT_TRY: Duration = Duration::from_millis(100);

/// Turnstiles of both hubs at every gate.
struct Grounds {
    stage: Stage,
    venue: Venue,
    /// By gate, the one in the north and the one in the south.
    turnstiles: Vec<[Turnstile; 2]>,
    tickets: Vec<BoughtTicket>,
}

/// Returns the festival with two zones beside each other inside the grounds; a seat opens all three.
fn draft(venue_id: &str) -> Value {
    let mut draft = festival::draft(venue_id, Places::FEW);
    draft["zones"] = json!([
        { "id": 1, "name": "Grounds" },
        { "id": 2, "name": "Hall", "inside": 1 },
        { "id": 3, "name": "Terrace", "inside": 1 },
    ]);
    draft["gates"] = json!([
        { "id": STREET, "name": "Street", "zone": 1 },
        { "id": TO_HALL, "name": "Hall door", "zone": 2 },
        { "id": TO_TERRACE, "name": "Terrace door", "zone": 3 },
        { "id": ACROSS, "name": "Terrace to hall", "zone": 2, "leaves": 3 },
    ]);
    draft["tiers"][0]["zones"] = json!([1, 2, 3]);
    draft
}

impl Grounds {
    async fn open() -> anyhow::Result<Self> {
        let mut stage = Stage::empty("").await?;
        stage.organizer.draft_as(draft).await?;
        stage.organizer.sign_keys().await?;
        stage.organizer.publish().await?;
        let venue = Venue::open(&stage).await?;
        let mut turnstiles = Vec::new();
        for gate in GATES {
            turnstiles.push([
                venue.north.turnstile(gate).await?,
                venue.south.turnstile(gate).await?,
            ]);
        }
        let (tier, quantity) = (SEATED, GUESTS);
        let tickets = stage.buyer().buy(&Wish::Any { tier, quantity }).await?.tickets;
        Ok(Self {
            stage,
            venue,
            turnstiles,
            tickets,
        })
    }

    fn at(&self, gate: u16) -> &[Turnstile; 2] {
        &self.turnstiles[usize::from(gate) - 1]
    }

    /// Shows a ticket at two turnstiles in the same moment, and again where it was referred; demands that one person comes in, and
    /// returns that scan.
    async fn lets_one_in(&self, ticket: &BoughtTicket, at: [&Turnstile; 2]) -> anyhow::Result<HubVerdict> {
        let (one, other) = tokio::try_join!(decided(at[0], ticket), decided(at[1], ticket))?;
        let admitted = [&one, &other].map(|said| said.verdict == "admit");
        let (yes, no) = if admitted[0] { (one, other) } else { (other, one) };
        ensure!(
            admitted[0] != admitted[1] && no.reason.as_deref() == Some("already_used"),
            "unit {}: {yes:?}, {no:?}",
            ticket.unit
        );
        Ok(yes)
    }

    /// Demands that a ticket opens none of these gates, whichever hub is asked.
    async fn is_used_at(&self, gates: &[u16], ticket: &BoughtTicket) -> anyhow::Result<()> {
        for turnstile in gates.iter().flat_map(|gate| self.at(*gate)) {
            let said = decided(turnstile, ticket).await?;
            ensure!(
                said.reason.as_deref() == Some("already_used"),
                "unit {} at {gates:?}: {said:?}",
                ticket.unit
            );
        }
        Ok(())
    }

    /// Demands that cloud and hubs count so many people in the grounds, the hall and the terrace.
    async fn are_inside(&self, inside: [usize; 3]) -> anyhow::Result<()> {
        self.venue.settled(&self.stage).await?;
        let path = self.stage.organizer.path("counts");
        let counts: Value = self.stage.organizer.http.get(&path).await?.expect(200)?.json()?;
        let counted = [0, 1, 2].map(|zone| counts["zones"][zone]["inside"].clone());
        assert_eq!(counted, inside.map(|inside| json!(inside)), "at the cloud");
        for hub in [&self.venue.north, &self.venue.south] {
            let zones = hub.status().await?.zones;
            let counted: Vec<i64> = zones.iter().map(|zone| zone.occupancy).collect();
            let inside: Vec<i64> = inside.map(i64::try_from).into_iter().collect::<Result<_, _>>()?;
            assert_eq!(counted, inside, "at {}", hub.name);
        }
        Ok(())
    }

    /// Demands that nothing but one passage was written down of each of these scans.
    async fn are_one_record(&self, scans: &[String]) -> anyhow::Result<()> {
        let told = self.stage.organizer.scans().await?;
        for scan in scans {
            let mut of_it = told.iter().filter(|one| one.scan == *scan).map(|one| &one.kind);
            let (first, second) = (of_it.next(), of_it.next());
            ensure!(
                first.is_some_and(|kind| kind == "admitted") && second.is_none(),
                "{first:?} and {second:?} are told of one passage"
            );
        }
        Ok(())
    }
}

/// Shows a ticket until a hub decides on it: under load the home may be waited for in vain.
async fn decided(turnstile: &Turnstile, ticket: &BoughtTicket) -> anyhow::Result<HubVerdict> {
    let showing = async {
        loop {
            let said = turnstile.scan(&ticket.payload).await?;
            if said.verdict != "refer" {
                return Ok(said);
            }
            sleep(NEXT_TRY).await;
        }
    };
    timeout(PATIENCE, showing).await?
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_lets_one_person_into_the_grounds_and_into_one_of_the_zones_inside_at_a_time()
-> anyhow::Result<()> {
    let grounds = Grounds::open().await?;
    let [street, hall, terrace, across] = GATES.map(|gate| grounds.at(gate));
    let (mut in_hall, mut crossed) = (0, Vec::new());
    for (number, ticket) in grounds.tickets.iter().enumerate() {
        grounds.lets_one_in(ticket, [&street[0], &street[1]]).await?;
        if number % 2 == 0 {
            // A friend with a copy comes to the zone beside in the same moment.
            let into_hall = hall[number / 2 % 2].scan(&ticket.payload);
            let into_terrace = terrace[0].scan(&ticket.payload);
            let (one, other) = tokio::try_join!(into_hall, into_terrace)?;
            let into = [&one, &other].map(|said| usize::from(said.verdict == "admit"));
            ensure!(into[0] + into[1] <= 1, "{one:?}, {other:?}");
            if into[0] + into[1] == 0 {
                grounds.lets_one_in(ticket, [&hall[0], &hall[1]]).await?;
            }
            in_hall += 1 - into[1];
            grounds.is_used_at(&[STREET, TO_HALL, TO_TERRACE], ticket).await?;
        } else {
            grounds.lets_one_in(ticket, [&terrace[0], &terrace[1]]).await?;
            grounds.is_used_at(&[STREET, TO_HALL], ticket).await?;
            let passed = grounds.lets_one_in(ticket, [&across[0], &across[1]]).await?;
            crossed.push(passed.scan_id);
            grounds.is_used_at(&GATES, ticket).await?;
            in_hall += 1;
        }
    }
    let all = grounds.tickets.len();
    grounds.are_inside([all, in_hall, all - in_hall]).await?;
    grounds.are_one_record(&crossed).await?;

    // Who leaves the grounds has left what lies inside, and comes in no more.
    for ticket in &grounds.tickets {
        let exit = json!({ "payload": ticket.payload, "gate": STREET, "direction": "out" });
        let said: HubVerdict = street[1].ask(&exit).await?.expect(200)?.json()?;
        ensure!(said.verdict == "admit", "the way out: {said:?}");
        grounds.is_used_at(&GATES, ticket).await?;
    }
    grounds.are_inside([0, 0, 0]).await?;
    assert_eq!(grounds.stage.organizer.incidents().await?, []);
    Ok(())
}

/// What is done to a policy, by its name.
type PolicyChange = (&'static str, fn(&mut Value));

/// Changes of the policy after which tickets that were used would open a gate again.
const REOPENING: [PolicyChange; 4] = [
    ("a gate leads elsewhere", |policy| {
        policy["gates"][1]["zone"] = json!(3)
    }),
    ("a gate is gone", |policy| {
        policy["gates"].as_array_mut().map(Vec::pop);
    }),
    ("zones lie elsewhere", |policy| {
        for zone in [1, 2] {
            policy["zones"][zone]["inside"] = Value::Null;
        }
    }),
    ("a tier opens again", |policy| {
        policy["tiers"][0]["entry"] = json!({ "per_day": 2 })
    }),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_would_open_gates_to_used_tickets_is_refused_and_they_stay_used() -> anyhow::Result<()>
{
    let grounds = Grounds::open().await?;
    let (ticket, organizer) = (&grounds.tickets[0], &grounds.stage.organizer);
    for gate in [STREET, TO_HALL] {
        let [north, south] = grounds.at(gate);
        grounds.lets_one_in(ticket, [north, south]).await?;
    }
    let event = format!("/v1/organizer/events/{}", organizer.event);
    let path = organizer.path("policy");
    let put = async |change: fn(&mut Value)| {
        let event: Value = organizer.http.get(&event).await?.expect(200)?.json()?;
        let mut policy = event["policy"].clone();
        change(&mut policy);
        organizer.http.send(Method::PUT, &path, Some(&policy)).await
    };
    for (what, reopens) in REOPENING {
        let status = put(reopens).await?.status;
        ensure!(status == 422, "{what}: {status}");
    }
    // Another one is taken, and all hear of it.
    let before = organizer.devices().await?.records;
    put(|policy| policy["gates"][0]["name"] = json!("Main gate"))
        .await?
        .expect(200)?;
    ensure!(
        organizer.devices().await?.records > before,
        "nothing was written down of it"
    );
    grounds.venue.settled(&grounds.stage).await?;
    grounds.is_used_at(&GATES, ticket).await?;
    grounds.are_inside([1, 1, 0]).await
}
