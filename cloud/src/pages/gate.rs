//! The page that makes a phone a scanner: its files, from within the program, for a browser that keeps them; what it does there is its own.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use usher_words::problems::Missing;

use crate::api::error::ApiError;
use crate::api::input::Id;

/// Its scripts and workers, and whatever hub its code names; WebAssembly needs a word of its own.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
     connect-src 'self' https:; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The page alone may ask for the camera.
const PERMISSIONS_POLICY: &str = "camera=(self), microphone=(), geolocation=()";
/// The scanner itself, as it is and packed.
const SCANNER: &[u8] = include_bytes!("../../assets/gate/usher_phone_bg.wasm");
const PACKED_SCANNER: &[u8] = include_bytes!("../../assets/gate/usher_phone_bg.wasm.br");
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
/// Where the script that keeps the page finds the name of this build.
const BUILD_MARK: &str = "%BUILD%";

/// One file: its name, its type, and what it holds.
type GateFile = (&'static str, &'static str, &'static [u8]);

const PAGE: GateFile = (
    "page.html",
    "text/html; charset=utf-8",
    include_bytes!("../../assets/gate/page.html"),
);
const FILES: [GateFile; 11] = [
    (
        "gate.css",
        "text/css; charset=utf-8",
        include_bytes!("../../assets/gate/gate.css"),
    ),
    ("page.js", JAVASCRIPT, include_bytes!("../../assets/gate/page.js")),
    (
        "against.js",
        JAVASCRIPT,
        include_bytes!("../../assets/gate/against.js"),
    ),
    (
        "scanner.js",
        JAVASCRIPT,
        include_bytes!("../../assets/gate/scanner.js"),
    ),
    ("kept.js", JAVASCRIPT, include_bytes!("../../assets/gate/kept.js")),
    (
        "camera.js",
        JAVASCRIPT,
        include_bytes!("../../assets/gate/camera.js"),
    ),
    ("eyes.js", JAVASCRIPT, include_bytes!("../../assets/gate/eyes.js")),
    (
        "usher_phone.js",
        JAVASCRIPT,
        include_bytes!("../../assets/gate/usher_phone.js"),
    ),
    ("usher_phone_bg.wasm", "application/wasm", SCANNER),
    (
        "manifest.json",
        "application/manifest+json",
        include_bytes!("../../assets/gate/manifest.json"),
    ),
    (
        "icon.svg",
        "image/svg+xml",
        include_bytes!("../../assets/gate/icon.svg"),
    ),
];

/// The script that keeps all files on the device, under a name that is another one as soon as any of them is.
static KEEPER: LazyLock<String> = LazyLock::new(|| {
    let keeper = include_str!("../../assets/gate/sw.js");
    let mut hasher = blake3::Hasher::new();
    for (_, _, bytes) in FILES.iter().chain([&PAGE]) {
        hasher.update(bytes);
    }
    let build = hasher.update(keeper.as_bytes()).finalize().to_hex();
    keeper.replace(BUILD_MARK, &build[..16])
});

/// Serves the page.
pub async fn show() -> Response {
    file(PAGE)
}

/// Serves one of its files.
pub async fn part(Id(name): Id<String>, asked: HeaderMap) -> Result<Response, ApiError> {
    if name == "sw.js" {
        let mut answer = file(("sw.js", JAVASCRIPT, KEEPER.as_bytes()));
        // It lies below the page, and keeps the page too.
        let allowed = HeaderValue::from_static("/gate");
        answer.headers_mut().insert("service-worker-allowed", allowed);
        return Ok(answer);
    }
    let found = FILES.into_iter().find(|(known, _, _)| *known == name);
    let found = found.ok_or(ApiError::NotFound(Missing::File))?;
    if found.2.as_ptr() == SCANNER.as_ptr() && takes_brotli(&asked) {
        let mut answer = file((found.0, found.1, PACKED_SCANNER));
        let packed = HeaderValue::from_static("br");
        answer.headers_mut().insert(header::CONTENT_ENCODING, packed);
        return Ok(answer);
    }
    Ok(file(found))
}

fn takes_brotli(asked: &HeaderMap) -> bool {
    let codings = asked
        .get(header::ACCEPT_ENCODING)
        .and_then(|value| value.to_str().ok());
    let named = |coding: &str| coding.trim().split(';').next() == Some("br");
    codings.is_some_and(|codings| codings.split(',').any(named))
}

fn file((_, content_type, bytes): GateFile) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        // A browser that keeps it asks once for each build; any other must never have parts of two.
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "accept-encoding"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (
            header::HeaderName::from_static("permissions-policy"),
            PERMISSIONS_POLICY,
        ),
    ];
    (headers, bytes).into_response()
}
