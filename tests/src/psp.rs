//! A payment service for tests that speaks Stripe's API, strictly: PaymentIntents, Refunds, idempotency keys, a bank's page (3-D Secure),
//! and faults on demand. It moves no money and listens on this machine alone.

mod book;
mod form;
mod idempotency;
mod lists;
mod objects;
pub mod program;
mod reply;
mod webhooks;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use axum::{Form, Json, Router};
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use book::Book;
use form::Fields;
use idempotency::Keys;
use reply::PspReply;

/// The secret key that it takes.
pub const KEY: &str = "sk_test_usher";
/// The page of the bank, before the id of the intent.
const BANK_PATH: &str = "/bank";

/// A service that runs until it is dropped.
#[derive(Debug)]
pub struct Psp {
    /// Where it is.
    pub address: SocketAddr,
    shared: Shared,
    _serving: JoinSet<()>,
}

/// The card with which a fault happens.
const FAULTY_CARDS: [(&str, PspFault); 3] = [
    (book::LOST_REPLY, PspFault::LostReply),
    (book::TOO_MANY, PspFault::TooMany),
    (book::FAILURE, PspFault::Failure),
];

/// What goes wrong with the next requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PspFault {
    /// It is done, and the answer is lost.
    LostReply,
    /// It is not done: too many requests.
    TooMany,
    /// It fails after it was done, as far as it got.
    Failure,
}

#[derive(Debug, Clone)]
struct Shared(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    book: Book,
    keys: Keys,
    faults: Vec<Option<PspFault>>,
    requests: usize,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Psp {
    /// Starts one on a free port.
    ///
    /// # Errors
    ///
    /// When the system gives no port.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Starts one at an address.
    ///
    /// # Errors
    ///
    /// When it cannot be had.
    pub async fn start_at(address: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await.context("binding a port")?;
        let address = listener.local_addr().context("asking for the port")?;
        let shared = Shared(Arc::new(Mutex::new(Inner {
            book: Book::new(format!("http://{address}{BANK_PATH}")),
            keys: Keys::default(),
            faults: Vec::new(),
            requests: 0,
        })));
        let router = router(shared.clone());
        let mut serving = JoinSet::new();
        serving.spawn(webhooks::send_all(shared.clone()));
        serving.spawn(async move {
            // It ends with the test.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            shared,
            _serving: serving,
        })
    }

    /// Lets some of the next requests go wrong, the first of these first.
    pub fn fail_next(&self, faults: &[Option<PspFault>]) {
        self.shared.lock().faults = faults.iter().rev().copied().collect();
    }

    /// Says on the bank's page of an intent whether the buyer pays; tells whether the bank had asked.
    pub fn answer(&self, intent: &str, pays: bool) -> bool {
        self.shared.lock().book.authenticate(intent, pays)
    }

    /// Lets a bank that takes its time say yes; tells whether there was one.
    pub fn succeed(&self, intent: &str) -> bool {
        self.shared.lock().book.succeed(intent)
    }

    /// Lets banks that took their time give back what they have.
    pub fn give_back(&self) {
        self.shared.lock().book.give_back();
    }

    /// Writes the webhook that tells of an intent, signed now: the header `Stripe-Signature` and the body.
    ///
    /// # Errors
    ///
    /// When there is no such intent.
    pub fn webhook(&self, intent: &str, secret: &str) -> anyhow::Result<(String, String)> {
        let event = self.shared.lock().book.event(intent).context("no such intent")?;
        let body = event.to_string();
        Ok((webhooks::sign(&body, secret)?, body))
    }

    /// Lets all banks that take their time answer.
    pub fn let_banks_answer(&self) {
        self.shared.lock().book.let_banks_answer();
    }

    /// Returns what was taken and not given back, in minor units, over all intents.
    pub fn taken(&self) -> i64 {
        self.shared.lock().book.taken()
    }

    /// Lists the ids of the intents, oldest first.
    pub fn intents(&self) -> Vec<String> {
        self.shared.lock().book.ids()
    }

    /// Counts the requests so far.
    pub fn requests(&self) -> usize {
        self.shared.lock().requests
    }
}

fn router(shared: Shared) -> Router {
    Router::new()
        .route("/bank/{intent}", get(bank_page).post(bank_answer))
        .fallback(api)
        .with_state(shared)
}

/// Answers a request of the API.
async fn api(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let (reply, is_lost) = {
        let mut inner = shared.lock();
        inner.requests += 1;
        let fault = inner.faults.pop().flatten().or_else(|| fault_of_card(&body));
        (
            inner.hear((&method, &uri), &headers, &body, fault),
            fault == Some(PspFault::LostReply),
        )
    };
    if is_lost {
        // The other side waits until it has had enough.
        std::future::pending::<()>().await;
    }
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(reply.body)).into_response()
}

