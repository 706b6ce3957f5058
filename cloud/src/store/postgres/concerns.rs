//! Which event a command changes: a writer has it to itself from the beginning of its transaction.

use usher_keys::EventId;

use crate::selling::jobs::{FreeJobs, HeldJob, JobId};
use crate::selling::{
    BeginBooking, CloseBooking, ConfirmBooking, ErasePersonalData, Forget, HoldRequest, NotePayment,
    ReleaseRequest, RenewBooking, Tidy,
};
use crate::store::authority::{
    Append, DropLog, HaltAll, KeepCheckpoint, KeyUse, NewBundle, NewEnrolmentCode, NewKeys, NoteContact,
    NoteOwnPast, Resume, SealedKey,
};
use crate::store::organizing::{AddUnits, EventChange, MoveEvent, NewEvent, NewOrganizer, NewVenue, Publish};

/// A command of the store.
pub trait Concerns {
    /// Returns the event it changes; `None` when it is of no event.
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
    Tidy: event;
    Forget: event;
    ErasePersonalData: event;
    BeginBooking: reservation.event;
    ConfirmBooking: booking.event;
    CloseBooking: booking.event;
    NotePayment: booking.event;
    RenewBooking: booking.event;
    NewEvent: id;
    AddUnits: event;
    EventChange: event;
    MoveEvent: event;
    Publish: event;
    Append: event;
    DropLog: event;
    NewBundle: event;
    KeepCheckpoint: event;
    NewEnrolmentCode: id.event;
    NoteContact: event;
    NoteOwnPast: event;
    Resume: event;
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

impl Concerns for HeldJob {
    fn event(&self) -> Option<EventId> {
        match self.job {
            JobId::SettleBooking(booking) => Some(booking.event),
        }
    }
}

/// Of any event: each of its rows is only changed while it is what was read.
impl Concerns for FreeJobs {
    fn event(&self) -> Option<EventId> {
        None
    }
}

/// Of all events at once: where no server runs, or each hears of it as of any change.
impl Concerns for HaltAll {
    fn event(&self) -> Option<EventId> {
        None
    }
}

impl Concerns for NewOrganizer {
    fn event(&self) -> Option<EventId> {
        None
    }
}

impl Concerns for NewVenue {
    fn event(&self) -> Option<EventId> {
        None
    }
}
