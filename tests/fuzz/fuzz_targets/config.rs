//! Fuzzes the target `config` of usher-tests.
#![no_main]

usher_fuzz::fuzz!("config");
