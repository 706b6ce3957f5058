//! Who of an organizer may do what: one table of operations, each with the roles that may do it. Whose event it is, is asked elsewhere.

mod scopes;

use serde::{Deserialize, Serialize};

pub use scopes::{Grant, Scopes};

/// What somebody, or a key, is to an organizer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StaffRole {
    /// May do everything, and says who else may do what.
    Owner,
    /// Makes and sells events.
    Manager,
    /// Helps buyers, and voids tickets.
    BoxOffice,
    /// Helps buyers.
    Support,
    /// Looks after hubs, scanners and gates.
    GateAdmin,
    /// Sees everything and changes nothing.
    Auditor,
    /// Sees events and figures.
    Viewer,
}

impl StaffRole {
    /// All roles, the mightiest first.
    pub const ALL: [Self; 7] = [
        Self::Owner,
        Self::Manager,
        Self::BoxOffice,
        Self::Support,
        Self::GateAdmin,
        Self::Auditor,
        Self::Viewer,
    ];

    /// Returns the word for it in JSON and in the store.
    pub fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Manager => "manager",
            Self::BoxOffice => "box_office",
            Self::Support => "support",
            Self::GateAdmin => "gate_admin",
            Self::Auditor => "auditor",
            Self::Viewer => "viewer",
        }
    }

    /// Finds the role of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Tells whether it may do an operation.
    pub fn may(self, operation: Operation) -> bool {
        self == Self::Owner || operation.others().contains(&self)
    }
}

/// An operation as a type, so that a handler says in its arguments what it does; [`may`] has one for each.
pub trait Right: Send + Sync + 'static {
    /// The operation.
    const OPERATION: Operation;
}

/// Declares the operations: each has a name for programs, and the roles beside the owner that may do it.
macro_rules! operations {
    ($($operation:ident = $name:literal, $what:literal, [$($role:ident)*];)+) => {
        /// What an organizer's people and keys can ask for under `/v1/organizer`; each route is of one.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Operation {
            $(#[doc = $what] $operation,)+
        }

        impl Operation {
            /// All operations, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$operation,)+];

            /// Returns the name for programs.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$operation => $name,)+
                }
            }

            /// Returns what it does, in words.
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$operation => $what,)+
                }
            }

            /// Returns the roles that may do it beside the owner, who may do everything.
            fn others(self) -> &'static [StaffRole] {
                match self {
                    $(Self::$operation => &[$(StaffRole::$role),*],)+
                }
            }
        }

        /// Each operation as a type: `OwnEvent<may::Publish>` is an event that the caller may publish.
        pub mod may {
            use super::{Operation, Right};

            $(
                #[doc = $what]
                #[derive(Debug, Clone, Copy)]
                pub struct $operation;

                impl Right for $operation {
                    const OPERATION: Operation = Operation::$operation;
                }
            )+
        }
    };
}

