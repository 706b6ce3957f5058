//! A waiting room on two processes: either gives passes that both know, and when the one that steers is killed, the other one goes on at the
//! same rate.

use std::time::{Duration, Instant};

use anyhow::ensure;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use usher_tests::stage::festival::STANDING;
use usher_tests::stage::patience::until_within;

use crate::Pair;

/// Who waits, at two processes.
const VISITORS: usize = 200;
/// How many are let through in a minute: five in a second.
const PER_MINUTE: u32 = 300;
/// How long nothing goes on after a kill: the lease of the dead one, a step, and a machine that does other things too.
const GOES_ON_WITHIN: Duration = Duration::from_secs(20);

/// Somebody with a pass.
struct Visitor {
    pass: Value,
    cookie: String,
}

impl Visitor {
    /// Changes the pass for a token, and holds a place with it.
    async fn hold(&self, client: &Client, base: &str, event: &str) -> anyhow::Result<()> {
        let tokens = format!("{base}/v1/events/{event}/waiting-room/tokens");
        let asked = client.post(tokens).header("cookie", &self.cookie);
        let answer = asked.json(&json!({ "pass": self.pass })).send().await?;
        let view: Value = serde_json::from_slice(&answer.error_for_status()?.bytes().await?)?;
        ensure!(view["status"] == "through", "{view}");
        let tiers = json!([{ "tier": STANDING, "quantity": 1 }]);
        let body = json!({ "event_id": event, "tiers": tiers, "sale_token": view["sale_token"] });
        let hold = client.post(format!("{base}/v1/reservations")).json(&body);
        let held = hold.header("cookie", &self.cookie).send().await?;
        ensure!(held.status() == 201, "{}", held.text().await?);
        Ok(())
    }
}

/// Opens a waiting room whose opening is past.
async fn open_room(pair: &Pair) -> anyhow::Result<()> {
    let path = pair.stage.organizer.path("waiting-room");
    let room = json!({ "opens_at": "2026-01-01T00:00:00Z", "per_minute": PER_MINUTE });
    let set = pair
        .stage
        .organizer
        .http
        .send(Method::PUT, &path, Some(&room))
        .await?;
    set.expect(200)?;
    Ok(())
}

async fn join(client: &Client, base: &str, event: &str) -> anyhow::Result<Visitor> {
    let address = format!("{base}/v1/events/{event}/waiting-room/passes");
    let joined = client.post(address).send().await?.error_for_status()?;
    let cookies = joined.headers().get_all("set-cookie").iter();
    let cookies = cookies.filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
    let cookie = cookies.collect::<Vec<_>>().join("; ");
    let body: Value = serde_json::from_slice(&joined.bytes().await?)?;
    let pass = body["pass"].clone();
    Ok(Visitor { pass, cookie })
}

/// Tells whether the process with this data directory steers the room.
async fn steers(pair: &Pair, data_dir: &std::path::Path) -> anyhow::Result<bool> {
    let known: String = std::fs::read(data_dir.join("serve.lock"))?
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let sql = format!("SELECT count(*) FROM waiting_rooms WHERE encode(holder, 'hex') = '{known}'");
    Ok(pair.count(&sql).await? == 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_process_that_steers_is_killed_the_other_one_goes_on_at_the_same_rate() -> anyhow::Result<()>
{
    let mut pair = Pair::on_sale().await?;
    let event = pair.stage.organizer.event.clone();
    let opened = Instant::now();
    open_room(&pair).await?;
    let client = Client::builder().no_proxy().build()?;
    let bases = [
        pair.stage.cloud.http.base().to_owned(),
        pair.other.http.base().to_owned(),
    ];
    let mut visitors = Vec::new();
    for nth in 0..VISITORS {
        visitors.push(join(&client, &bases[nth % 2], &event).await?);
    }
    let through = async |pair: &Pair| pair.count("SELECT threshold FROM waiting_rooms").await;
    until_within(GOES_ON_WITHIN, "the first to be let through", async || {
        Ok((through(&pair).await? >= 10).then_some(()))
    })
    .await?;

    let other_steers = steers(&pair, pair.other.data_dir()).await?;
    ensure!(
        other_steers != steers(&pair, pair.stage.cloud.data_dir()).await?,
        "one process steers"
    );
    let survivor = if other_steers {
        pair.other.process.kill9()?;
        &bases[0]
    } else {
        pair.stage.cloud.process.kill9()?;
        &bases[1]
    };
    let before = through(&pair).await?;
    let (now, _) = until_within(GOES_ON_WITHIN, "people to be let through again", async || {
        let now = through(&pair).await?;
        Ok((now >= before + 15).then_some(now))
    })
    .await?;
    // Never above the rate: of the time since the opening, and a second.
    let seconds = opened.elapsed().as_secs_f64() + 1.0;
    let most = seconds * f64::from(PER_MINUTE) / 60.0;
    ensure!((now as f64) <= most, "{now} in {seconds} s, of {most}");

    // Whoever got a pass at either process goes on at the one that is left, and nobody's number was lost.
    for visitor in &visitors[..4] {
        visitor.hold(&client, survivor, &event).await?;
    }
    let registered = pair.count("SELECT registered FROM waiting_rooms").await?;
    ensure!(registered == VISITORS, "{registered}");
    let passes: std::collections::BTreeSet<String> =
        visitors.iter().map(|visitor| visitor.pass.to_string()).collect();
    ensure!(passes.len() == VISITORS, "two have the same pass");
    Ok(())
}
