//! Bytes on streams: the preamble that names the event, and frames with a length in front; what the frames mean is the protocol's.

use quinn::{ReadError, ReadExactError, RecvStream, SendStream, WriteError};
use thiserror::Error;
use usher_keys::EventId;

use crate::ending::Loss;

/// The first two bytes of a session's stream: a letter no other protocol of ours begins with, and the framing's version.
///
/// **Source**: docs/PROTOCOL.md, "Link".
pub(crate) const MAGIC: [u8; 2] = [b'U', 1];
/// Length of the preamble: magic and event id, in bytes.
pub(crate) const PREAMBLE_BYTES: usize = 18;
/// How much room is made before the bytes of a frame are here: a liar's length costs no more than this, in bytes.
const READ_AHEAD_BYTES: usize = 16 * 1024;

/// Why a frame could not be read or written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FrameError {
    /// The length in front is over the limit.
    #[error("a frame of {announced_bytes} bytes was announced, but {limit_bytes} are the most")]
    TooLong {
        /// The length in front.
        announced_bytes: usize,
        /// The most it may be.
        limit_bytes: usize,
    },
    /// The stream ended inside a frame, or where one was due.
    #[error("the stream ended where a frame was due")]
    Ended,
    /// The peer gave the stream up.
    #[error("the peer gave the stream up")]
    GivenUp,
    /// The connection is gone.
    #[error("the connection is gone")]
    Lost(#[source] Loss),
    /// The bytes are not what was expected here.
    #[error("the bytes are not what was expected here")]
    Malformed,
}

/// Writes the preamble of a session's stream.
pub(crate) async fn write_preamble(send: &mut SendStream, event: EventId) -> Result<(), FrameError> {
    let mut preamble = [0; PREAMBLE_BYTES];
    preamble[..2].copy_from_slice(&MAGIC);
    preamble[2..].copy_from_slice(&event.0);
    send.write_all(&preamble).await.map_err(write_error)
}

/// Reads the preamble of a session's stream and gives the event.
pub(crate) async fn read_preamble(recv: &mut RecvStream) -> Result<EventId, FrameError> {
    let mut magic = [0; 2];
    let mut event = [0; 16];
    recv.read_exact(&mut magic).await.map_err(exact_error)?;
    if magic != MAGIC {
        return Err(FrameError::Malformed);
    }
    recv.read_exact(&mut event).await.map_err(exact_error)?;
    Ok(EventId(event))
}

/// Reads what a stream begins with before all else.
pub(crate) async fn read_heading(recv: &mut RecvStream, expected: &[u8]) -> Result<(), FrameError> {
    let mut heading = vec![0; expected.len()];
    recv.read_exact(&mut heading).await.map_err(exact_error)?;
    if heading != expected {
        return Err(FrameError::Malformed);
    }
    Ok(())
}

/// Puts the length in front of a body.
pub(crate) fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("bodies are far below 4 GiB");
    let mut frame = Vec::with_capacity(4 + body.len());
    frame.extend_from_slice(&length.to_le_bytes());
    frame.extend_from_slice(body);
    frame
}

/// Writes one frame.
pub(crate) async fn write_frame(send: &mut SendStream, frame: &[u8]) -> Result<(), FrameError> {
    send.write_all(frame).await.map_err(write_error)
}

/// Reads one frame's body of at most `limit_bytes`; memory grows with what arrives, not with what is announced.
pub(crate) async fn read_frame(recv: &mut RecvStream, limit_bytes: usize) -> Result<Vec<u8>, FrameError> {
    let mut length = [0; 4];
    recv.read_exact(&mut length).await.map_err(exact_error)?;
    let announced_bytes = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if announced_bytes > limit_bytes {
        return Err(FrameError::TooLong {
            announced_bytes,
            limit_bytes,
        });
    }
    let mut body = Vec::with_capacity(announced_bytes.min(READ_AHEAD_BYTES));
    while body.len() < announced_bytes {
        let missing = announced_bytes - body.len();
        let chunk = recv.read_chunk(missing, true).await.map_err(read_error)?;
        body.extend_from_slice(&chunk.ok_or(FrameError::Ended)?.bytes);
    }
    Ok(body)
}

fn exact_error(error: ReadExactError) -> FrameError {
    match error {
        ReadExactError::FinishedEarly(_) => FrameError::Ended,
        ReadExactError::ReadError(error) => read_error(error),
    }
}

fn read_error(error: ReadError) -> FrameError {
    match error {
        ReadError::ConnectionLost(error) => FrameError::Lost(Loss::from(error)),
        ReadError::Reset(_) => FrameError::GivenUp,
        ReadError::ClosedStream | ReadError::IllegalOrderedRead | ReadError::ZeroRttRejected => {
            FrameError::Ended
        }
    }
}

fn write_error(error: WriteError) -> FrameError {
    match error {
        WriteError::ConnectionLost(error) => FrameError::Lost(Loss::from(error)),
        WriteError::Stopped(_) => FrameError::GivenUp,
        WriteError::ClosedStream | WriteError::ZeroRttRejected => FrameError::Ended,
    }
}
