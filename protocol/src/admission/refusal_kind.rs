//! The kinds of refusals, by which they are counted, named for programs and put into words; when one applies is the rules' to say.

use crate::ticket::Rejection;

use super::{Reason, Referral, Refused};

/// Why nobody passed, without what differs from scan to scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalKind {
    /// [`Rejection::NotATicket`].
    NotATicket,
    /// [`Rejection::UnknownVersion`].
    UnknownVersion,
    /// [`Rejection::UnknownKey`].
    UnknownKey,
    /// [`Rejection::FalseSignature`].
    FalseSignature,
    /// [`Rejection::StruckKey`].
    StruckKey,
    /// [`Rejection::KeyOutOfWindow`].
    KeyOutOfWindow,
    /// [`Rejection::NotLive`].
    NotLive,
    /// [`Rejection::NotListed`], [`Referral::NotListed`].
    NotListed,
    /// [`Reason::OtherEvent`].
    OtherEvent,
    /// [`Reason::Superseded`].
    Superseded,
    /// [`Reason::Revoked`].
    Revoked,
    /// [`Reason::TooEarly`].
    TooEarly,
    /// [`Reason::TooLate`].
    TooLate,
    /// [`Reason::WrongZone`].
    WrongZone,
    /// [`Reason::UnknownGate`].
    UnknownGate,
    /// [`Reason::UnknownTier`].
    UnknownTier,
    /// [`Reason::AlreadyUsed`].
    AlreadyUsed,
    /// [`Reason::GroupTooLarge`].
    GroupTooLarge,
    /// [`Reason::DayUsedUp`].
    DayUsedUp,
    /// [`Reason::ZoneFull`].
    ZoneFull,
    /// [`Reason::TimeSlotFull`].
    TimeSlotFull,
    /// [`Referral::HomeUnreachable`].
    HomeUnreachable,
    /// [`Referral::HomeUnsettled`].
    HomeUnsettled,
    /// [`Referral::NotReady`].
    NotReady,
    /// [`Referral::OwnLogForked`].
    OwnLogForked,
    /// [`Referral::OwnLogBehind`].
    OwnLogBehind,
    /// [`Referral::Retired`].
    Retired,
    /// [`Referral::UpdateNeeded`].
    UpdateNeeded,
    /// [`Referral::NotAllowed`].
    NotAllowed,
    /// [`Referral::ScanOver`].
    ScanOver,
    /// [`Referral::ClockInDoubt`].
    ClockInDoubt,
    /// [`Referral::NoPlaces`].
    NoPlaces,
    /// [`Referral::AskerSilent`].
    AskerSilent,
}

impl RefusalKind {
    /// Returns the name for programs: in JSON, tables and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotATicket => "not_a_ticket",
            Self::UnknownVersion => "unknown_version",
            Self::UnknownKey => "unknown_key",
            Self::FalseSignature => "false_signature",
            Self::StruckKey => "struck_key",
            Self::KeyOutOfWindow => "key_out_of_window",
            Self::NotLive => "not_live",
            Self::NotListed => "not_listed",
            Self::OtherEvent => "other_event",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
            Self::TooEarly => "too_early",
            Self::TooLate => "too_late",
            Self::WrongZone => "wrong_zone",
            Self::UnknownGate => "unknown_gate",
            Self::UnknownTier => "unknown_tier",
            Self::AlreadyUsed => "already_used",
            Self::GroupTooLarge => "group_too_large",
            Self::DayUsedUp => "day_used_up",
            Self::ZoneFull => "zone_full",
            Self::TimeSlotFull => "time_slot_full",
            Self::HomeUnreachable => "home_unreachable",
            Self::HomeUnsettled => "home_unsettled",
            Self::NotReady => "not_ready",
            Self::OwnLogForked => "own_log_forked",
            Self::OwnLogBehind => "own_log_behind",
            Self::Retired => "retired",
            Self::UpdateNeeded => "update_needed",
            Self::NotAllowed => "not_allowed",
            Self::ScanOver => "scan_over",
            Self::ClockInDoubt => "clock_in_doubt",
            Self::NoPlaces => "no_places",
            Self::AskerSilent => "asker_silent",
        }
    }
}

impl Refused {
    /// Returns the kind of the refusal.
    pub fn kind(&self) -> RefusalKind {
        match self {
            Self::Deny(reason) => reason.kind(),
            Self::Refer(referral) => referral.kind(),
        }
    }
}

impl Reason {
    /// Returns the kind of the denial.
    pub fn kind(&self) -> RefusalKind {
        match self {
            Self::Rejected(rejection) => of_rejection(*rejection),
            Self::OtherEvent => RefusalKind::OtherEvent,
            Self::Superseded { .. } => RefusalKind::Superseded,
            Self::Revoked => RefusalKind::Revoked,
            Self::TooEarly { .. } => RefusalKind::TooEarly,
            Self::TooLate { .. } => RefusalKind::TooLate,
            Self::WrongZone => RefusalKind::WrongZone,
            Self::UnknownGate => RefusalKind::UnknownGate,
            Self::UnknownTier => RefusalKind::UnknownTier,
            Self::AlreadyUsed { .. } => RefusalKind::AlreadyUsed,
            Self::GroupTooLarge { .. } => RefusalKind::GroupTooLarge,
            Self::DayUsedUp { .. } => RefusalKind::DayUsedUp,
            Self::ZoneFull { .. } => RefusalKind::ZoneFull,
            Self::TimeSlotFull { .. } => RefusalKind::TimeSlotFull,
        }
    }
}

impl Referral {
    /// Returns the kind of the referral.
    pub fn kind(&self) -> RefusalKind {
        match self {
            Self::HomeUnreachable { .. } => RefusalKind::HomeUnreachable,
            Self::HomeUnsettled { .. } => RefusalKind::HomeUnsettled,
            Self::NotReady => RefusalKind::NotReady,
            Self::OwnLogForked => RefusalKind::OwnLogForked,
            Self::OwnLogBehind => RefusalKind::OwnLogBehind,
            Self::Retired => RefusalKind::Retired,
            Self::UpdateNeeded => RefusalKind::UpdateNeeded,
            Self::NotAllowed => RefusalKind::NotAllowed,
            Self::ScanOver => RefusalKind::ScanOver,
            Self::ClockInDoubt => RefusalKind::ClockInDoubt,
            Self::NoPlaces => RefusalKind::NoPlaces,
            Self::AskerSilent { .. } => RefusalKind::AskerSilent,
            Self::NotListed => RefusalKind::NotListed,
        }
    }
}

fn of_rejection(rejection: Rejection) -> RefusalKind {
    match rejection {
        Rejection::NotATicket => RefusalKind::NotATicket,
        Rejection::UnknownVersion { .. } => RefusalKind::UnknownVersion,
        Rejection::UnknownKey => RefusalKind::UnknownKey,
        Rejection::FalseSignature => RefusalKind::FalseSignature,
        Rejection::StruckKey => RefusalKind::StruckKey,
        Rejection::KeyOutOfWindow => RefusalKind::KeyOutOfWindow,
        Rejection::NotLive => RefusalKind::NotLive,
        Rejection::NotListed => RefusalKind::NotListed,
    }
}
