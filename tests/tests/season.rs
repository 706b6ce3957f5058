//! One laptop and one scanner for several events, over the real programs: one folder and one service each.

use std::ffi::OsString;

use anyhow::ensure;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::Buyer;
use usher_tests::stage::festival::{NORTH, Places, STANDING};
use usher_tests::stage::http::Http;
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::organizer::Role;
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::Program;
use usher_tests::stage::turnstile::HubVerdict;

/// An event of the season: its id, its buyer, and a token for its turnstile.
struct Evening {
    event: String,
    buyer: Buyer,
    token: String,
}

/// Puts one more event on sale in the same cloud.
async fn next_event(stage: &mut Stage) -> anyhow::Result<()> {
    stage.organizer.draft(Places::FEW).await?;
    stage.organizer.sign_keys().await?;
    stage.organizer.publish().await
}

/// Makes the laptop a hub of the event that was put on sale last, and has its turnstile ready.
async fn join(stage: &Stage, hub: &Hub) -> anyhow::Result<Evening> {
    let event = stage.organizer.event.clone();
    let named = ["http-token", "--every-gate", "--event", &event];
    let token = until(format!("a token for {event}"), async || {
        Ok(hub.command(&named).await.ok())
    })
    .await?;
    let evening = Evening {
        buyer: stage.buyer(),
        token: token.trim().to_owned(),
        event,
    };
    until("the hub to be linked for the event", async || {
        let path = format!("/events/{}/v1/status", evening.event);
        let status: serde_json::Value = hub.http.get(&path).await?.json()?;
        Ok((status["event_name"].is_string() && status["links"][0]["role"] == "cloud").then_some(()))
    })
    .await?;
    Ok(evening)
}

async fn turnstile(hub: &Hub, evening: &Evening, payload: &str) -> anyhow::Result<HubVerdict> {
    let http: Http = hub.http.with_token(evening.token.clone());
    let request = serde_json::json!({ "payload": payload, "gate": NORTH });
    http.post("/v1/scans", &request).await?.expect(200)?.json()
}

async fn enrol(stage: &Stage, program: Program, name: &str, code: &str) -> anyhow::Result<()> {
    let dir = stage.path(name);
    let arguments = [
        "--dir".as_ref(),
        dir.as_os_str(),
        "enroll".as_ref(),
        code.as_ref(),
        "--name".as_ref(),
        name.as_ref(),
    ];
    stage.programs.run(program, &arguments).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_folder_and_one_service_serve_two_events_and_tell_their_tickets_apart() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    let code = stage.organizer.enrolment_code(Role::Hub, "laptop").await?;
    let setup = HubSetup {
        dir: stage.path("laptop"),
        name: "laptop",
        peers: Vec::new(),
    };
    let hub = Hub::enrol(&stage.programs, setup, &code).await?;
    let first = join(&stage, &hub).await?;

    next_event(&mut stage).await?;
    let code = stage.organizer.enrolment_code(Role::Hub, "laptop").await?;
    enrol(&stage, Program::GateAgent, "laptop", &code).await?;
    let second = join(&stage, &hub).await?;
    ensure!(first.event != second.event, "there are two events");

    for (evening, other) in [(&first, &second), (&second, &first)] {
        let code = hub.command(&["scanner-code", "--event", &evening.event]).await?;
        enrol(&stage, Program::Scan, "scanner", code.trim()).await?;
        let ticket = evening.buyer.buy_one(STANDING).await?;
        let verdict = turnstile(&hub, evening, &ticket.payload).await?;
        assert_eq!(verdict.verdict, "admit", "{verdict:?}");
        let wrong = turnstile(&hub, other, &ticket.payload).await?;
        assert_eq!(wrong.reason.as_deref(), Some("other_event"), "{wrong:?}");
    }
    let scanner = stage.path("scanner");
    for (evening, other) in [(&first, &second), (&second, &first)] {
        let (own, wrong) = (
            evening.buyer.buy_one(STANDING).await?,
            other.buyer.buy_one(STANDING).await?,
        );
        // Pictures are called by the place, which is the same in both events.
        let folders = [&own.payload, &wrong.payload].map(|payload| stage.path(payload));
        for folder in &folders {
            std::fs::create_dir(folder)?;
        }
        let own = evening.buyer.save_code(&own, &folders[0]).await?;
        let wrong = other.buyer.save_code(&wrong, &folders[1]).await?;
        let mut arguments: Vec<OsString> = ["--dir".into(), scanner.clone().into()].into();
        let event = evening.event.as_str();
        arguments.extend(["--event", event, "run", "--gate", "1", "--plain", "--image"].map(OsString::from));
        arguments.extend([own.into(), wrong.into()]);
        let shown = stage.programs.run(Program::Scan, &arguments).await?;
        assert!(shown.contains("ADMIT Come in"), "{shown}");
        assert!(
            shown.contains("DENY Other event | A genuine ticket, but for"),
            "{shown}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_killed_comes_back_with_all_its_events() -> anyhow::Result<()> {
    let mut stage = Stage::on_sale(Places::FEW).await?;
    let code = stage.organizer.enrolment_code(Role::Hub, "laptop").await?;
    let setup = HubSetup {
        dir: stage.path("laptop"),
        name: "laptop",
        peers: Vec::new(),
    };
    let mut hub = Hub::enrol(&stage.programs, setup, &code).await?;
    let first = join(&stage, &hub).await?;
    next_event(&mut stage).await?;
    let code = stage.organizer.enrolment_code(Role::Hub, "laptop").await?;
    enrol(&stage, Program::GateAgent, "laptop", &code).await?;
    let second = join(&stage, &hub).await?;
    let mut used = Vec::new();
    for evening in [&first, &second] {
        let ticket = evening.buyer.buy_one(STANDING).await?;
        assert_eq!(turnstile(&hub, evening, &ticket.payload).await?.verdict, "admit");
        used.push((evening, ticket));
    }
    hub.process.kill9()?;
    hub.process.start_again()?;
    for (evening, ticket) in used {
        let again = until("the hub to answer", async || {
            Ok(turnstile(&hub, evening, &ticket.payload).await.ok())
        });
        assert_eq!(again.await?.reason.as_deref(), Some("already_used"));
    }
    Ok(())
}
