//! Answers a peer's requests, each on a stream of its own and a bounded number at a time; what the answer is, the responder knows.

use std::sync::Arc;
use std::time::Duration;

use quinn::{RecvStream, SendStream, VarInt};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use usher_keys::Certificate;
use usher_protocol::request::{self, MAX_REQUEST_BYTES, Reply, Request, RequestError, Told};
use usher_protocol::routing::{LONGEST_WAIT_MS, SIGN_OF_LIFE_MS};

use crate::connection::Connection;
use crate::sync_store::{Progress, Responder};
use crate::wire::{self, FrameError};

/// Most requests of one peer that are answered at once; further ones wait in QUIC. A hub asks for all its gates over one
/// connection, and a group commit takes all that wait.
const MAX_REQUESTS_AT_ONCE: usize = 128;
/// Most answers of one peer whose confirmation is waited for: on a line of two seconds those of 500 scans a second, four times
/// over. They take no place of requests, or a slow line would hold up the next ones. One more counts as not heard.
const MAX_UNCONFIRMED: usize = 4_096;
/// Most of them whose word is another hub's, which waits with us and has few streams for all of our peers: a device that never
/// confirms must not take them all. Of one more, that hub hears that nobody heard it.
const MAX_UNCONFIRMED_OF_OTHERS: usize = 32;
/// How often whoever waits for an answer hears that somebody is still at it: a few times within a patience.
const SIGN_OF_LIFE: Duration = Duration::from_millis(SIGN_OF_LIFE_MS);
/// How long the peer has to confirm that an answer was heard: what comes later came too late for whoever waited.
const HEARD_WITHIN: Duration = Duration::from_millis(LONGEST_WAIT_MS);
/// How long a request may take to arrive once its stream is open: it fits two packets.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// Answers until the connection ends; dropped with everything under way when the session ends.
pub(super) async fn answer<S: Responder>(connection: Connection, peer: Arc<Certificate>, responder: Arc<S>) {
    let (mut under_way, mut unconfirmed) = (JoinSet::new(), JoinSet::new());
    // Said once, so that a peer that keeps asking for what it may not have fills no disk.
    let mut has_overreached = false;
    loop {
        tokio::select! {
            stream = connection.quinn().accept_bi(), if under_way.len() < MAX_REQUESTS_AT_ONCE => match stream {
                Ok((send, recv)) => {
                    let streams = (connection.clone(), send, recv);
                    under_way.spawn(answer_one(streams, Arc::clone(&peer), Arc::clone(&responder)));
                }
                Err(_) => return,
            },
            Some(done) = under_way.join_next() => match done {
                Ok(None) => {}
                Ok(Some(mut answered)) => {
                    if error_in(&answered.reply) == Some(RequestError::NotAllowed) && !has_overreached {
                        has_overreached = true;
                        let (device, role) = (peer.device.id(), peer.role);
                        tracing::warn!(peer = %device, ?role, "a peer asks for what its certificate does not allow");
                    }
                    if unconfirmed.len() >= MAX_UNCONFIRMED_OF_OTHERS {
                        answered.progress = Progress::default();
                    }
                    if unconfirmed.len() < MAX_UNCONFIRMED {
                        unconfirmed.spawn(confirm(answered, Arc::clone(&peer), Arc::clone(&responder)));
                    }
                }
                Err(_) => tracing::error!(peer = %peer.device.id(), "answering a request panicked"),
            },
            Some(_) = unconfirmed.join_next() => {},
        }
    }
}

/// An answer that was sent, and the stream on which the peer confirms it.
struct Answered {
    reply: Reply,
    is_on_behalf: bool,
    progress: Progress,
    send: SendStream,
    recv: RecvStream,
}

