//! Three PostgreSQL under Patroni in quorum mode, with an etcd, in a temporary folder, each in a network place of its own. Its settings are
//! those of docs/SCALING.md.

use std::env;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::timeout;
use usher_tests::stage::http::Http;
use usher_tests::stage::patience::until_within;

use super::wires::Wires;

/// How long a cluster may take to be whole: to start, or until a killed server has come back.
pub const PATIENCE: Duration = Duration::from_secs(180);
/// Where `.ci/setup drill` puts Patroni, unless this variable says otherwise.
const PATRONI: &str = "USHER_PATRONI";
/// Who runs the servers where the drill runs as root, which they refuse: nobody.
const NOBODY: u32 = 65_534;
const NODES: usize = 3;
/// How long an agent may take to answer before the next one is asked.
const REST_PATIENCE: Duration = Duration::from_secs(2);
/// The place of the agents' agreement; before it are those of the nodes.
const ETCD: usize = NODES;
/// How many places there are.
const PLACES: u8 = 4;
/// Where the servers listen, each in its place.
const PORT: u16 = 5432;
/// Where their agents do.
const REST_PORT: u16 = 8008;
/// Where the agents' agreement does.
const ETCD_PORT: u16 = 2379;
/// Where it would talk to others of its kind.
const PEER_PORT: u16 = 2380;

/// A server with its agent.
struct Node {
    name: String,
    rest: Http,
    agent: Child,
}

/// The cluster; dropped means killed.
pub struct Cluster {
    nodes: Vec<Node>,
    etcd: Child,
    folder: TempDir,
    /// Dropped last: what runs there has ended.
    wires: Wires,
}

