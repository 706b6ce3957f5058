//! What the page's scripts see of all this: numbers, texts and bytes, no type of ours; times are milliseconds as JavaScript has them.

use data_encoding::HEXLOWER;
use usher_keys::{SecretKey, Timestamp};
use usher_protocol::GateId;
use usher_protocol::admission::Direction;
use usher_protocol::clock::ClockReading;
use usher_protocol::request::Overruling;
use usher_protocol::ticket::typed;
use usher_protocol::web::CertificateHash;
use usher_words::scanner::Bar;
use usher_words::scanner::outcome;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::enrolment::PageCode;
use crate::eyes::{LumaParts, PageEyes, luma_of};
use crate::page_scanner::{Ended, PageScanner, Position, Showing, Todo};

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the worker began, by a clock that nobody sets.
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn since_start_ms() -> f64;
}

/// One thing that the page is to do.
#[wasm_bindgen]
pub struct Task {
    kind: &'static str,
    number: u32,
    bytes: Vec<u8>,
    text: String,
}

#[wasm_bindgen]
impl Task {
    /// What: `persist`, `send`, `ask`, `take_back`, `say`, `certificates` or `close`.
    #[wasm_bindgen(getter)]
    pub fn kind(&self) -> String {
        self.kind.to_owned()
    }

    /// The number of a request.
    #[wasm_bindgen(getter)]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// What is to be written or sent.
    #[wasm_bindgen(getter)]
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.clone()
    }

    /// What is to be shown or remembered: JSON, or a name.
    #[wasm_bindgen(getter)]
    pub fn text(&self) -> String {
        self.text.clone()
    }
}

impl From<Todo> for Task {
    fn from(todo: Todo) -> Self {
        let plain = |kind| Self {
            kind,
            number: 0,
            bytes: Vec::new(),
            text: String::new(),
        };
        match todo {
            Todo::Persist(bytes) => Self {
                bytes,
                ..plain("persist")
            },
            Todo::Send(bytes) => Self {
                bytes,
                ..plain("send")
            },
            Todo::Ask { number, frame } => Self {
                number,
                bytes: frame,
                ..plain("ask")
            },
            Todo::TakeBack { number } => Self {
                number,
                ..plain("take_back")
            },
            Todo::Say(outcome) => Self {
                text: json(&*outcome),
                ..plain("say")
            },
            Todo::Certificates(certificates) => {
                let hashes: Vec<_> = certificates
                    .iter()
                    .map(|named| HEXLOWER.encode(&named.hash.0))
                    .collect();
                Self {
                    text: json(&hashes),
                    ..plain("certificates")
                }
            }
            Todo::Close(ended) => Self {
                text: match ended {
                    Ended::Farewell(farewell) => format!("{farewell:?}"),
                    Ended::NotTheHub => "NotTheHub".to_owned(),
                    Ended::Overdue => "Overdue".to_owned(),
                },
                ..plain("close")
            },
        }
    }
}

/// The page's scanner.
#[wasm_bindgen(js_name = PageScanner)]
pub struct BorderScanner {
    scanner: PageScanner,
    whole_bytes: usize,
}

#[wasm_bindgen(js_class = PageScanner)]
impl BorderScanner {
    /// Opens it on the bytes of its file, with the key made of 32 secret bytes.
    ///
    /// # Errors
    ///
    /// A sentence.
    #[wasm_bindgen(constructor)]
    pub fn new(seed: &[u8], file: &[u8], wall_ms: f64, up_ms: f64) -> Result<Self, String> {
        let key = key(seed)?;
        let opened = PageScanner::open(key, file, reading(wall_ms, up_ms));
        let (scanner, whole_bytes) = opened.map_err(|error| error.to_string())?;
        Ok(Self { scanner, whole_bytes })
    }

    /// How many bytes of the file are whole: what follows is to be cut off before anything is appended.
    #[wasm_bindgen(getter)]
    pub fn whole_bytes(&self) -> f64 {
        self.whole_bytes as f64
    }

    /// Takes what the clocks show; call it before anything else that happens now.
    pub fn at(&mut self, wall_ms: f64, up_ms: f64) {
        self.scanner.at(reading(wall_ms, up_ms));
    }

    /// Returns the next thing to do.
    pub fn poll(&mut self) -> Option<Task> {
        self.scanner.poll().map(Task::from)
    }

    /// Does what is due with the time.
    pub fn tick(&mut self) {
        self.scanner.tick();
    }

    /// Returns for how many milliseconds nothing is due.
    pub fn rest_ms(&self) -> f64 {
        self.scanner.rest_ms() as f64
    }

