//! Three PostgreSQL under Patroni in quorum mode, with an etcd, in a temporary folder on free ports. Its settings are those of docs/SCALING.md.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};
use serde_json::Value;
use tempfile::TempDir;
use usher_tests::stage::http::Http;
use usher_tests::stage::patience::until_within;

/// How long a cluster may take to be whole: to start, or until a killed server has come back.
pub const PATIENCE: Duration = Duration::from_secs(180);
/// Where `.ci/setup drill` puts Patroni, unless this variable says otherwise.
const PATRONI: &str = "USHER_PATRONI";
/// Who runs the servers where the drill runs as root, which they refuse: nobody.
const NOBODY: u32 = 65_534;
const NODES: usize = 3;

/// A server with its agent.
struct Node {
    name: String,
    port: u16,
    rest: Http,
    agent: Child,
}

/// The cluster; dropped means killed.
pub struct Cluster {
    nodes: Vec<Node>,
    etcd: Etcd,
    folder: TempDir,
}

impl Cluster {
    pub fn start() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("usher-drill-").tempdir()?;
        if is_root() {
            chown(folder.path(), Some(NOBODY), Some(NOBODY))?;
        }
        let etcd = Etcd::start(folder.path())?;
        let etcd_port = etcd.port;
        let mut cluster = Self {
            nodes: Vec::new(),
            etcd,
            folder,
        };
        for nth in 1..=NODES {
            let (name, port, rest) = (format!("n{nth}"), free_port()?, free_port()?);
            let text = settings(cluster.folder.path(), (&name, port, rest), etcd_port);
            fs::write(cluster.file(&name), text)?;
            let agent = cluster.agent(&name)?;
            cluster.nodes.push(Node {
                name,
                port,
                rest: Http::new(([127, 0, 0, 1], rest).into())?,
                agent,
            });
        }
        Ok(cluster)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.yml"))
    }

    fn agent(&self, name: &str) -> anyhow::Result<Child> {
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
        let mut run = as_nobody(&patroni);
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
        let leader = &self.nodes[self.leader().await?];
        let url = format!("postgres://owl@127.0.0.1:{}/postgres", leader.port);
        let make = format!("CREATE DATABASE {database}");
        tokio::task::spawn_blocking(move || usher_test_postgres::run(&url, &make)).await?;
        let hosts: Vec<String> = self
            .nodes
            .iter()
            .map(|node| format!("127.0.0.1:{}", node.port))
            .collect();
        Ok(format!(
            "postgres://owl@{}/{database}?target_session_attrs=read-write",
            hosts.join(",")
        ))
    }

    async fn leader(&self) -> anyhow::Result<usize> {
        let found = until_within(PATIENCE, "a leader", async || {
            for (nth, node) in self.nodes.iter().enumerate() {
                if node
                    .rest
                    .get("/primary")
                    .await
                    .is_ok_and(|reply| reply.status == 200)
                {
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
        self.etcd.kill()
    }

    /// Brings it back as it was.
    pub fn start_etcd(&mut self) -> anyhow::Result<()> {
        let addresses = (self.etcd.port, self.etcd.peer);
        self.etcd.child = Etcd::run(self.folder.path(), addresses)?;
        Ok(())
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
        let agent = self.agent(name)?;
        let node = self.nodes.iter_mut().find(|node| node.name == name);
        node.context("there is such a node")?.agent = agent;
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
        let _ = self.etcd.kill();
    }
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

/// The store of the agents' agreement, and its addresses.
struct Etcd {
    child: Child,
    port: u16,
    peer: u16,
}

impl Etcd {
    fn start(folder: &Path) -> anyhow::Result<Self> {
        let (port, peer) = (free_port()?, free_port()?);
        let child = Self::run(folder, (port, peer))?;
        Ok(Self { child, port, peer })
    }

    fn run(folder: &Path, (port, peer): (u16, u16)) -> anyhow::Result<Child> {
        let (client, peer) = (
            format!("http://127.0.0.1:{port}"),
            format!("http://127.0.0.1:{peer}"),
        );
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(folder.join("etcd.log"))?;
        let mut run = as_nobody(Path::new("etcd"));
        run.args(["--name", "e", "--data-dir"])
            .arg(folder.join("etcd"))
            .args([
                "--listen-client-urls",
                &client,
                "--advertise-client-urls",
                &client,
            ])
            .args([
                "--listen-peer-urls",
                &peer,
                "--initial-advertise-peer-urls",
                &peer,
            ])
            .args(["--initial-cluster", &format!("e={peer}")])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        run.spawn().context("starting etcd: run .ci/setup drill")
    }

    fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// Writes a node's settings. Two seconds of a leader's silence are little, and twenty are what a network may take.
fn settings(folder: &Path, (name, port, rest): (&str, u16, u16), etcd: u16) -> String {
    let (folder, programs) = (folder.display(), usher_test_postgres::programs());
    let programs = programs.display();
    format!(
        "scope: usher
name: {name}
restapi: {{listen: '127.0.0.1:{rest}', connect_address: '127.0.0.1:{rest}'}}
etcd3: {{hosts: '127.0.0.1:{etcd}'}}
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
  listen: '127.0.0.1:{port}'
  connect_address: '127.0.0.1:{port}'
  data_dir: {folder}/{name}
  bin_dir: {programs}
  pgpass: {folder}/{name}.pgpass
  authentication:
    superuser: {{username: owl}}
    replication: {{username: replicator}}
    rewind: {{username: rewinder}}
  pg_hba: ['local all all trust', 'host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust']
  parameters: {{unix_socket_directories: '{folder}'}}
"
    )
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn is_root() -> bool {
    std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").expect("there is /proc")) == 0
}

/// Runs a program that ends with this one, and not as root.
fn as_nobody(program: &Path) -> Command {
    let mut run = Command::new("setpriv");
    run.arg("--pdeathsig=KILL");
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
