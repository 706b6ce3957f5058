//! Comparing what is written down of payments with the list that their gateway keeps: every difference is named, and settled by a person.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use usher_keys::Timestamp;

use crate::ids::{ChargeReference, RefundId};
use crate::money::Money;

use super::booking_status::BookingState;
use super::bookings::PaymentId;
use super::disputes::DisputeState;
use super::refunds::RefundState;

/// What is written down of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPayment {
    pub charge: ChargeReference,
    /// What its gateway knows it by.
    pub payment: PaymentId,
    pub amount: Money,
    pub state: BookingState,
    /// What was given back of it since it was sold.
    pub refunds: Vec<KnownRefund>,
    pub opened_at: Timestamp,
}

/// What is written down of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownRefund {
    pub id: RefundId,
    pub amount: Money,
    pub state: RefundState,
}

/// A payment as its gateway lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPayment {
    pub payment: PaymentId,
    /// What we have named it; nothing if it is none of ours.
    pub charge: Option<ChargeReference>,
    /// How much; nothing if our units cannot say it.
    pub amount: Option<Money>,
    /// Whether the money was taken.
    pub is_paid: bool,
}

/// Money given back, as its gateway lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRefund {
    /// What the gateway has named it.
    pub name: String,
    pub payment: PaymentId,
    /// What we have named it: a refund, or a charge that was given back as a whole.
    pub reference: Option<String>,
    /// How much; nothing if our units cannot say it.
    pub amount: Option<Money>,
    /// Whether it was not given after all.
    pub has_failed: bool,
}

/// What a gateway lists since a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GatewayList {
    pub payments: Vec<ListedPayment>,
    pub refunds: Vec<ListedRefund>,
}

/// Something that the two sides say differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// We have written down a payment that the gateway does not list.
    NotListed(PaymentId),
    /// The gateway lists a payment under a name of ours of which nothing is written down.
    NotKnown(PaymentId),
    /// The gateway has taken money for what is none of ours.
    NotOurs(PaymentId),
    /// The amounts are not the same.
    Amount {
        payment: PaymentId,
        ours: Money,
        theirs: Option<Money>,
    },
    /// We have tickets out for it, and the gateway has not taken the money.
    SoldUnpaid(PaymentId),
    /// The gateway has taken the money, and we have neither tickets out for it nor given it back.
    PaidUnsold(PaymentId),
    /// We have written down that money was given back, and the gateway lists no such refund.
    RefundNotListed(RefundId),
    /// The gateway lists money as given back of which nothing is written down.
    RefundNotKnown { name: String, payment: PaymentId },
    /// The gateway lists a dispute of which nothing is written down.
    DisputeNotKnown(String),
    /// We have written down a dispute that the gateway does not list.
    DisputeNotListed(String),
    /// A dispute stands otherwise, or is about another amount.
    Dispute {
        name: String,
        ours: (DisputeState, Money),
        theirs: (DisputeState, Money),
    },
    /// The amounts of a refund are not the same.
    RefundAmount {
        refund: RefundId,
        ours: Money,
        theirs: Option<Money>,
    },
}

