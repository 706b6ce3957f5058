//! The one way to what the cloud keeps: operations of the domain, whatever engine runs them; no rule of selling is decided elsewhere.
//!
//! Every operation takes one request with the time in it and gives one outcome. A refusal (a seat is taken, a
//! reservation has expired) is an outcome; a [`StoreError`] means that nothing was decided and nothing has changed.

pub mod access_tokens;
pub mod acts;
pub mod api_keys;
mod audit;
mod audited;
pub mod authority;
pub mod cells;
pub(crate) mod engine;
pub mod error;
pub mod finding;
pub mod location;
mod move_mark;
mod opening;
pub(crate) mod operations;
pub mod organizing;
mod postgres;
pub mod relocation;
pub mod schema;
pub mod search;
pub(crate) mod sql;
mod sql_error;
pub(crate) mod sqlite;

#[cfg(test)]
pub(crate) mod contract;

use std::sync::Arc;

use futures_util::future::try_join_all;
use usher_keys::{EventId, PublicKey, Timestamp};
use usher_protocol::log::Run;

use crate::catalogue::availability::{ChangesQuery, KeptAvailability, NewAvailability};
use crate::catalogue::{Event, EventLine, Layout, Occupancy, OccupancyQuery};
use crate::ids::{BookingId, ChargeReference, OrganizerId, RefundId, ReservationId, TicketId, VoucherId};
use crate::kept_answers::{ClaimKey, ClaimOutcome, ForgetAnswers, FreeKey, KeepAnswer};
use crate::selling::blocks::{Block, NewBlock, NewBlockOutcome, ReleaseBlock, ReleaseBlockOutcome};
use crate::selling::booking_lists::{BookingsPage, BookingsQuery};
use crate::selling::buyer_bounds::OwnBuyerBounds;
use crate::selling::canceling::{CancelEvent, CancelOutcome, CancelProgress, RefundCanceled, RefundedSome};
use crate::selling::claimant::OwnBounds;
use crate::selling::comps::{BeginComps, BeginCompsOutcome};
use crate::selling::counter::{BeginCounterSale, CounterOutcome};
use crate::selling::daily_report::DailyReport;
use crate::selling::disputes::{Dispute, DisputesQuery, NoteDispute};
use crate::selling::jobs::{HeldJob, Job, JobCounts, JobId, LeaseOutcome};
use crate::selling::journal::Balances;
use crate::selling::receipts::{Receipt, ReceiptsQuery};
use crate::selling::reconciliation::{ComparedDispute, KnownPayment, PaymentsQuery, TakenElsewhere};
use crate::selling::refunds::{
    BeginRefund, BeginRefundOutcome, NoteRefund, OpenRefund, Refund, RefundsQuery, RetryRefund,
};
use crate::selling::sales_lists::{MoneyLine, MoneyQuery, TicketLine, TicketsQuery};
use crate::selling::vouchers::{
    CodeCheck, CodeCheckOutcome, NewVouchers, NewVouchersOutcome, Voucher, VouchersQuery,
};
use crate::selling::{
    BeginBooking, BeginOutcome, Booking, CloseBooking, CloseOutcome, CodeQuery, ConfirmBooking,
    ConfirmOutcome, ErasePersonalData, Forget, HoldOutcome, HoldRequest, NoteOutcome, NotePayment,
    OpenBooking, ReleaseOutcome, ReleaseRequest, RenewBooking, RenewOutcome, Reservation, SoldTicket, Tidy,
};
pub use audit::{Audit, AuditedEvent, AuditedOrganizer};
pub use audited::audit;
use cells::Cells;
use cells::directory::{CellLine, NewCell, NewCellOutcome};
use engine::Engine;
pub use error::StoreError;
use location::CellName;
pub use operations::daily_report::DailyQuery;
use postgres::Concerns;
pub use sqlite::audit::of_file as audit_sqlite;
pub use sqlite::backup;

