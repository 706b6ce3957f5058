//! What the cloud's API says of an order that cannot be, beyond the words of its kind.

use super::ProblemKind;
use crate::buyers::{self, HeldFrom};

/// Among which places there are too few.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlacesAmong {
    /// Those that anybody may have.
    Free,
    /// Those of a block.
    Block,
}

/// A problem of an order, of the places that are held for one, or of what is given away or back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderDetail<'a> {
    /// An order has too few or too many of one kind of ticket.
    WrongQuantity { min: u32, max: Option<u32> },
    /// An order has more tickets than the event allows.
    OrderTooLarge { most: u32 },
    /// An order has too many of the tickets that its code is for.
    TooManyWithCode { most: u32 },
    /// Too many places are held and not paid for.
    TooManyHeld {
        from: HeldFrom,
        held: u32,
        most: u32,
        retry_after_seconds: u64,
    },
    /// Places were held for long and not paid for.
    HeldInVain {
        from: HeldFrom,
        retry_after_seconds: u64,
    },
    /// Waiting lists of the event were joined too often.
    TooManyJoins { retry_after_seconds: u64 },
    /// Bookings of one address keep too many places unpaid.
    TooManyUnpaid {
        kept: u32,
        most: u32,
        retry_after_seconds: u64,
    },
    /// The event has or had vouchers of these codes.
    VouchersTaken { codes: &'a [String] },
    /// The seller has a till open already.
    TillOpen { till: &'a str },
    /// What came by bank transfer is less than the invoice, by so many minor units.
    PaidTooLittle { missing: i64 },
    /// What came by bank transfer is more than the invoice, by so many minor units.
    PaidTooMuch { excess: i64 },
    /// More would be given back than was paid; so much is left, in minor units of the currency.
    RefundTooMuch { left: i64 },
    /// The seats of one of many people are somebody else's.
    CompSeatsTaken { of: &'a str, seats: &'a str },
    /// There are too few places for one of many people.
    CompsShort {
        of: &'a str,
        wanted: u32,
        left: u32,
        among: PlacesAmong,
    },
}

impl OrderDetail<'_> {
    /// Returns what sort of problem it is.
    pub fn kind(&self) -> ProblemKind {
        match self {
            Self::WrongQuantity { .. } | Self::OrderTooLarge { .. } | Self::TooManyWithCode { .. } => {
                ProblemKind::WrongQuantity
            }
            Self::TillOpen { .. } => ProblemKind::TillOpen,
            Self::PaidTooLittle { .. } | Self::PaidTooMuch { .. } => ProblemKind::WrongInvoiceAmount,
            Self::TooManyHeld { .. } => ProblemKind::TooManyHeld,
            Self::HeldInVain { .. } => ProblemKind::HeldInVain,
            Self::TooManyJoins { .. } => ProblemKind::TooManyJoins,
            Self::TooManyUnpaid { .. } => ProblemKind::TooManyHeld,
            Self::VouchersTaken { .. } => ProblemKind::VoucherTaken,
            Self::RefundTooMuch { .. } => ProblemKind::RefundTooMuch,
            Self::CompSeatsTaken { .. } => ProblemKind::UnitsTaken,
            Self::CompsShort { .. } => ProblemKind::UnitsShort,
        }
    }

    /// Returns what is wrong and what to do.
    pub fn words(&self) -> String {
        match self {
            Self::WrongQuantity { min, max } => buyers::wrong_quantity(*min, *max),
            Self::OrderTooLarge { most } => buyers::order_too_large(*most),
            Self::TooManyWithCode { most } => buyers::too_many_with_code(*most),
            Self::TooManyHeld {
                from,
                held,
                most,
                retry_after_seconds,
            } => buyers::too_many_held(*from, (*held, *most), *retry_after_seconds),
            Self::HeldInVain {
                from,
                retry_after_seconds,
            } => buyers::held_in_vain(*from, *retry_after_seconds),
            Self::TooManyJoins { retry_after_seconds } => buyers::too_many_joins(*retry_after_seconds),
            Self::TooManyUnpaid {
                kept,
                most,
                retry_after_seconds,
            } => buyers::too_many_unpaid((*kept, *most), *retry_after_seconds),
            Self::VouchersTaken { codes } => {
                let codes = codes.join(", ");
                format!("The event has, or had, vouchers with these codes: {codes}. No voucher was made.")
            }
            Self::TillOpen { till } => {
                format!("You have the till {till} open at this event: count and close it first.")
            }
            Self::PaidTooLittle { missing } => {
                format!("{} {missing} are missing (in minor units).", self.kind().words())
            }
            Self::PaidTooMuch { excess } => {
                format!("{} {excess} are too much (in minor units).", self.kind().words())
            }
            Self::RefundTooMuch { left } => {
                format!("{} At most {left} are left.", self.kind().words())
            }
            Self::CompSeatsTaken { of, seats } => {
                format!("{of}: somebody else has {seats}. Nobody got anything.")
            }
            Self::CompsShort {
                of,
                wanted,
                left,
                among,
            } => {
                let among = match among {
                    PlacesAmong::Free => "free",
                    PlacesAmong::Block => "in the block",
                };
                format!("{of}: {wanted} places are asked for, and {left} are {among}. Nobody got anything.")
            }
        }
    }
}
