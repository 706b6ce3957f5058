//! Ways out at gates that are cut off from each other: each is written down where it happens, and two of one entry are one.

use serde_json::{Value, json};
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::BoughtTicket;
use usher_tests::stage::festival::{NORTH, Places, SOUTH, WEEKEND};
use usher_tests::stage::patience::until;
use usher_tests::stage::turnstile::{HubVerdict, Turnstile};
use usher_tests::stage::venue::{Side, Venue};

/// Two gates, and a guest with a weekend pass who went in at the home of the pass.
struct Visit {
    stage: Stage,
    venue: Venue,
    home: Turnstile,
    other: Turnstile,
    pass: BoughtTicket,
}

impl Visit {
    async fn begin() -> anyhow::Result<Self> {
        let stage = Stage::on_sale(Places::FEW).await?;
        let venue = Venue::open(&stage).await?;
        let pass = stage.buyer().buy_one(WEEKEND).await?;
        let (north, south) = (
            venue.north.turnstile(NORTH).await?,
            venue.south.turnstile(SOUTH).await?,
        );
        let (home, other) = match venue.home(pass.unit) {
            Side::North => (north, south),
            Side::South => (south, north),
        };
        assert_eq!(home.scan(&pass.payload).await?.verdict, "admit");
        venue.settled(&stage).await?;
        Ok(Self {
            stage,
            venue,
            home,
            other,
            pass,
        })
    }

    /// Cuts both hubs off from each other and from the cloud.
    async fn part(&mut self) -> anyhow::Result<()> {
        self.venue.cable.cut();
        self.stage.cloud.process.kill9()?;
        let alone = async |side| {
            let dials = self.venue.hub(side).status().await?.dials;
            Ok::<_, anyhow::Error>(dials.iter().all(|dial| !dial.is_linked))
        };
        until("the hubs to be alone", async || {
            Ok((alone(Side::North).await? && alone(Side::South).await?).then_some(()))
        })
        .await
    }

    async fn heal(&mut self) -> anyhow::Result<()> {
        self.venue.cable.mend();
        self.stage.cloud.start_again().await?;
        self.venue.linked().await?;
        self.venue.settled(&self.stage).await
    }

    async fn inside(&self) -> anyhow::Result<Value> {
        let path = self.stage.organizer.path("counts");
        let counts: Value = self.stage.organizer.http.get(&path).await?.expect(200)?.json()?;
        Ok(counts["zones"][0]["inside"].clone())
    }
}

/// Lets a guest out at a gate.
async fn out(gate: &Turnstile, at: u16, pass: &BoughtTicket) -> anyhow::Result<HubVerdict> {
    let exit = json!({ "payload": pass.payload, "gate": at, "direction": "out" });
    gate.ask(&exit).await?.expect(200)?.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_where_the_home_is_not_heard_comes_in_again_once_it_is() -> anyhow::Result<()> {
    let mut visit = Visit::begin().await?;
    visit.part().await?;
    let at = if visit.venue.home(visit.pass.unit) == Side::North {
        SOUTH
    } else {
        NORTH
    };
    assert_eq!(out(&visit.other, at, &visit.pass).await?.verdict, "admit");
    visit.heal().await?;
    assert_eq!(visit.inside().await?, 0);
    assert_eq!(visit.home.scan(&visit.pass.payload).await?.verdict, "admit");
    visit.venue.settled(&visit.stage).await?;
    assert_eq!(visit.inside().await?, 1);
    assert_eq!(visit.stage.organizer.incidents().await?, []);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_exits_of_one_entry_let_one_person_in_again_and_are_told() -> anyhow::Result<()> {
    let mut visit = Visit::begin().await?;
    visit.part().await?;
    for (gate, at) in [(&visit.home, NORTH), (&visit.other, SOUTH)] {
        let at = if visit.venue.home(visit.pass.unit) == Side::North {
            at
        } else {
            NORTH + SOUTH - at
        };
        assert_eq!(out(gate, at, &visit.pass).await?.verdict, "admit");
    }
    visit.heal().await?;
    assert_eq!(visit.inside().await?, 0);
    assert_eq!(visit.other.scan(&visit.pass.payload).await?.verdict, "admit");
    // Whether it is a copy, or the guest was seen to leave twice, a person is to decide.
    let copy = visit.home.scan(&visit.pass.payload).await?;
    assert_eq!(copy.verdict, "refer", "{copy:?}");
    visit.venue.settled(&visit.stage).await?;
    assert_eq!(visit.inside().await?, 1);
    assert_eq!(visit.stage.organizer.incidents().await?.len(), 1);
    Ok(())
}