impl Cluster {
    pub fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("usher-drill-").tempdir()?;
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
        }
        let wires = Wires::lay(PLACES)?;
        let etcd = start_etcd(folder.path(), &wires)?;
        let mut cluster = Self {
            nodes: Vec::new(),
            etcd,
            folder,
            wires,
        };
        for nth in 0..NODES {
            let name = format!("n{}", nth + 1);
            let text = settings(cluster.folder.path(), &name, nth, &cluster.wires);
            fs::write(cluster.file(&name), text)?;
            let socket = cluster.folder.path().join(format!("{name}-socket"));
            fs::create_dir(&socket)?;
            if is_root() {
                chown(&socket, Some(NOBODY), Some(NOBODY))?;
            }
            let agent = cluster.agent(nth, &name)?;
            let rest = SocketAddr::new(cluster.wires.address(nth).into(), REST_PORT);
            cluster.nodes.push(Node {
                name,
                rest: Http::new(rest)?,
                agent,
            });
        }
        Ok(cluster)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.yml"))
    }

    fn agent(&self, nth: usize, name: &str) -> anyhow::Result<Child> {
        let patroni = env::var_os(PATRONI).map_or_else(
            || PathBuf::from("/usr/local/lib/usher-tests/patroni/bin/patroni"),
            PathBuf::from,
        );
        ensure!(
            patroni.exists(),
            "no Patroni at {}: run .ci/setup drill, or name it in {PATRONI}",
            patroni.display()
        );
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.path().join(format!("{name}.log")))?;
        let mut run = as_nobody(self.wires.inside(nth), &patroni);
        run.arg(self.file(name))
            .current_dir(self.folder.path())
            .env("HOME", self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        run.spawn().context("starting Patroni")
    }

    /// Waits until there is a leader, the others stream from it, and one of them is asked before each commit.
    pub async fn whole(&self) -> anyhow::Result<()> {
        let whole = until_within(PATIENCE, "the cluster to be whole", async || {
            // What is agreed on tells for a while of servers that are gone: each must say so itself.
            for node in &self.nodes {
                if node.rest.get("/readiness").await?.status != 200 {
                    return Ok(None);
                }
            }
            let members = members(&self.nodes[0].rest).await?;
            Ok(is_whole(&members).then_some(()))
        });
        whole.await.map(|_| ())
    }

    /// Makes a database and returns its URL, which names all servers.
    pub async fn url(&self, database: &str) -> anyhow::Result<String> {
        let leader = self.wires.address(self.leader().await?);
        let url = format!("postgres://owl@{leader}/postgres");
        let make = format!("CREATE DATABASE {database}");
        tokio::task::spawn_blocking(move || usher_test_postgres::run(&url, &make)).await?;
        let hosts = (0..NODES).map(|nth| self.wires.address(nth).to_string());
        // As between machines that trust their network; what is encrypted is tested elsewhere.
        Ok(format!(
            "postgres://owl@{}/{database}?target_session_attrs=read-write&sslmode=disable",
            hosts.collect::<Vec<_>>().join(",")
        ))
    }

    async fn leader(&self) -> anyhow::Result<usize> {
        let found = until_within(PATIENCE, "a leader", async || {
            for (nth, node) in self.nodes.iter().enumerate() {
                let asked = timeout(REST_PATIENCE, node.rest.get("/primary")).await;
                if asked.is_ok_and(|answer| answer.is_ok_and(|reply| reply.status == 200)) {
                    return Ok(Some(nth));
                }
            }
            Ok(None)
        });
        Ok(found.await?.0)
    }

    /// Kills the leader's server and its agent at once, and gives its name.
    pub async fn kill_leader(&mut self) -> anyhow::Result<String> {
        let leader = self.leader().await?;
        self.kill_node(leader)
    }

    /// Kills a standby's server and its agent at once, and gives its name.
    pub async fn kill_standby(&mut self) -> anyhow::Result<String> {
        let leader = self.leader().await?;
        self.kill_node((leader + 1) % NODES)
    }

    /// Takes the agents' agreement away.
    pub fn kill_etcd(&mut self) -> anyhow::Result<()> {
        self.etcd.kill()?;
        self.etcd.wait()?;
        Ok(())
    }

    /// Brings it back as it was.
    pub fn start_etcd(&mut self) -> anyhow::Result<()> {
        self.etcd = start_etcd(self.folder.path(), &self.wires)?;
        Ok(())
    }

    /// Pulls the leader's cable out: clients, standbys and etcd reach it no more, and hear nothing of it; gives which one it was.
    pub async fn unplug_leader(&self) -> anyhow::Result<usize> {
        let leader = self.leader().await?;
        self.wires.plug(leader, false)?;
        Ok(leader)
    }

    /// Pulls a standby's cable out.
    pub async fn unplug_standby(&self) -> anyhow::Result<usize> {
        let standby = (self.leader().await? + 1) % NODES;
        self.wires.plug(standby, false)?;
        Ok(standby)
    }

    /// Pulls the cable of the agents' agreement out.
    pub fn unplug_etcd(&self) -> anyhow::Result<usize> {
        self.wires.plug(ETCD, false)?;
        Ok(ETCD)
    }

    /// Puts a cable in again.
    pub fn plug_in(&self, nth: usize) -> anyhow::Result<()> {
        self.wires.plug(nth, true)
    }

    /// Cuts the leader off from the standbys and etcd; its clients reach it still. Gives which one it was.
    pub async fn cut_leader(&self) -> anyhow::Result<usize> {
        let leader = self.leader().await?;
        self.wires.cut(leader, &all_but(leader), true)?;
        Ok(leader)
    }

    /// Joins it to the others again.
    pub fn join(&self, nth: usize) -> anyhow::Result<()> {
        self.wires.cut(nth, &all_but(nth), false)
    }

    fn kill_node(&mut self, nth: usize) -> anyhow::Result<String> {
        let server = self.server_of(nth)?;
        let node = &mut self.nodes[nth];
        node.agent.kill()?;
        kill9(&server)?;
        node.agent.wait()?;
        Ok(node.name.clone())
    }

    /// Reads the process id of a server.
    fn server_of(&self, nth: usize) -> anyhow::Result<String> {
        let file = self
            .folder
            .path()
            .join(&self.nodes[nth].name)
            .join("postmaster.pid");
        let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
        Ok(text.lines().next().context("a process id")?.to_owned())
    }

    /// Starts the agent of a killed server again, which brings the server back.
    pub fn start_agent(&mut self, name: &str) -> anyhow::Result<()> {
        let nth = self.nodes.iter().position(|node| node.name == name);
        let nth = nth.context("there is such a node")?;
        self.nodes[nth].agent = self.agent(nth, name)?;
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // What cannot be killed is gone already.
        for nth in 0..self.nodes.len() {
            let _ = self.nodes[nth].agent.kill();
            let _ = self.nodes[nth].agent.wait();
            let _ = self.server_of(nth).and_then(|server| kill9(&server));
        }
        let _ = self.kill_etcd();
    }
}

