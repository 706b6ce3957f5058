//! Fuzzes the target `payload_text` of usher-tests.
#![no_main]

usher_fuzz::fuzz!("payload_text");
