//! Bytes as decimal digits, 7 bytes in 17 digits (the scheme of CTAP 2.2 hybrid codes), one text per byte string; knows nothing of tickets.

/// Bytes in a whole chunk.
const CHUNK_BYTES: usize = 7;
/// Digits that hold 0 to 7 bytes: the fewest that always fit.
const DIGITS: [usize; CHUNK_BYTES + 1] = [0, 3, 5, 8, 10, 13, 15, 17];

/// Returns how many digits that many bytes become.
pub const fn encoded_len(bytes: usize) -> usize {
    bytes / CHUNK_BYTES * DIGITS[CHUNK_BYTES] + DIGITS[bytes % CHUNK_BYTES]
}

/// Writes each chunk as a little-endian number in its fixed count of digits.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(encoded_len(bytes.len()));
    for chunk in bytes.chunks(CHUNK_BYTES) {
        let mut little_endian = [0; 8];
        little_endian[..chunk.len()].copy_from_slice(chunk);
        let value = u64::from_le_bytes(little_endian);
        text.push_str(&format!("{value:0width$}", width = DIGITS[chunk.len()]));
    }
    text
}

/// Reads the bytes back; `None` for any text that [`encode`] would not have written.
pub fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() / 2);
    for chunk in text.chunks(DIGITS[CHUNK_BYTES]) {
        let len = DIGITS.iter().position(|&digits| digits == chunk.len())?;
        let mut value: u64 = 0;
        for digit in chunk {
            if !digit.is_ascii_digit() {
                return None;
            }
            value = value * 10 + u64::from(digit - b'0');
        }
        let little_endian = value.to_le_bytes();
        if little_endian[len..].iter().any(|&byte| byte != 0) {
            return None;
        }
        bytes.extend_from_slice(&little_endian[..len]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_byte_string_comes_back(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = encode(&bytes);
            prop_assert_eq!(text.len(), encoded_len(bytes.len()));
            prop_assert_eq!(decode(text.as_bytes()), Some(bytes));
        }

        #[test]
        fn a_text_that_decodes_is_the_one_that_would_be_written(text in "[0-9]{0,60}") {
            if let Some(bytes) = decode(text.as_bytes()) {
                prop_assert_eq!(encode(&bytes), text);
            }
        }

        #[test]
        fn any_bytes_give_an_answer(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode(&text);
        }
    }
}
