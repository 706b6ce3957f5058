//! A vector file as text: `name = value` lines under comments; comparing it with the committed one, and decoding what it says.

use bincode::{Decode, Encode};
use data_encoding::HEXLOWER;
use usher_keys::codec;

/// Largest value that a vector file holds, in bytes.
const LIMIT: usize = 1024 * 1024;

/// A file being written.
pub struct Sheet {
    file: &'static str,
    text: String,
}

impl Sheet {
    pub fn new(file: &'static str) -> Self {
        let text =
            "# Bytes in lower-case hexadecimal, numbers in decimal; docs/PROTOCOL.md says what they mean.\n";
        Self {
            file,
            text: text.to_owned(),
        }
    }

    pub fn section(&mut self, words: &str) {
        self.text.push_str(&format!("\n# {words}\n"));
    }

    pub fn line(&mut self, name: &str, value: impl std::fmt::Display) {
        self.text.push_str(&format!("{name} = {value}\n"));
    }

    pub fn bytes(&mut self, name: &str, bytes: &[u8]) {
        self.line(name, HEXLOWER.encode(bytes));
    }

    /// Writes a value down and checks that its bytes read back as the same.
    #[track_caller]
    pub fn value<T: Encode + Decode<()> + PartialEq + std::fmt::Debug>(&mut self, name: &str, value: &T) {
        let bytes = codec::encode(value);
        assert_eq!(codec::decode::<LIMIT, T>(&bytes).as_ref(), Ok(value), "{name}");
        self.bytes(name, &bytes);
    }

    /// Compares with the committed file; a difference is left in the build directory to look at.
    #[track_caller]
    pub fn compare(&self, committed: &str) {
        if self.text == committed {
            return;
        }
        let path = format!("{}/{}", env!("CARGO_TARGET_TMPDIR"), self.file);
        #[expect(
            clippy::disallowed_methods,
            reason = "so that a change that is meant can be looked at and committed"
        )]
        std::fs::write(&path, &self.text).unwrap();
        panic!(
            "protocol/tests/vectors/{} pins the format; this build writes {path}",
            self.file
        );
    }
}
