//! What link letters say. Their words are in `usher-words` for staff, and in `cloud/words` for buyers; their form is in `templates/letters`.

use askama::Template;
use usher_words::organizer::invitation::{InvitationPart, InvitedAs, invitation};

use crate::languages::{Language, Text};
use crate::rights::StaffRole;

use super::wording::LetterWords;

/// What the link of a letter opens, as its reader is told.
#[derive(Debug, Clone, Copy)]
pub enum LinkOpens<'a> {
    /// An invitation to be one of an organizer's people.
    Invitation {
        name: &'a str,
        organizer: &'a str,
        role: StaffRole,
    },
    /// All tickets that were bought with the address, for whoever reads this language.
    Tickets(Language),
    /// That they read the address, for whoever reads this language.
    Address(Language),
}

/// The words of a letter with a link.
struct LinkWords {
    language: Language,
    /// One line.
    subject: String,
    /// Each a paragraph.
    sentences: Vec<String>,
    /// What the link is called.
    button: String,
    /// How long it opens something, and what to do if it was not asked for.
    ends: String,
}

#[derive(Template)]
#[template(path = "letters/link.txt")]
struct LinkText<'a> {
    of: &'a LinkWords,
    link: &'a str,
}

#[derive(Template)]
#[template(path = "letters/link.html")]
struct LinkHtml<'a> {
    of: &'a LinkWords,
    link: &'a str,
}

/// Writes a letter around a link.
///
/// # Errors
///
/// When a template fails, which none does.
pub fn of(opens: LinkOpens<'_>, link: &str) -> Result<LetterWords, askama::Error> {
    let of = &words(opens);
    Ok(LetterWords {
        subject: of.subject.clone(),
        text: LinkText { of, link }.render()?,
        html: LinkHtml { of, link }.render()?,
    })
}

fn words(opens: LinkOpens<'_>) -> LinkWords {
    match opens {
        LinkOpens::Invitation {
            name,
            organizer,
            role,
        } => LinkWords {
            // Staff read English.
            language: Language::English,
            subject: invitation(InvitationPart::Subject { organizer }),
            sentences: [
                InvitationPart::Greeting { name },
                InvitationPart::Invites {
                    organizer,
                    role: invited_as(role),
                },
                InvitationPart::Takes,
            ]
            .map(invitation)
            .into(),
            button: invitation(InvitationPart::Link),
            ends: invitation(InvitationPart::Ends),
        },
        LinkOpens::Tickets(language) => LinkWords {
            language,
            subject: language.say(Text::LetterLinkSubject).to_string(),
            sentences: vec![language.say(Text::LetterLink).to_string()],
            button: language.say(Text::ShowMyTickets).to_string(),
            ends: language.say(Text::LetterLinkEnds).to_string(),
        },
        LinkOpens::Address(language) => LinkWords {
            language,
            subject: language.say(Text::LetterAddressSubject).to_string(),
            sentences: vec![language.say(Text::LetterAddress).to_string()],
            button: language.say(Text::LetterAddressButton).to_string(),
            ends: language.say(Text::LetterLinkEnds).to_string(),
        },
    }
}

fn invited_as(role: StaffRole) -> InvitedAs {
    match role {
        StaffRole::Owner => InvitedAs::Owner,
        StaffRole::Manager => InvitedAs::Manager,
        StaffRole::BoxOffice => InvitedAs::BoxOffice,
        StaffRole::Support => InvitedAs::Support,
        StaffRole::GateAdmin => InvitedAs::GateAdmin,
        StaffRole::Auditor => InvitedAs::Auditor,
        StaffRole::Viewer => InvitedAs::Viewer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buyer_reads_the_way_to_their_tickets_in_their_language() {
        let words = of(LinkOpens::Tickets(Language::German), "https://tickets.example/my").unwrap();
        assert_eq!(words.subject, "Der Weg zu Ihren Tickets");
        assert!(words.html.contains("<html lang=\"de\" dir=\"ltr\">"));
        assert!(
            words
                .text
                .contains("Meine Tickets anzeigen:\nhttps://tickets.example/my")
        );
    }

    #[test]
    fn names_are_text_in_both_forms_and_the_link_is_whole() {
        let opens = LinkOpens::Invitation {
            name: "Ada <b>",
            organizer: "Owls & Larks",
            role: StaffRole::BoxOffice,
        };
        let words = of(opens, "https://tickets.example/staff/invitations/uin_1").unwrap();
        assert_eq!(words.subject, "Your invitation to work for Owls & Larks");
        assert!(words.text.contains("Hello Ada <b>,") && words.text.contains("as box office."));
        assert!(words.html.contains("Hello Ada &#60;b&#62;,") && !words.html.contains("<b>"));
        for form in [&words.text, &words.html] {
            assert!(form.contains("https://tickets.example/staff/invitations/uin_1"));
        }
    }
}
