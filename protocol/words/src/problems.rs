//! Every kind of problem that the cloud's API answers with, in one table; which values a problem carries beside it is the API's.

mod details;
mod missing;
mod orders;

pub use details::ProblemDetail;
pub use missing::Missing;
pub use orders::{OrderDetail, PlacesAmong};

/// Who reads of a kind of problem, and so in which languages it has words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemReaders {
    /// Buyers too, on pages in their language.
    Buyers,
    /// An organizer's people and programs alone, in English.
    Others,
}

/// Declares the kinds: each has a status, a name for programs, readers and words.
macro_rules! kinds {
    ($($kind:ident = $status:literal, $slug:literal, $readers:ident, $words:literal;)+) => {
        /// What sort of problem it is. A name with several statuses has a kind for each.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ProblemKind {
            $(#[doc = $words] $kind,)+
        }

        impl ProblemKind {
            /// All kinds, by status.
            pub const ALL: &[Self] = &[$(Self::$kind,)+];

            /// Returns the HTTP status.
            pub fn status(self) -> u16 {
                match self {
                    $(Self::$kind => $status,)+
                }
            }

            /// Returns the name for programs, the end of `type`.
            pub fn slug(self) -> &'static str {
                match self {
                    $(Self::$kind => $slug,)+
                }
            }

            /// Returns who reads of it.
            pub fn readers(self) -> ProblemReaders {
                match self {
                    $(Self::$kind => ProblemReaders::$readers,)+
                }
            }

            /// Returns what is wrong and what to do, as long as nothing more is known.
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$kind => $words,)+
                }
            }
        }
    };
}

