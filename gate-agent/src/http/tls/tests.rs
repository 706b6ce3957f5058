//! TLS from PEM files to a connection: files that make none, clients that greet and clients that do not.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use axum::Router;
use axum::routing::get;
use reqwest::Certificate;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::*;

/// Self-signed for 127.0.0.1 and localhost until 2120.
pub const CERTIFICATE: &str = include_str!("test-certificate.pem");
/// Its key, which is nobody's.
pub const KEY: &str = include_str!("test-key.pem");
const OTHER_KEY: &str = include_str!("test-other-key.pem");

/// Writes certificate and key where a hub would find them.
pub fn files(certificate: &str, key: &str) -> (TempDir, PathBuf, PathBuf) {
    let kept = tempfile::tempdir().unwrap();
    let (certificate_path, key_path) = (kept.path().join("hub.pem"), kept.path().join("hub-key.pem"));
    fs::write(&certificate_path, certificate).unwrap();
    fs::write(&key_path, key).unwrap();
    fs::set_permissions(&key_path, Permissions::from_mode(0o600)).unwrap();
    (kept, certificate_path, key_path)
}

/// A client that believes the test's certificate and no other.
pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let believed = Certificate::from_pem(CERTIFICATE.as_bytes()).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([believed]).no_proxy();
    client.build().unwrap()
}

async fn serve() -> (SocketAddr, JoinSet<()>) {
    let (_kept, certificate, key) = files(CERTIFICATE, KEY);
    let tls = Tls::read(&certificate, &key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let app = Router::new().route("/", get(|| async { "hello" }));
    let mut tasks = JoinSet::new();
    let listener = tls.on(BoundedListener::new(listener));
    tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });
    (addr, tasks)
}

#[test]
fn files_that_make_no_tls_are_refused_with_what_to_do() {
    let text = "hello";
    for (certificate, key, says) in [
        (text, KEY, "holds no certificate"),
        ("", KEY, "holds no certificate"),
        (KEY, KEY, "holds no certificate"),
        (&CERTIFICATE[..200], KEY, "holds no certificate"),
        (CERTIFICATE, text, "holds no private key"),
        (CERTIFICATE, CERTIFICATE, "holds no private key"),
        (CERTIFICATE, OTHER_KEY, "cannot be used together"),
        (&"x".repeat(70_000), KEY, "longer than"),
    ] {
        let (_kept, certificate, key) = files(certificate, key);
        let refused = Tls::read(&certificate, &key).err().unwrap().to_string();
        assert!(refused.contains(says), "{refused}");
    }
    let (_kept, certificate, key) = files(CERTIFICATE, KEY);
    fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
    let refused = Tls::read(&certificate, &key).err().unwrap().to_string();
    assert!(refused.contains("chmod 600"), "{refused}");
    let refused = Tls::read(&certificate.join("absent"), &key).err().unwrap();
    assert!(refused.to_string().contains("cannot read"), "{refused}");
}

#[tokio::test]
async fn a_client_that_believes_the_certificate_is_served() {
    let (addr, _tasks) = serve().await;
    let answer = client().get(format!("https://{addr}/")).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), "hello");
    let plain = client().get(format!("http://{addr}/")).send().await;
    assert!(plain.is_err(), "{plain:?}");
}

#[tokio::test]
async fn whoever_says_nothing_or_nonsense_keeps_nobody_waiting() {
    let (addr, _tasks) = serve().await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(addr).await.unwrap());
    }
    for nonsense in [
        &b"GET / HTTP/1.1\r\n\r\n"[..],
        &[0x16, 3, 1, 0xff, 0xff],
        &[0; 4_096],
    ] {
        let mut stream = TcpStream::connect(addr).await.unwrap();
        stream.write_all(nonsense).await.unwrap();
        stream.shutdown().await.unwrap();
        // It may say farewell in TLS or hang up; it ends.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    let answer = client().get(format!("https://{addr}/")).send().await.unwrap();
    assert!(answer.status().is_success());
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_ended() {
    let (_kept, certificate, key) = files(CERTIFICATE, KEY);
    let tls = Tls::read(&certificate, &key).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let mut listener = tls.on(BoundedListener::new(listener));
    listener.patience = Duration::from_millis(20);
    let _dawdler = TcpStream::connect(addr).await.unwrap();
    let (mut connection, _) = Listener::accept(&mut listener).await;
    for _ in 0..2 {
        let ended = connection.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(ended.kind(), io::ErrorKind::TimedOut);
    }
}
