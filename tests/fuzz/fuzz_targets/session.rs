//! Fuzzes the target `session` of usher-tests.
#![no_main]

usher_fuzz::fuzz!("session");