/// Answers one request; `None` when nobody waits for the answer any more.
async fn answer_one<S: Responder>(
    (connection, mut send, mut recv): (Connection, SendStream, RecvStream),
    peer: Arc<Certificate>,
    responder: Arc<S>,
) -> Option<Answered> {
    let progress = Progress::default();
    let request = read_request(connection.heading(), &mut recv).await;
    let is_on_behalf = request.as_ref().is_ok_and(Request::is_on_behalf);
    let reply = match request {
        Ok(Request::Inquire(inquiry)) => {
            let telling = async { Reply::Told(responder.answer(&peer, inquiry, &progress).await) };
            work(telling, &progress, &mut send).await?
        }
        Ok(Request::CorrectByPin(pinned)) => {
            let correcting = async {
                let corrected = responder.correct(&peer, pinned, &progress).await;
                corrected.map_or_else(|error| Reply::Done(Err(error)), Reply::Corrected)
            };
            work(correcting, &progress, &mut send).await?
        }
        Ok(request) => {
            let responding = async { Reply::Done(responder.respond(&peer, request, &progress).await) };
            work(responding, &progress, &mut send).await?
        }
        Err(FrameError::TooLong { .. } | FrameError::Malformed) => Reply::Done(Err(RequestError::Malformed)),
        Err(FrameError::Ended | FrameError::GivenUp | FrameError::Lost(_)) => return None,
    };
    let frame = wire::frame(&request::to_bytes(&reply));
    if write(&mut send, &frame).await.is_some() {
        let _ = send.finish();
    }
    Some(Answered {
        reply,
        is_on_behalf,
        progress,
        send,
        recv,
    })
}

/// Waits until the response was heard, and hands that on to those whose word it is.
async fn confirm<S: Responder>(mut answered: Answered, peer: Arc<Certificate>, responder: Arc<S>) {
    let Reply::Done(response) = &answered.reply else {
        return;
    };
    let heard = async {
        if answered.is_on_behalf {
            matches!(answered.recv.read_chunk(1, true).await, Ok(None)).then_some(true)
        } else {
            answered.send.stopped().await.ok().map(|code| code.is_none())
        }
    };
    match timeout(HEARD_WITHIN, heard).await {
        Ok(Some(true)) => {
            responder.heard(&peer, response);
            answered.progress.heard();
        }
        Ok(Some(false)) => responder.given_up(&peer, response),
        Ok(None) | Err(_) => {}
    }
}

fn error_in(reply: &Reply) -> Option<RequestError> {
    match reply {
        Reply::Done(response) => response.as_ref().err().copied(),
        Reply::Told(Told::NotAllowed) => Some(RequestError::NotAllowed),
        Reply::Told(_) | Reply::Corrected(_) | Reply::Working => None,
    }
}

/// Works at an answer, and shows it while others are asked; `None` when the asker gave up or is gone, and nobody would hear it.
async fn work(
    reply: impl Future<Output = Reply>,
    progress: &Progress,
    send: &mut SendStream,
) -> Option<Reply> {
    let mut reply = std::pin::pin!(reply);
    let frame = wire::frame(&request::to_bytes(&Reply::Working));
    loop {
        tokio::select! {
            biased;
            reply = &mut reply => return Some(reply),
            _ = send.stopped() => return None,
            () = sleep(SIGN_OF_LIFE) => if progress.is_asking() {
                write(send, &frame).await?;
            },
        }
    }
}

/// Writes a frame; `None` when nobody takes it. A peer that makes no room for it would hold a place for as long as it is linked.
async fn write(send: &mut SendStream, frame: &[u8]) -> Option<()> {
    let written = timeout(HEARD_WITHIN, wire::write_frame(send, frame)).await;
    if written.is_err() {
        // Or what it has no room for would be kept for it.
        let _ = send.reset(VarInt::from_u32(0));
    }
    written.ok()?.ok()
}

async fn read_request(heading: &[u8], recv: &mut RecvStream) -> Result<Request, FrameError> {
    let reading = async {
        wire::read_heading(recv, heading).await?;
        wire::read_frame(recv, MAX_REQUEST_BYTES).await
    };
    let body = timeout(REQUEST_TIMEOUT, reading)
        .await
        .map_err(|_| FrameError::GivenUp)??;
    request::from_bytes(&body).map_err(|_| FrameError::Malformed)
}