operations! {
    SeeActs = "see_acts", "Lists what was done.", [Auditor];
    SeeApiKeys = "see_api_keys", "Lists API keys.", [Auditor];
    MakeApiKey = "make_api_key", "Makes an API key of any role.", [];
    RevokeApiKey = "revoke_api_key", "Revokes an API key.", [];
    SeeStaff = "see_staff", "Lists the organizer's people.", [Auditor];
    InviteStaff = "invite_staff", "Invites people, and takes invitations back.", [];
    ChangeStaff = "change_staff", "Changes what people may do, logs them out, and forgets them.", [];
    SeeVenues = "see_venues", "Lists venues.", [Manager BoxOffice Support GateAdmin Auditor Viewer];
    AddVenue = "add_venue", "Adds a venue.", [Manager];
    SeeEvents = "see_events", "Lists events, and shows one with what it has sold.", [Manager BoxOffice Support GateAdmin Auditor Viewer];
    AddEvent = "add_event", "Makes a draft.", [Manager];
    ChangeEvent = "change_event", "Changes an event and its prices.", [Manager];
    Publish = "publish", "Puts a draft on sale.", [Manager];
    MoveEvent = "move_event", "Moves an event to another date.", [Manager];
    CancelEvent = "cancel_event", "Cancels an event and gives all money back.", [Manager];
    SeeBlocks = "see_blocks", "Lists places that are set aside.", [Manager BoxOffice Support Auditor];
    ChangeBlocks = "change_blocks", "Sets places aside, and puts them on sale again.", [Manager BoxOffice];
    GiveComps = "give_comps", "Gives tickets away.", [Manager BoxOffice];
    SeeVouchers = "see_vouchers", "Lists vouchers with their codes.", [Manager BoxOffice Auditor];
    ChangeVouchers = "change_vouchers", "Makes vouchers, and stops them.", [Manager];
    SeeEndpoints = "see_endpoints", "Lists programs that are told what happens, and what they were told.", [Manager Auditor];
    ChangeEndpoints = "change_endpoints", "Says which programs are told what happens.", [Manager];
    HearNews = "hear_news", "Hears what happens at an event, with ids that open bookings and tickets.", [Manager];
    SeeLetters = "see_letters", "Lists letters to buyers, and what came of them.", [Manager BoxOffice Support Auditor];
    SendLetters = "send_letters", "Sends letters to buyers again.", [Manager BoxOffice Support];
    CorrectAddress = "correct_address", "Corrects a buyer's address.", [Manager BoxOffice Support];
    WriteToBuyers = "write_to_buyers", "Writes to all buyers of an event.", [Manager];
    ChangePolicy = "change_policy", "Changes what gates go by.", [Manager GateAdmin];
    RequestKeys = "request_keys", "Makes keys and asks for their signature.", [Manager];
    ChangeTrust = "change_trust", "Hands in a trust bundle.", [Manager];
    MakeEnrolmentCode = "make_enrolment_code", "Lets a device in.", [Manager GateAdmin];
    SeeDevices = "see_devices", "Lists devices.", [Manager Support GateAdmin Auditor];
    RevokeDevice = "revoke_device", "Shuts a device out.", [Manager GateAdmin];
    RetireHub = "retire_hub", "Gives a hub's units to others.", [Manager GateAdmin];
    SettleFork = "settle_fork", "Says which history of a device counts.", [Manager GateAdmin];
    RevokeTicket = "revoke_ticket", "Makes a ticket void.", [Manager BoxOffice];
    ReinstateTicket = "reinstate_ticket", "Makes a void ticket good again.", [Manager BoxOffice];
    ReissueTicket = "reissue_ticket", "Replaces a ticket for its holder.", [Manager BoxOffice Support];
    UnbindTicket = "unbind_ticket", "Takes a ticket off the phone that shows it.", [Manager BoxOffice Support];
    TransferTicket = "transfer_ticket", "Gives a ticket to somebody else.", [Manager BoxOffice Support];
    RenewBooking = "renew_booking", "Gives a booking a new id.", [Manager BoxOffice Support];
    GiveRefund = "give_refund", "Gives money of a booking back.", [Manager BoxOffice];
    SeeRefunds = "see_refunds", "Lists refunds.", [Manager BoxOffice Support Auditor];
    RetryRefund = "retry_refund", "Tries a refused refund again.", [Manager BoxOffice];
    CloseRefund = "close_refund", "Says that a refused refund was given by another way.", [Manager BoxOffice];
    SeeReceipts = "see_receipts", "Lists receipts.", [Manager BoxOffice Auditor];
    SeeDisputes = "see_disputes", "Lists disputes.", [Manager BoxOffice Support Auditor];
    SeeAdmissions = "see_admissions", "Lists scans.", [Manager Support GateAdmin Auditor];
    SeeIncidents = "see_incidents", "Lists contradictions.", [Manager Support GateAdmin Auditor];
    SeeBookings = "see_bookings", "Lists bookings and looks for them.", [Manager BoxOffice Support Auditor];
    SeeExports = "see_exports", "Writes bookings, tickets and money into files.", [Manager BoxOffice Auditor];
    SeeReport = "see_report", "Tells what was sold and given back each day.", [Manager BoxOffice Auditor Viewer];
    SeeTills = "see_tills", "Lists tills with what was sold and counted.", [Manager BoxOffice Auditor];
    OpenTill = "open_till", "Opens a till.", [Manager BoxOffice];
    CloseTill = "close_till", "Closes a till with what was counted.", [Manager BoxOffice];
    SellAtCounter = "sell_at_counter", "Sells at a counter.", [Manager BoxOffice];
    SettleInvoice = "settle_invoice", "Says that the bank transfer of a booking has come.", [Manager];
    SeeWaitingList = "see_waiting_list", "Lists who waits for places, with their addresses.", [Manager BoxOffice Support Auditor];
    SeeCounts = "see_counts", "Counts people.", [Manager BoxOffice Support GateAdmin Auditor Viewer];
}

impl Operation {
    /// Tells whether its requests may come with an idempotency key that this server looks after: what makes something or moves money, and has
    /// neither its key in a row of its own nor a secret in its answer.
    pub fn is_repeatable(self) -> bool {
        matches!(
            self,
            Self::AddVenue
                | Self::AddEvent
                | Self::CancelEvent
                | Self::RetryRefund
                | Self::CloseRefund
                | Self::OpenTill
        )
    }

    /// Finds the operation of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|operation| operation.name() == name)
    }

    /// Tells whether it only shows something.
    pub fn only_shows(self) -> bool {
        self.name().starts_with("see_") || self == Self::HearNews
    }

    /// Tells whether it is written down as an act: what may change something, and exports, which take along who the buyers are.
    pub fn is_recorded(self) -> bool {
        !self.only_shows() || self == Self::SeeExports
    }

    /// Tells whether somebody who is logged in needs a fresh one-time code for it: it lets others in, or moves much money.
    pub fn takes_a_fresh_code(self) -> bool {
        [
            Self::MakeApiKey,
            Self::RevokeApiKey,
            Self::InviteStaff,
            Self::ChangeStaff,
            Self::CancelEvent,
        ]
        .contains(&self)
    }

    /// Lists the roles that may do it.
    pub fn roles(self) -> Vec<StaffRole> {
        let all = StaffRole::ALL.into_iter();
        all.filter(|role| role.may(self)).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn whoever_only_looks_changes_nothing() {
        for operation in Operation::ALL {
            for role in [StaffRole::Auditor, StaffRole::Viewer] {
                let is_fine = !role.may(*operation) || operation.only_shows();
                assert!(is_fine, "{role:?} may {operation:?}");
            }
            // News open what they tell of.
            let sees = operation.only_shows() && *operation != Operation::HearNews;
            assert_eq!(StaffRole::Auditor.may(*operation), sees, "{operation:?}");
            assert!(StaffRole::Owner.may(*operation), "{operation:?}");
        }
    }

    #[test]
    fn a_role_and_an_operation_have_one_name_each() {
        for role in StaffRole::ALL {
            assert_eq!(StaffRole::from_word(role.word()), Some(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.word());
        }
        let names: BTreeSet<_> = Operation::ALL.iter().map(|operation| operation.name()).collect();
        assert_eq!(names.len(), Operation::ALL.len());
    }
}
