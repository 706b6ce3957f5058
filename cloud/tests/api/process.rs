//! The program itself: what it says of wrong settings, how it stops, and what is left after it crashed.

use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use usher_cloud::server::{LISTENING_FILE, Listening};

use super::client::Client;
use super::patience::{until_so, within_patience};

pub const SETTINGS: &str = r#"
listen = "127.0.0.1:0"
uplink_listen = "127.0.0.1:0"
data_dir = "data"

[payments]
sandbox_crash = true
"#;

fn program(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher-cloud"));
    command
        .current_dir(directory)
        .kill_on_drop(true)
        .stdin(Stdio::null());
    command
}

async fn run(directory: &Path, arguments: &[&str]) -> Output {
    program(directory).args(arguments).output().await.unwrap()
}

pub fn settings(text: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("cloud.toml"), text).unwrap();
    directory
}

/// A server in a process of its own.
pub struct Process {
    pub child: Child,
    pub base: String,
    /// What it said until it served.
    said: Vec<String>,
    /// Kept open: a server whose log nobody takes would fail to write it.
    log: Lines<BufReader<ChildStderr>>,
}

impl Process {
    pub async fn start(directory: &Path) -> Self {
        let mut command = program(directory);
        let mut child = command
            .args(["serve", "--config", "cloud.toml"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = Vec::new();
        // The file is written before the line is.
        loop {
            let line = within_patience("the server to serve", lines.next_line()).await;
            let line = line.unwrap().expect("the server says that it serves");
            if line.contains("serving") {
                break;
            }
            said.push(line);
        }
        let listening = std::fs::read(directory.join("data").join(LISTENING_FILE)).unwrap();
        let listening: Listening = serde_json::from_slice(&listening).unwrap();
        Self {
            child,
            base: format!("http://{}", listening.http),
            said,
            log: lines,
        }
    }

    /// Waits until it says something.
    async fn says(&mut self, text: &str) {
        while let Some(line) = within_patience(text, self.log.next_line()).await.unwrap() {
            if line.contains(text) {
                return;
            }
        }
        panic!("the server ended without saying {text:?}");
    }

    async fn terminate(mut self) -> ExitStatus {
        let id = self.child.id().unwrap().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .await
                .unwrap()
                .success()
        );
        within_patience("the server to end", self.child.wait())
            .await
            .unwrap()
    }
}

pub async fn organizer_key(directory: &Path) -> String {
    let output = run(
        directory,
        &["organizer-key", "--config", "cloud.toml", "--name", "Owls"],
    )
    .await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let key = String::from_utf8(output.stdout).unwrap();
    key.trim_end().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_right_after_the_charge_costs_nobody_a_ticket() {
    let directory = settings(SETTINGS);
    let key = organizer_key(directory.path()).await;
    let mut process = Process::start(directory.path()).await;
    let client = Client::new(process.base.clone(), key.clone());
    let event = client.event(|_| {}).await;
    let reservation = client.hold(&event, &[0, 1]).await.ok(201);
    let crashed = client
        .book_raw(&reservation, "key", "tok_crash_after_charge")
        .send()
        .await;
    assert!(crashed.is_err(), "the server answered: {crashed:?}");
    assert!(!process.child.wait().await.unwrap().success());

    let process = Process::start(directory.path()).await;
    let client = Client::new(process.base.clone(), key);
    assert_eq!(client.seats(&event).await["seats"][0]["status"], "booked");
    let booking = client
        .book(&reservation, "key", "tok_crash_after_charge")
        .await
        .ok(201);
    assert_eq!(
        (&booking["status"], booking["tickets"].as_array().unwrap().len()),
        (&Value::from("confirmed"), 2)
    );
    assert!(process.terminate().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn being_told_to_stop_finishes_the_payment_in_progress() {
    let directory = settings(SETTINGS);
    let key = organizer_key(directory.path()).await;
    let process = Process::start(directory.path()).await;
    let client = Client::new(process.base.clone(), key);
    let event = client.event(|_| {}).await;
    let reservation = client.hold(&event, &[0]).await.ok(201);
    let path = format!(
        "/v1/reservations/{}",
        reservation["reservation_id"].as_str().unwrap()
    );
    let stop = async {
        until_so("the payment to begin", async || {
            client.get(&path).await.ok(200)["status"] == "paying"
        })
        .await;
        process.terminate().await
    };
    let (booked, stopped) = tokio::join!(client.book(&reservation, "key", "tok_slow_300"), stop);
    booked.ok(201);
    assert!(stopped.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_server_on_the_same_data_is_refused() {
    let directory = settings(SETTINGS);
    let process = Process::start(directory.path()).await;
    let second = run(directory.path(), &["serve", "--config", "cloud.toml"]).await;
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(
        !second.status.success() && said.contains("another usher-cloud uses data"),
        "{said}"
    );
    // Making a key needs no server and disturbs none.
    let client = Client::new(process.base.clone(), organizer_key(directory.path()).await);
    client.event(|_| {}).await;
}

#[tokio::test]
async fn wrong_settings_are_named() {
    for (text, named) in [
        ("lisen = \"127.0.0.1:0\"", "lisen"),
        ("[payments]\ntimeout_seconds = \"soon\"", "timeout_seconds"),
        ("[limits]\nrequest_seconds = 0", "limits.request_seconds"),
        ("listen = ", "TOML"),
    ] {
        let directory = settings(text);
        let output = run(directory.path(), &["serve", "--config", "cloud.toml"]).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(named), "{text}: {said}");
    }
    let directory = settings("");
    let output = run(directory.path(), &["serve", "--config", "nothing.toml"]).await;
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing.toml"));
}

#[tokio::test]
async fn a_damaged_database_is_said_to_be_one() {
    let directory = settings(SETTINGS);
    let data = directory.path().join("data");
    usher_keys::private::make_folder(&data).unwrap();
    let rubbish = "this is not a database ".repeat(500);
    usher_keys::file::create_file(&data.join("usher-cloud.db"), rubbish.as_bytes(), 0o600).unwrap();
    let output = run(directory.path(), &["serve", "--config", "cloud.toml"]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("restore it from a backup"),
        "{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn selling_against_test_cards_is_said_when_it_begins_and_at_every_start() {
    let directory = settings(SETTINGS);
    let key = organizer_key(directory.path()).await;
    let mut process = Process::start(directory.path()).await;
    let warns = |line: &String| line.contains("TEST CARDS") && line.contains("nobody is charged");
    assert!(!process.said.iter().any(warns), "{:?}", process.said);
    let client = Client::new(process.base.clone(), key);
    client.event(|_| {}).await;
    process.says("TEST CARDS").await;
    assert!(process.terminate().await.success());
    let process = Process::start(directory.path()).await;
    assert!(process.said.iter().any(warns), "{:?}", process.said);
}
