//! A real cache in front of the cloud, as `cloud/nginx.example.conf` sets it up: ten thousand people look at the seats while others buy, and
//! the cloud hears of it once a second.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Duration, sleep};
use usher_tests::load::keepalive::KeptOpen;
use usher_tests::stage::Stage;
use usher_tests::stage::buyer::Wish;
use usher_tests::stage::festival::Places;
use usher_tests::stage::http::Http;
use usher_tests::stage::patience::until;

/// Kept connections, and how many people look over each.
const CONNECTIONS: usize = 50;
const READERS_EACH: usize = 200;
/// Bookings meanwhile, one after the other.
const BOOKINGS: u32 = 40;
/// Bytes before the counts of the tiers: the version and the hash of the layout.
const HEADER: usize = 24;

/// A cache as a process, in a folder of its own.
struct Cache {
    child: Child,
    address: SocketAddr,
}

impl Cache {
    async fn start(folder: &Path, cloud: SocketAddr) -> anyhow::Result<Self> {
        std::fs::create_dir(folder)?;
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cloud/nginx.example.conf");
        let example = std::fs::read_to_string(example)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let here = folder.display();
        let mut settings = format!("daemon off;\nmaster_process off;\npid {here}/pid;\n{example}");
        let own = format!(
            "http {{\n    client_body_temp_path {here}/bodies;\n    proxy_temp_path {here}/proxied;\n    access_log off;"
        );
        for (public, ours) in [
            ("http {", own.as_str()),
            ("/var/cache/nginx/usher", &format!("{here}/cache")),
            ("127.0.0.1:8080", &cloud.to_string()),
            ("listen 80", &format!("listen {address}")),
        ] {
            ensure!(settings.contains(public), "the example no longer has {public}");
            settings = settings.replacen(public, ours, 1);
        }
        let file = folder.join("nginx.conf");
        std::fs::write(&file, settings)?;
        let log = folder.join("nginx.log");
        let program = ["/usr/sbin/nginx", "/usr/bin/nginx"]
            .into_iter()
            .find(|path| Path::new(path).exists());
        let program = program.context("nginx is missing: run .ci/setup, which installs it")?;
        let child = Command::new(program)
            .arg("-p")
            .arg(folder)
            .arg("-c")
            .arg(&file)
            .arg("-e")
            .arg(&log)
            .stdin(Stdio::null())
            .spawn()
            .context("starting nginx")?;
        let cache = Self { child, address };
        until(format!("nginx (see {})", log.display()), async || {
            Ok(KeptOpen::connect(address).await.ok())
        })
        .await?;
        Ok(cache)
    }
}

impl Drop for Cache {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ask(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: usher\r\n\r\n").into_bytes()
}

/// What changed from one version to the next.
#[derive(Debug, Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Changes {
    to: u64,
    available: Vec<usize>,
    held: Vec<usize>,
    booked: Vec<usize>,
}

/// Somebody who has read the seats and follows what changes.
struct Reader {
    version: u64,
    seats: Vec<u8>,
}

impl Reader {
    async fn begin(line: &mut KeptOpen, path: &str, seats: usize) -> anyhow::Result<Self> {
        let answer = line.exchange(&ask(path)).await?;
        ensure!(
            answer.status == 200,
            "the availability was answered with {}",
            answer.status
        );
        let version = u64::from_be_bytes(*answer.body.first_chunk().context("a body is too short")?);
        let packed = &answer.body[answer.body.len() - seats.div_ceil(4)..];
        ensure!(answer.body.len() > HEADER + packed.len());
        let seats = (0..seats)
            .map(|seat| packed[seat / 4] >> (2 * (seat % 4)) & 3)
            .collect();
        Ok(Self { version, seats })
    }

    /// Asks what has changed; tells whether anything has.
    async fn go_on(&mut self, line: &mut KeptOpen, path: &str) -> anyhow::Result<bool> {
        let answer = line.exchange(&ask(&format!("{path}/{}", self.version))).await?;
        let changes: Changes = answer.json(200)?;
        for (bits, seats) in [(0, changes.available), (1, changes.held), (2, changes.booked)] {
            seats.into_iter().for_each(|seat| self.seats[seat] = bits);
        }
        let has_changed = changes.to != self.version;
        self.version = changes.to;
        Ok(has_changed)
    }
}

