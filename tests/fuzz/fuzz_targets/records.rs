//! Fuzzes the target `records` of usher-tests.
#![no_main]

usher_fuzz::fuzz!("records");