    /// Puts the scanner at a gate.
    pub fn stand(&mut self, gate: u16, is_out: bool, persons: u8) {
        let direction = if is_out { Direction::Out } else { Direction::In };
        self.scanner.stand(Position {
            gate: GateId(gate),
            direction,
            persons: persons.max(1),
        });
    }

    /// Calls the hub: `hashes` are 32 bytes for each certificate that was pinned, `nonce` 32 random ones.
    ///
    /// # Errors
    ///
    /// A sentence.
    pub fn connected(&mut self, hashes: &[u8], nonce: &[u8]) -> Result<(), String> {
        let (hashes, _) = hashes.as_chunks::<32>();
        let pinned = hashes.iter().copied().map(CertificateHash).collect();
        let nonce = nonce.try_into().map_err(|_| "a nonce has 32 bytes".to_owned())?;
        self.scanner.connected(pinned, nonce);
        Ok(())
    }

    /// Takes bytes of the link's stream.
    pub fn received(&mut self, bytes: &[u8]) {
        self.scanner.received(bytes);
    }

    /// Takes note that the connection is gone.
    pub fn disconnected(&mut self) {
        self.scanner.disconnected();
        self.scanner.tick();
    }

    /// Takes bytes that came for a request.
    pub fn heard(&mut self, number: u32, bytes: &[u8]) {
        self.scanner.heard(number, bytes);
    }

    /// Takes note that nothing comes for a request any more.
    pub fn unheard(&mut self, number: u32) {
        self.scanner.unheard(number);
    }

    /// Takes a code that was read or typed, with 16 random bytes; says what becomes of it: `judged`, `held`, `repeated` or `busy`.
    ///
    /// # Errors
    ///
    /// A sentence.
    pub fn show(&mut self, code: &[u8], random: &[u8]) -> Result<String, String> {
        let showing = match self.scanner.show(code, drawn(random)?) {
            Showing::Judged => "judged",
            Showing::Held => "held",
            Showing::Repeated => "repeated",
            Showing::Busy => "busy",
        };
        Ok(showing.to_owned())
    }

    /// Takes back the last scan by which somebody passed here: nobody did. `shown` is how many codes had been shown when people meant that.
    ///
    /// # Errors
    ///
    /// A sentence: nothing was done.
    pub fn undo(&mut self, why: &str, shown: u32) -> Result<(), String> {
        self.scanner.undo(why, shown)
    }

    /// Has a supervisor take back the last scan of the ticket that was shown last.
    ///
    /// # Errors
    ///
    /// A sentence: nothing was done.
    pub fn undo_last(&mut self, said: PageOverruling, shown: u32) -> Result<(), String> {
        self.scanner.undo_last(said.0, shown)
    }

    /// Has a supervisor let the ticket that was shown last in against the rules, with 16 random bytes.
    ///
    /// # Errors
    ///
    /// A sentence: nothing was done.
    pub fn overrule(&mut self, said: PageOverruling, shown: u32, random: &[u8]) -> Result<(), String> {
        self.scanner.overrule(said.0, shown, drawn(random)?)
    }

    /// Tells whether a hub is linked and has let this device in.
    pub fn hub_is_linked(&self) -> bool {
        self.scanner.hub().is_some()
    }

    /// Tells whether a scan is on its way.
    pub fn is_busy(&self) -> bool {
        self.scanner.is_busy()
    }

    /// Says how the page stands, as JSON.
    pub fn status(&self) -> String {
        json(&self.scanner.status())
    }
}

/// What a supervisor says.
#[wasm_bindgen(js_name = Overruling)]
pub struct PageOverruling(Overruling);

#[wasm_bindgen(js_class = Overruling)]
impl PageOverruling {
    /// Takes what was typed: a name, a reason, and a PIN that is none where it is empty.
    ///
    /// # Errors
    ///
    /// What to type instead.
    #[wasm_bindgen(constructor)]
    pub fn new(by: &str, why: &str, pin: &str) -> Result<Self, String> {
        PageScanner::supervisor(by, why, pin).map(Self)
    }
}

/// A hub's code for pages.
#[wasm_bindgen(js_name = PageCode)]
pub struct HubCode(PageCode);

#[wasm_bindgen(js_class = PageCode)]
impl HubCode {
    /// Reads the text of a code.
    ///
    /// # Errors
    ///
    /// A sentence.
    #[wasm_bindgen(constructor)]
    pub fn new(text: &str) -> Result<Self, String> {
        PageCode::read(text).map(Self).map_err(|error| error.to_string())
    }

