//! A day in which everything happens that a program might want to write down: sales, enrolments, scans, and what goes
//! wrong with each of them.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Child;

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::json;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::{BoughtTicket, Wish};
use usher_tests::stage::festival::{NORTH, Places, SEATED, STANDING};
use usher_tests::stage::http::RawBody;
use usher_tests::stage::hub::{Hub, HubSetup};
use usher_tests::stage::listening;
use usher_tests::stage::organizer::Role;
use usher_tests::stage::patience::until;
use usher_tests::stage::programs::{Program, finish};
use usher_tests::stage::qr;
use usher_tests::stage::scanner::Scanner;

/// The cloud says all it can.
const CLOUD_SETTINGS: &str = "[log]\nfilter = \"trace\"";
/// Hubs and scanners too.
const TRACE: (&str, &str) = ("RUST_LOG", "trace");
const SUPERVISOR: &str = "Adalgisa Overseer";
const HUB: &str = "Hub North";

/// The log of a program.
#[derive(Debug)]
pub struct Log {
    pub name: String,
    pub text: String,
}

/// A day, over.
#[derive(Debug)]
pub struct Day {
    pub stage: Stage,
    /// The logs of all programs.
    pub logs: Vec<Log>,
    /// Secrets that are texts: what, and the text.
    pub words: Vec<(&'static str, String)>,
    /// Codes that were handed out.
    pub enrolment_codes: Vec<String>,
}

impl Day {
    /// Plays it.
    pub async fn play() -> anyhow::Result<Self> {
        let mut day = Self {
            stage: Stage::on_sale_with(Places::FEW, CLOUD_SETTINGS).await?,
            logs: Vec::new(),
            words: vec![
                ("a supervisor's name", SUPERVISOR.to_owned()),
                ("a payment token", "tok_ok".to_owned()),
                ("a payment token", "tok_decline".to_owned()),
                ("a payment token", "tok_unreachable".to_owned()),
            ],
            enrolment_codes: Vec::new(),
        };
        day.organize().await?;
        let tickets = day.sell().await?;
        let mut hub = day.enrol_hub().await?;
        hub.process.stop().await?;
        let traced = Traced::start(&day.stage, &hub).await?;
        day.scan(&hub, &tickets).await?;
        day.break_things(&hub, &tickets).await?;
        day.take_log("the hub", &traced.log)?;
        day.take_log("the hub before", hub.process.log())?;
        let cloud = day.stage.cloud.process.log().to_owned();
        day.take_log("the cloud", &cloud)?;
        Ok(day)
    }

    /// Where everything of the day lies.
    pub fn folder(&self) -> PathBuf {
        self.stage.path("")
    }

    fn take_log(&mut self, name: &str, file: &Path) -> anyhow::Result<()> {
        let text = fs::read(file).with_context(|| format!("reading {}", file.display()))?;
        self.logs.push(Log {
            name: name.to_owned(),
            text: String::from_utf8_lossy(&text).into_owned(),
        });
        Ok(())
    }

    /// A key that works, one that does not, and what is asked with them.
    async fn organize(&mut self) -> anyhow::Result<()> {
        let key = self.stage.cloud.organizer_key("Barn Owls").await?;
        let http = &self.stage.cloud.http;
        http.with_token(key.clone())
            .get("/v1/organizer/events")
            .await?
            .expect(200)?;
        let wrong = format!("{}0", &key[..key.len() - 1]);
        http.with_token(wrong.clone()).get("/v1/organizer/events").await?;
        self.words
            .extend([("an API key", key), ("a wrong API key", wrong)]);
        Ok(())
    }

    /// Buys tickets, pays badly, asks badly.
    async fn sell(&mut self) -> anyhow::Result<Vec<BoughtTicket>> {
        let buyer = self.stage.buyer();
        let mut tickets = Vec::new();
        for tier in [SEATED, SEATED, STANDING] {
            let booking = buyer.buy(&Wish::Any { tier, quantity: 1 }).await?;
            let renewed = self.stage.organizer.renew(&booking.booking_id).await?;
            self.words.extend([
                ("a booking's former id", booking.booking_id),
                ("a booking's secret id", renewed),
            ]);
            tickets.extend(booking.tickets);
        }
        for ticket in &tickets {
            self.words.push(("a ticket's code", ticket.payload.clone()));
            self.words.push(("a ticket code", ticket.ticket_code.clone()));
            self.words
                .push(("a ticket's secret id", ticket.ticket_id.clone()));
            buyer.save_code(ticket, &self.stage.path("")).await?;
        }
        for token in ["tok_decline", "tok_unreachable", "tok_lost_reply"] {
            let wish = Wish::Any {
                tier: STANDING,
                quantity: 1,
            };
            let reservation: serde_json::Value = buyer.reserve(&wish).await?.expect(201)?.json()?;
            let reservation = reservation["reservation_id"].as_str().context("it has an id")?;
            buyer.book(reservation, token, &buyer.fresh_key()).await?;
            self.words
                .push(("a reservation's secret id", reservation.to_owned()));
        }
        let http = &self.stage.cloud.http;
        for body in [
            "{\"reservation_id\": \"ann@example.org\", \"payment_token\": 7}",
            "{\"payment_token\": \"tok_ok\"",
            "[\"tok_ok\"]",
        ] {
            let body = RawBody {
                content_type: "application/json",
                bytes: body.as_bytes().to_vec(),
            };
            http.send_raw(Method::POST, "/v1/bookings", Some(body)).await?;
        }
        http.get(&format!("/tickets/{}", tickets[0].ticket_id)).await?;
        Ok(tickets)
    }

