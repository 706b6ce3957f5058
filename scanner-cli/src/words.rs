//! Every word the scanner itself says to the staff, in one place to translate; what a verdict says comes with it.

/// Shown large while nothing is.
pub const READY: &str = "READY";
/// Under [`READY`].
pub const SHOW_A_CODE: &str = "Show a code";
/// Banner over an answer no hub gave.
pub const JUDGED_ALONE: &str = "JUDGED ALONE: no hub could be reached";
/// Short form of [`JUDGED_ALONE`] for output lines.
pub const ALONE: &str = "judged alone";
/// Label of a count.
pub const ADMITTED: &str = "admitted";
/// Label of a count.
pub const DENIED: &str = "denied";
/// Label of a count.
pub const REFERRED: &str = "referred";
/// The camera is there but sends nothing.
pub const NO_PICTURES: &str =
    "the camera sends no pictures: check its cable, or unplug it and plug it in again";
