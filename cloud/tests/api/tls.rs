//! HTTP over TLS: certificates from files, renewed while buyers come, and files that cannot be used.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Response};
use tokio::net::TcpStream;
use tokio::time::sleep;
use usher_cloud::clock::Clock;
use usher_cloud::config::Config;
use usher_cloud::server::Server;

use super::client::Cloud;
use super::mail_server::certificate;
use super::patience::until_so;

/// A certificate of this machine's address that vouches for itself, and its key.
fn made(folder: &Path) -> [PathBuf; 2] {
    let [certificate, key] = certificate(folder);
    fs::set_permissions(&key, Permissions::from_mode(0o600)).unwrap();
    [certificate, key]
}

/// Asks somebody whom that certificate vouches for whether they are there.
async fn ask(base: &str, believed: &[u8]) -> Result<Response, reqwest::Error> {
    let believed = Certificate::from_pem(believed).unwrap();
    let client = reqwest::Client::builder().tls_certs_only([believed]).no_proxy();
    client.build()?.get(format!("{base}/healthz")).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn buyers_come_over_tls_and_a_renewed_certificate_is_taken_up_without_a_restart() {
    let (here, next) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ([certificate, key], [renewed, renewed_key]) = (made(here.path()), made(next.path()));
    let read = |path: &Path| fs::read(path).unwrap();
    let (first, second) = (read(&certificate), read(&renewed));
    let cloud = Cloud::with(|config| {
        (config.tls_certificate, config.tls_key) = (certificate.clone(), key.clone());
    })
    .await;
    let http = cloud.server.listening().http;
    let base = format!("https://{http}");
    assert_eq!(cloud.server.state().public_url, base);
    // Whoever greets slowly keeps nobody waiting.
    let _silent = TcpStream::connect(http).await.unwrap();
    let answer = ask(&base, &first).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    assert!(ask(&base, &second).await.is_err(), "it is another's certificate");
    assert!(ask(&format!("http://{http}"), &first).await.is_err());

    // The certificate alone is renewed at first, as by whoever copies two files one after the other, or badly.
    for bad in [&b"hello"[..], &second] {
        fs::write(&certificate, bad).unwrap();
        sleep(Duration::from_secs(6)).await;
        assert_eq!(ask(&base, &first).await.unwrap().status(), 200);
    }
    fs::write(&key, read(&renewed_key)).unwrap();
    until_so("the renewed certificate", async || {
        ask(&base, &second).await.is_ok()
    })
    .await;
    assert!(ask(&base, &first).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_in_the_clear_is_led_to_tls_and_nothing_is_done_for_them() {
    let here = tempfile::tempdir().unwrap();
    let [certificate, key] = made(here.path());
    let cloud = Cloud::with(|config| {
        (config.tls_certificate, config.tls_key) = (certificate, key);
        config.http_redirect = Some("127.0.0.1:0".parse().unwrap());
    })
    .await;
    let plain = cloud.server.listening().redirect.unwrap();
    let client = reqwest::Client::builder()
        .redirect(Policy::none())
        .no_proxy()
        .build()
        .unwrap();
    let asked = client
        .get(format!("http://{plain}/events?q=owl"))
        .header("host", "evil.example");
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 308);
    let expected = format!("{}/events?q=owl", cloud.server.state().public_url);
    assert_eq!(answer.headers()["location"], expected.as_str());
    let sent = client
        .post(format!("http://{plain}/v1/reservations"))
        .body("{}")
        .send()
        .await
        .unwrap();
    assert_eq!(sent.status(), 403);
    assert!(sent.text().await.unwrap().contains("https alone"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_whose_certificate_cannot_be_used_says_why_and_does_not_serve() {
    let (here, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let ([certificate, key], [_, wrong_key]) = (made(here.path()), made(other.path()));
    let open = here.path().join("open.pem");
    fs::copy(&key, &open).unwrap();
    fs::set_permissions(&open, Permissions::from_mode(0o644)).unwrap();
    for (certificate, key, says) in [
        (&certificate, &wrong_key, "cannot be used together"),
        (&key, &key, "holds no certificate"),
        (&certificate, &certificate, "can be read by others"),
        (&certificate, &open, "chmod 600"),
        (&certificate, &here.path().join("absent"), "cannot read"),
    ] {
        let config = Config {
            listen: "127.0.0.1:0".parse().unwrap(),
            uplink_listen: "127.0.0.1:0".parse().unwrap(),
            data_dir: here.path().join("data"),
            tls_certificate: certificate.clone(),
            tls_key: key.clone(),
            ..Config::default()
        };
        let refused = Server::start(config, Clock::system()).await.unwrap_err();
        let refused = format!("{refused:#}");
        assert!(refused.contains(says), "{refused}");
    }
}
