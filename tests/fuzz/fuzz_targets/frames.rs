//! Fuzzes the target `frames` of usher-tests.
#![no_main]

usher_fuzz::fuzz!("frames");
