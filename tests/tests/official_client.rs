//! The payment service of the tests, judged by Stripe's own client for Python, which knows nothing of ours.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, ensure};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use usher_cloud::ids::ChargeReference;
use usher_cloud::money::Money;
use usher_cloud::payment::PaymentGateway;
use usher_cloud::payment::stripe::{Stripe, StripePlace};
use usher_keys::{EventId, Timestamp};
use usher_tests::judges;
use usher_tests::psp::{KEY, Psp};

const WEBHOOK_SECRET: &str = "whsec_usher";

/// Opens the first payment, as the cloud does.
async fn open(psp: &Psp) -> anyhow::Result<()> {
    let files = tempfile::tempdir()?;
    let key_file = files.path().join("stripe.key");
    std::fs::write(&key_file, KEY)?;
    let place = StripePlace {
        api: &format!("http://{}", psp.address),
        key_file: &key_file,
        webhook_secret_file: Path::new(""),
    };
    let gateway = PaymentGateway::Stripe(Stripe::new(place, "http://tickets.example")?);
    let price = Money {
        minor: 4_900,
        currency: "EUR".parse()?,
    };
    let reference = ChargeReference::draw(EventId([1; 16]), Timestamp(1));
    gateway.open(reference, price).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_client_reads_its_answers_and_believes_its_webhooks() -> anyhow::Result<()> {
    let psp = Psp::start().await?;
    open(&psp).await?;
    let (signature, body) = psp.webhook("pi_1", WEBHOOK_SECRET)?;
    let told = json!({ "secret": WEBHOOK_SECRET, "signature": signature, "body": body });
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("official_client/client.py");
    // Without -B it would leave compiled files in the source tree.
    let mut client = Command::new(judges::find("bin/python")?)
        .arg("-B")
        .arg(script)
        .args([&format!("http://{}", psp.address), KEY])
        .env("NO_PROXY", "127.0.0.1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("starting Python")?;
    let mut stdin = client.stdin.take().context("its input")?;
    stdin.write_all(told.to_string().as_bytes()).await?;
    drop(stdin);
    let output = client.wait_with_output().await?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "Stripe's client for Python is missing (run .ci/setup test) or does not accept what it was answered: {complaint}"
    );
    ensure!(output.stdout == b"accepted\n", "{complaint}");
    Ok(())
}
