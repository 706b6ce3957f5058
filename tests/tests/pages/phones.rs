//! A real client at the door for phones: the web check-in of pretix, in a browser, at a hub of ours; `.ci/setup test` fetches it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{any, get};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use usher_device::phone_secret::PhoneSecret;
use usher_device::rehearsal::{EVENT, STRICT, Show, enrolled, ticket, unit_at};
use usher_device::replica::TokenHolder;
use usher_gate_agent::config::Config;
use usher_gate_agent::hub::Hub;
use usher_keys::{Role, Timestamp};
use usher_tests::judges;
use usher_tests::stage::patience::until;

use super::browser::{Browser, in_time};

/// Says which file of the web check-in is the one to begin with.
const MANIFEST: &str = "pretix-2026.8.0/vite/control/.vite/manifest.json";
/// The name of that file there.
const ENTRY: &str = "src/pretix/plugins/webcheckin/static/pretixplugins/webcheckin/main.ts";
const HUB: u8 = 1;
const ENTER: &str = "\u{e007}";

#[tokio::test(flavor = "multi_thread")]
async fn the_web_check_in_of_pretix_scans_at_our_hub() -> anyhow::Result<()> {
    in_time(scan_with_a_real_client()).await
}

/// What stands between the browser, which has a session elsewhere, and the hub's door, which wants a token.
struct Between {
    client: reqwest::Client,
    door: String,
    token: String,
    /// The files of the web check-in.
    files: PathBuf,
    page: String,
}

async fn scan_with_a_real_client() -> anyhow::Result<()> {
    // An error means that it was installed before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut show = Show::new(&[HUB]);
    let (_kept, directory) = enrolled(&show, HUB, Role::Hub);
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut config = Config {
        listen: free,
        http: free,
        enrolments: free,
        ..Config::default()
    };
    config.door.listen = Some(free);
    let hub = Hub::start(&directory, &config, show.clock.clone()).await?;
    usher_link::SyncStore::store(&*hub.services().replica, show.run())
        .await
        .ok()
        .context("the hub takes the event")?;
    let (address, mut tasks) = serve(between(&hub).await?).await?;
    let browser_folder = tempfile::tempdir()?;
    let browser = Browser::start(browser_folder.path()).await?;
    browser.goto(&format!("http://{address}/")).await?;
    browser
        .says(".checkinlist-select", "Gate North, whole group")
        .await?;
    browser
        .find(".checkinlist-select a.list-group-item")
        .await?
        .click()
        .await?;
    browser.says(".status", "0").await?;

    scan_in_and_out(&browser).await?;

    browser.close().await?;
    tasks.shutdown().await;
    hub.shutdown().await;
    Ok(())
}

async fn scan_in_and_out(browser: &Browser) -> anyhow::Result<()> {
    let text = String::from_utf8(ticket(unit_at(HUB, &[HUB]), STRICT))?;
    scan(browser, &text).await?;
    browser
        .says(".check-result-green .check-result-text", "Valid ticket")
        .await?;
    browser.says(".check-result-item", "Seated").await?;
    close(browser).await?;
    // What the hub counts may be a second old.
    until("the page to count who went in", async || {
        browser
            .run("document.querySelector('.status button').click()")
            .await?;
        let counted = browser.find(".statistic").await?.text().await?;
        Ok((counted == "1").then_some(()))
    })
    .await?;
    scan(browser, &text).await?;
    browser
        .says(".check-result-orange .check-result-text", "already used")
        .await?;
    browser.says(".check-result-reason", "Gate North").await?;
    close(browser).await?;
    // An unknown text is searched for, as a name would be.
    scan(browser, &"https://example.com/".repeat(2)).await?;
    browser.says(".search-results", "No tickets found").await?;
    close(browser).await?;
    browser.find(".settings button").await?.click().await?;
    scan(browser, &text).await?;
    browser
        .says(".check-result-green .check-result-text", "Exit recorded")
        .await?;
    Ok(())
}

async fn scan(browser: &Browser, text: &str) -> anyhow::Result<()> {
    let field = browser.find(".scan-input").await?;
    field.send_keys(&format!("{text}{ENTER}")).await?;
    Ok(())
}

/// Closes a result, as people do before the next scan. The cross is of a typeface that is not here and so is not seen: a script clicks it.
async fn close(browser: &Browser) -> anyhow::Result<()> {
    let click = "const cross = document.querySelector('.panel-heading .pull-right'); cross?.click(); return cross !== null";
    until("the cross that closes a result", async || {
        Ok((browser.run(click).await? == true).then_some(()))
    })
    .await?;
    browser.find(".settings").await?;
    Ok(())
}