fn said(amount: Option<Money>) -> String {
    amount.map_or_else(
        || "an amount that our units cannot say".to_owned(),
        |amount| amount.to_string(),
    )
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotListed(PaymentId(id)) => {
                write!(f, "payment {id} is written down here, and not listed there")
            }
            Self::NotKnown(PaymentId(id)) => write!(
                f,
                "payment {id} is listed there under a name of ours, and not written down here"
            ),
            Self::NotOurs(PaymentId(id)) => write!(f, "payment {id} was taken there and has no name of ours"),
            Self::Amount {
                payment: PaymentId(id),
                ours,
                theirs,
            } => {
                write!(f, "payment {id} is {ours} here and {} there", said(*theirs))
            }
            Self::SoldUnpaid(PaymentId(id)) => {
                write!(f, "payment {id} has tickets here, and was not taken there")
            }
            Self::PaidUnsold(PaymentId(id)) => {
                write!(
                    f,
                    "payment {id} was taken there, and has neither tickets nor been given back here"
                )
            }
            Self::RefundNotListed(refund) => {
                write!(f, "refund {refund} was given here, and is not listed there")
            }
            Self::RefundNotKnown {
                name,
                payment: PaymentId(id),
            } => {
                write!(
                    f,
                    "refund {name} of payment {id} was given there, and is not written down here"
                )
            }
            Self::DisputeNotKnown(name) => {
                write!(f, "dispute {name} is listed there, and not written down here")
            }
            Self::DisputeNotListed(name) => {
                write!(f, "dispute {name} is written down here, and not listed there")
            }
            Self::Dispute { name, ours, theirs } => write!(
                f,
                "dispute {name} is {} about {} here, and {} about {} there",
                ours.0.word(),
                ours.1,
                theirs.0.word(),
                theirs.1
            ),
            Self::RefundAmount { refund, ours, theirs } => {
                write!(f, "refund {refund} is {ours} here and {} there", said(*theirs))
            }
        }
    }
}

/// Names every difference between what is written down of payments that were opened within a time and what the gateway lists. Both lists may reach
/// further back; what is still on its way on one side is no difference.
pub fn differences(known: &[KnownPayment], list: &GatewayList, opened: &Range<Timestamp>) -> Vec<Difference> {
    let ours: BTreeMap<&str, &KnownPayment> = known
        .iter()
        .map(|payment| (payment.payment.0.as_str(), payment))
        .collect();
    let theirs: BTreeMap<&str, &ListedPayment> = list
        .payments
        .iter()
        .map(|listed| (listed.payment.0.as_str(), listed))
        .collect();
    let mut found = Vec::new();
    for payment in known.iter().filter(|payment| opened.contains(&payment.opened_at)) {
        match theirs.get(payment.payment.0.as_str()) {
            Some(listed) => found.extend(of_payment(payment, listed)),
            None => found.push(Difference::NotListed(payment.payment.clone())),
        }
        found.extend(
            payment
                .refunds
                .iter()
                .filter_map(|refund| of_refund(refund, list)),
        );
    }
    for listed in &list.payments {
        if !ours.contains_key(listed.payment.0.as_str()) {
            found.extend(unknown(listed));
        }
    }
    let is_unknown = |refund: &&ListedRefund| !refund.has_failed && !is_known(refund, known);
    found.extend(
        list.refunds
            .iter()
            .filter(is_unknown)
            .map(|refund| Difference::RefundNotKnown {
                name: refund.name.clone(),
                payment: refund.payment.clone(),
            }),
    );
    found
}

fn of_payment(ours: &KnownPayment, theirs: &ListedPayment) -> Vec<Difference> {
    let mut found = Vec::new();
    if theirs.amount != Some(ours.amount) {
        found.push(Difference::Amount {
            payment: ours.payment.clone(),
            ours: ours.amount,
            theirs: theirs.amount,
        });
    }
    let id = || ours.payment.clone();
    match ours.state {
        BookingState::Confirmed | BookingState::Refunding | BookingState::Refunded if !theirs.is_paid => {
            found.push(Difference::SoldUnpaid(id()));
        }
        BookingState::Declined(_) | BookingState::Expired | BookingState::Canceled if theirs.is_paid => {
            found.push(Difference::PaidUnsold(id()));
        }
        BookingState::Confirmed
        | BookingState::Refunding
        | BookingState::Refunded
        | BookingState::Declined(_)
        | BookingState::Expired
        | BookingState::Canceled
        | BookingState::Paying
        | BookingState::ActionRequired
        | BookingState::Processing => {}
    }
    found
}

