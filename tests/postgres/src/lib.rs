//! A PostgreSQL server of the tests' own: in a temporary folder, on a free port, gone when the test program is gone.

#![expect(
    clippy::unwrap_used,
    reason = "what fails here fails the test that wants a server"
)]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Where Debian and Ubuntu keep the servers, a folder for each version.
const SERVERS: &str = "/usr/lib/postgresql";
/// Who runs the server where the tests run as root, which it refuses: nobody.
const NOBODY: u32 = 65_534;
/// How long the server may take to start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long between two looks whether it has.
const PAUSE: Duration = Duration::from_millis(20);
/// Ends the server and removes its folder as soon as the test program is gone, however it went.
const WATCH: &str = r#""$1"/postgres -D "$2"/data -k "$2" -p "$3" -c listen_addresses=127.0.0.1 -c shared_buffers=64MB \
    -c max_connections=400 -c fsync="$4" -c logging_collector=off \
    -c ssl=on -c ssl_cert_file="$2"/server.pem -c ssl_key_file="$2"/server.key >"$2"/log 2>&1 &
server=$!
cat >/dev/null
kill -QUIT $server
wait $server
rm -rf "$2"
"#;

/// Makes an authority of certificates and has it vouch for the server.
const CERTIFY: &str = r#"
set -e
make() { name=$1; shift; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 7 \
    -keyout $name.key -out $name.pem -subj /CN=$name "$@" 2>/dev/null; }
make authority
make server -CA authority.pem -CAkey authority.key \
    -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE
"#;

/// The running server; it ends when its watcher's input is closed.
struct Server {
    port: u16,
    folder: PathBuf,
    /// The watcher, with the input that tells it that the tests are over.
    _watcher: Child,
}

/// Returns the certificate, in PEM, that vouches for the server.
pub fn certificate() -> PathBuf {
    running().folder.join("authority.pem")
}

fn running() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start("off"))
}

/// Makes a database and returns its URL. What is committed there survives the program that did it, and not the machine.
pub fn new_database() -> String {
    database_of(running())
}

/// Makes a database whose commits reach the disk, as in use, and returns its URL.
pub fn new_durable_database() -> String {
    static SERVER: OnceLock<Server> = OnceLock::new();
    database_of(SERVER.get_or_init(|| start("on")))
}

fn database_of(server: &Server) -> String {
    let name = new_name();
    run(&url(server.port, "postgres"), &format!("CREATE DATABASE {name}"));
    url(server.port, &name)
}

/// Makes a copy of a database that nobody is connected with any more, or not for long, and returns its URL.
#[expect(
    clippy::disallowed_methods,
    reason = "the tests that wait for it run on other threads"
)]
pub fn copy_of(url: &str) -> String {
    let (address, template) = url.rsplit_once('/').unwrap();
    let copy = format!("{address}/{}", new_name());
    let (_, name) = copy.rsplit_once('/').unwrap();
    let (sql, until) = (
        format!("CREATE DATABASE {name} TEMPLATE {template}"),
        Instant::now() + PATIENCE,
    );
    while let Err(why) = try_to_run(&format!("{address}/postgres"), &sql) {
        assert!(Instant::now() < until, "{sql}: {why}");
        thread::sleep(PAUSE);
    }
    copy
}

fn new_name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("case_{}", NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Cuts every connection to a database, whatever it is in the middle of.
pub fn cut_connections(url: &str) {
    let (address, name) = url.rsplit_once('/').unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname";
    run(&format!("{address}/postgres"), &format!("{cut} = '{name}'"));
}

/// Runs SQL in a database and returns what it prints: a line for each row, columns divided by `|`.
pub fn run(url: &str, sql: &str) -> String {
    try_to_run(url, sql).unwrap_or_else(|why| panic!("{sql}: {why}"))
}

fn try_to_run(url: &str, sql: &str) -> Result<String, String> {
    let output = Command::new(programs().join("psql"))
        .args([
            "--no-psqlrc",
            "--quiet",
            "--tuples-only",
            "--no-align",
            "-d",
            url,
            "-c",
            sql,
        ])
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    Ok(String::from_utf8(output.stdout).unwrap())
}

fn url(port: u16, database: &str) -> String {
    format!("postgres://owl@127.0.0.1:{port}/{database}")
}

fn make_cluster(programs: &Path, folder: &Path) {
    let made = as_owner(folder, &programs.join("initdb"))
        .args([
            "--no-sync",
            "--auth=trust",
            "--username=owl",
            "--encoding=UTF8",
            "--locale=C",
            "-D",
        ])
        .arg(folder.join("data"))
        .output()
        .unwrap();
    assert!(
        made.status.success(),
        "initdb: {}",
        String::from_utf8_lossy(&made.stderr)
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tests that wait for it run on other threads"
)]
fn start(fsync: &str) -> Server {
    let programs = programs();
    let folder = tempfile::Builder::new()
        .prefix("usher-postgres-")
        .tempdir()
        .unwrap()
        .keep();
    if is_root(&folder) {
        chown(&folder, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    make_cluster(&programs, &folder);
    let certified = as_owner(&folder, Path::new("/bin/sh"))
        .args(["-c", CERTIFY])
        .status()
        .unwrap();
    assert!(certified.success(), "openssl makes no certificates");
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let watcher = as_owner(&folder, Path::new("/bin/sh"))
        .args(["-c", WATCH, "watch"])
        .arg(&programs)
        .arg(&folder)
        .arg(port.to_string())
        .arg(fsync)
        .stdin(Stdio::piped())
        // The terminal's Ctrl-C is for the tests; the watcher ends by itself.
        .process_group(0)
        .spawn()
        .unwrap();
    let mut ready = Command::new(programs.join("pg_isready"));
    ready.args(["--quiet", "-t", "1", "-d", &url(port, "postgres")]);
    let until = Instant::now() + PATIENCE;
    while !ready.status().unwrap().success() {
        let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(Instant::now() < until, "PostgreSQL does not start: {}", log());
        thread::sleep(PAUSE);
    }
    Server {
        port,
        folder,
        _watcher: watcher,
    }
}

/// Finds the folder of the newest server's programs.
pub fn programs() -> PathBuf {
    let versions = fs::read_dir(SERVERS).into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("bin"));
    let newest = found.filter(|bin| bin.join("initdb").exists()).max();
    newest.expect("no PostgreSQL server here: run .ci/setup, or apt-get install postgresql")
}

fn is_root(own: &Path) -> bool {
    fs::metadata(own).unwrap().uid() == 0
}

fn as_owner(folder: &Path, program: &Path) -> Command {
    let owner = fs::metadata(folder).unwrap();
    let mut command = Command::new(program);
    command.current_dir(folder);
    if is_root(Path::new("/proc/self")) {
        command.uid(owner.uid()).gid(owner.gid());
    }
    command
}