/// Sets a phone up for the browser.
async fn between(hub: &Hub) -> anyhow::Result<Between> {
    let manifest = judges::find(MANIFEST)?;
    let listed: Value = serde_json::from_slice(&std::fs::read(&manifest)?)?;
    let entry = listed[ENTRY]["file"]
        .as_str()
        .context("the manifest names the web check-in")?;
    let files = manifest
        .ancestors()
        .nth(4)
        .context("the manifest lies in folders")?;
    let client = reqwest::Client::builder()
        .tls_danger_accept_invalid_certs(true)
        .no_proxy();
    let client = client.build()?;
    let door = hub.listening().door.clone().context("the door is open")?;
    let (code, services) = (PhoneSecret::draw_code()?, hub.services());
    let holder = TokenHolder {
        name: "browser".to_owned(),
        gates: Vec::new(),
        expires: Timestamp::FOREVER,
    };
    let now = services.replica.clock().now();
    services
        .access
        .add_phone_code(code.hash(), (&holder, now.plus_ms(60_000)), now)?;
    let said = json!({ "token": code.reveal(), "software_brand": "pretix web check-in" });
    let asked = client.post(format!("{door}/api/v1/device/initialize"));
    let device: Value = asked.body(said.to_string()).send().await?.json().await?;
    let token = device["api_token"]
        .as_str()
        .context("the phone is set up")?
        .to_owned();
    Ok(Between {
        client,
        door,
        token,
        files: files.to_owned(),
        page: page(entry),
    })
}

/// The page around the web check-in, which pretix makes of a template.
fn page(entry: &str) -> String {
    let scripts = [
        "jsi18n/en/djangojs.js",
        "pretixbase/js/i18nstring.js",
        "moment/moment-with-locales.js",
        "moment/moment-timezone-with-data-1970-2030.js",
        "jquery/js/jquery-3.6.4.min.js",
        "datetimepicker/bootstrap-datetimepicker.js",
    ];
    let scripts = scripts.map(|script| format!("<script src=\"/static/{script}\"></script>"));
    let event = format!("/api/v1/organizers/usher/events/{EVENT}");
    let settings = json!({ "urls": { "lists": format!("{event}/checkinlists/"), "questions": format!("{event}/questions/") } });
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Check-in</title>\
         <body data-datetimeformat='YYYY-MM-DD HH:mm' data-timeformat='HH:mm' data-dateformat='YYYY-MM-DD' \
         data-datetimelocale=en data-pretixlocale=en data-timezone=UTC>\
         <div id=app data-event-name=Festival></div>{}\
         <script type='application/json' id=countries>[]</script>\
         <script type='application/json' id=api-settings>{settings}</script>\
         <input type=hidden name=csrfmiddlewaretoken value=none>\
         <script type=module src='/static/vite/control/{entry}'></script></body></html>",
        scripts.concat()
    )
}

async fn serve(between: Between) -> anyhow::Result<(SocketAddr, JoinSet<()>)> {
    let app = Router::new()
        .route(
            "/",
            get(async |State(between): State<Arc<Between>>| Html(between.page.clone())),
        )
        .route("/static/{*file}", get(file))
        .route("/api/{*path}", any(pass_on))
        .with_state(Arc::new(between));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        // It ends with the test.
        let _ = axum::serve(listener, app).await;
    });
    Ok((address, tasks))
}

async fn file(State(between): State<Arc<Between>>, Path(file): Path<String>) -> Response {
    let kind = if file.ends_with(".css") {
        "text/css"
    } else {
        "text/javascript"
    };
    let read = tokio::fs::read(between.files.join(file)).await;
    read.map_or_else(
        |_| StatusCode::NOT_FOUND.into_response(),
        |bytes| ([(header::CONTENT_TYPE, kind)], bytes).into_response(),
    )
}

/// Asks the door what the browser asks, with the phone's token.
async fn pass_on(
    State(between): State<Arc<Between>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, String> {
    let asked = between.client.request(method, format!("{}{uri}", between.door));
    let asked = asked.header(header::AUTHORIZATION, format!("Device {}", between.token));
    let kind = headers.get(header::CONTENT_TYPE).cloned();
    let asked = match kind {
        Some(kind) => asked.header(header::CONTENT_TYPE, kind),
        None => asked,
    };
    let answer = asked.body(body).send().await.map_err(|error| error.to_string())?;
    let (status, kind) = (
        answer.status(),
        answer.headers().get(header::CONTENT_TYPE).cloned(),
    );
    let bytes = answer.bytes().await.map_err(|error| error.to_string())?;
    let mut response = (status, bytes).into_response();
    if let Some(kind) = kind {
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
    }
    Ok(response)
}
