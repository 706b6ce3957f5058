//! Bytes of a stream cut into frames, each with its length in front; what the frames mean is left out.
//!
//! **Source**: docs/PROTOCOL.md, "Link".

use thiserror::Error;

const LENGTH_BYTES: usize = 4;

/// A frame is announced that is longer than any may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a frame of {announced_bytes} bytes was announced, but {limit_bytes} are the most")]
pub struct TooLong {
    /// The length in front.
    pub announced_bytes: usize,
    /// The most it may be.
    pub limit_bytes: usize,
}

/// Puts the length in front of a body.
#[must_use]
pub fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("bodies are far below 4 GiB");
    [&length.to_le_bytes()[..], body].concat()
}

/// What has arrived of a stream and is no whole frame yet.
#[derive(Debug, Default)]
pub struct Frames(Vec<u8>);

impl Frames {
    /// Takes what arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Takes the next frame's body out, once it is whole.
    ///
    /// # Errors
    ///
    /// [`TooLong`].
    pub fn next(&mut self, limit_bytes: usize) -> Result<Option<Vec<u8>>, TooLong> {
        let Some((length, rest)) = self.0.split_first_chunk::<LENGTH_BYTES>() else {
            return Ok(None);
        };
        let announced_bytes = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
        if announced_bytes > limit_bytes {
            return Err(TooLong {
                announced_bytes,
                limit_bytes,
            });
        }
        if rest.len() < announced_bytes {
            return Ok(None);
        }
        let rest = self.0.split_off(LENGTH_BYTES + announced_bytes);
        let mut body = std::mem::replace(&mut self.0, rest);
        body.drain(..LENGTH_BYTES);
        Ok(Some(body))
    }
}