fn of_refund(ours: &KnownRefund, list: &GatewayList) -> Option<Difference> {
    let name = ours.id.to_string();
    let mut named = list
        .refunds
        .iter()
        .filter(|listed| listed.reference.as_ref() == Some(&name));
    let theirs = named.find(|listed| !listed.has_failed);
    match (ours.state, theirs) {
        (RefundState::Given, None) if ours.amount.minor > 0 => Some(Difference::RefundNotListed(ours.id)),
        (RefundState::Given | RefundState::Giving, Some(theirs)) if theirs.amount != Some(ours.amount) => {
            Some(Difference::RefundAmount {
                refund: ours.id,
                ours: ours.amount,
                theirs: theirs.amount,
            })
        }
        (
            RefundState::Given
            | RefundState::Giving
            | RefundState::Revoking
            | RefundState::Refused
            | RefundState::GivenOutside,
            _,
        ) => None,
    }
}

fn unknown(listed: &ListedPayment) -> Option<Difference> {
    match listed.charge {
        // It was opened just before a crash, and never will be paid: nobody has its token.
        Some(_) if !listed.is_paid => None,
        Some(_) => Some(Difference::NotKnown(listed.payment.clone())),
        None => listed
            .is_paid
            .then(|| Difference::NotOurs(listed.payment.clone())),
    }
}

/// Tells whether money was given back for something that is written down: a refund, or a payment that got no tickets.
fn is_known(listed: &ListedRefund, known: &[KnownPayment]) -> bool {
    let Some(payment) = known.iter().find(|payment| payment.payment == listed.payment) else {
        // Of a payment from before, or none of ours, of which something else is said.
        return true;
    };
    let Some(reference) = &listed.reference else {
        return false;
    };
    let is_of_payment = *reference == payment.charge.to_string()
        && matches!(payment.state, BookingState::Refunding | BookingState::Refunded);
    is_of_payment
        || payment
            .refunds
            .iter()
            .any(|refund| refund.id.to_string() == *reference)
}

/// A dispute of ours, as one of the two sides has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedDispute {
    /// What the gateway has named it.
    pub name: String,
    pub state: DisputeState,
    pub amount: Money,
}

/// Names every difference between our disputes, each with when it was heard of, and the gateway's list. The list begins well
/// before `since`, so every dispute heard of since then must be in it.
pub fn dispute_differences(
    known: &[(ComparedDispute, Timestamp)],
    listed: &[ComparedDispute],
    since: Timestamp,
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for theirs in listed {
        match known.iter().find(|(ours, _)| ours.name == theirs.name) {
            None => differences.push(Difference::DisputeNotKnown(theirs.name.clone())),
            Some((ours, _)) if ours != theirs => differences.push(Difference::Dispute {
                name: theirs.name.clone(),
                ours: (ours.state, ours.amount),
                theirs: (theirs.state, theirs.amount),
            }),
            Some(_) => {}
        }
    }
    let recent = known.iter().filter(|(_, heard_at)| since <= *heard_at);
    let unlisted = recent.filter(|(ours, _)| !listed.iter().any(|theirs| theirs.name == ours.name));
    differences.extend(unlisted.map(|(ours, _)| Difference::DisputeNotListed(ours.name.clone())));
    differences
}

/// What was paid past all gateways: it is in no list that could be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenElsewhere {
    /// At a counter or by invoice.
    pub way: super::gateway_kind::GatewayKind,
    /// How many bookings.
    pub bookings: u32,
    /// What was paid for them.
    pub amount: Money,
}

impl fmt::Display for TakenElsewhere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            way,
            bookings,
            amount,
        } = self;
        write!(f, "{bookings} bookings paid by {}, {amount} in all", way.word())
    }
}

/// Asks for what is written down of payments at a gateway.
#[derive(Debug, Clone, Copy)]
pub struct PaymentsQuery {
    pub gateway: super::gateway_kind::GatewayKind,
    /// Only those that were opened since then.
    pub since: Timestamp,
}

#[cfg(test)]
mod tests;
