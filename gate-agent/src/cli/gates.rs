//! Says of gates that a person names for a new device which of them the event does not have; they are taken all the same, since a
//! policy with them may be on its way.

use std::io::{self, Write};

use usher_device::directory::DataDirectory;
use usher_device::replica;
use usher_keys::Timestamp;
use usher_protocol::policy::Policy;
use usher_words::hub::command_line::unknown_gates;

/// Warns beside the output, where scripts do not look.
///
/// # Errors
///
/// The warning cannot be written.
pub fn warn_of_unknown(directory: &DataDirectory, gates: &[u16], now: Timestamp) -> io::Result<()> {
    if gates.is_empty() {
        return Ok(());
    }
    // What cannot be looked at is told by whatever is done next.
    let seen = replica::glance(&directory.replica_path(), now).ok();
    let policy = seen.and_then(|seen| seen.snapshot.policy.clone());
    match policy.and_then(|policy| unknown(&policy, gates)) {
        Some(warning) => writeln!(io::stderr().lock(), "{warning}"),
        None => Ok(()),
    }
}

fn unknown(policy: &Policy, gates: &[u16]) -> Option<String> {
    let known: Vec<u16> = policy.gates.iter().map(|gate| gate.id.0).collect();
    let is_unknown = |gate: &u16| !known.contains(gate);
    let unknown: Vec<u16> = gates.iter().copied().filter(is_unknown).collect();
    (!unknown.is_empty()).then(|| unknown_gates(&unknown, &known))
}

#[cfg(test)]
mod tests {
    use usher_device::rehearsal;

    use super::*;

    #[test]
    fn gates_that_the_event_does_not_have_are_named() {
        let policy = rehearsal::policy();
        assert_eq!(unknown(&policy, &[1, 2]), None);
        let warning = unknown(&policy, &[1, 98, 99]).unwrap();
        assert!(
            warning.starts_with("WARNING: the event does not have gates 98 and 99, as far as this hub knows; it has gates 1 and 2."),
            "{warning}"
        );
    }
}
