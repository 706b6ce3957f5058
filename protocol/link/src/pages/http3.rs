//! As much of HTTP/3 as a browser wants to hear before it opens a WebTransport session: settings both ways, one request, its answer.

use std::time::Duration;

use quinn::{Connection, RecvStream, SendStream};
use tokio::time::timeout;
use usher_protocol::sync::Farewell;
use web_transport_proto::http::StatusCode;
use web_transport_proto::http::header::ORIGIN;
use web_transport_proto::{
    ConnectRequest, ConnectResponse, Frame, Settings, SettingsError, StreamUni, VarInt,
};

use crate::connection::Meanwhile;
use crate::ending;
use crate::endpoint::tuning::STREAMS_OF_HTTP;
use crate::link_error::{LinkError, PageFault, lost};

/// How long a page has to hear that it is refused, before the connection ends.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// A session that a browser has opened.
pub(super) struct PageSession {
    pub(super) path: String,
    /// What each of its streams begins with.
    pub(super) heading: Vec<u8>,
    /// Keeps the session open, and ends the connection with it.
    pub(super) meanwhile: Meanwhile,
}

/// Opens a browser's session, if its page is of that origin.
///
/// # Errors
///
/// [`LinkError::NoPage`], [`LinkError::Handshake`].
pub(super) async fn open(quinn: &Connection, origin: &str) -> Result<PageSession, LinkError> {
    let control = send_settings(quinn).await?;
    let theirs = read_settings(quinn).await?;
    let (mut send, mut recv) = quinn.accept_bi().await.map_err(lost)?;
    let request = ConnectRequest::read(&mut recv).await;
    let request = request.map_err(|_| PageFault::NoWebTransport)?;
    let said = request.headers.get(ORIGIN).map(|said| said.as_bytes());
    if said != Some(origin.as_bytes()) {
        let refusal = ConnectResponse::new(StatusCode::FORBIDDEN);
        // Whoever does not hear it is refused all the same.
        if refusal.write(&mut send).await.is_ok() && send.finish().is_ok() {
            let _ = timeout(REFUSAL_TIMEOUT, send.stopped()).await;
        }
        let origin = said
            .map_or("nowhere".into(), String::from_utf8_lossy)
            .into_owned();
        return Err(PageFault::OtherOrigin { origin }.into());
    }
    let welcome = ConnectResponse::OK.write(&mut send).await;
    welcome.map_err(|_| PageFault::NoWebTransport)?;
    Ok(PageSession {
        path: request.url.path().to_owned(),
        heading: heading(&send),
        meanwhile: Box::pin(keep_open(quinn.clone(), (control, theirs), (send, recv))),
    })
}

/// Returns what each stream begins with of the session that a request has opened.
fn heading(request: &SendStream) -> Vec<u8> {
    let mut heading = Vec::new();
    Frame::WEBTRANSPORT.encode(&mut heading);
    let id = VarInt::from_u64(quinn::VarInt::from(request.id()).into_inner());
    id.expect("QUIC numbers its streams below 2^62")
        .encode(&mut heading);
    heading
}

async fn send_settings(quinn: &Connection) -> Result<SendStream, LinkError> {
    let mut control = quinn.open_uni().await.map_err(lost)?;
    let mut settings = Settings::default();
    settings.enable_webtransport(1);
    let written = settings.write(&mut control).await;
    written.map_err(|_| PageFault::NoWebTransport)?;
    Ok(control)
}

/// Finds the stream of settings among those that a browser opens for itself, and returns all of them, to be kept.
async fn read_settings(quinn: &Connection) -> Result<Vec<RecvStream>, LinkError> {
    let mut theirs = Vec::new();
    for _ in 0..STREAMS_OF_HTTP {
        let mut stream = quinn.accept_uni().await.map_err(lost)?;
        let read = Settings::read(&mut stream).await;
        theirs.push(stream);
        match read {
            Ok(settings) if settings.supports_webtransport() > 0 => return Ok(theirs),
            Err(SettingsError::UnexpectedStreamType(other)) if other != StreamUni::CONTROL => {}
            Ok(_) | Err(_) => break,
        }
    }
    Err(PageFault::NoWebTransport.into())
}

/// Keeps what must not end before the session does, and ends the connection with it.
async fn keep_open(
    quinn: Connection,
    _settings: (SendStream, Vec<RecvStream>),
    (_send, mut recv): (SendStream, RecvStream),
) {
    let mut unread = [0; 256];
    // What comes on it says no more than its end does.
    while let Ok(Some(_)) = recv.read(&mut unread).await {}
    quinn.close(ending::code(Farewell::Leaving), &[]);
}
