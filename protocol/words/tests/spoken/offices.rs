//! What is read away from the gates: before doors at a hub (`ready`), and by organizers, of devices, of what follows from their
//! orders, and in the console.

use std::path::Path;

use usher_words::buyers::{PaperNote, paper_note};
use usher_words::console::bookings::{
    self, BookingStatus, LetterAbout, LetterStatus, RefundProgress, TicketStatus,
};
use usher_words::console::counter::{CounterWords, counter};
use usher_words::console::devices::{DeviceContact, DeviceTrouble, contact, trouble};
use usher_words::console::doors::{DoorsFinding, finding};
use usher_words::console::{self, EventState};
use usher_words::hub;
use usher_words::log_in::{self, LogInRefusal};
use usher_words::organizer::invitation::{InvitationPart, InvitedAs, invitation};
use usher_words::organizer::moving::{self, Fate};
use usher_words::organizer::revoking::{self, Consequence};
use usher_words::organizer::{self, Passed, SigningDue};
use usher_words::problems::ProblemKind;
use usher_words::readiness::{self, DeviceFinding, HubFinding};

use super::sheet::Sheet;

const MINUTE_MS: i64 = 60_000;

fn of_a_hub(sheet: &mut Sheet) {
    sheet.about("Before doors: this hub");
    let freshness = |has_heard, is_linked| HubFinding::Freshness {
        words: "revocations as of 12 s ago",
        has_heard,
        is_linked,
    };
    for finding in [
        HubFinding::LetsNobodyIn,
        HubFinding::CannotSave,
        HubFinding::NoPolicy,
        HubFinding::Knows { bundle: 1, policy: 3 },
        freshness(true, true),
        freshness(false, true),
        freshness(true, false),
        HubFinding::OtherVersion {
            running: "0.9.0",
            installed: "1.0.0",
        },
        HubFinding::Version("1.0.0"),
    ] {
        sheet.line(readiness::hub(&finding).to_string());
    }
    sheet.about("Before doors: each device");
    for finding in [
        DeviceFinding::Ready,
        DeviceFinding::ShutOut,
        DeviceFinding::InQuestion,
        DeviceFinding::UpdateNeeded,
        DeviceFinding::LogBehind,
        DeviceFinding::CertificateEnded,
        DeviceFinding::CertificateEnds,
        DeviceFinding::HubMissing(Some(250_000)),
        DeviceFinding::HubMissing(None),
        DeviceFinding::ScannerElsewhere,
        DeviceFinding::ClockOff(45 * MINUTE_MS),
        DeviceFinding::ClockOff(-5 * 24 * 60 * MINUTE_MS),
    ] {
        sheet.line(readiness::device("North", &finding).to_string());
    }
    sheet.about("Before doors: all told");
    for (wrong, doubtful) in [(0, 0), (0, 1), (0, 2), (1, 2), (2, 0)] {
        sheet.line(readiness::verdict(wrong, doubtful));
    }
    sheet.about("A hub at the command line and in its log");
    let file = Path::new("listening.json");
    for words in [hub::IN_THE_CLEAR, hub::DOOR_IN_THE_CLEAR, hub::NOT_RUNNING] {
        sheet.line(words);
    }
    sheet.line(hub::damaged(file));
    sheet.line(hub::page_certificates_damaged(file));
    for gates in [&[][..], &[1], &[1, 2, 3]] {
        sheet.line(hub::gates(gates));
    }
}

