//! Fuzzes the target `evidence` of usher-tests.
#![no_main]

usher_fuzz::fuzz!("evidence");
