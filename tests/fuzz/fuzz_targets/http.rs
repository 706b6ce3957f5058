//! Fuzzes the target `http` of usher-tests.
#![no_main]

usher_fuzz::fuzz!("http");
