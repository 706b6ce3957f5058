//! The program `usher-gate-agent` as a person uses it, from the enrolment code to the export, against a cloud of a few lines.

#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "cli/cloud.rs"]
mod cloud;

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use cloud::{Cloud, Show};
use serde_json::{Value, json};

/// How long a program may take for what takes milliseconds, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

const FESTIVAL: Show = Show {
    number: 9,
    name: "Festival",
    hours: 5,
};

fn program(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_usher-gate-agent"));
    command
        .env("USHER_HUB_DIR", dir)
        .env("USHER_HUB__LISTEN", "127.0.0.1:0")
        .env("USHER_HUB__HTTP", "127.0.0.1:0")
        .env("USHER_HUB__ENROLMENTS", "127.0.0.1:0")
        .env("USHER_HUB__DOOR__LISTEN", "127.0.0.1:0")
        .env("RUST_LOG", "warn");
    command
}

fn run(dir: &Path, args: &[&str]) -> Output {
    program(dir).args(args).output().unwrap()
}

#[track_caller]
fn succeed(dir: &Path, args: &[&str]) -> String {
    let output = run(dir, args);
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[track_caller]
fn fail(dir: &Path, args: &[&str], says: &str) {
    let output = run(dir, args);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains(says),
        "{args:?}: {said}"
    );
}

/// A running hub; killed when the test fails.
struct Running {
    child: Child,
    dir: PathBuf,
}

