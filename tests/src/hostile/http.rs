//! HTTP requests with any body to every route of cloud and hub, in one process and without sockets of their own: an
//! answer that is no fault of ours, of bounded size.

mod cloud;
mod hub;

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode, header};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

use super::Target;
use super::draw::Draw;

/// Largest answer, in bytes: the API's document is the longest.
const ANSWER_BYTES: usize = 1024 * 1024;

/// From this number on, routes are the hub's.
const HUB: u8 = 128;

/// What the bytes are put into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Into {
    Body,
    Query,
    /// In place of the last segment.
    Path,
}

/// A route: method, path, and what the bytes are put into.
type Route = (Method, String, Into);

/// One of the two programs.
struct Server {
    router: Router,
    routes: Vec<Route>,
    /// What stands in the bytes for what was named at random.
    names: Vec<(&'static str, String)>,
    token: String,
    /// Keeps files and tasks for as long as the router is asked.
    _kept: Box<dyn std::any::Any>,
}

/// The first bytes say which route, and whether with a key; the others are what is sent.
pub fn http() -> Target {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime can be made");
    let servers = runtime.block_on(async { [cloud::open().await, hub::open().await] });
    Box::new(move |data| {
        let mut draw = Draw::new(data);
        let [cloud, hub] = &servers;
        let number = draw.byte();
        let server = if number < HUB { cloud } else { hub };
        let number = usize::from(number % HUB) % server.routes.len();
        ask(&runtime, server, number, &mut draw);
    })
}

fn ask(runtime: &Runtime, server: &Server, number: usize, draw: &mut Draw) {
    let (method, path, into) = &server.routes[number];
    let token = (!draw.bit()).then_some(server.token.as_str());
    let bytes = draw.rest();
    // This token makes a payment take a while, which is no fault but wastes the fuzzer's time.
    if bytes.windows(8).any(|window| window == b"tok_slow") {
        return;
    }
    let text = std::str::from_utf8(bytes).map(|text| filled(text, &server.names).into_bytes());
    let bytes = text.unwrap_or_else(|_| bytes.to_vec());
    let (uri, body) = match into {
        Into::Body => (path.clone(), bytes),
        Into::Query => (format!("{path}?{}", percent_encoded(&bytes, b"=&")), Vec::new()),
        Into::Path => (format!("{path}/{}", percent_encoded(&bytes, b"/")), Vec::new()),
    };
    let Some(request) = request(method, &uri, token, body) else {
        return;
    };
    let (status, answer) = runtime.block_on(answer(server.router.clone(), request));
    // A gateway that does not answer is one of the sandbox's tokens.
    let fault = status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE;
    let words = String::from_utf8_lossy(&answer);
    assert!(!fault, "{method} {uri}: {status} {words}");
    assert!(
        !status.is_client_error() || !answer.is_empty(),
        "{method} {uri}: {status} without a word"
    );
}

/// Makes a request; `None` when its address is none.
fn request(method: &Method, uri: &str, token: Option<&str>, body: Vec<u8>) -> Option<Request<Body>> {
    let mut request = Request::builder().method(method).uri(uri);
    request = request.header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let mut request = request.body(Body::from(body)).ok()?;
    let guest = SocketAddr::from((Ipv4Addr::LOCALHOST, 4_000));
    request.extensions_mut().insert(ConnectInfo(guest));
    Some(request)
}

/// Puts in what the names stand for.
fn filled(text: &str, names: &[(&'static str, String)]) -> String {
    names
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
}

async fn answer(router: Router, request: Request<Body>) -> (StatusCode, Bytes) {
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let status = response.status();
    let body = to_bytes(response.into_body(), ANSWER_BYTES).await;
    (status, body.expect("an answer of bounded size"))
}

/// Anything that may not stand in an address goes in as its number, as a client must send it.
fn percent_encoded(bytes: &[u8], plain: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~%".contains(byte) || plain.contains(byte) {
            text.push(char::from(*byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}
