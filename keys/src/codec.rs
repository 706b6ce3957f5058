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
/// What encodes into at most `LIMIT` bytes also decodes, unless it is over 64 times larger in memory (16 times, with limits over 1 MiB).
///
/// # Errors
///
/// [`CodecError`]; never panics, and a lying length claims no more than the budget for `LIMIT`.
pub fn decode<const LIMIT: usize, T: Encode + Decode<()>>(bytes: &[u8]) -> Result<T, CodecError> {
    if bytes.len() > LIMIT {
        return Err(CodecError::Malformed);
    }
    let (value, consumed): (T, usize) = decode_within_budget::<LIMIT, T>(bytes)?;
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

/// Decodes a value from the front of bytes that a later version wrote and may have more behind.
///
/// # Errors
///
/// [`CodecError`]; never panics.
pub fn decode_front<const LIMIT: usize, T: Encode + Decode<()>>(bytes: &[u8]) -> Result<T, CodecError> {
    if bytes.len() > LIMIT {
        return Err(CodecError::Malformed);
    }
    let (value, consumed): (T, usize) = decode_within_budget::<LIMIT, T>(bytes)?;
    if bytes.get(..consumed) != Some(encode(&value).as_slice()) {
        return Err(CodecError::NotCanonical);
    }
    Ok(value)
}

/// bincode's limit counts sizes in memory (8 for a one-byte varint, a whole element ahead of a list), not bytes read:
/// with `LIMIT` itself it would refuse what we encoded. It comes in steps because it must be a constant.
fn decode_within_budget<const LIMIT: usize, T: Decode<()>>(bytes: &[u8]) -> Result<(T, usize), CodecError> {
    const KIB: usize = 1024;
    let standard = config::standard();
    let decoded = if LIMIT <= 4 * KIB {
        bincode::decode_from_slice(bytes, standard.with_limit::<{ 64 * 4 * KIB }>())
    } else if LIMIT <= 64 * KIB {
        bincode::decode_from_slice(bytes, standard.with_limit::<{ 64 * 64 * KIB }>())
    } else if LIMIT <= 1024 * KIB {
        bincode::decode_from_slice(bytes, standard.with_limit::<{ 64 * 1024 * KIB }>())
    } else {
        const { assert!(LIMIT <= 16 * 1024 * KIB, "no limit of ours is over 16 MiB") };
        bincode::decode_from_slice(bytes, standard.with_limit::<{ 16 * 16 * 1024 * KIB }>())
    };
    decoded.map_err(|_| CodecError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Result<(u64, String), CodecError>) {
        assert_eq!(decode::<16, (u64, String)>(bytes), expected);
    }

    #[test]
    fn only_the_one_canonical_encoding_is_taken() {
        check(&[5, 1, b'x'], Ok((5, "x".to_owned())));
        check(&[5, 1, b'x', 0], Err(CodecError::Trailing { extra_bytes: 1 }));
        // 0xfb announces two bytes: a second spelling of 5.
        check(&[0xfb, 5, 0, 1, b'x'], Err(CodecError::NotCanonical));
        check(&[5, 0xfb, 1, 0, b'x'], Err(CodecError::NotCanonical));
        check(&[5, 2, b'x'], Err(CodecError::Malformed));
        check(&[5, 1, 0xff], Err(CodecError::Malformed)); // not UTF-8
        check(&[], Err(CodecError::Malformed));
    }

    #[test]
    fn whatever_encodes_within_the_limit_decodes() {
        // 4,000 one-byte numbers of eight bytes each in memory: bincode counts those eight.
        let small_numbers = vec![1_u64; 4_000];
        let bytes = encode(&small_numbers);
        assert!(bytes.len() < 4_096);
        assert_eq!(decode::<4_096, Vec<u64>>(&bytes), Ok(small_numbers));
        assert_eq!(decode::<4_000, Vec<u64>>(&bytes), Err(CodecError::Malformed));
    }

    #[test]
    fn a_length_prefix_cannot_demand_more_than_the_limit() {
        check(
            &[5, 0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
            Err(CodecError::Malformed),
        );
        check(&[5; 17], Err(CodecError::Malformed));
    }
}