use acts::{ActsQuery, NewAct};
use authority::{
    Append, AppendOutcome, ChangedTicket, ChangesAfter, Code, CodeId, Contact, DropLog, FeedTotal,
    FeedVersion, GenerationQuery, Halt, KeepCheckpoint, NewBundle, NewBundleOutcome, NewCodeOutcome,
    NewEnrolmentCode, NewKeys, NoteContact, NoteOwnPast, PinnedBundle, PlacesQuery, RecordsQuery, Resume,
    RunQuery, SealedKey, StoredChanges, StoredCheckpoint, StoredRecord, UnitPlaces,
};
use organizing::{
    AddUnits, ChangeOutcome, EventChange, EventSales, MoveEvent, MoveOutcome, NewOrganizer, NewVenue,
    Publish, PublishOutcome, RetryRefused, SalesQuery, SetBounds, ValidTickets, Venue,
};
use search::ForgetListings;

/// The store; clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    /// The home cell's, which is the only one unless there are others.
    engine: Engine,
    /// The other cells, if the settings name any.
    cells: Option<Arc<Cells>>,
}

impl Store {
    /// Makes a store of one cell.
    fn of(engine: Engine) -> Self {
        Self { engine, cells: None }
    }

    /// Tells whether other processes may write to it too.
    pub fn is_shared(&self) -> bool {
        self.engines().iter().any(Engine::is_shared)
    }

    /// Returns the engine of the home cell, for another record in the same database.
    pub(crate) fn engine(&self) -> Engine {
        self.engine.clone()
    }

    /// Tells whether writes are taken.
    pub fn is_alive(&self) -> bool {
        self.engines().iter().all(Engine::is_alive)
    }

    /// Waits until everything asked for is durable, then refuses further work.
    pub async fn close(&self) {
        for engine in self.engines() {
            engine.close().await;
        }
    }
}

