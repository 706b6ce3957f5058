//! Which event a command or question is about: its cell runs it, and a writer has the event to itself from the beginning of its transaction.

use usher_keys::{EventId, PublicKey, Timestamp};

use crate::buyers::{AskForLink, EndBuyerSession, OpenLink};
use crate::catalogue::OccupancyQuery;
use crate::catalogue::availability::{ChangesQuery, NewAvailability};
use crate::ids::{
    BookingId, ChargeReference, EndpointId, LetterId, MailingId, OrganizerId, RefundId, ReservationId,
    StaffId, TicketId, VoucherId, WebhookId,
};
use crate::kept_answers::{ClaimKey, ForgetAnswers, FreeKey, KeepAnswer};
use crate::letters::mailings::{NewMailing, RecipientsQuery, TryMailing, WriteLetters};
use crate::letters::{CorrectAddress, DueLetters, LettersQuery, NoteLetters, ReplayLetter, ResendTickets};
use crate::link_letters::{ForgetLinks, LinkLetter, TakeLinkLetters};
use crate::selling::blocks::{NewBlock, ReleaseBlock};
use crate::selling::booking_lists::BookingsQuery;
use crate::selling::canceling::{CancelEvent, RefundCanceled};
use crate::selling::comps::BeginComps;
use crate::selling::counter::BeginCounterSale;
use crate::selling::disputes::{DisputesQuery, NoteDispute};
use crate::selling::invoices::SettleInvoice;
use crate::selling::jobs::{HeldJob, JobId};
use crate::selling::receipts::ReceiptsQuery;
use crate::selling::refunds::{BeginRefund, NoteRefund, RefundsQuery, RetryRefund};
use crate::selling::sales_lists::{MoneyQuery, TicketsQuery};
use crate::selling::tills::{CloseTill, NewTill};
use crate::selling::vouchers::{CodeCheck, NewVouchers, VouchersQuery};
use crate::selling::waiting_list::{JoinList, OfferPlaces, WaiterQuery, WaitersQuery};
use crate::selling::{
    BeginBooking, CloseBooking, CodeQuery, ConfirmBooking, ErasePersonalData, Forget, HoldRequest,
    NotePayment, ReleaseRequest, RenewBooking, Tidy,
};
use crate::staff::{
    ChangeStaff, EndSession, EndSessions, FindStaff, NewInvitation, ProveStaff, RemoveStaff, ResealStaff,
    SessionCounts, TakeInvitation, WithdrawInvitation,
};
use crate::store::DailyQuery;
use crate::store::access_tokens::NewAccessToken;
use crate::store::acts::{ActsQuery, NewAct};
use crate::store::api_keys::{NewApiKey, NoteKeyUse, RevokeKey};
use crate::store::authority::{
    Append, ChangesAfter, CodeId, DropLog, GenerationQuery, KeepCheckpoint, KeyUse, NewBundle,
    NewEnrolmentCode, NewKeys, NoteContact, NoteOwnPast, PlacesQuery, RecordsQuery, Resume, RunQuery,
    SealedKey,
};
use crate::store::cells::directory::NewCell;
use crate::store::organizing::SalesQuery;
use crate::store::organizing::{
    AddUnits, EventChange, KeyHash, MoveEvent, NewOrganizer, NewVenue, Publish, RetryRefused, SetBounds,
    ValidTickets,
};
use crate::store::search::ForgetListings;
use crate::waiting_room::{
    DrawLobby, JoinRoom, LetThrough, LobbyQuery, PublishRoot, ResealRoom, SetRoom, SteerRoom,
};
use crate::webhooks::news::{NewsQuery, OpenNews};
use crate::webhooks::{
    DueWebhooks, NewEndpoint, NoteWebhooks, RemoveEndpoint, ReplayWebhook, ResealEndpoint, RotateSecret,
    TestEndpoint, WebhooksQuery,
};

/// A command to the store, or a question.
pub trait Concerns {
    /// Returns the event it is about; `None` when it is of no event.
    fn event(&self) -> Option<EventId>;
}

macro_rules! concerns {
    ($( $command:ty: $($field:ident).+; )*) => { $(
        impl Concerns for $command {
            fn event(&self) -> Option<EventId> {
                Some(self.$($field).+)
            }
        }
    )* };
}

