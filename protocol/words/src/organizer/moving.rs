//! What an organizer reads before an event is moved: what becomes of everything that depends on its date. Who must do something about
//! it is the cloud's to say.

/// What becomes of something when its event is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate<'a> {
    /// The sale of an event that is not on sale.
    SaleToCome,
    /// The sale stops until the keys are signed.
    SalePauses,
    /// The sale was over.
    SaleBeginsAgain,
    /// The sale goes on.
    SaleGoesOn,
    /// The sale is over.
    SaleOver,
    /// A tier's window is moved too.
    WindowMoves,
    /// The policy has no dates.
    PolicyStays,
    /// The policy has dates.
    PolicyChanges,
    /// There is no trust bundle.
    KeysMissing,
    /// A key ends before the event does.
    KeyEndsEarly,
    /// A key or a certificate that ends late enough.
    Lasts,
    /// A certificate that is renewed with a link.
    CertificateRenewed {
        /// When it ends.
        link_by: &'a str,
    },
    /// A certificate that was made for some days only.
    CertificateEnds {
        /// When it ends.
        ends: &'a str,
    },
    /// The enrolment codes that are open.
    CodesFollow,
    /// The tokens of turnstiles.
    TokensEnd,
    /// The newest checkpoint.
    CheckpointStays,
    /// What is reserved.
    ReservationsEnd {
        /// How many places are held or being paid for.
        places: u64,
    },
    /// What is sold.
    TicketsStay { places: u64, bookings: u64 },
    /// Who was let in.
    EntriesStay { people: u64 },
}

/// The name of what is signed for gates.
pub const POLICY: &str = "what gates go by";
/// The name of keys that are not there yet.
pub const ALL_KEYS: &str = "all keys";
/// The name of enrolment codes that are not used.
pub const OPEN_CODES: &str = "open codes";
/// The name of what turnstiles show.
pub const TOKENS: &str = "tokens of turnstiles";
/// The name of the state that new hubs begin with.
pub const CHECKPOINT: &str = "the newest checkpoint";
/// The name of what is held.
pub const RESERVATIONS: &str = "open reservations";
/// The name of what is sold.
pub const TICKETS: &str = "sold tickets";
/// The name of entries that were made.
pub const PASSAGES: &str = "people let in";

/// Says what becomes of it.
pub fn fate(fate: Fate<'_>) -> String {
    let words = match fate {
        Fate::SaleToCome => "Not on sale yet. Once it is, tickets are sold until the event's end.",
        Fate::SalePauses => {
            "Paused until the keys are signed anew (`to_sign`), then tickets are sold until the new end."
        }
        Fate::SaleBeginsAgain => "It was over, and begins again: tickets are sold until the new end.",
        Fate::SaleGoesOn => "Goes on until the new end.",
        Fate::SaleOver => "It is over.",
        Fate::WindowMoves => {
            "Moves along, as far from the start as it was. Change it with PUT …/policy if that is not what you want."
        }
        Fate::PolicyStays => "Stays as it is: it holds no dates.",
        Fate::PolicyChanges => {
            "A new version is published; gates go by it once they have heard, so link each hub before the old date."
        }
        Fate::KeysMissing => {
            "There are none yet: ask for the key-request after the move, so that they are signed for the new date."
        }
        Fate::KeyEndsEarly => {
            "Ends too early: have the roots prolong it (`to_sign`). The key stays the same, so that no ticket and no device is issued anew."
        }
        Fate::Lasts => "Lasts long enough.",
        Fate::CertificateRenewed { link_by } => {
            return format!(
                "Renewed when it is next linked. If it is not linked before {link_by}, enrol it anew with `enroll --anew CODE`."
            );
        }
        Fate::CertificateEnds { ends } => {
            return format!(
                "Was asked to last for some days only, and ends {ends}: enrol it anew with `enroll --anew CODE`."
            );
        }
        Fate::CodesFollow => "Open codes make devices that last until the new end.",
        Fate::TokensEnd => {
            "Tokens of turnstiles end at the latest a week after they were made: make them anew at each hub for the new date."
        }
        Fate::CheckpointStays => "Stays as it is: the new dates follow it as records.",
        Fate::ReservationsEnd { places } => {
            return format!(
                "{places} places are held or being paid for. Those that are held are given back, so that nobody pays for a date they \
                 have not seen; payments that run become tickets for the new date."
            );
        }
        Fate::TicketsStay { places, bookings } => {
            return format!(
                "{places} places are sold in {bookings} bookings. Their tickets stay good, with the codes they have, for the new \
                 date: tell the buyers."
            );
        }
        Fate::EntriesStay { people } => {
            return format!(
                "{people} people were let in already. A ticket for a single entry that was used stays used: reissue it to let its \
                 holder in again."
            );
        }
    };
    words.to_owned()
}
