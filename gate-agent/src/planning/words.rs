//! What `simulate` says while it plays, and when it cannot.

use std::path::Path;

/// Says what could not be played.
pub fn no_scenario(file: &Path) -> String {
    format!("the scenario {} cannot be played", file.display())
}

/// Says how far an evening has been played, in minutes from doors.
pub fn played_so_far(name: &str, minute: i64, (let_in, tickets): (u64, u32)) -> String {
    format!("{name}: minute {minute} from doors, {let_in} of {tickets} are in")
}

/// Says which file was not written.
pub fn not_written(file: &Path) -> String {
    format!(
        "{} could not be written: name a file in a folder that is there and that you may write to",
        file.display()
    )
}
