//! What is said when a yes is taken back, or is not.

use usher_protocol::correction::{AnnulledScan, NotAnnulled};

use crate::StaffMessage;

use super::{Phrasebook, people};

impl Phrasebook {
    /// Says that a scan is annulled: by how many people, where and when, if that is known here, so that whoever meant another
    /// scan sees it. Of the ticket's other scans it says nothing.
    pub fn undone(&self, undone: Option<AnnulledScan>) -> StaffMessage {
        let detail = undone.map_or_else(
            || "That scan no longer counts".to_owned(),
            |scan| {
                format!(
                    "{} at {}, {}: that scan no longer counts",
                    people(scan.persons.max(1)),
                    self.gate(scan.gate),
                    self.time(scan.at)
                )
            },
        );
        StaffMessage::new("Undone", detail)
    }
}

/// Returns the words for a scan that is annulled and not known here.
#[must_use]
pub fn annulled_unknown() -> StaffMessage {
    StaffMessage::new(
        "Noted",
        "This hub knows of nobody who passed with that scan: check the ticket, the gate and the secret. If another hub let somebody in with it, that is undone once this hub hears of it",
    )
}

/// Returns why a scan is not annulled, and what to do.
#[must_use]
pub fn not_annulled(why: NotAnnulled) -> StaffMessage {
    let detail = match why {
        NotAnnulled::NobodyPassed => "Nobody passed with that scan: there is nothing to undo",
        NotAnnulled::TooLate => {
            "That was more than 15 minutes ago: a supervisor can undo it with usher-scan undo"
        }
        NotAnnulled::ClockInDoubt => {
            "The clocks here disagree, so it may be too late: a supervisor can still undo it"
        }
        NotAnnulled::WentOn => "The ticket was used again since then: count the people in the zone instead",
        NotAnnulled::NotAllowed => {
            "This device may not undo it: ask a supervisor with a scanner of their own"
        }
    };
    StaffMessage::new("Not undone", detail)
}
