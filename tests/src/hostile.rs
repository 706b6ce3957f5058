//! What hostile input is thrown at: one target for each door into the programs, the same for the fuzzer (`tests/fuzz`)
//! and for the replay of its corpora; where the bytes come from is the caller's business.
//!
//! A target panics when a door does something it must not do with some bytes: panic itself, take two spellings of one
//! thing, hand out what it must not, or do unbounded work.

mod admission;
mod archives;
mod config;
pub mod draw;
mod evidence;
mod eyes;
mod foreign;
mod fork_proofs;
mod frames;
mod http;
pub mod mutation;
mod parts;
mod records;
pub mod scene;
mod session;
mod tickets;

/// A target, ready to take bytes.
pub type Target = Box<dyn FnMut(&[u8])>;

/// A target's name, which is also its folder below `tests/fuzz/corpus`, and how it is made ready.
pub type Opening = (&'static str, fn() -> Target);

/// Every target.
pub const TARGETS: [Opening; 14] = [
    ("payload_text", tickets::payload_text),
    ("payload_bytes", tickets::payload_bytes),
    ("foreign", foreign::foreign),
    ("records", records::records),
    ("frames", frames::frames),
    ("session", session::session),
    ("evidence", evidence::evidence),
    ("fork_proofs", fork_proofs::fork_proofs),
    ("checkpoint_parts", parts::checkpoint_parts),
    ("admission", admission::admission),
    ("config", config::config),
    ("http", http::http),
    ("eyes", eyes::eyes),
    ("archives", archives::archives),
];

/// Makes a target ready.
///
/// # Panics
/// When there is none of that name, or the machine does not let it open a file or socket.
pub fn open(name: &str) -> Target {
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, open) = found.unwrap_or_else(|| panic!("there is no target {name}"));
    open()
}