concerns! {
    HoldRequest: reservation.event;
    ReleaseRequest: reservation.event;
    NewBlock: id.event;
    BeginComps: event;
    BeginCounterSale: reservation.event;
    SettleInvoice: booking.event;
    JoinList: waiter.event;
    WaiterQuery: waiter.event;
    OfferPlaces: event;
    WaitersQuery: event;
    NewTill: id.event;
    CloseTill: till.event;
    NewVouchers: event;
    VouchersQuery: event;
    ReceiptsQuery: event;
    CodeCheck: guess.event;
    VoucherId: event;
    ReleaseBlock: block.event;
    Tidy: event;
    Forget: event;
    ErasePersonalData: event;
    BeginBooking: reservation.event;
    ConfirmBooking: booking.event;
    CloseBooking: booking.event;
    NotePayment: booking.event;
    RenewBooking: booking.event;
    BeginRefund: booking.event;
    NoteRefund: refund.event;
    RetryRefund: refund.event;
    RetryRefused: event;
    CancelEvent: event;
    RefundCanceled: event;
    ValidTickets: event;
    NoteDispute: charge.event;
    AddUnits: event;
    EventChange: event;
    MoveEvent: event;
    Publish: event;
    NewEndpoint: id.event;
    RotateSecret: id.event;
    ResealEndpoint: id.event;
    RemoveEndpoint: id.event;
    TestEndpoint: id.event;
    ReplayWebhook: id.event;
    NoteWebhooks: endpoint.event;
    DueWebhooks: endpoint.event;
    WebhooksQuery: endpoint.event;
    EndpointId: event;
    WebhookId: event;
    OpenNews: event;
    NewsQuery: event;
    NoteLetters: event;
    DueLetters: event;
    LettersQuery: event;
    ReplayLetter: id.event;
    LetterId: event;
    ResendTickets: booking.event;
    CorrectAddress: booking.event;
    NewMailing: mailing.id.event;
    WriteLetters: mailing.event;
    MailingId: event;
    RecipientsQuery: event;
    SetBounds: event;
    SetRoom: event;
    JoinRoom: event;
    SteerRoom: event;
    PublishRoot: event;
    DrawLobby: event;
    LetThrough: event;
    LobbyQuery: event;
    ResealRoom: event;
    Append: event;
    DropLog: event;
    NewBundle: event;
    KeepCheckpoint: event;
    NewEnrolmentCode: id.event;
    NoteContact: event;
    NoteOwnPast: event;
    Resume: event;
    ReservationId: event;
    BookingId: event;
    TicketId: event;
    RefundId: event;
    RefundsQuery: event;
    DisputesQuery: event;
    BookingsQuery: event;
    DailyQuery: event;
    TicketsQuery: event;
    MoneyQuery: event;
    ChargeReference: event;
    CodeQuery: event;
    OccupancyQuery: event;
    NewAvailability: event;
    ChangesQuery: event;
    SalesQuery: event;
    ChangesAfter: event;
    RecordsQuery: event;
    RunQuery: event;
    CodeId: event;
    PlacesQuery: event;
    GenerationQuery: event;
}

impl Concerns for EventId {
    fn event(&self) -> Option<EventId> {
        Some(*self)
    }
}

impl Concerns for NewKeys {
    fn event(&self) -> Option<EventId> {
        self.event
    }
}

impl Concerns for SealedKey {
    fn event(&self) -> Option<EventId> {
        match self.used {
            KeyUse::Link => None,
            KeyUse::Event(event, _) => Some(event),
        }
    }
}

impl Concerns for JobId {
    fn event(&self) -> Option<EventId> {
        match self {
            Self::SettleBooking(booking) => Some(booking.event),
            Self::GiveRefund(refund) => Some(refund.event),
            Self::RefundEvent(event) => Some(*event),
            Self::SendWebhooks(endpoint) => Some(endpoint.event),
            Self::SendLetters(event) => Some(*event),
            Self::WriteLetters(mailing) => Some(mailing.event),
        }
    }
}

impl Concerns for HeldJob {
    fn event(&self) -> Option<EventId> {
        self.job.event()
    }
}

macro_rules! concerns_no_event {
    ($($request:ty),*) => { $(
        impl Concerns for $request {
            fn event(&self) -> Option<EventId> {
                None
            }
        }
    )* };
}

concerns_no_event!(
    (),
    PublicKey,
    NewAccessToken,
    NewInvitation,
    WithdrawInvitation,
    TakeInvitation,
    FindStaff,
    ProveStaff,
    ChangeStaff,
    RemoveStaff,
    EndSession,
    EndSessions,
    SessionCounts,
    ResealStaff,
    StaffId,
    NewOrganizer,
    NewVenue,
    OrganizerId,
    KeyHash,
    NewCell,
    ActsQuery,
    NewAct,
    NewApiKey,
    RevokeKey,
    NoteKeyUse,
    ClaimKey,
    KeepAnswer,
    FreeKey,
    ForgetAnswers,
    AskForLink,
    OpenLink,
    EndBuyerSession,
    TakeLinkLetters,
    LinkLetter,
    ForgetLinks,
    (KeyHash, Timestamp),
    TryMailing,
    ForgetListings
);
