//! What watches a running cloud and its hubs: a real Prometheus reads their figures, every alert and every picture on the dashboards finds what
//! it asks for, and an alert goes off when a hub is gone.

use std::collections::BTreeSet;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};
use serde_json::Value;
use usher_tests::stage::Stage;
use usher_tests::stage::festival::{Places, SEATED};
use usher_tests::stage::http::Http;
use usher_tests::stage::patience::until;
use usher_tests::stage::venue::Venue;

/// Figures that come once something has happened that did not happen here.
const LATER: [&str; 3] = [
    "usher_wrong_keys_total",
    "usher_wrong_log_ins_total",
    "usher_job_runs_total",
];

fn deploy() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy")
}

/// A Prometheus as a process, in a folder of its own.
struct Prometheus {
    child: Child,
    http: Http,
}

impl Prometheus {
    /// Starts one with our rules, which asks every fifth of a second.
    async fn start(folder: &Path, cloud: SocketAddr, hub: SocketAddr) -> anyhow::Result<Self> {
        fs::create_dir(folder)?;
        let rules = deploy().join("prometheus/usher.rules.yml");
        let settings = fs::read_to_string(deploy().join("prometheus/prometheus.yml"))?;
        let settings = settings
            .replace("15s", "200ms")
            .replace("usher.rules.yml", &rules.display().to_string())
            .replace("\"cloud:8080\"", &format!("\"{cloud}\""))
            .replace("\"hub-north:8480\", \"hub-south:8480\"", &format!("\"{hub}\""));
        let file = folder.join("prometheus.yml");
        fs::write(&file, settings)?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let log = fs::File::create(folder.join("log"))?;
        let child = Command::new("prometheus")
            .arg(format!("--config.file={}", file.display()))
            .arg(format!("--storage.tsdb.path={}", folder.join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("prometheus cannot be started: run .ci/setup test")?;
        let prometheus = Self {
            child,
            http: Http::new(address)?,
        };
        until("Prometheus to be ready", async || {
            Ok(prometheus
                .http
                .get("/-/ready")
                .await
                .ok()
                .filter(|reply| reply.status == 200))
        })
        .await?;
        Ok(prometheus)
    }

    /// Asks it something, and returns the series of the answer.
    async fn ask(&self, expression: &str) -> anyhow::Result<Vec<Value>> {
        let query: String = expression.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let reply = self.http.get(&format!("/api/v1/query?query={query}")).await?;
        let answer: Value = reply.expect(200).with_context(|| expression.to_owned())?.json()?;
        let series = answer["data"]["result"].as_array();
        Ok(series.cloned().unwrap_or_default())
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns what the dashboards ask.
fn asked_by_dashboards() -> anyhow::Result<Vec<String>> {
    let mut asked = Vec::new();
    for file in ["cloud.json", "venue.json"] {
        let board: Value = serde_json::from_str(&fs::read_to_string(deploy().join("grafana").join(file))?)?;
        for panel in board["panels"].as_array().context("a dashboard has panels")? {
            for target in panel["targets"].as_array().context("a panel asks something")? {
                asked.push(target["expr"].as_str().context("in PromQL")?.to_owned());
            }
        }
    }
    Ok(asked)
}

/// Returns the names of our figures in a text.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("usher_")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_and_dashboards_find_what_they_ask_for_and_a_lost_hub_is_told() -> anyhow::Result<()> {
    let stage = Stage::on_sale(Places::FEW).await?;
    let mut venue = Venue::open(&stage).await?;
    let turnstile = venue.north.turnstile(1).await?;
    let ticket = stage.buyer().buy_one(SEATED).await?;
    turnstile.scan(&ticket.payload).await?;
    let (cloud, hub) = (stage.cloud.listening.http, venue.north.listening.http);
    let shown = [
        Http::new(cloud)?.get("/metrics").await?.expect(200)?.text(),
        Http::new(hub)?.get("/metrics").await?.expect(200)?.text(),
    ]
    .concat();
    for line in shown.lines().filter(|line| line.starts_with("# TYPE ")) {
        let name = line.split(' ').nth(2).unwrap_or_default();
        ensure!(
            shown.contains(&format!("# HELP {name} ")),
            "{name} is not explained"
        );
    }

    let rules = fs::read_to_string(deploy().join("prometheus/usher.rules.yml"))?;
    let boards = asked_by_dashboards()?;
    let there = named(&shown);
    for name in named(&rules)
        .into_iter()
        .chain(boards.iter().flat_map(|asked| named(asked)))
    {
        ensure!(
            there.contains(name) || LATER.contains(&name),
            "nobody shows {name}"
        );
    }

    let prometheus = Prometheus::start(&stage.path("prometheus"), cloud, hub).await?;
    evaluates(&prometheus, &boards).await?;
    let gone = "ALERTS{alertname=\"UsherHubDown\"}";
    ensure!(
        prometheus.ask(gone).await?.is_empty(),
        "a hub that answers is said to be gone"
    );
    venue.north.process.kill9()?;
    until("the alert to be on its way", async || {
        Ok((prometheus.ask(gone).await?.len() == 1).then_some(()))
    })
    .await
}

/// Waits until both are read, asks all that the dashboards ask, and waits until every rule is evaluated.
async fn evaluates(prometheus: &Prometheus, boards: &[String]) -> anyhow::Result<()> {
    until("both to be read", async || {
        Ok((prometheus.ask("up == 1").await?.len() == 2).then_some(()))
    })
    .await?;
    for asked in boards {
        prometheus.ask(asked).await?;
    }
    until("every rule to be evaluated", async || {
        let rules: Value = prometheus.http.get("/api/v1/rules").await?.expect(200)?.json()?;
        let groups = rules["data"]["groups"].as_array().cloned().unwrap_or_default();
        let rules = groups.iter().filter_map(|group| group["rules"].as_array());
        let all: Vec<&Value> = rules.flatten().collect();
        Ok((all.len() == 14 && all.iter().all(|rule| rule["health"] == "ok")).then_some(()))
    })
    .await
}

#[test]
fn an_evening_on_which_most_goes_wrong_sets_the_alerts_off_and_a_good_one_none() -> anyhow::Result<()> {
    let output = Command::new("promtool")
        .args(["test", "rules", "usher.rules.test.yml"])
        .current_dir(deploy().join("prometheus"))
        .output()
        .context("promtool cannot be started: run .ci/setup test")?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(output.status.success(), "{said}");
    Ok(())
}