    /// Host and port of the hub.
    #[wasm_bindgen(getter)]
    pub fn hub(&self) -> String {
        self.0.hub.clone()
    }

    /// The hub's certificates, in hexadecimal, as a JSON list.
    #[wasm_bindgen(getter)]
    pub fn hashes(&self) -> String {
        let hashes = self.0.hashes.iter();
        let hashes: Vec<_> = hashes.map(|hash| HEXLOWER.encode(&hash.0)).collect();
        json(&hashes)
    }

    /// Returns what the hub is asked.
    ///
    /// # Errors
    ///
    /// A sentence.
    pub fn request(&self, seed: &[u8], name: &str) -> Result<String, String> {
        let request = self.0.request(&key(seed)?, name);
        request.map_err(|error| error.to_string())
    }

    /// Takes the hub's answer and returns the file that the page begins with.
    ///
    /// # Errors
    ///
    /// A sentence.
    pub fn granted(&self, seed: &[u8], answer: &str, wall_ms: f64) -> Result<Vec<u8>, String> {
        let file = self.0.granted(&key(seed)?, answer, reading(wall_ms, 0.0).wall);
        file.map_err(|error| error.to_string())
    }
}

/// The page's eyes.
#[wasm_bindgen(js_name = Eyes)]
#[derive(Default)]
pub struct FrameEyes(PageEyes);

#[wasm_bindgen(js_class = Eyes)]
impl FrameEyes {
    /// Opens them.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a grey frame for so many milliseconds at most, quickly or with everything; returns what was seen, as JSON.
    ///
    /// # Errors
    ///
    /// A sentence.
    pub fn read(&mut self, luma: &[u8], width: u32, height: u32, within_ms: f64) -> Result<String, String> {
        let deadline = Deadline::within(within_ms);
        let frame = LumaParts { width, height, luma };
        let sight = self.0.read(frame, &|| deadline.is_ahead(), deadline.now_ms());
        sight.map(|sight| json(&sight)).map_err(|error| error.to_string())
    }

    /// Reads a frame with every method, within the deadline.
    ///
    /// # Errors
    ///
    /// A sentence.
    pub fn read_deeply(
        &mut self,
        luma: &[u8],
        width: u32,
        height: u32,
        within_ms: f64,
    ) -> Result<String, String> {
        let deadline = Deadline::within(within_ms);
        let frame = LumaParts { width, height, luma };
        let sight = self.0.read_deeply(frame, &|| deadline.is_ahead());
        sight.map(|sight| json(&sight)).map_err(|error| error.to_string())
    }
}

/// Returns the brightness of each pixel of a colour picture of 4 bytes a pixel.
#[wasm_bindgen]
#[must_use]
pub fn luma(rgba: &[u8]) -> Vec<u8> {
    luma_of(rgba)
}

/// Says, as what came of a scan, that nothing can be stored and so nobody is judged; JSON.
#[wasm_bindgen]
#[must_use]
pub fn not_saved() -> String {
    json(&outcome::not_judged(Bar::Disk))
}

/// Returns which codes a wedge has typed, without what it put around them, as a JSON list.
///
/// # Errors
///
/// What to set at the wedge, in a sentence.
#[wasm_bindgen]
pub fn typed_codes(typing: &str) -> Result<String, String> {
    let codes = typed::codes(typing).map_err(|garbled| garbled.to_string())?;
    Ok(json(&codes))
}

/// Until when a look may take.
struct Deadline {
    ends_ms: f64,
}

impl Deadline {
    fn within(ms: f64) -> Self {
        Self {
            ends_ms: since_start_ms() + ms,
        }
    }

    fn is_ahead(&self) -> bool {
        since_start_ms() < self.ends_ms
    }

    fn now_ms(&self) -> u64 {
        whole(since_start_ms())
    }
}

fn drawn(random: &[u8]) -> Result<[u8; 16], String> {
    random
        .try_into()
        .map_err(|_| "a scan takes 16 random bytes".to_owned())
}

fn key(seed: &[u8]) -> Result<SecretKey, String> {
    let seed = seed
        .try_into()
        .map_err(|_| "a key is made of 32 bytes".to_owned())?;
    Ok(SecretKey::from_seed(seed))
}

fn reading(wall_ms: f64, up_ms: f64) -> ClockReading {
    ClockReading {
        wall: Timestamp(whole(wall_ms)),
        up_ms: i64::try_from(whole(up_ms)).unwrap_or(i64::MAX),
    }
}

/// Milliseconds of JavaScript's, without a fraction; nothing of ours is before 1970.
fn whole(ms: f64) -> u64 {
    ms as u64
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("texts, numbers and lists become JSON")
}
