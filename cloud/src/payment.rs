//! Taking money: what a booking asks of a payment gateway, whatever gateway it is; when to ask is the booking desk's.

pub mod sandbox;

use std::fmt;

use thiserror::Error;

use crate::ids::ChargeReference;
use crate::money::{DeclineReason, Money};
use crate::store::StoreError;
use sandbox::Sandbox;

/// What stands for the buyer's card; never logged, never stored.
#[derive(Clone)]
pub struct PaymentToken(pub String);

impl fmt::Debug for PaymentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaymentToken(..)")
    }
}

/// Asks for money.
#[derive(Debug, Clone)]
pub struct ChargeRequest {
    /// What the gateway knows it by. One reference is charged at most once.
    pub reference: ChargeReference,
    /// How much.
    pub amount: Money,
    /// From whom.
    pub token: PaymentToken,
}

/// What became of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChargeOutcome {
    /// The money is ours.
    Charged,
    /// No money has moved.
    Declined(DeclineReason),
}

/// The last word on a reference: after it the gateway never charges the reference again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaymentEnd {
    /// It was charged.
    Charged,
    /// It was charged and the money was given back.
    Refunded,
    /// It was not charged and will not be.
    NeverCharged,
}

/// Why a gateway gave no answer. Whether money has moved is unknown: ask for the conclusion.
#[derive(Debug, Clone, Error)]
pub enum GatewayError {
    /// The gateway could not be reached.
    #[error("the payment service cannot be reached")]
    Unreachable,
    /// The gateway did not answer in time.
    #[error("the payment service did not answer in time")]
    Timeout,
    /// The sandbox could not use its own record.
    #[error("the sandbox's own record failed")]
    Ledger(#[from] StoreError),
}

/// The gateways that can stand behind the booking desk.
#[derive(Debug)]
pub enum PaymentGateway {
    /// The one that moves no money.
    Sandbox(Sandbox),
}

impl PaymentGateway {
    /// Takes money, at most once for each reference.
    ///
    /// # Errors
    ///
    /// [`GatewayError`]; whether money has moved is unknown then.
    pub async fn charge(&self, request: ChargeRequest) -> Result<ChargeOutcome, GatewayError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.charge(request).await,
        }
    }

    /// Returns the last word on a reference, and sees to it that it is the last.
    ///
    /// # Errors
    ///
    /// [`GatewayError`]; ask again.
    pub async fn conclude(&self, reference: ChargeReference) -> Result<PaymentEnd, GatewayError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.conclude(reference).await,
        }
    }

    /// Returns the money of a reference back, at most once.
    ///
    /// # Errors
    ///
    /// [`GatewayError`]; ask again.
    pub async fn refund(&self, reference: ChargeReference) -> Result<(), GatewayError> {
        match self {
            Self::Sandbox(sandbox) => sandbox.refund(reference).await,
        }
    }

    /// Waits until what was answered is durable.
    pub async fn close(&self) {
        match self {
            Self::Sandbox(sandbox) => sandbox.close().await,
        }
    }
}
