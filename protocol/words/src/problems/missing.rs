//! What the cloud's API calls a thing that is not there, or not the caller's to see.

/// What was looked for in vain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// A page or route.
    Page,
    /// A script or style of the pages.
    File,
    /// Whatever an id stands for that no id looks like.
    Id,
    /// An id of two in an address, either of which may be wrong.
    IdWithin,
    /// An event of anybody's.
    Event,
    /// An event that buyers see.
    EventOnSale,
    /// An event of the caller's organizer.
    OwnEvent,
    /// A seat layout by its hash.
    Layout,
    /// A version of an event's availability.
    Version,
    /// A reservation.
    Reservation,
    /// A booking by its address.
    Booking,
    /// A booking of the event in the address.
    BookingOfEvent,
    /// A ticket by its address.
    Ticket,
    /// A ticket of the event in the address.
    TicketOfEvent,
    /// A ticket that its booking has, and that still counts.
    TicketOfBooking,
    /// The QR code of a ticket that no longer counts.
    QrCode,
    /// A refund of the event in the address.
    RefundOfEvent,
    /// A block of seats or places.
    Block,
    /// A voucher.
    Voucher,
    /// A venue of the caller's organizer.
    Venue,
    /// A device of the event in the address.
    Device,
    /// A hub of the event in the address.
    Hub,
    /// An address to which a payment service sends its webhooks.
    PaymentEndpoint,
    /// An endpoint of an organizer's, which is told what happens.
    Endpoint,
    /// A webhook that was sent, or is to be sent, to such an endpoint.
    Webhook,
    /// An API key of the caller's organizer.
    ApiKey,
    /// Somebody of the staff of the caller's organizer.
    Person,
    /// An invitation that the caller's organizer has sent.
    OwnInvitation,
    /// An invitation by the address that was sent.
    Invitation,
    /// An enrolment code.
    EnrolmentCode,
    /// A booking that has tickets by now.
    BookingWithTickets,
    /// A ticket of a booking that opens a gate.
    ValidTicketOfBooking,
    /// An entry of a waiting list.
    Waiter,
    /// What a mailed link to tickets opens.
    TicketsLink,
    /// The waiting room of an event.
    WaitingRoom,
    /// The published draw of a waiting room.
    Draw,
    /// A till of the event in the address.
    Till,
    /// A letter to a buyer of the event in the address.
    Letter,
    /// A key of the bundle in force that still counts.
    BundleKey,
    /// A booking whose tickets can be sent again.
    BookingToResend,
    /// A booking of the event in the address with a buyer's mail address.
    BookingWithAddress,
}

impl Missing {
    /// Returns what is not there and what to do about it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Page => "There is no such page.",
            Self::File => "There is no such file.",
            Self::Id => "There is no such id: check the address.",
            Self::IdWithin => "There is no such thing: an id in the address is not valid.",
            Self::Event => "There is no such event.",
            Self::EventOnSale => "There is no such event on sale.",
            Self::OwnEvent => "There is no such event of yours.",
            Self::Layout => "There is no such layout: its address is made of the hash in the availability.",
            Self::Version => "There is no such version: ask for the whole availability.",
            Self::Reservation => "There is no such reservation.",
            Self::Booking => "There is no such booking.",
            Self::BookingOfEvent => "There is no such booking of this event.",
            Self::Ticket => "There is no such ticket.",
            Self::TicketOfEvent => "There is no such ticket of this event.",
            Self::TicketOfBooking => {
                "There is no such ticket of this booking, or a newer one has taken its place."
            }
            Self::QrCode => "There is no QR code: the ticket is no longer valid, or a phone shows it live.",
            Self::RefundOfEvent => "There is no such refund of this event.",
            Self::Block => "There is no such block of this event.",
            Self::Voucher => "There is no such voucher of this event.",
            Self::Venue => "There is no such venue of yours.",
            Self::Device => "There is no such device of this event.",
            Self::Hub => "There is no such hub of this event.",
            Self::PaymentEndpoint => "There is no such endpoint.",
            Self::Endpoint => "There is no such endpoint of this event.",
            Self::Webhook => "There is no such webhook of this event.",
            Self::ApiKey => "There is no such API key of yours.",
            Self::Person => "There is no such person of yours.",
            Self::OwnInvitation => "There is no such invitation of yours.",
            Self::Invitation => {
                "There is no such invitation: it was taken, or its time is over. Ask for another one."
            }
            Self::EnrolmentCode => {
                "There is no such enrolment code: copy the whole of it, or ask for a new one."
            }
            Self::BookingWithTickets => "There is no such booking with tickets.",
            Self::ValidTicketOfBooking => "There is no valid ticket of this booking.",
            Self::TicketsLink => {
                "This link was used, or its time is over: ask for another one at /my-tickets."
            }
            Self::Waiter => "There is no such entry of a waiting list.",
            Self::WaitingRoom => "There is no such event on sale, or it has no waiting room.",
            Self::Draw => "No draw of this event is published: it has none, or its lobby is still open.",
            Self::Till => "There is no such till of this event.",
            Self::Letter => "There is no such letter of this event.",
            Self::BundleKey => {
                "There is no such key in the bundle in force that is not struck out: see `usher-keys inspect`."
            }
            Self::BookingToResend => "There is no such booking with tickets and an address.",
            Self::BookingWithAddress => "There is no such booking of this event with an address.",
        }
    }
}
