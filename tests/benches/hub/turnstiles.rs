//! Durable admissions at one hub over HTTP: turnstiles with a token, each on a connection it keeps.

use std::sync::Arc;

use anyhow::{Context, ensure};
use reqwest::Client;
use serde_json::{Value, json};
use usher_tests::measure::{Meter, Row, Table, signature_times};
use usher_tests::stage::hub::Hub;

use crate::admissions::{Admitting, micros_each};
use crate::load;
use crate::show::{GATE, scan};
use crate::stand::{Stand, pid};

const HUB: u16 = 100;
const TURNSTILES: usize = 64;
const WARM_UP: u32 = 1_000;
const MANY: u32 = 12_000;

/// Measures it.
pub async fn measure(table: &mut Table) -> anyhow::Result<()> {
    let stand = Stand::prepare(&[(HUB, 0..0)], 0).await?;
    let hub = stand.start(HUB, Vec::new()).await?;
    let token = token(&hub).await?;
    let url = format!("{}/v1/scans", hub.http.base());
    let bodies: Arc<Vec<Value>> = Arc::new((0..WARM_UP + MANY).map(body).collect());
    let clients = (0..TURNSTILES).map(|_| Client::builder().no_proxy().build());
    let clients: Vec<Client> = clients.collect::<Result<_, _>>()?;
    let gates = |from: usize| {
        let gate = |client: &Client| {
            let (client, url, token) = (client.clone(), url.clone(), token.clone());
            let bodies = Arc::clone(&bodies);
            move |person: usize| -> Admitting {
                let asking = client.post(&url).bearer_auth(&token).json(&bodies[from + person]);
                Box::pin(async move {
                    let answer: Value = asking.send().await?.json().await?;
                    ensure!(answer["verdict"] == "admit", "somebody was not let in: {answer}");
                    Ok(())
                })
            }
        };
        clients.iter().map(gate).collect::<Vec<_>>()
    };
    load::crowded(gates(0), WARM_UP as usize).await?;
    let before = signature_times()?;
    let meter = Meter::start(pid(&hub)?)?;
    let mut passed = load::crowded(gates(WARM_UP as usize), MANY as usize).await?;
    let (cpu, signatures) = (meter.cpu()?, before.mean(signature_times()?));
    let each = micros_each(cpu, MANY);
    let raw = (cpu / MANY, signatures.verification);
    let of_http = Row::at_most("hub CPU per admission over HTTP", (each, 200.0), "µs");
    table.add_all(of_http.beside("a raw strict verification", raw));
    table.add(Row::told(
        "  admissions",
        format!("{:.0} /s", passed.per_second()),
    ));
    table.add(Row::told("  waiting", passed.latencies.summary()));
    Ok(())
}

fn body(unit: u32) -> Value {
    let scan = scan(unit);
    let payload = String::from_utf8_lossy(&scan.code).into_owned();
    json!({ "payload": payload, "gate": GATE, "scan_id": format!("{:?}", scan.id) })
}

async fn token(hub: &Hub) -> anyhow::Result<String> {
    let said = hub
        .command(&["http-token", "--every-gate", "--name", "turnstiles"])
        .await?;
    let token = said
        .split_whitespace()
        .find(|word| word.starts_with("usher-http-"));
    Ok(token.context("the hub gives a token")?.to_owned())
}
