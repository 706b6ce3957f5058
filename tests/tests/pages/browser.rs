//! A headless Chromium, driven by Debian's chromedriver on a free port; both end with the test.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use fantoccini::actions::{
    InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction,
};
use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};
use tokio::time::timeout;
use usher_tests::stage::http::Http;
use usher_tests::stage::patience::until;

/// What the driver says once it has chosen a port.
const STARTED: &str = "started successfully on port ";

/// How long a test with a browser may take: the browser itself never gives up.
const TEST_TIME: Duration = Duration::from_secs(120);

/// Lets a test fail that waits for a browser which does not answer any more.
pub async fn in_time(test: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    timeout(TEST_TIME, test)
        .await
        .context("the browser does not answer")?
}

/// A browser with one window.
pub struct Browser {
    client: Client,
    driver: Driver,
    port: String,
}

/// The driver's process, first of a group to which the browser belongs too.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        // Errors mean that they have ended already.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}

impl Browser {
    /// Starts a browser whose files are in that folder.
    pub async fn start(folder: &Path) -> anyhow::Result<Self> {
        Self::with_options(folder, json!({})).await
    }

    /// Starts a browser that looks at pages as one whose screen is so big does, in CSS pixels; up to 600 wide it is a phone.
    pub async fn with_screen(folder: &Path, (width, height): (u32, u32)) -> anyhow::Result<Self> {
        let is_phone = width <= 600;
        let metrics = json!({ "width": width, "height": height, "pixelRatio": 1, "mobile": is_phone, "touch": is_phone });
        Self::with_options(folder, json!({ "mobileEmulation": { "deviceMetrics": metrics } })).await
    }

    /// Starts a browser whose camera shows a recording (Y4M), over and over, and which asks nobody whether a page may use it.
    pub async fn with_camera(folder: &Path, recording: &Path) -> anyhow::Result<Self> {
        let camera = [
            "--use-fake-ui-for-media-stream".to_owned(),
            "--use-fake-device-for-media-stream".to_owned(),
            format!("--use-file-for-fake-video-capture={}", recording.display()),
        ];
        Self::with_options(folder, json!({ "args": camera })).await
    }

    /// Starts a browser that finds a name at this machine; to a page at that name, over plain HTTP, it gives no storage.
    pub async fn with_name(folder: &Path, name: &str) -> anyhow::Result<Self> {
        let rule = format!("--host-resolver-rules=MAP {name} 127.0.0.1");
        Self::with_options(folder, json!({ "args": [rule] })).await
    }

    /// Starts a browser that runs no scripts of pages.
    pub async fn without_scripts(folder: &Path) -> anyhow::Result<Self> {
        let refused = json!({ "profile.managed_default_content_settings.javascript": 2 });
        Self::with_options(folder, json!({ "prefs": refused })).await
    }

