//! Fuzzes the target `admission` of usher-tests.
#![no_main]

usher_fuzz::fuzz!("admission");
