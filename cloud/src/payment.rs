//! Taking money: what a booking asks of a payment gateway, whatever gateway it is; when to ask is told by the course of its payment.

mod gateways;
pub mod sandbox;
pub mod stripe;

use std::fmt;

use thiserror::Error;
use usher_keys::Timestamp;

use crate::ids::{ChargeReference, RefundId};
use crate::money::Money;
use crate::selling::course::{PaymentStatus, RefundStatus};
use crate::selling::disputes::DisputeState;
use crate::selling::{GatewayKind, PaymentId};
use crate::store::StoreError;
pub use gateways::Gateways;
use sandbox::Sandbox;
use stripe::{Stripe, StripeRefusal};

/// What stands for the buyer's card; never logged, never stored.
#[derive(Clone)]
pub struct PaymentToken(pub String);

impl fmt::Debug for PaymentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaymentToken(..)")
    }
}

/// Names a payment to its gateway.
#[derive(Debug, Clone)]
pub struct PaymentName {
    /// What we have named it.
    pub reference: ChargeReference,
    /// What the gateway has named it, once it was opened there.
    pub id: Option<PaymentId>,
}

/// A part of a payment that is given back.
#[derive(Debug, Clone, Copy)]
pub struct RefundPart {
    /// What the gateway shall know it by: it is given back once at most.
    pub refund: RefundId,
    /// How often a person had it tried: a gateway answers the same attempt as it did before.
    pub attempt: u32,
    /// How much.
    pub amount: Money,
}

/// Which disputes to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DisputesOf {
    /// Those of a payment.
    Payment(PaymentId),
    /// Those of all payments that were opened since then.
    Since(Timestamp),
}

/// A dispute as its gateway tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldDispute {
    /// What the gateway has named it.
    pub name: String,
    /// Of which charge of ours.
    pub charge: ChargeReference,
    /// How much the bank has taken back.
    pub amount: Money,
    pub state: DisputeState,
}

/// Asks for money.
#[derive(Debug, Clone)]
pub struct ChargeRequest {
    /// The payment, which is charged at most once.
    pub payment: PaymentName,
    /// How much.
    pub amount: Money,
    /// From whom.
    pub token: PaymentToken,
}

/// Why a gateway gave no answer. Whether money has moved is unknown: ask how the payment stands.
#[derive(Debug, Clone, Error)]
pub enum GatewayError {
    /// The gateway could not be reached.
    #[error("the payment service cannot be reached")]
    Unreachable,
    /// The gateway did not answer in time.
    #[error("the payment service did not answer in time")]
    Timeout,
    /// The gateway is too busy, or has failed.
    #[error("the payment service cannot answer now (HTTP {status})")]
    Busy { status: u16 },
    /// The gateway has said something that is not understood.
    #[error("the payment service said something that this version does not understand")]
    Unreadable,
    /// The gateway has refused the request, and nothing has changed.
    #[error("the payment service refused the request: {} {}", .0.r#type, .0.code.as_deref().unwrap_or_default())]
    Refused(Box<StripeRefusal>),
    /// The gateway takes no such amount.
    #[error("the payment service takes no such amount")]
    Amount,
    /// The payment was never opened.
    #[error("the payment was not opened at the payment service")]
    Unopened,
    /// The payment is at a gateway that the settings do not name.
    #[error("the payment is at {}, which is not set up: give its settings in [payments] until it is settled", .0.word())]
    NotSetUp(GatewayKind),
    /// The sandbox could not use its own record.
    #[error("the sandbox's own record failed")]
    Ledger(#[from] StoreError),
}

/// The gateways that can stand behind the booking desk.
#[derive(Debug)]
pub enum PaymentGateway {
    /// The one that moves no money.
    Sandbox(Sandbox),
    /// Stripe, or what speaks its API.
    Stripe(Stripe),
    /// The organizer's bank, of which we hear by its organizer alone: what it knows a payment by is written down once it is paid.
    Invoice,
}

/// Returns how a payment by bank transfer stands, which is not paid otherwise.
fn transferred(payment: &PaymentName, unpaid: PaymentStatus) -> PaymentStatus {
    match payment.id {
        Some(_) => PaymentStatus::Paid,
        None => unpaid,
    }
}

impl PaymentGateway {
    /// Returns which one it is.
    pub fn kind(&self) -> GatewayKind {
        match self {
            Self::Sandbox(_) => GatewayKind::Sandbox,
            Self::Stripe(_) => GatewayKind::Stripe,
            Self::Invoice => GatewayKind::Invoice,
        }
    }