    async fn with_options(folder: &Path, options: Value) -> anyhow::Result<Self> {
        fs::create_dir_all(folder)?;
        let log = folder.join("chromedriver.log");
        let driver = start_driver(&log)?;
        let port = until("chromedriver to choose a port", async || {
            let said = fs::read_to_string(&log)?;
            let port = said
                .split_once(STARTED)
                .map(|(_, port)| port.trim_end_matches([' ', '.', '\n']).to_owned());
            Ok(port.filter(|port| said.ends_with('\n') && !port.is_empty()))
        })
        .await?;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities(folder, options)?);
        let client = builder.connect(&format!("http://127.0.0.1:{port}")).await;
        Ok(Self {
            client: client.context("starting Chromium: is the package chromium installed?")?,
            driver,
            port,
        })
    }

    /// Gives the browser itself an order of its own protocol, which pages cannot.
    pub async fn order(&self, method: &str, params: Value) -> anyhow::Result<()> {
        let session = self.client.session_id().await?.context("a session has an id")?;
        let driver = Http::new(SocketAddr::from(([127, 0, 0, 1], self.port.parse()?)))?;
        let order = json!({ "cmd": method, "params": params });
        driver
            .post(&format!("/session/{session}/goog/cdp/execute"), &order)
            .await?
            .expect(200)?;
        Ok(())
    }

    /// Returns the session itself.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Opens an address.
    pub async fn goto(&self, address: &str) -> anyhow::Result<()> {
        self.client
            .goto(address)
            .await
            .with_context(|| format!("opening {address}"))
    }

    /// Waits until an element is seen, as whoever clicks or types does, and returns it.
    pub async fn find(&self, selector: &str) -> anyhow::Result<Element> {
        until(format!("{selector} to be seen on the page"), async || {
            let Ok(element) = self.client.find(Locator::Css(selector)).await else {
                return Ok(None);
            };
            // An element may be gone again by now.
            let is_seen = element.is_displayed().await.unwrap_or(false);
            Ok(is_seen.then_some(element))
        })
        .await
    }

    /// Returns every such element that is there now.
    pub async fn all(&self, selector: &str) -> anyhow::Result<Vec<Element>> {
        Ok(self.client.find_all(Locator::Css(selector)).await?)
    }

    /// Waits until an element shows a text.
    pub async fn says(&self, selector: &str, text: &str) -> anyhow::Result<()> {
        let mut said = String::new();
        let found = until(format!("{selector} to say {text:?}"), async || {
            said = match self.client.find(Locator::Css(selector)).await {
                Ok(element) => element.text().await.unwrap_or_default(),
                Err(_) => return Ok(None),
            };
            Ok(said.contains(text).then_some(()))
        })
        .await;
        found.with_context(|| format!("it says {said:?}"))
    }

    /// Runs a script in the page and returns what it returns.
    pub async fn run(&self, script: &str) -> anyhow::Result<Value> {
        Ok(self.client.execute(script, Vec::new()).await?)
    }

    /// Presses keys, one after the other, wherever the focus is.
    pub async fn press(&self, keys: impl IntoIterator<Item = char>) -> anyhow::Result<()> {
        let keyboard = keys
            .into_iter()
            .fold(KeyActions::new("keyboard".into()), |keyboard, value| {
                keyboard
                    .then(KeyAction::Down { value })
                    .then(KeyAction::Up { value })
            });
        Ok(self.client.perform_actions(keyboard).await?)
    }

    /// Clicks with the mouse on a point of what is seen of the page.
    pub async fn click_at(&self, (x, y): (f64, f64)) -> anyhow::Result<()> {
        let button = MOUSE_BUTTON_LEFT;
        let mouse = MouseActions::new("mouse".into())
            .then(PointerAction::MoveTo { duration: None, x, y })
            .then(PointerAction::Down { button })
            .then(PointerAction::Up { button });
        Ok(self.client.perform_actions(mouse).await?)
    }

    /// Returns the group of the driver's processes, the browser's among them.
    pub fn group(&self) -> Pid {
        Pid::from_child(&self.driver.0)
    }

    /// Closes the window and ends the driver.
    pub async fn close(self) -> anyhow::Result<()> {
        self.client.close().await?;
        drop(self.driver);
        Ok(())
    }
}

fn start_driver(log: &Path) -> anyhow::Result<Driver> {
    let file = File::create(log)?;
    let started = Command::new("chromedriver")
        .arg("--port=0")
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(file)
        .stderr(Stdio::null())
        .spawn();
    match started {
        Ok(child) => Ok(Driver(child)),
        Err(error) => bail!("chromedriver cannot be started ({error}): install the package chromium-driver"),
    }
}

fn capabilities(folder: &Path, more: Value) -> anyhow::Result<serde_json::Map<String, Value>> {
    let profile = folder.join("profile");
    let mut options = json!({
        "args": [
            "--headless=new",
            // Tests run as root in containers, where the browser's own sandbox does not work.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--window-size=900,1200",
            format!("--user-data-dir={}", profile.display()),
        ],
    });
    let all = options.as_object_mut().context("options have names")?;
    for (name, value) in serde_json::from_value::<serde_json::Map<_, _>>(more)? {
        match (all.get_mut(&name), value) {
            (Some(Value::Array(here)), Value::Array(more)) => here.extend(more),
            (_, value) => {
                all.insert(name, value);
            }
        }
    }
    Ok(serde_json::from_value(json!({ "goog:chromeOptions": options }))?)
}
