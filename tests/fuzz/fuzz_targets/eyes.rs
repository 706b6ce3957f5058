//! Fuzzes the target `eyes` of usher-tests.
#![no_main]

usher_fuzz::fuzz!("eyes");