    /// Tells whether it takes an amount at all.
    pub fn takes(&self, amount: Money) -> bool {
        match self {
            Self::Sandbox(_) | Self::Invoice => true,
            Self::Stripe(_) => stripe::amount::of_stripe(amount).is_some(),
        }
    }

    /// Lists the test cards that a page offers: the token of each, and what it does.
    pub fn test_cards(&self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Sandbox(_) => &sandbox::TEST_CARDS,
            Self::Stripe(_) => &stripe::TEST_CARDS,
            Self::Invoice => &[],
        }
    }

    /// Tells whether it knows a payment by our reference alone, so that nothing is to be opened before a charge.
    pub fn goes_by_references(&self) -> bool {
        match self {
            Self::Sandbox(_) | Self::Invoice => true,
            Self::Stripe(_) => false,
        }
    }

    /// Opens a payment, which moves no money; returns what the gateway knows it by.
    ///
    /// # Errors
    ///
    /// [`GatewayError`].
    pub async fn open(&self, reference: ChargeReference, amount: Money) -> Result<PaymentId, GatewayError> {
        match self {
            Self::Sandbox(_) | Self::Invoice => Ok(PaymentId(reference.to_string())),
            Self::Stripe(stripe) => stripe.open(reference, amount).await,
        }
    }

    /// Takes money, at most once for each payment.
    ///
    /// # Errors
    ///
    /// [`GatewayError`]; whether money has moved is unknown then.
    pub async fn charge(&self, request: ChargeRequest) -> Result<PaymentStatus, GatewayError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.charge(request).await,
            Self::Stripe(stripe) => stripe.charge(request).await,
            Self::Invoice => Ok(transferred(&request.payment, PaymentStatus::Processing)),
        }
    }

    /// Returns how a payment stands.
    ///
    /// # Errors
    ///
    /// [`GatewayError`]; ask again.
    pub async fn fetch(&self, payment: &PaymentName) -> Result<PaymentStatus, GatewayError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.fetch(payment.reference).await,
            Self::Stripe(stripe) => stripe.fetch(payment).await,
            Self::Invoice => Ok(transferred(payment, PaymentStatus::Processing)),
        }
    }

    /// Makes sure that a payment is never charged, unless it was charged already; returns its state then.
    ///
    /// # Errors
    ///
    /// [`GatewayError`]; ask again.
    pub async fn cancel(&self, payment: &PaymentName) -> Result<PaymentStatus, GatewayError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.cancel(payment.reference).await,
            Self::Stripe(stripe) => stripe.cancel(payment).await,
            Self::Invoice => Ok(transferred(payment, PaymentStatus::Canceled(None))),
        }
    }

    /// Returns the money of a payment back, all of it or a part, at most once.
    ///
    /// # Errors
    ///
    /// [`GatewayError`]; ask again.
    pub async fn refund(
        &self,
        payment: &PaymentName,
        part: Option<&RefundPart>,
    ) -> Result<RefundStatus, GatewayError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.refund(payment.reference, part).await,
            Self::Stripe(stripe) => stripe.refund(payment, part).await,
            // Nobody but a person can transfer it back.
            Self::Invoice => Ok(RefundStatus::Failed),
        }
    }

    /// Lists the disputes of a payment, or those of all payments since a moment, the last one first.
    ///
    /// # Errors
    ///
    /// [`GatewayError`]; ask again.
    pub async fn disputes(&self, of: &DisputesOf) -> Result<Vec<ToldDispute>, GatewayError> {
        match self {
            // Nobody has paid anything there.
            Self::Sandbox(_) | Self::Invoice => Ok(Vec::new()),
            Self::Stripe(stripe) => stripe.disputes(of).await,
        }
    }

    async fn close(&self) {
        match self {
            Self::Sandbox(sandbox) => sandbox.close().await,
            Self::Stripe(_) | Self::Invoice => {}
        }
    }
}
