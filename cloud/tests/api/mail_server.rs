//! A mail server of Python's aiosmtpd in a process of its own, with encryption, a log-in, and faults that a test asks for.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::time::sleep;
use usher_cloud::config::Config;

use super::documents::judge;

/// Runs until it is dropped.
pub struct MailServer {
    folder: TempDir,
    port: u16,
    child: Child,
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn certificate(folder: &Path) -> [PathBuf; 2] {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args(["-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    assert!(
        made.is_ok_and(|status| status.success()),
        "no openssl here: run .ci/setup test"
    );
    [certificate, key]
}

impl MailServer {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let [certificate, key] = certificate(folder.path());
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mail_server/server.py");
        let python = judge("python3");
        let mut child = Command::new(&python)
            .arg(script)
            .arg(folder.path())
            .args([certificate, key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}: run .ci/setup test", python.display()));
        let mut port = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut port)
            .unwrap();
        let port = port
            .trim()
            .parse()
            .expect("aiosmtpd is there and says its port: run .ci/setup test");
        std::fs::write(folder.path().join("password"), "open sesame\n").unwrap();
        Self { folder, port, child }
    }

    /// Has a server send its letters here.
    pub fn set(&self, config: &mut Config) {
        let file = |name: &str| self.folder.path().join(name);
        config.mail.server = "localhost".into();
        config.mail.port = self.port;
        config.mail.user = "usher".into();
        config.mail.password_file = file("password");
        config.mail.ca_file = file("certificate.pem");
        config.mail.from = "Tickets <tickets@owls.example>".into();
        config.mail.reply_to = "box-office@owls.example".into();
    }

    /// Returns the same as lines of a settings file.
    pub fn settings(&self) -> String {
        let folder = self.folder.path().display();
        format!(
            "[mail]\nserver = \"localhost\"\nport = {}\nuser = \"usher\"\npassword_file = \"{folder}/password\"\n\
             ca_file = \"{folder}/certificate.pem\"\nfrom = \"tickets@owls.example\"\n",
            self.port
        )
    }

    /// Has it do this instead of what it should, line by line, each once.
    pub fn fail(&self, faults: &str) {
        let (file, new) = (
            self.folder.path().join("faults"),
            self.folder.path().join("faults.test"),
        );
        std::fs::write(&new, faults).unwrap();
        std::fs::rename(&new, &file).unwrap();
    }

    /// Tells whether all faults have happened.
    pub fn has_failed(&self) -> bool {
        std::fs::read_to_string(self.folder.path().join("faults")).is_ok_and(|left| left.is_empty())
    }

    /// Lists what it has taken.
    pub fn taken(&self) -> Vec<Value> {
        let file = |number: usize| std::fs::read(self.folder.path().join(format!("{number}.json")));
        (0..)
            .map_while(|number| file(number).ok())
            .map(|bytes| serde_json::from_slice(&bytes).unwrap())
            .collect()
    }

    /// Waits until it has taken so many.
    pub async fn until(&self, count: usize) -> Vec<Value> {
        for _ in 0..1_200 {
            let taken = self.taken();
            if taken.len() >= count {
                return taken;
            }
            sleep(Duration::from_millis(50)).await;
        }
        panic!("only {} of {count} came", self.taken().len())
    }
}