kinds! {
    Unreadable = 400, "unreadable-request", Buyers, "The request cannot be read: the detail says where.";
    ReservationEnded = 400, "reservation-ended", Buyers, "The reservation has expired or was given back; nothing was charged. Make a new one.";
    Unauthorized = 401, "unauthorized", Others, "Send an organizer's API key as Authorization: Bearer KEY.";
    TokenEnded = 401, "token-ended", Others, "This access token has ended: ask for another one with your API key at /oauth/token.";
    LogInNeeded = 401, "log-in-needed", Others, "You are not logged in, or no longer: log in at the address that your organizer has given you.";
    CardDeclined = 402, "card_declined", Buyers, "The payment was declined and nothing was charged. Try another card.";
    InsufficientFunds = 402, "insufficient_funds", Buyers, "There is not enough money on the account of this card, and nothing was charged. Try another card.";
    ExpiredCard = 402, "expired_card", Buyers, "This card has expired, and nothing was charged. Try another card.";
    WrongCardNumbers = 402, "wrong_card_numbers", Buyers, "The number, the date or the security code of the card is wrong, and nothing was charged. Check them, or try another card.";
    NotAuthenticated = 402, "not_authenticated", Buyers, "The payment was not confirmed at your bank, and nothing was charged. Try again, or try another card.";
    UnknownToken = 402, "unknown_token", Buyers, "The payment service does not know this payment token; nothing was charged.";
    GivenUp = 402, "given_up", Buyers, "The payment came too late and was given up; nothing was charged. Try again.";
    NotAllowed = 403, "not-allowed", Others, "The role does not allow it: the detail says which roles do.";
    FreshCodeNeeded = 403, "fresh-code-needed", Others, "This needs a one-time code entered in the last five minutes: enter one at /staff, then ask again.";
    ForeignRequest = 403, "foreign-request", Buyers, "This was not sent from a page of this server: open the page again, or send its form-token as X-CSRF-Token.";
    WaitFirst = 403, "wait-first", Buyers, "This event has a waiting room, and it is not your turn, or your time to hold places is over: wait at /events/{event_id}/wait, and send the sale token that you get there.";
    ProveFirst = 403, "prove-first", Buyers, "This event asks for a proof of work before places are held: solve `challenge` by ALTCHA and send the answer as `proof`, or log in at /my-tickets with an e-mail address and ask again.";
    NotFound = 404, "not-found", Buyers, "There is no such thing, or it is not yours to see.";
    UnknownVoucher = 404, "unknown-voucher", Buyers, "There is no such code for this event: check its letters and digits. Whoever enters many wrong codes has to wait.";
    WrongMethod = 405, "unreadable-request", Buyers, "This address does not take this method: see /docs for the ones there are.";
    UnitsTaken = 409, "units-taken", Buyers, "Some of these seats were just taken: choose others.";
    UnitsShort = 409, "units-short", Buyers, "There are not enough places left: ask for fewer.";
    KeyReused = 409, "idempotency-key-reused", Buyers, "This idempotency key was used for another request: take a new one for each new request.";
    RequestRunning = 409, "request-running", Buyers, "The same request with this idempotency key is still running: ask again when Retry-After says, to get its answer.";
    AlreadyBooked = 409, "already-booked", Buyers, "This reservation has become a booking, or another request is paying for it: look for its tickets before you buy again.";
    BookingRenewed = 409, "booking-renewed", Buyers, "This booking is paid, and its address has changed since. Nothing was charged again: ask the organizer for the new address.";
    BeingPaid = 409, "being-paid", Buyers, "This reservation is being paid: wait for the payment's end.";
    Refunded = 409, "refunded", Buyers, "No tickets could be issued for this payment, and the money is given back.";
    SalesClosed = 409, "sales-closed", Buyers, "The event is over: nothing of it is sold any more, and nothing was charged.";
    SalesPaused = 409, "sales-paused", Buyers, "The sale of this event is paused: nothing was held or charged, and tickets bought before stay good. Try again later; its organizer is told what is missing.";
    NotYetOnSale = 409, "not-yet-on-sale", Buyers, "The sale has not begun: nothing was held or charged. The event's page says from when.";
    SaleStopped = 409, "sale-stopped", Buyers, "The organizer sells no more of this now: nothing was held or charged, and tickets bought before stay good.";
    WrongQuantity = 409, "wrong-quantity", Buyers, "The order has too few or too many tickets of one kind: the detail says how many are allowed.";
    EventCanceled = 409, "event-canceled", Buyers, "The event is cancelled: nothing of it is sold any more, its tickets let nobody in, and what was paid for them is given back.";
    EventNotOnSale = 409, "event-not-published", Others, "Only an event that was put on sale can be cancelled: a draft is seen by nobody.";
    EventOver = 409, "event-over", Others, "The event is over: change its days first.";
    NoSigningKey = 409, "no-signing-key", Buyers, "The event has no ticket-signing key yet: upload the trust bundle that lists it, then publish.";
    KeyEndsEarly = 409, "key-ends-early", Buyers, "The event's ticket key ends before the event does: have the keys prolonged offline and upload the bundle.";
    DraftIncomplete = 409, "draft-incomplete", Others, "Making this event was interrupted: create it anew.";
    NoTrustBundle = 409, "no-trust-bundle", Others, "The event has no trust bundle yet: ask for its key-request, have it signed and upload the bundle.";
    NoKeyInForce = 409, "no-key-in-force", Others, "No key of the event for this may sign now: ask for its key-request, have it signed and upload the next bundle.";
    OldCopy = 409, "old-copy", Buyers, "The server may run on an older copy of its data: nothing is sold or ordered for this event until whoever runs the server resumes it.";
    TicketSuperseded = 409, "ticket-superseded", Buyers, "A newer ticket has taken this one's place: name the newest one.";
    TicketTransferred = 409, "ticket-transferred", Buyers, "The ticket was transferred: the one that has taken its place is somebody else's. Its holder can have that one reissued.";
    TicketRevoked = 409, "ticket-revoked", Buyers, "The ticket is revoked, and a revoked ticket gets no fresh code: reinstate it first.";
    TicketRefunded = 409, "ticket-refunded", Buyers, "The ticket was given back: it is never valid again, and its money is refunded or on its way.";
    OnAnotherPhone = 409, "on-another-phone", Buyers, "This ticket is on another phone. To show it on this one, open it from the page of its booking; without that, ask the box office.";
    BoundTooOften = 409, "bound-too-often", Buyers, "This ticket was on as many phones as it may be: ask the box office, which can take it off the last one.";
    NotRefundable = 409, "not-refundable", Others, "The booking has no tickets that were paid for: its payment is running, or it ended without.";
    RefundRunning = 409, "refund-running", Others, "Another refund of this booking is on its way: wait for its end.";
    RefundTooMuch = 409, "refund-exceeds-payment", Others, "The refunds of a booking, refused ones included, cannot exceed what was paid for it.";
    BookingDisputed = 409, "booking-disputed", Others, "The buyer's bank has already taken the money of this booking back, so a refund would pay the buyer twice. To take the tickets back, refund an amount of 0.";
    RefundNotRefused = 409, "refund-not-refused", Others, "Only a refund that the payment service has refused can be tried again or marked as given in another way.";
    NotForked = 409, "not-forked", Others, "This device has only one history, or somebody has said already which one counts.";
    TooManyCodes = 409, "too-many-codes", Others, "The event has too many unused enrolment codes: use them, or wait until they have run out.";
    TooManyDevices = 409, "too-many-devices", Others, "The event has as many devices or hubs as are allowed.";
    TooManyApiKeys = 409, "too-many-api-keys", Others, "The organizer has as many API keys as are allowed: revoke those that nobody uses.";
    TooManyEndpoints = 409, "too-many-endpoints", Others, "The event has as many endpoints as are allowed: remove those that nobody needs.";
    NoMail = 409, "no-mail", Others, "This server sends no mail: whoever runs it names a mail server in its settings. Nothing was changed.";
    TooManyMailings = 409, "too-many-mailings", Others, "The event has had as many mailings as are allowed: no more can be sent.";
    TooManyBlocks = 409, "too-many-blocks", Others, "The event has as many blocks as are allowed: release those that nobody needs.";
    CompsOfDraft = 409, "comps-of-draft", Others, "The event is not published yet, and its tickets could not be signed: publish it first, and set places aside until then.";
    VoucherNotNow = 409, "voucher-not-now", Buyers, "This code is not valid yet, or not any more.";
    VoucherUsedUp = 409, "voucher-used-up", Buyers, "This code was used as often as it may be. It can be used again when a reservation made with it ends unpaid.";
    VoucherNotForThese = 409, "voucher-not-for-these", Buyers, "This code does not apply to the tickets of this order.";
    VoucherTaken = 409, "voucher-taken", Others, "The event has, or had, a voucher with one of these codes: the detail says which.";
    TooManyVouchers = 409, "too-many-vouchers", Others, "The event has as many vouchers as are allowed.";
    OthersWait = 409, "others-wait", Buyers, "Others wait for places like these, and are offered them first: join the waiting list.";
    DrawAnnounced = 409, "draw-announced", Others, "People have joined under the announced draw, so it can no longer be changed.";
    RoomOpened = 409, "room-opened", Others, "The opening of this waiting room is past and can no longer be moved; the rate can be changed.";
    NoDraw = 409, "no-draw", Others, "The event has no waiting room with a draw, and needs no beacon.";
    LobbyOpen = 409, "lobby-open", Others, "The list of those who take part is not published yet: give the beacon once the draw has a root, shortly after the opening.";
    AlreadyDrawn = 409, "already-drawn", Others, "The lobby was drawn by another beacon, and people wait by that order.";
    OneAtATime = 409, "one-at-a-time", Buyers, "Whoever was let through holds one reservation at a time: pay for it or give it back first.";
    NotYourPass = 422, "not-your-pass", Buyers, "This is no pass of this waiting room, or it was given to another browser: join with this one.";
    PlacesFree = 409, "places-free", Buyers, "Enough places are free, and nobody waits for them: reserve them now.";
    AlreadyWaiting = 409, "already-waiting", Buyers, "This address is already on the waiting list for these places.";
    TooManyWaiting = 409, "too-many-waiting", Buyers, "The waiting list of this event is full.";
    NoInvoice = 409, "no-invoice", Buyers, "This event takes no bank transfers: pay by card.";
    NotAwaitingPayment = 409, "not-awaiting-payment", Others, "This booking awaits no bank transfer: it was paid another way, its time is over, or its event is cancelled. Give the money back.";
    WrongInvoiceAmount = 409, "wrong-invoice-amount", Others, "This is not the amount of the booking: the detail says how much is missing or too much. Nothing was written down.";
    TillOpen = 409, "till-open", Others, "You have a till open at this event: the detail says which. Count and close it first.";
    TillClosed = 409, "till-closed", Others, "This till is closed: open another one.";
    AnotherPersonsTill = 409, "another-persons-till", Others, "Somebody else has opened this till and answers for it: open your own.";
    TillBusy = 409, "till-busy", Others, "A sale or a refund at this till has not finished yet: close the till in a moment.";
    TillCounted = 409, "till-counted", Others, "This till was already closed, with another count.";
    TooManyTills = 409, "too-many-tills", Others, "The event has as many tills as are allowed.";
    NotPaidAtCounter = 409, "not-paid-at-counter", Others, "This booking was not paid at a counter, so no till can give its money back: leave out the till.";
    LastOwnerKey = 409, "last-owner-key", Others, "This is the last owner's key that does not end, and without it nobody could give access again: make another one first.";
    AlreadyStaff = 409, "already-staff", Others, "One of the organizer's people already has this address: change that person's role instead.";
    TooManyStaff = 409, "too-many-staff", Others, "The organizer has as many people as are allowed: remove those who are gone, and invitations that nobody takes.";
    LastOwner = 409, "last-owner", Others, "This is the last owner among the organizer's people, and without one nobody who logs in could let others in: make somebody else an owner first.";
    CodeUsed = 409, "code-used", Others, "Another device has used this enrolment code: ask for a new one.";
    DeviceBarred = 409, "device-barred", Others, "This device's key was revoked or retired, or had another role: enrol it with a fresh key.";
    DeviceHasLog = 409, "device-has-log", Others, "This device's key has already written a log of this event, and a second log under the same key could let people in twice. Enrol with a fresh folder, which makes a fresh key, and retire the old device.";
    CodeExpired = 410, "code-expired", Others, "This enrolment code has expired: ask for a new one.";
    TooLarge = 413, "unreadable-request", Buyers, "The body is too big for this request: send less at once.";
    NotJson = 415, "unreadable-request", Buyers, "The body is not JSON, or its Content-Type does not say so.";
    WrongShape = 422, "unreadable-request", Buyers, "The body is JSON, but its members are not those of this request: the detail says which.";
    InvalidRequest = 422, "invalid-request", Buyers, "Some values make no sense: see errors.";
    EnrolmentNotValid = 422, "enrolment-not-valid", Others, "What the device sent does not belong to this enrolment code.";
    BundleNotNewer = 422, "bundle-not-newer", Others, "The trust bundle is not newer than the one in force.";
    BundleOfAnotherEvent = 422, "bundle-of-another-event", Others, "The trust bundle is one of another event.";
    BundleNotSigned = 422, "bundle-not-signed", Others, "The trust bundle has too few signatures of the event's roots.";
    BundleMalformed = 422, "bundle-malformed", Others, "The text is not a trust bundle, or it has roots or keys that no bundle may have.";
    BundleForgetsKey = 422, "bundle-forgets-a-key", Others, "The trust bundle leaves out a key that signed before: keep it, retired or struck out.";
    BundleForeignKeys = 422, "bundle-foreign-keys", Others, "For some purpose, the bundle names no key that this server holds: sign the answer to this event's key-request.";
    BundleSharesKey = 422, "bundle-shares-a-ticket-key", Others, "A ticket key of the bundle belongs to another event: its tickets would open the gates of both.";
    BundleNotInForce = 422, "bundle-not-in-force", Others, "A key of the first bundle cannot be used now: it must be active and in its window.";
    TooManyHeld = 429, "too-many-held", Buyers, "Too many places are held and not paid for: pay for them or give them back, or try again when Retry-After says.";
    HeldInVain = 429, "held-in-vain", Buyers, "Places were held for long and not paid for: others come first now. Try again when Retry-After says.";
    TooManyWrongKeys = 429, "too-many-wrong-keys", Others, "Too many wrong API keys came from this address: look at the key, and try again when Retry-After says.";
    TooManyListeners = 429, "too-many-listeners", Others, "Too many clients listen for news at once: try again when Retry-After says.";
    TooManyLogIns = 429, "too-many-log-ins", Others, "Somebody has tried to log in from this address too often: try again when Retry-After says.";
    TooManyLinks = 429, "too-many-links", Buyers, "Too many links were asked for from this address: look for the letters that came, and try again when Retry-After says.";
    TooManyJoins = 429, "too-many-joins", Buyers, "Waiting lists of this event were joined too often from here or with this address: try again when Retry-After says.";
    TooManyPasses = 429, "too-many-passes", Buyers, "Too many have joined from this address within a minute: try again when Retry-After says.";
    TooManyTries = 429, "too-many-tries", Others, "Mailings were sent for a try too often within a day: look at the preview, and try again when Retry-After says.";
    Internal = 500, "internal", Buyers, "Something is wrong on our side, and the server's log says what. Try again; if it happens again, tell whoever runs the server.";
    Unavailable = 503, "unavailable", Buyers, "Nothing was changed. Try again in a moment.";
    Draining = 503, "draining", Buyers, "This server is shutting down. Ask another one of the same cloud, or this one when it is back.";
    BookingUnsettled = 503, "booking-unsettled", Buyers, "The booking has no outcome yet. Ask again with the same idempotency key: you are never charged twice.";
}

impl ProblemKind {
    /// The kinds with which any request that has a body may be refused.
    pub const OF_BODIES: [Self; 5] = [
        Self::Unreadable,
        Self::TooLarge,
        Self::NotJson,
        Self::WrongShape,
        Self::InvalidRequest,
    ];

    /// The kinds with which any request that has an idempotency key may be refused.
    pub const OF_KEYS: [Self; 4] = [
        Self::TooLarge,
        Self::InvalidRequest,
        Self::KeyReused,
        Self::RequestRunning,
    ];

    /// Returns the kind for a status with which the web framework answers a request that it cannot read.
    pub fn of_unread(status: u16) -> Self {
        [Self::WrongMethod, Self::TooLarge, Self::NotJson, Self::WrongShape]
            .into_iter()
            .find(|kind| kind.status() == status)
            .unwrap_or(Self::Unreadable)
    }
}
