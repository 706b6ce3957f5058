//! The one binary codec (bincode 2, standard configuration) with a size limit and a strict decoder; leaves framing to the link.

use bincode::{Decode, Encode, config};
use thiserror::Error;

/// Why bytes are not the canonical encoding of a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CodecError {
    /// The bytes do not decode: too short, an unknown variant, or over the limit.
    #[error("the bytes do not decode as the expected value")]
    Malformed,
    /// Bytes are left over behind the value.
    #[error("{extra_bytes} bytes are left over behind the value")]
    Trailing {
        /// How many bytes follow the value.
        extra_bytes: usize,
    },
    /// The value decodes but would be written differently: a second spelling of the same thing.
    #[error("the value is not in its one canonical encoding")]
    NotCanonical,
}

/// Encodes a value; infallible because every type of ours is encodable into memory.
///
/// **Source**: docs/PROTOCOL.md, "Encoding".
pub fn encode<T: Encode>(value: &T) -> Vec<u8> {
    bincode::encode_to_vec(value, config::standard()).expect("encoding our own types into memory cannot fail")
}

/// Decodes a value of at most `LIMIT` bytes and demands that it is the canonical and only content.
///
/// **Errors**: [`CodecError`]; never panics and never allocates more than `LIMIT` bytes ahead of the data.
pub fn decode<const LIMIT: usize, T: Encode + Decode<()>>(bytes: &[u8]) -> Result<T, CodecError> {
    if bytes.len() > LIMIT {
        return Err(CodecError::Malformed);
    }
    let (value, consumed): (T, usize) =
        bincode::decode_from_slice(bytes, config::standard().with_limit::<LIMIT>())
            .map_err(|_| CodecError::Malformed)?;
    if consumed != bytes.len() {
        return Err(CodecError::Trailing {
            extra_bytes: bytes.len() - consumed,
        });
    }
    if encode(&value) != bytes {
        return Err(CodecError::NotCanonical);
    }
    Ok(value)
}