/// Counts what the cloud itself has answered on a route.
async fn asked(cloud: &Http, route: &str) -> anyhow::Result<u64> {
    let metrics = cloud.get("/metrics").await?;
    let text = String::from_utf8(metrics.body)?;
    let begin = "usher_http_request_duration_seconds_count{";
    let lines = text
        .lines()
        .filter(|line| line.starts_with(begin) && line.contains(&format!("route=\"{route}\"")));
    lines
        .map(|line| {
            let count = line.rsplit(' ').next().context("a figure ends its line")?;
            Ok(count.parse::<u64>()?)
        })
        .sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_makes_ten_thousand_readers_one_request_a_second() -> anyhow::Result<()> {
    let places = Places {
        rows: 50,
        seats_per_row: 40,
        standing: 10,
        weekend: 10,
    };
    let seats = (places.rows * places.seats_per_row) as usize;
    let stage = Stage::on_sale(places).await?;
    let cache = Cache::start(&stage.path("cache"), stage.cloud.listening.http).await?;
    let buyer = stage.buyer();
    let path = format!("/v1/events/{}/availability", buyer.event);
    let begun = Instant::now();
    let (sold_out, selling) = watch::channel(false);
    let mut lines = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (path, selling, address) = (path.clone(), selling.clone(), cache.address);
        lines.spawn(async move { look(address, &path, seats, selling).await });
    }
    for booking in 0..BOOKINGS {
        buyer
            .buy(&Wish::Seats(vec![2 * booking, 2 * booking + 1]))
            .await?;
    }
    sold_out.send(true)?;
    let mut ends = Vec::new();
    while let Some(line) = lines.join_next().await {
        ends.push(line??);
    }
    let seconds = begun.elapsed().as_secs() + 2;

    let map: Value = stage
        .cloud
        .http
        .get(&path.replace("availability", "seats"))
        .await?
        .json()?;
    let listed = map["seats"].as_array().context("seats are a list")?;
    let is_sold = |seat: &Value| if seat["status"] == "booked" { 2 } else { 0 };
    let stored: Vec<u8> = listed.iter().map(is_sold).collect();
    assert_eq!(
        stored.iter().filter(|status| **status == 2).count(),
        2 * BOOKINGS as usize
    );
    assert!(
        ends.iter().all(|end| *end == stored),
        "a reader was told something else"
    );

    let route = "/v1/events/{event_id}/availability";
    let whole = asked(&stage.cloud.http, route).await?;
    let steps = asked(&stage.cloud.http, &format!("{route}/{{from}}")).await?;
    assert!((1..=seconds).contains(&whole), "{whole} requests in {seconds} s");
    // Of each second one that hears that it goes on, and one that hears what it ended with.
    assert!(
        (1..=2 * seconds).contains(&steps),
        "{steps} requests in {seconds} s"
    );
    Ok(())
}

/// Lets people look over one connection, one after the other; the last one stays until nothing changes any more and tells what it knows.
async fn look(
    address: SocketAddr,
    path: &str,
    seats: usize,
    selling: watch::Receiver<bool>,
) -> anyhow::Result<Vec<u8>> {
    let mut line = KeptOpen::connect(address).await?;
    let mut reader = Reader::begin(&mut line, path, seats).await?;
    for _ in 1..READERS_EACH {
        reader.go_on(&mut line, path).await?;
        Reader::begin(&mut line, path, seats).await?;
    }
    let deadline = Instant::now() + Duration::from_secs(60);
    // What a cache has may be three seconds old: whoever hears nothing for longer has heard all.
    let mut quiet_since = Instant::now();
    while !(*selling.borrow() && quiet_since.elapsed() > Duration::from_secs(6)) {
        if reader.go_on(&mut line, path).await? || !*selling.borrow() {
            quiet_since = Instant::now();
        }
        if Instant::now() > deadline {
            bail!("the seats change on and on");
        }
        sleep(Duration::from_millis(250)).await;
    }
    Ok(reader.seats)
}
