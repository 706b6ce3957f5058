//! What is said of a supervisor's PIN that is not taken; what is said of one that is, the verdict says.

use crate::StaffMessage;

pub(super) fn none() -> StaffMessage {
    StaffMessage::new(
        "No PIN",
        "No supervisor of this name has a PIN at the hub: begin again with the name as it is there, or have a PIN set at the hub",
    )
}

/// Says that a PIN is wrong, and for how long none is taken now.
pub(super) fn wrong(rest_s: u32) -> StaffMessage {
    let detail = match rest_s {
        0 => "This is not the supervisor's PIN: begin again".to_owned(),
        _ => format!(
            "This is not the supervisor's PIN. Begin again in {}, or use a supervisor's own scanner",
            wait(rest_s)
        ),
    };
    StaffMessage::new("Wrong PIN", detail)
}

pub(super) fn resting(rest_s: u32) -> StaffMessage {
    StaffMessage::new(
        "Too many tries",
        format!(
            "Too many wrong PINs were typed at this scanner. Begin again in {}, or use a supervisor's own scanner",
            wait(rest_s)
        ),
    )
}

fn wait(seconds: u32) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
    }
}