/// Writes the operations of the store for every engine: `writes` run in the group commit of the cell their event is in, `reads` beside
/// it; `gathers` ask every cell, and the answers become one. What is of no event is at home.
macro_rules! operations {
    (
        writes { $( $(#[$write_doc:meta])* $write:ident($write_request:ty) -> $write_outcome:ty = $write_by:path; )* }
        reads { $( $(#[$read_doc:meta])* $read:ident($read_request:ty) -> $read_outcome:ty = $read_by:path; )* }
        gathers {
            $( $(#[$all_doc:meta])* $all:ident($all_request:ty) -> $all_outcome:ty = $all_by:path, $as_one:path; )*
        }
    ) => {
        impl Store {
            $(
                $(#[$write_doc])*
                ///
                /// # Errors
                ///
                /// [`StoreError`]; nothing has changed then.
                pub async fn $write(&self, request: $write_request) -> Result<$write_outcome, StoreError> {
                    let event = Concerns::event(&request);
                    let engine = self.engine_of(event).await?;
                    engine.write(event, move |connection| $write_by(connection, &request)).await
                }
            )*
            $(
                $(#[$read_doc])*
                ///
                /// # Errors
                ///
                /// [`StoreError`].
                pub async fn $read(&self, request: $read_request) -> Result<$read_outcome, StoreError> {
                    let engine = self.engine_of(Concerns::event(&request)).await?;
                    engine.read(move |connection| $read_by(connection, &request)).await
                }
            )*
            $(
                $(#[$all_doc])*
                ///
                /// # Errors
                ///
                /// [`StoreError`].
                pub async fn $all(&self, request: $all_request) -> Result<$all_outcome, StoreError> {
                    let asked = self.answering_engines()?.into_iter().map(|engine| async move {
                        engine.read(move |connection| $all_by(connection, &request)).await
                    });
                    Ok($as_one(try_join_all(asked).await?))
                }
            )*
        }
    };
}

mod counters;
mod endpoints;
mod letters;
mod links;
mod people;
mod rooms;

operations! {
    writes {
        // Selling.
        /// Claims units for a reservation, all of them or none.
        hold(HoldRequest) -> HoldOutcome = operations::holds::hold;
        /// Gives a reservation's units back before its time.
        release(ReleaseRequest) -> ReleaseOutcome = operations::holds::release;
        /// Sets units of an event aside.
        add_block(NewBlock) -> NewBlockOutcome = operations::blocks::add_block;
        /// Puts units of a block on sale again.
        release_block(ReleaseBlock) -> ReleaseBlockOutcome = operations::blocks::release_block;
        /// Opens a booking that costs nothing for each person of a list, once for each idempotency key.
        begin_comps(BeginComps) -> BeginCompsOutcome = operations::comps::begin_comps;
        /// Opens the booking of a sale at a counter, once for each idempotency key.
        begin_counter_sale(BeginCounterSale) -> CounterOutcome = operations::counter::begin_counter_sale;
        /// Adds vouchers of the same terms, all of them or none.
        add_vouchers(NewVouchers) -> NewVouchersOutcome = operations::vouchers::add_vouchers;
        /// Stops a voucher for good; tells whether there is one.
        stop_voucher(VoucherId) -> bool = operations::vouchers::stop_voucher;
        /// Returns what a code is good for; a wrong one counts as units that were held in vain.
        check_code(CodeCheck) -> CodeCheckOutcome = operations::vouchers::check_code;
        /// Keeps the next availability in place of the one it follows, with what has changed; tells whether it was the first to follow it.
        keep_availability(NewAvailability) -> bool = operations::availability::keep_availability;
        /// Writes expired units down as available; nothing depends on it.
        tidy(Tidy) -> usize = operations::holds::tidy;
        /// Deletes reservations that nothing came of, some time after their end; nothing depends on it.
        forget(Forget) -> usize = operations::bounds::forget;
        /// Erases who the buyers of a past event were; tells of how many bookings.
        erase_personal_data(ErasePersonalData) -> usize = operations::retention::erase_personal_data;
        /// Marks a reservation's units as paying and opens its booking, once for each idempotency key.
        begin_booking(BeginBooking) -> BeginOutcome = operations::begin::begin_booking;
        /// Turns an open booking into tickets.
        confirm_booking(ConfirmBooking) -> ConfirmOutcome = operations::close::confirm_booking;
        /// Ends an open booking without tickets.
        close_booking(CloseBooking) -> CloseOutcome = operations::close::close_booking;
        /// Writes down how the payment of an open booking goes on.
        note_payment(NotePayment) -> NoteOutcome = operations::note::note_payment;
        /// Gives an ended booking a new id; the one it had leads nowhere from then on.
        renew_booking(RenewBooking) -> RenewOutcome = operations::renew::renew_booking;
        /// Begins to give money of a booking back, once for each idempotency key.
        begin_refund(BeginRefund) -> BeginRefundOutcome = operations::refunds::begin_refund;
        /// Writes down how a refund goes on.
        note_refund(NoteRefund) -> NoteOutcome = operations::refunds::note_refund;
        /// Tries a refund again that the gateway has refused; tells whether it was one.
        retry_refund(RetryRefund) -> bool = operations::refunds::retry_refund;
        /// Writes down how a dispute stands; tells whether that is news.
        note_dispute(NoteDispute) -> bool = operations::disputes::note_dispute;

        /// Cancels an event for good and begins to give back what was paid for it.
        cancel_event(CancelEvent) -> CancelOutcome = operations::canceling::cancel_event;
        /// Begins the next refunds of a canceled event.
        refund_canceled(RefundCanceled) -> RefundedSome = operations::canceling::refund_canceled;
        /// Tries refunds of an event again that the gateway has refused; tells how many.
        retry_refused(RetryRefused) -> usize = operations::canceling::retry_refused;

        // Jobs.
        /// Leases a job to a holder, for the first time or again.
        lease_job(HeldJob) -> LeaseOutcome = operations::jobs::lease_job;
        /// Puts a job off after a failure; tells how often it has failed, if the holder still had it.
        put_off_job(HeldJob) -> Option<u32> = operations::jobs::put_off_job;

        // Organizing.
        /// Writes down an act of an organizer's; tells the number of its line.
        add_act(NewAct) -> u64 = operations::acts::add_act;
        /// Adds an organizer with its first API key.
        add_organizer(NewOrganizer) -> () = operations::organizers::add_organizer;
        /// Adds a venue.
        add_venue(NewVenue) -> () = operations::organizers::add_venue;
        /// Adds some of a draft's units.
        add_units(AddUnits) -> () = operations::drafts::add_units;
        /// Changes an event.
        change_event(EventChange) -> ChangeOutcome = operations::drafts::change_event;
        /// Sets what one client may hold of an event without paying.
        set_bounds(SetBounds) -> () = operations::bounds::set_bounds;
        /// Moves an event to another date, its windows with it, and frees what is held and not paid for: nobody shall pay for a
        /// date they have not seen.
        move_event(MoveEvent) -> MoveOutcome = operations::moves::move_event;
        /// Puts a complete draft on sale.
        publish(Publish) -> PublishOutcome = operations::drafts::publish;

        // The authority.
        /// Appends to an event's logs, with what changes beside them, if it follows what is stored or is stored already.
        append(Append) -> AppendOutcome = operations::authority::append::append;
        /// Drops the copy of a log, to be fetched anew; tells whether there was one.
        drop_log(DropLog) -> bool = operations::authority::append::drop_log;
        /// Notes that a device holds more of the authority's own log than is stored, and halts the event.
        note_own_past(NoteOwnPast) -> () = operations::authority::halts::note_own_past;
        /// Ends the halt of an event, unless more has become known of it; tells whether it did.
        resume(Resume) -> bool = operations::authority::halts::resume;
        /// Adds the next version of an event's trust bundle.
        add_bundle(NewBundle) -> NewBundleOutcome = operations::authority::trust::add_bundle;
        /// Keeps a checkpoint in place of the one before.
        keep_checkpoint(KeepCheckpoint) -> () = operations::authority::trust::keep_checkpoint;
        /// Adds secret keys, unless there are not as many as were known.
        add_keys(NewKeys) -> bool = operations::secret_keys::add_keys;
        /// Puts a key that is sealed anew in place of what it was; tells whether there was one.
        reseal_key(SealedKey) -> bool = operations::secret_keys::reseal_key;
        /// Adds an enrolment code.
        add_code(NewEnrolmentCode) -> NewCodeOutcome = operations::authority::devices::add_code;
        /// Writes down when a device was last linked.
        note_contact(NoteContact) -> () = operations::authority::devices::note_contact;

        // Looking for events.
        /// Takes listings of past events away; tells how many.
        forget_listings(ForgetListings) -> usize = operations::listings::forget_listings;

        // Idempotency keys.
        /// Begins a request, unless it was begun before with its key.
        claim_key(ClaimKey) -> ClaimOutcome = operations::kept_answers::claim_key;
        /// Keeps the answer of a request; tells whether it was still this one's to keep.
        keep_answer(KeepAnswer) -> bool = operations::kept_answers::keep_answer;
        /// Frees the key of a request that was not done.
        free_key(FreeKey) -> () = operations::kept_answers::free_key;
        /// Deletes answers that were kept long enough; tells how many.
        forget_answers(ForgetAnswers) -> usize = operations::kept_answers::forget_answers;

        // Cells.
        /// Lets a cell take new events.
        add_cell(NewCell) -> () = operations::cells::add_cell;
        /// Makes a database a cell, unless there is something in it.
        become_cell(NewCell) -> NewCellOutcome = operations::cells::become_cell;
    }
    reads {
        // Selling.
        /// Finds a reservation.
        reservation(ReservationId) -> Option<Reservation> = operations::rows::reservation;
        /// Lists the blocks of an event, the first one first.
        blocks(EventId) -> Vec<Block> = operations::blocks::blocks;
        /// Lists receipts of an event, the first one first.
        receipts(ReceiptsQuery) -> Vec<Receipt> = operations::receipts::receipts;
        /// Lists vouchers of an event, the first one first.
        vouchers(VouchersQuery) -> Vec<Voucher> = operations::vouchers::vouchers;
        /// Finds a booking with its tickets.
        booking(BookingId) -> Option<Booking> = operations::rows::booking;
        /// Lists bookings of an event.
        bookings(BookingsQuery) -> BookingsPage = operations::booking_lists::bookings;
        /// Lists tickets of an event.
        tickets(TicketsQuery) -> Vec<TicketLine> = operations::sales_lists::tickets;
        /// Lists the money that has moved at an event.
        money(MoneyQuery) -> Vec<MoneyLine> = operations::sales_lists::money;
        /// Returns what an event has sold and given back, day by day.
        daily_report(DailyQuery) -> DailyReport = operations::daily_report::daily_report;
        /// Finds the last booking of a reservation, unless it was given a new id.
        booking_of_reservation(ReservationId) -> Option<Booking> = operations::rows::booking_of_reservation;
        /// Finds the booking that a charge is for.
        booking_of_charge(ChargeReference) -> Option<BookingId> = operations::rows::booking_of_charge;
        /// Finds a ticket.
        ticket(TicketId) -> Option<SoldTicket> = operations::rows::ticket;
        /// Finds the payload of the ticket with a ticket code, valid or not.
        payload_of_code(CodeQuery) -> Option<String> = operations::codes::payload_of_code;
        /// Finds a booking if its payment is not over.
        open_booking(BookingId) -> Option<OpenBooking> = operations::rows::open_booking;
        /// Finds a refund.
        refund(RefundId) -> Option<Refund> = operations::refund_rows::refund;
        /// Finds a refund that is on its way.
        open_refund(RefundId) -> Option<OpenRefund> = operations::refund_rows::open_refund;
        /// Returns what the accounts of an event hold.
        balances(EventId) -> Balances = operations::journal::balances;
        /// Lists refunds of an event, the first one first.
        refunds(RefundsQuery) -> Vec<Refund> = operations::refund_rows::refunds;
        /// Lists disputes of an event, the first one first.
        disputes(DisputesQuery) -> Vec<Dispute> = operations::disputes::disputes;
        /// Lists the refunds of a booking, the first one first.
        refunds_of(BookingId) -> Vec<Refund> = operations::refund_rows::refunds_of;

        /// Lists tickets of an event that are valid.
        valid_tickets(ValidTickets) -> Vec<TicketId> = operations::canceling::valid_tickets;
        /// Returns how far the cancellation of an event has come, or what there is to give back before it is canceled.
        cancel_progress(EventId) -> CancelProgress = operations::canceling::cancel_progress;

        // Jobs.
        /// Finds a job.
        job(JobId) -> Option<Job> = operations::jobs::job;

        // The catalogue.
        /// Finds an event, drafts too.
        event(EventId) -> Option<Event> = operations::catalogue::event;
        /// Lists an event's seats, which never change once it is published.
        layout(EventId) -> Layout = operations::catalogue::layout;
        /// Finds the availability that is kept of an event.
        availability(EventId) -> Option<KeptAvailability> = operations::availability::availability;
        /// Finds what changed after a version of the availability until the next one, which it names.
        availability_changes(ChangesQuery) -> Option<(u64, String)> = operations::availability::availability_changes;
        /// Returns which seats are free, and how many units of each tier.
        occupancy(OccupancyQuery) -> Occupancy = operations::catalogue::occupancy;

        // Organizing.
        /// Lists the lines of an organizer's acts with their numbers, oldest first.
        acts(ActsQuery) -> Vec<(u64, String)> = operations::acts::acts;
        /// Finds what the organizer of an event lets one client hold without paying.
        own_bounds(EventId) -> OwnBounds = operations::bounds::own_bounds;
        /// Finds what the challenges of an event are signed with, if it asks for a proof of work.
        proof_secret(EventId) -> Option<[u8; 32]> = operations::proofs::secret;
        /// Finds what one buyer may do at an event, as its organizer has set it.
        own_buyer_bounds(EventId) -> OwnBuyerBounds = operations::buyer_bounds::own_buyer_bounds;
        /// Lists an organizer's venues.
        venues(OrganizerId) -> Vec<Venue> = operations::organizers::venues;
        /// Counts what an event has sold.
        sales(SalesQuery) -> EventSales = operations::catalogue::sales;

        // The authority.
        /// Finds what is stored of an event beyond what is known of it.
        changes_after(ChangesAfter) -> StoredChanges = operations::authority::feed::changes_after;
        /// Lists records of all logs of an event, in the order in which the store came to hold them.
        records(RecordsQuery) -> Vec<StoredRecord> = operations::authority::logs::records;
        /// Finds the next run of a log.
        run(RunQuery) -> Option<Run> = operations::authority::logs::run;
        /// Finds the newest trust bundle of an event.
        trust_bundle(EventId) -> Option<PinnedBundle> = operations::authority::trust::trust_bundle;
        /// Finds the newest checkpoint of an event.
        checkpoint(EventId) -> Option<StoredCheckpoint> = operations::authority::trust::checkpoint;
        /// Finds the key that names the cloud on the network.
        link_key(()) -> Option<SealedKey> = operations::secret_keys::link_key;
        /// Lists the secret keys of an event.
        event_keys(EventId) -> Vec<SealedKey> = operations::secret_keys::event_keys;
        /// Finds an enrolment code.
        code(CodeId) -> Option<Code> = operations::authority::devices::code;
        /// Lists the devices that were enrolled to last as long as the event.
        lasting_devices(EventId) -> Vec<PublicKey> = operations::authority::devices::lasting_devices;
        /// Lists when each device of an event was last linked.
        contacts(EventId) -> Vec<Contact> = operations::authority::devices::contacts;
        /// Finds what units are, for people.
        places(PlacesQuery) -> UnitPlaces = operations::authority::logs::places;
        /// Lists the units whose newest ticket is void or not the first, with that ticket's generation.
        changed_tickets(EventId) -> Vec<ChangedTicket> = operations::authority::logs::changed_tickets;
        /// Finds the ticket of a generation.
        ticket_of(GenerationQuery) -> Option<TicketId> = operations::authority::logs::ticket_of;

        // Cells.
        /// Lists the cells that take new events, with how many they have.
        cell_lines(()) -> Vec<CellLine> = operations::cells::cells;
        /// Finds which cell this database is.
        this_cell(()) -> Option<CellName> = operations::cells::this_cell;
    }
    gathers {
        /// Lists the events that have a trust bundle, and what counts the changes of each stands at.
        feed_versions(()) -> Vec<(EventId, FeedVersion)> = operations::authority::feed::feed_versions, cells::one_list;
        /// Adds up what counts the changes of all events: the cheap question whether anything has changed.
        feed_total(()) -> FeedTotal = operations::authority::feed::feed_total, cells::total;
        /// Lists the ids of all published events.
        published(()) -> Vec<EventId> = operations::catalogue::published, cells::one_list;
        /// Lists an organizer's events, drafts too, newest first.
        events_of(OrganizerId) -> Vec<EventLine> = operations::catalogue::events_of, cells::newest_first;
        /// Lists the payments that a gateway knows by an id of its own.
        gateway_payments(PaymentsQuery) -> Vec<KnownPayment> = operations::gateway_payments::gateway_payments, cells::one_list;
        /// Lists the events of which somebody waits for places.
        awaited_events(()) -> Vec<EventId> = operations::waiting_list::awaited_events, cells::one_list;
        /// Lists what is written down of disputes at a gateway.
        gateway_disputes(PaymentsQuery) -> Vec<(ComparedDispute, Timestamp)> = operations::gateway_payments::gateway_disputes, cells::one_list;
        /// Adds up what was paid past all gateways since a moment.
        taken_elsewhere(Timestamp) -> Vec<TakenElsewhere> = operations::gateway_payments::taken_elsewhere, cells::one_list;
        /// Counts the jobs.
        job_counts(()) -> JobCounts = operations::jobs::job_counts, cells::sum;
        /// Lists the events of which nothing is sold or ordered, and why.
        halts(()) -> Vec<(EventId, Halt)> = operations::authority::halts::halts, cells::oldest_first;
        /// Lists all secret keys.
        secret_keys(()) -> Vec<SealedKey> = operations::secret_keys::secret_keys, cells::one_list;
        /// Lists the events that a key was made for.
        events_of_key(PublicKey) -> Vec<EventId> = operations::secret_keys::events_of_key, cells::one_list;
    }
}