/// Finds what goes wrong with the card of a request.
fn fault_of_card(body: &[u8]) -> Option<PspFault> {
    let fields = Fields::read(&String::from_utf8_lossy(body));
    let card = fields.get("payment_method")?;
    let found = FAULTY_CARDS.iter().find(|(faulty, _)| *faulty == card)?;
    Some(found.1)
}

impl Inner {
    fn hear(
        &mut self,
        (method, uri): (&Method, &Uri),
        headers: &HeaderMap,
        body: &Bytes,
        fault: Option<PspFault>,
    ) -> PspReply {
        let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        if text(header::AUTHORIZATION) != Some(&format!("Bearer {KEY}")) {
            return PspReply::refused(401, "invalid_request_error", "", "Invalid API Key provided");
        }
        if !headers.contains_key("stripe-version") {
            return PspReply::refused(400, "invalid_request_error", "", "No Stripe-Version was sent");
        }
        if fault == Some(PspFault::TooMany) {
            return PspReply::refused(429, "invalid_request_error", "rate_limit", "Too many requests");
        }
        if *method == Method::GET {
            let fields = Fields::read(uri.query().unwrap_or_default());
            return self.book.show(uri.path(), &fields);
        }
        let form = String::from_utf8_lossy(body);
        let is_form = text(header::CONTENT_TYPE) == Some("application/x-www-form-urlencoded");
        if *method != Method::POST || !is_form {
            return PspReply::refused(400, "invalid_request_error", "", "Send a form with POST");
        }
        let key = headers
            .get("idempotency-key")
            .and_then(|value| value.to_str().ok());
        let request = format!("{} {form}", uri.path());
        let Some(known) = key.and_then(|key| self.keys.find(key, &request)) else {
            let mut reply = self.book.change(uri.path(), &Fields::read(&form));
            if fault == Some(PspFault::Failure) {
                reply = PspReply::refused(500, "api_error", "", "Something went wrong");
            }
            if let Some(key) = key {
                self.keys.keep(key, request, &reply);
            }
            return reply;
        };
        known
    }
}

async fn bank_page(State(shared): State<Shared>, Path(intent): Path<String>) -> Html<String> {
    let asks = shared.lock().book.is_asking(&intent);
    Html(if asks {
        "<!doctype html><title>Bank</title><h1>Confirm your payment</h1><form method=post>\
         <button id=approve name=pays value=true>Pay</button><button id=refuse name=pays value=false>Do not pay</button></form>"
            .to_owned()
    } else {
        "<!doctype html><title>Bank</title><h1>Nothing to confirm</h1>".to_owned()
    })
}

#[derive(Deserialize)]
struct BankAnswerForm {
    pays: bool,
}

async fn bank_answer(
    State(shared): State<Shared>,
    Path(intent): Path<String>,
    Form(form): Form<BankAnswerForm>,
) -> Response {
    let mut inner = shared.lock();
    let back = inner.book.return_url(&intent);
    inner.book.authenticate(&intent, form.pays);
    match back {
        Some(back) => Redirect::to(&back).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
