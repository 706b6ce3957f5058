//! Fuzzes the target `foreign` of usher-tests.
#![no_main]

usher_fuzz::fuzz!("foreign");