fn of_devices(sheet: &mut Sheet) {
    sheet.about("What organizers read of devices and of contradictions");
    let passed = |gate: &str, at: &str| Passed {
        gate: gate.to_owned(),
        at: at.to_owned(),
    };
    let (first, second) = (passed("North", "Thu, 01:00"), passed("South", "Thu, 01:01"));
    let of = ("no. 17 (Standing)", "Main hall");
    sheet.line(organizer::double_admission(of, Some(&first), &second));
    sheet.line(organizer::double_admission(of, None, &second));
    sheet.line(organizer::exit_too_many(of.0, &second));
    sheet.line(organizer::forked("Hub South"));
    sheet.line(organizer::false_record("Hub South"));
    for minutes in [45, -20 * 60] {
        let clock = organizer::device_clock(minutes * MINUTE_MS).unwrap_or_default();
        sheet.line(format!("Its clock is {clock}."));
    }
    for why in [SigningDue::NextTicketKey, SigningDue::LaterEnds] {
        sheet.line(organizer::signing_due(why));
    }
    sheet.about("What follows when a device is revoked or retired, or one of two histories is chosen");
    let name = "Hub South";
    for follows in [
        Consequence::Revoked {
            name,
            counts_up_to: 412,
        },
        Consequence::Retired { name },
        Consequence::Beyond { records: 1 },
        Consequence::Beyond { records: 7 },
        Consequence::DatedEarlier { records: 1 },
        Consequence::DatedEarlier { records: 2 },
        Consequence::NoHubLeft,
        Consequence::ScannersKept { count: 1 },
        Consequence::ScannersKept { count: 3 },
        Consequence::ScannersShutOut { count: 1 },
        Consequence::ScannersShutOut { count: 3 },
    ] {
        sheet.line(revoking::consequence(follows));
    }
    sheet.line(revoking::SETTLED);
}

fn of_a_move(sheet: &mut Sheet) {
    sheet.about("What becomes of everything when an event is moved");
    for fate in [
        Fate::SaleToCome,
        Fate::SalePauses,
        Fate::SaleBeginsAgain,
        Fate::SaleGoesOn,
        Fate::SaleOver,
        Fate::WindowMoves,
        Fate::PolicyStays,
        Fate::PolicyChanges,
        Fate::KeysMissing,
        Fate::KeyEndsEarly,
        Fate::Lasts,
        Fate::CertificateRenewed { link_by: "6 Aug" },
        Fate::CertificateEnds { ends: "6 Aug" },
        Fate::CodesFollow,
        Fate::TokensEnd,
        Fate::CheckpointStays,
        Fate::ReservationsEnd { places: 4 },
        Fate::TicketsStay {
            places: 812,
            bookings: 300,
        },
        Fate::EntriesStay { people: 12 },
    ] {
        sheet.line(moving::fate(fate));
    }
}

fn of_bookings(sheet: &mut Sheet) {
    sheet.about("The console: how a booking stands, and what is in it");
    for status in BookingStatus::ALL {
        sheet.line(bookings::booking(status));
    }
    for status in [
        TicketStatus::Valid,
        TicketStatus::Superseded,
        TicketStatus::Transferred,
        TicketStatus::Revoked,
    ] {
        sheet.line(bookings::ticket(status));
    }
    for status in [
        RefundProgress::Revoking,
        RefundProgress::Giving,
        RefundProgress::Given,
        RefundProgress::Refused,
        RefundProgress::GivenOutside,
    ] {
        sheet.line(bookings::refund(status));
    }
    for (about, status) in [
        (LetterAbout::Tickets, LetterStatus::Sent),
        (LetterAbout::NewCode, LetterStatus::Waiting),
        (LetterAbout::TicketGone, LetterStatus::GivenUp),
        (LetterAbout::TicketReceived, LetterStatus::Sent),
        (LetterAbout::MoneyBack, LetterStatus::Sent),
        (LetterAbout::NewDate, LetterStatus::Sent),
        (LetterAbout::NoEvent, LetterStatus::Sent),
        (LetterAbout::PlacesBack, LetterStatus::Sent),
        (LetterAbout::Message, LetterStatus::Sent),
    ] {
        sheet.line(format!(
            "{}: {}",
            bookings::letter_about(about),
            bookings::letter(status)
        ));
    }
    sheet.about("The counter");
    for words in CounterWords::ALL {
        sheet.line(counter(words));
    }
}