/// Returns the other nodes, and etcd.
fn all_but(nth: usize) -> Vec<usize> {
    (0..=ETCD).filter(|other| *other != nth).collect()
}

async fn members(rest: &Http) -> anyhow::Result<Vec<Value>> {
    let cluster: Value = rest.get("/cluster").await?.expect(200)?.json()?;
    Ok(cluster["members"].as_array().cloned().unwrap_or_default())
}

fn is_whole(members: &[Value]) -> bool {
    let count = |role: &str, state: &str| {
        let fits = |member: &&Value| member["role"] == role && member["state"] == state;
        members.iter().filter(fits).count()
    };
    count("leader", "running") == 1 && count("quorum_standby", "streaming") == NODES - 1
}

/// Starts the store of the agents' agreement.
fn start_etcd(folder: &Path, wires: &Wires) -> anyhow::Result<Child> {
    let at = wires.address(ETCD);
    let (client, peer) = (
        format!("http://{at}:{ETCD_PORT}"),
        format!("http://{at}:{PEER_PORT}"),
    );
    let log = fs::File::options()
        .create(true)
        .append(true)
        .open(folder.join("etcd.log"))?;
    let mut run = as_nobody(wires.inside(ETCD), Path::new("etcd"));
    run.args(["--name", "e", "--data-dir"]).arg(folder.join("etcd"));
    for (name, value) in [
        ("--listen-client-urls", &client),
        ("--advertise-client-urls", &client),
        ("--listen-peer-urls", &peer),
        ("--initial-advertise-peer-urls", &peer),
        ("--initial-cluster", &format!("e={peer}")),
    ] {
        run.args([name, value]);
    }
    run.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    run.spawn().context("starting etcd: run .ci/setup drill")
}

/// Writes a node's settings. Two seconds of a leader's silence are little, and twenty are what a network may take.
fn settings(folder: &Path, name: &str, nth: usize, wires: &Wires) -> String {
    let (at, etcd) = (wires.address(nth), wires.address(ETCD));
    let (folder, programs) = (folder.display(), usher_test_postgres::programs());
    let programs = programs.display();
    format!(
        "scope: usher
name: {name}
restapi: {{listen: '{at}:{REST_PORT}', connect_address: '{at}:{REST_PORT}'}}
etcd3: {{hosts: '{etcd}:{ETCD_PORT}'}}
bootstrap:
  dcs:
    ttl: 20
    loop_wait: 5
    retry_timeout: 5
    maximum_lag_on_failover: 0
    synchronous_mode: quorum
    synchronous_mode_strict: true
    failsafe_mode: true
    postgresql:
      use_pg_rewind: true
      parameters: {{max_connections: 200, shared_buffers: 64MB, wal_keep_size: 512MB}}
  initdb: [{{encoding: UTF8}}, {{locale: C}}, data-checksums]
postgresql:
  listen: '{at}:{PORT}'
  connect_address: '{at}:{PORT}'
  data_dir: {folder}/{name}
  bin_dir: {programs}
  pgpass: {folder}/{name}.pgpass
  authentication:
    superuser: {{username: owl}}
    replication: {{username: replicator}}
    rewind: {{username: rewinder}}
  pg_hba: ['local all all trust', 'host all all 10.214.0.0/16 trust', 'host replication all 10.214.0.0/16 trust']
  parameters: {{unix_socket_directories: '{folder}/{name}-socket'}}
"
    )
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").expect("there is /proc")) == 0
}

/// Runs a program that ends with this one, in a place, and not as root.
fn as_nobody(mut run: Command, program: &Path) -> Command {
    run.args(["setpriv", "--pdeathsig=KILL"]);
    if is_root() {
        run.args([
            &format!("--reuid={NOBODY}"),
            &format!("--regid={NOBODY}"),
            "--clear-groups",
        ]);
    }
    run.arg(program);
    run
}

fn kill9(process: &str) -> anyhow::Result<()> {
    let killed = Command::new("kill").args(["-9", process]).status()?;
    ensure!(killed.success(), "process {process} was not killed");
    Ok(())
}
