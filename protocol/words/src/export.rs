//! The words of a hub's export, which people read in spreadsheets and programs read by name.

use usher_protocol::scans::ScanKind;

/// What an export says of each scan, in the order of its columns.
pub const COLUMNS: [&str; 17] = [
    "at",
    "verdict",
    "reason",
    "gate",
    "gate_name",
    "unit",
    "place",
    "generation",
    "tier",
    "persons",
    "scan",
    "device",
    "device_name",
    "seq",
    "by",
    "why",
    "at_by",
];

/// Says what came of a scan.
pub fn verdict(kind: &ScanKind) -> &'static str {
    match kind {
        ScanKind::Admitted => "admit",
        ScanKind::Exited => "exit",
        ScanKind::Denied(_) => "deny",
        ScanKind::Referred(_) => "refer",
        ScanKind::Overridden { .. } => "override",
        ScanKind::Withdrawn => "withdraw",
        ScanKind::Annulled { .. } => "annul",
    }
}

#[cfg(test)]
mod tests {
    use usher_protocol::admission::RefusalKind;

    use super::*;

    #[test]
    fn a_verdict_keeps_the_word_that_programs_look_for() {
        let (by, why) = ("Ada".to_owned(), "lost".to_owned());
        let overridden = ScanKind::Overridden {
            by: by.clone(),
            why: why.clone(),
        };
        for (kind, word) in [
            (ScanKind::Admitted, "admit"),
            (ScanKind::Exited, "exit"),
            (ScanKind::Denied(RefusalKind::AlreadyUsed), "deny"),
            (ScanKind::Referred(RefusalKind::NotReady), "refer"),
            (overridden, "override"),
            (ScanKind::Withdrawn, "withdraw"),
            (ScanKind::Annulled { by, why }, "annul"),
        ] {
            assert_eq!(verdict(&kind), word);
        }
    }
}
