//! Fuzzes the target `checkpoint_parts` of usher-tests.
#![no_main]

usher_fuzz::fuzz!("checkpoint_parts");
