//! Fuzzes the target `archives` of usher-tests.
#![no_main]

usher_fuzz::fuzz!("archives");
