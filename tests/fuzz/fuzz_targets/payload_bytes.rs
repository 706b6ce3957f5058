//! Fuzzes the target `payload_bytes` of usher-tests.
#![no_main]

usher_fuzz::fuzz!("payload_bytes");