    /// A hub that comes up twice: once as it does, then saying all it can.
    async fn enrol_hub(&mut self) -> anyhow::Result<Hub> {
        let code = self.stage.organizer.enrolment_code(Role::Hub, HUB).await?;
        self.enrolment_codes.push(code.clone());
        let setup = |dir: &str| HubSetup {
            dir: self.stage.path(dir),
            name: HUB,
            peers: Vec::new(),
        };
        let hub = Hub::enrol(&self.stage.programs, setup("hub"), &code).await?;
        hub.linked_to("cloud").await?;
        // The code is good once: the second machine is refused, and both sides may want to say so.
        let second = Hub::enrol(&self.stage.programs, setup("second"), &code).await;
        ensure!(second.is_err(), "a code was good twice");
        Ok(hub)
    }

    async fn scan(&mut self, hub: &Hub, tickets: &[BoughtTicket]) -> anyhow::Result<()> {
        let scanner_code = hub.command(&["scanner-code", "--override"]).await?;
        let scanner_code = word_of(&scanner_code, "usher-enrol:")?;
        let (folder, picture) = (self.stage.path("scanner"), self.stage.path("code.png"));
        let scanner = Scanner::enrol(&self.stage.programs, &folder, &scanner_code).await?;
        self.enrolment_codes.push(scanner_code);
        qr::draw(tickets[0].payload.as_bytes(), &picture)?;
        for code in [&tickets[0].payload, &qr::altered(&tickets[0].payload)?] {
            let by = [
                "override",
                "--gate",
                "1",
                "--by",
                SUPERVISOR,
                "--why",
                "knows them",
                code,
            ];
            self.run_scanner(&scanner, &by).await?;
        }
        let picture = picture.display().to_string();
        let shown = ["run", "--json", "--gate", "1", "--image", &picture];
        self.run_scanner(&scanner, &shown).await
    }

    /// Runs the scanner at its most talkative; what it complains of is its log.
    async fn run_scanner(&mut self, scanner: &Scanner, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = self.stage.programs.command(Program::Scan);
        command
            .env(TRACE.0, TRACE.1)
            .arg("--dir")
            .arg(scanner.dir())
            .args(arguments);
        let ended = finish(command).await?;
        self.logs.push(Log {
            name: format!("the scanner's {}", arguments[0]),
            text: ended.stderr,
        });
        Ok(())
    }

    /// Wrong requests, revocations, a cloud that dies, a device that is thrown out.
    async fn break_things(&mut self, hub: &Hub, tickets: &[BoughtTicket]) -> anyhow::Result<()> {
        let said = hub
            .command(&["http-token", "--every-gate", "--name", "own"])
            .await?;
        let token = word_of(&said, "usher-http-")?;
        let http = hub.http.with_token(token.clone());
        self.words.push(("a device token", token.clone()));
        for payload in [tickets[1].payload.clone(), format!("{} ", tickets[2].payload)] {
            let scan = json!({ "payload": payload, "gate": NORTH });
            http.post("/v1/scans", &scan).await?.expect(200)?;
            http.with_token(format!("{token}0"))
                .post("/v1/scans", &scan)
                .await?;
            http.post("/v1/scans", &json!({ "payload": 7, "gate": payload }))
                .await?;
        }
        for typed in [
            tickets[1].ticket_code.clone(),
            format!("{}0", tickets[2].ticket_code),
        ] {
            http.post("/v1/scans", &json!({ "ticket_code": typed, "gate": NORTH }))
                .await?;
        }
        self.stage.organizer.revoke(&tickets[1].ticket_id).await?;
        self.stage.cloud.process.kill9()?;
        self.stage.cloud.start_again().await?;
        let device = hub.status().await?.device;
        self.stage.organizer.revoke_device(&device).await?;
        until("the hub to be shown the door", async || {
            Ok(hub.status().await?.links.is_empty().then_some(()))
        })
        .await
    }
}

/// A hub started again by hand, so that it can be told to say all it can; it ends with this.
struct Traced {
    child: Child,
    log: PathBuf,
}

impl Traced {
    async fn start(stage: &Stage, hub: &Hub) -> anyhow::Result<Self> {
        let log = stage.path("hub-traced.log");
        let mut command = stage.programs.command(Program::GateAgent);
        command
            .env(TRACE.0, TRACE.1)
            .arg("--dir")
            .arg(hub.dir())
            .arg("run");
        let child = command
            .stderr(File::create(&log)?)
            .spawn()
            .context("starting the hub")?;
        let traced = Self { child, log };
        // Commands find it by what it writes down, which comes after it answers.
        let listening = hub.dir().join(listening::FILE);
        until("the hub to answer and to say where", async || {
            let answers = hub.status().await.is_ok();
            Ok((answers && listening.exists()).then_some(()))
        })
        .await?;
        hub.linked_to("cloud").await?;
        Ok(traced)
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn word_of(said: &str, start: &str) -> anyhow::Result<String> {
    let word = said.split_whitespace().find(|word| word.starts_with(start));
    Ok(word.with_context(|| format!("no {start} in: {said}"))?.to_owned())
}