impl Running {
    async fn start(dir: &Path) -> Self {
        let child = program(dir).arg("run").stdout(Stdio::null()).spawn().unwrap();
        let running = Self {
            child,
            dir: dir.to_owned(),
        };
        let mut look = tokio::time::interval(Duration::from_millis(20));
        let waiting = async {
            while !dir.join("listening.json").exists() {
                look.tick().await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap();
        running
    }

    fn http(&self) -> String {
        let text = std::fs::read(self.dir.join("listening.json")).unwrap();
        let listening: Value = serde_json::from_slice(&text).unwrap();
        format!("http://{}", listening["http"].as_str().unwrap())
    }

    /// Ends it as a service manager would, and gives whether it ended in good order.
    fn terminate(mut self) -> bool {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().success()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It has usually ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn post_scan(hub: &Running, token: &str, payload: &str) -> Value {
    let body = json!({ "payload": payload, "gate": 1 }).to_string();
    let client = reqwest::Client::new();
    let sending = client
        .post(format!("{}/v1/scans", hub.http()))
        .bearer_auth(token)
        .body(body)
        .send();
    sending.await.unwrap().json().await.unwrap()
}

/// Tokens are listed without what they are, taken back at once, and lie in files that their owner alone may read.
/// Supervisors get PINs, drawn or typed, also while the hub runs; none is listed, and none stays once it is taken away.
fn check_supervisors(dir: &Path) {
    assert!(succeed(dir, &["supervisors", "list"]).contains("no supervisor has a PIN"));
    let drawn = succeed(dir, &["supervisors", "add", "Ada"]);
    assert!(
        drawn.trim().len() == 6 && drawn.trim().bytes().all(|digit| digit.is_ascii_digit()),
        "{drawn}"
    );
    let mut typing = program(dir);
    typing.args(["supervisors", "add", "Bob", "--typed"]);
    let piped = typing
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"482913\n").unwrap();
    let set = child.wait_with_output().unwrap();
    assert!(set.status.success() && set.stdout.is_empty(), "{set:?}");
    let listed = succeed(dir, &["supervisors", "list"]);
    assert!(
        listed.contains("Ada, PIN set ") && listed.contains("Bob, PIN set "),
        "{listed}"
    );
    assert!(
        !listed.contains(drawn.trim()) && !listed.contains("482913"),
        "{listed}"
    );
    succeed(dir, &["supervisors", "remove", "ada"]);
    fail(
        dir,
        &["supervisors", "remove", "Ada"],
        "no supervisor named \"Ada\" has a PIN",
    );
    fail(
        dir,
        &["supervisors", "add", "Ada (PIN)"],
        "does not end with (PIN)",
    );
}

/// The archive of a hub that runs proves what was let in; it is its owner's alone, and replaces no file.
fn check_archive(dir: &Path, file: &Path) {
    let name = file.to_str().unwrap();
    let said = succeed(dir, &["archive", name]);
    assert!(
        said.contains("sealed") && said.contains("verify-archive"),
        "{said}"
    );
    let mode = std::fs::metadata(file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut open = std::fs::File::open(file).unwrap();
    let more = |count: usize| {
        let mut bytes = Vec::new();
        std::io::Read::take(&mut open, count as u64).read_to_end(&mut bytes)?;
        Ok::<_, std::io::Error>(bytes)
    };
    let checked = usher_protocol::archive::verify(more, &[], &mut |_, _, _| {}).unwrap();
    assert_eq!(checked.sums.admitted.values().sum::<u64>(), 1);
    fail(dir, &["archive", name], "name a file that is not there yet");
}

/// A report on a hub that runs and on its archive say the same; there is none on an archive that was changed.
fn check_report(dir: &Path, archive: &Path) {
    let folder = archive.with_extension("report");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let said = succeed(dir, &["report", folder.to_str().unwrap()]);
    assert!(said.contains("report.html"), "{said}");
    let arrivals = read("arrivals.csv");
    assert!(arrivals.contains(",1,Gate North,1,0"), "{arrivals}");
    assert!(read("refusals.csv").contains(",1,Gate North,already_used,1"));
    assert!(read("report.html").contains("<svg"));
    std::fs::remove_dir_all(&folder).unwrap();
    let of_archive = [
        "report",
        folder.to_str().unwrap(),
        "--archive",
        archive.to_str().unwrap(),
    ];
    succeed(&dir.join("elsewhere"), &of_archive);
    assert_eq!(read("arrivals.csv"), arrivals);
    let mut bytes = std::fs::read(archive).unwrap();
    bytes[500] ^= 1;
    std::fs::write(archive, bytes).unwrap();
    fail(dir, &of_archive, "a part that was altered");
}

/// Before doors: this hub is ready, but for its certificate, which ends soon.
fn check_ready(dir: &Path) {
    let said = succeed(dir, &["ready"]);
    for part in [
        "LOOK  Hub North  hub    this hub",
        "good  it has the event's keys (trust bundle version 1) and rules (policy version 1)",
        "LOOK  the certificate of Hub North ends within a day",
        "ready, with ",
    ] {
        assert!(said.contains(part), "{part:?} is not in {said}");
    }
    let told: Value = serde_json::from_str(&succeed(dir, &["ready", "--json"])).unwrap();
    assert_eq!(told["ready"], true);
    assert_eq!(told["devices"][0]["condition"], "doubtful", "{told}");
}

async fn check_tokens(dir: &Path, hub: &Running, (token, ticket): (&str, &str)) {
    let listed = succeed(dir, &["tokens", "list"]);
    for part in [
        "turnstile\n",
        "gates     gate 1\n",
        "made ",
        "ends ",
        "last used ",
    ] {
        assert!(listed.contains(part), "{part:?} is not in {listed}");
    }
    assert!(
        !listed.contains("last used never") && !listed.contains(token),
        "{listed}"
    );
    assert!(succeed(dir, &["tokens", "revoke", "turnstile"]).contains("took back 1"));
    let refused = post_scan(hub, token, ticket).await;
    assert_eq!(refused["status"], 401, "{refused}");
    fail(dir, &["tokens", "revoke", "turnstile"], "there is no token named");
    assert!(succeed(dir, &["tokens", "list"]).contains("there are no tokens"));
    fail(dir, &["http-token", "--name", "anywhere"], "--every-gate");
    fail(dir, &["http-token", "--every-gate", "--hours", "169"], "169");
    let mut entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    let of_event = entries
        .find(|entry| entry.file_name().to_string_lossy().starts_with("evt_"))
        .unwrap();
    for file in ["access.db", "access.db-wal", "access.db-shm"] {
        let mode = std::fs::metadata(of_event.path().join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

/// A code sets a phone up over HTTPS, the phone scans, is listed, and is told to wipe itself once it is revoked.
async fn check_phones(dir: &Path, ticket: &str) {
    assert!(succeed(dir, &["phones", "list"]).contains("no phone was set up"));
    fail(dir, &["phone-code", "--name", "a\nb"], "plain text");
    let output = run(dir, &["phone-code", "--gates", "1", "--name", "North 1"]);
    let picture = String::from_utf8(output.stderr).unwrap();
    assert!(
        picture.contains('\u{2588}') && picture.contains("\"North 1\" at gate 1"),
        "{picture}"
    );
    let code: Value = serde_json::from_slice(&output.stdout).unwrap();
    let url = code["url"].as_str().unwrap().to_owned();
    assert!(url.starts_with("https://127.0.0.1:"), "{url}");
    let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true);
    let client = client.no_proxy().build().unwrap();
    let ask = async |path: &str, token: &str, body: Value| {
        let asked = client.post(format!("{url}/api/v1/{path}"));
        let asked = asked.header("Authorization", format!("Device {token}"));
        let answer = asked.body(body.to_string()).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let said = json!({ "token": code["token"], "hardware_brand": "Zebra", "hardware_model": "TC21" });
    let (status, device) = ask("device/initialize", "", said).await;
    assert_eq!((status, &device["name"]), (200, &json!("North 1")), "{device}");
    let token = device["api_token"].as_str().unwrap();
    let scan = json!({ "secret": ticket, "lists": [1], "type": "entry", "nonce": "ABC" });
    let redeem = "organizers/usher/checkinrpc/redeem/";
    let (status, told) = ask(redeem, token, scan.clone()).await;
    assert_eq!((status, &told["status"]), (201, &json!("ok")), "{told}");
    let listed = succeed(dir, &["phones", "list"]);
    assert!(
        listed.contains("North 1\n") && listed.contains("Zebra TC21"),
        "{listed}"
    );
    assert!(!listed.contains(token), "{listed}");
    assert!(succeed(dir, &["phones", "revoke", "North 1"]).contains("refused from now on"));
    let (status, told) = ask(redeem, token, scan).await;
    let wipe = json!({ "detail": "Device access has been revoked." });
    assert_eq!((status, told), (401, wipe));
    fail(dir, &["phones", "revoke", "North 1"], "that works");
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_enrolment_code_to_the_export() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cloud = Cloud::open(FESTIVAL).await;
    let kept = tempfile::tempdir().unwrap();
    let dir = kept.path().join("hub");
    assert!(succeed(&dir, &["enroll", &cloud.code, "--name", "Hub North"]).contains("\"Hub North\""));
    fail(&dir, &["enroll", &cloud.code], "belongs to a device already");
    fail(&dir, &["status"], "is not running");
    fail(&dir, &["ready"], "is not running");
    let hub = Running::start(&dir).await;
    fail(&dir, &["run"], "another usher program is running");
    cloud.wait_until_linked().await;
    let token = succeed(&dir, &["http-token", "--gates", "1", "--name", "turnstile"]);
    let answer = cloud
        .until_ready(async || post_scan(&hub, token.trim(), &cloud.ticket(5)).await)
        .await;
    assert_eq!(answer["verdict"], "admit", "{answer}");
    let again = post_scan(&hub, token.trim(), &cloud.ticket(5)).await;
    assert_eq!(again["reason"], "already_used", "{again}");
    let status = succeed(&dir, &["status"]);
    assert!(
        status.contains("Gate North: 1 let in") && status.contains("linked: Cloud"),
        "{status}"
    );
    assert!(
        status.contains("CERTIFICATE: This hub's certificate ends in 4 h"),
        "{status}"
    );
    assert!(succeed(&dir, &["scanner-code", "--gates", "1"]).starts_with("usher-enrol:"));
    check_tokens(&dir, &hub, (token.trim(), &cloud.ticket(6))).await;
    check_supervisors(&dir);
    assert!(succeed(&dir, &["audit"]).contains("every page, chain and head is sound"));
    check_ready(&dir);
    check_archive(&dir, &kept.path().join("festival.usher"));
    check_report(&dir, &kept.path().join("festival.usher"));
    check_phones(&dir, &cloud.ticket(7)).await;
    assert!(hub.terminate());
    fail(&dir, &["status"], "is not running");
    let csv = succeed(&dir, &["export", "--format", "csv"]);
    assert!(
        csv.starts_with("at,verdict,reason,gate,gate_name,unit") && csv.contains(",admit,,1,Gate North,5,"),
        "{csv}"
    );
    assert_eq!(
        succeed(&dir, &["export", "--format", "jsonl"]).lines().count() + 1,
        csv.lines().count()
    );
}

const GALA: Show = Show {
    number: 8,
    name: "Gala",
    hours: 50,
};

/// The command and the page list both events.
async fn check_lists(dir: &Path, hub: &Running) {
    let events = succeed(dir, &["events"]);
    let lines: Vec<_> = events.lines().collect();
    assert!(
        lines[0].contains("Festival: Hub North, certificate ends in 4 h"),
        "{events}"
    );
    assert!(
        lines[1].contains("Gala: Hub North, certificate ends in 2 days"),
        "{events}"
    );
    let page = reqwest::get(format!("{}/", hub.http()))
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(
        page.contains(&format!("<a href=\"events/{}/\">Gala</a>", GALA.event())),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_service_serves_two_events_of_one_folder_and_tells_their_tickets_apart() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let (festival, gala) = (Cloud::open(FESTIVAL).await, Cloud::open(GALA).await);
    let kept = tempfile::tempdir().unwrap();
    let dir = kept.path().join("hub");
    succeed(&dir, &["enroll", &festival.code, "--name", "Hub North"]);
    let hub = Running::start(&dir).await;
    festival.wait_until_linked().await;
    let token = |event: &str, name: &str| {
        let wanted = ["http-token", "--every-gate", "--name", name, "--event", event];
        succeed(&dir, &wanted)
    };
    let turnstile = succeed(&dir, &["http-token", "--every-gate", "--name", "turnstile"]);
    // The second event is added while the first is being scanned.
    succeed(&dir, &["enroll", &gala.code, "--name", "Hub North"]);
    gala.wait_until_linked().await;
    fail(&dir, &["status"], "name one by its id with --event");
    fail(&dir, &["audit"], &GALA.event().to_string());
    let other = token(&GALA.event().to_string(), "other");
    let ask = async |token: &str, ticket: &str| post_scan(&hub, token.trim(), ticket).await;
    let mine = festival
        .until_ready(async || ask(&turnstile, &festival.ticket(5)).await)
        .await;
    assert_eq!(mine["verdict"], "admit", "{mine}");
    let theirs = gala
        .until_ready(async || ask(&other, &gala.ticket(5)).await)
        .await;
    assert_eq!(theirs["verdict"], "admit", "{theirs}");
    for (token, ticket, name) in [
        (&turnstile, gala.ticket(6), "Gala"),
        (&other, festival.ticket(6), "Festival"),
    ] {
        let wrong = ask(token, &ticket).await;
        assert_eq!(wrong["reason"], "other_event", "{wrong}");
        assert_eq!(wrong["detail"], format!("A genuine ticket, but for {name}"));
    }
    for name in ["Festival", "gala"] {
        let status = succeed(&dir, &["status", "--event", name]);
        assert!(status.contains("Gate North: 1 let in"), "{status}");
        let csv = succeed(&dir, &["export", "--event", name]);
        assert!(csv.contains(",admit,,1,Gate North,5,"), "{csv}");
        assert!(succeed(&dir, &["audit", "--event", name]).contains("is sound"));
    }
    check_lists(&dir, &hub).await;
    assert!(hub.terminate());
    // Both come back after a restart.
    let hub = Running::start(&dir).await;
    let again = festival
        .until_ready(async || post_scan(&hub, turnstile.trim(), &festival.ticket(5)).await)
        .await;
    assert_eq!(again["reason"], "already_used", "{again}");
    assert!(hub.terminate());
}

#[test]
fn what_cannot_be_done_is_said_with_what_to_do() {
    let kept = tempfile::tempdir().unwrap();
    let dir = kept.path();
    fail(dir, &["run"], "enroll this machine first");
    fail(dir, &["audit"], "enroll this machine first");
    fail(dir, &["export"], "enroll this machine first");
    fail(dir, &["scanner-code"], "enroll this machine first");
    fail(dir, &["phone-code"], "enroll this machine first");
    fail(dir, &["enroll", "usher-enrol:AAAA"], "copy the whole of it");
    fail(dir, &["enroll", "hello"], "not an enrolment code");
    fail(
        dir,
        &["run", "--config", "absent.toml"],
        "there is no settings file absent.toml",
    );
    std::fs::write(dir.join("usher-gate-agent.toml"), "lisen = 1\n").unwrap();
    fail(dir, &["run"], "lisen");
}
