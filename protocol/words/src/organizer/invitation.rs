//! The letter that invites somebody to be one of an organizer's people.

/// As what somebody is invited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitedAs {
    /// Does everything.
    Owner,
    /// Makes and sells events.
    Manager,
    /// Sells, and helps buyers.
    BoxOffice,
    /// Helps buyers.
    Support,
    /// Looks after hubs, scanners and gates.
    GateAdmin,
    /// Sees everything.
    Auditor,
    /// Sees events and figures.
    Viewer,
}

/// Returns what a role is called in a sentence.
fn called(role: InvitedAs) -> &'static str {
    match role {
        InvitedAs::Owner => "owner",
        InvitedAs::Manager => "manager",
        InvitedAs::BoxOffice => "box office",
        InvitedAs::Support => "support",
        InvitedAs::GateAdmin => "gate admin",
        InvitedAs::Auditor => "auditor",
        InvitedAs::Viewer => "viewer",
    }
}

/// A part of the letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvitationPart<'a> {
    /// Its subject.
    Subject { organizer: &'a str },
    /// How it begins.
    Greeting { name: &'a str },
    /// Who invites, and as what.
    Invites { organizer: &'a str, role: InvitedAs },
    /// What it takes.
    Takes,
    /// What its link is called.
    Link,
    /// How long the link works, and what to do if it was not expected.
    Ends,
}

/// Says a part of the letter.
pub fn invitation(part: InvitationPart<'_>) -> String {
    match part {
        InvitationPart::Subject { organizer } => format!("Your invitation to work for {organizer}"),
        InvitationPart::Greeting { name } => format!("Hello {name},"),
        InvitationPart::Invites { organizer, role } => format!(
            "{organizer} invites you to sell and look after its events as {}.",
            called(role)
        ),
        InvitationPart::Takes => {
            "Choose a password, and have an app at hand that shows one-time codes.".to_owned()
        }
        InvitationPart::Link => "Take the invitation".to_owned(),
        InvitationPart::Ends => {
            "The link works once, for a week. If you expect no invitation, do nothing: nobody gets in without it.".to_owned()
        }
    }
}