fn of_letters_and_paper(sheet: &mut Sheet) {
    sheet.about("The letter that invites somebody");
    let organizer = "The Owls";
    for part in [
        InvitationPart::Subject { organizer },
        InvitationPart::Greeting { name: "Ada" },
        InvitationPart::Takes,
        InvitationPart::Link,
        InvitationPart::Ends,
    ] {
        sheet.line(invitation(part));
    }
    for role in [
        InvitedAs::Owner,
        InvitedAs::Manager,
        InvitedAs::BoxOffice,
        InvitedAs::Support,
        InvitedAs::GateAdmin,
        InvitedAs::Auditor,
        InvitedAs::Viewer,
    ] {
        sheet.line(invitation(InvitationPart::Invites { organizer, role }));
    }
    sheet.about("What is noted on a printed ticket");
    sheet.line(paper_note(PaperNote::OnThePhone));
    sheet.line(paper_note(PaperNote::LiveFrom("5 June, 18:00")));
}

fn of_the_console(sheet: &mut Sheet) {
    sheet.about("The console: how an event stands");
    for state in [
        EventState::Draft,
        EventState::OnSale,
        EventState::SellsLater,
        EventState::Stopped,
        EventState::Paused,
        EventState::Over,
        EventState::Canceled,
    ] {
        sheet.line(console::event_state(state));
    }
    sheet.about("The console: what is done and missing before doors");
    for found in [
        DoorsFinding::KeysSigned,
        DoorsFinding::NoKeys,
        DoorsFinding::KeysToSign(organizer::signing_due(SigningDue::NextTicketKey)),
        DoorsFinding::Published,
        DoorsFinding::Draft,
        DoorsFinding::Hubs(0),
        DoorsFinding::Hubs(1),
        DoorsFinding::Hubs(2),
        DoorsFinding::Scanners(0),
        DoorsFinding::Scanners(1),
        DoorsFinding::Scanners(2),
        DoorsFinding::Device {
            name: "Hub South",
            trouble: &trouble(DeviceTrouble::HubAway),
        },
    ] {
        sheet.line(finding(found).to_string());
    }
}

fn of_devices_in_the_console(sheet: &mut Sheet) {
    sheet.about("The console: when a device was heard");
    for heard in [
        DeviceContact::Now,
        DeviceContact::Last {
            at: "Fri 4 June 2027, 20:00",
        },
        DeviceContact::Never,
        DeviceContact::NeverScanner,
    ] {
        sheet.line(contact(heard));
    }
    sheet.about("The console: what is wrong with a device");
    let apart = organizer::device_clock(45 * MINUTE_MS).unwrap_or_default();
    for wrong in [
        DeviceTrouble::Revoked,
        DeviceTrouble::Retired,
        DeviceTrouble::TwoHistories,
        DeviceTrouble::Certificate {
            end: "ends in 5 h 12 min",
        },
        DeviceTrouble::Certificate { end: "ended 2 h ago" },
        DeviceTrouble::Clock { apart: &apart },
        DeviceTrouble::HubAway,
    ] {
        sheet.line(trouble(wrong));
    }
    sheet.about("The console: above what was refused");
    for kind in ProblemKind::ALL {
        sheet.line(console::refused(*kind));
    }
    sheet.line(console::TOO_LONG);
    sheet.line(console::way_out(ProblemKind::KeyReused).unwrap_or_default());
}

fn of_logging_in(sheet: &mut Sheet) {
    sheet.about("Logging in, taking an invitation, changing a password");
    for why in [
        LogInRefusal::LogIn,
        LogInRefusal::Code,
        LogInRefusal::CodesWait,
        LogInRefusal::PasswordOrCode,
        LogInRefusal::NewPassword,
        LogInRefusal::FirstPassword,
        LogInRefusal::FirstCode,
    ] {
        sheet.line(log_in::refused(why));
    }
}

#[test]
fn what_is_read_away_from_the_gates_is_what_was_read_aloud() {
    let mut sheet =
        Sheet::of("What people read before doors, and organizers of their devices and in the console.");
    of_a_hub(&mut sheet);
    of_devices(&mut sheet);
    of_a_move(&mut sheet);
    of_the_console(&mut sheet);
    of_bookings(&mut sheet);
    of_letters_and_paper(&mut sheet);
    of_devices_in_the_console(&mut sheet);
    of_logging_in(&mut sheet);
    sheet.check("offices.txt", include_str!("../offices.txt"));
}
