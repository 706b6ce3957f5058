//! Fuzzes the target `fork_proofs` of usher-tests.
#![no_main]

usher_fuzz::fuzz!("fork_proofs");
