//! The gateways that are set up: the one that takes the money, and those that still have payments from when they did.

use crate::selling::GatewayKind;

use super::sandbox::Sandbox;
use super::stripe::Stripe;
use super::{DisputesOf, GatewayError, PaymentGateway, ToldDispute};

/// The gateways that are set up: one takes the money, and the others end what they have begun.
#[derive(Debug)]
pub struct Gateways {
    in_use: PaymentGateway,
    others: Vec<PaymentGateway>,
    /// The one that is always there.
    invoice: PaymentGateway,
}

impl Gateways {
    /// Takes the gateway that takes the money, and those that may still have payments.
    pub fn new(in_use: PaymentGateway, others: Vec<PaymentGateway>) -> Self {
        Self {
            in_use,
            others,
            invoice: PaymentGateway::Invoice,
        }
    }

    /// Returns the one that takes the money.
    pub fn in_use(&self) -> &PaymentGateway {
        &self.in_use
    }

    /// Returns the one that has a payment.
    ///
    /// # Errors
    ///
    /// [`GatewayError::NotSetUp`]: no other one is asked, since it would know nothing of the payment.
    pub fn of(&self, kind: GatewayKind) -> Result<&PaymentGateway, GatewayError> {
        let found = self.all().find(|gateway| gateway.kind() == kind);
        found.ok_or(GatewayError::NotSetUp(kind))
    }

    /// Returns the sandbox, if it is set up.
    pub fn sandbox(&self) -> Option<&Sandbox> {
        self.all().find_map(|gateway| match gateway {
            PaymentGateway::Sandbox(sandbox) => Some(sandbox),
            PaymentGateway::Stripe(_) | PaymentGateway::Invoice => None,
        })
    }

    /// Returns Stripe, if it is set up.
    pub fn stripe(&self) -> Option<&Stripe> {
        self.all().find_map(|gateway| match gateway {
            PaymentGateway::Sandbox(_) | PaymentGateway::Invoice => None,
            PaymentGateway::Stripe(stripe) => Some(stripe),
        })
    }

    /// Lists disputes at all of them.
    ///
    /// # Errors
    ///
    /// [`GatewayError`] of the first one that does not tell.
    pub async fn disputes(&self, of: &DisputesOf) -> Result<Vec<ToldDispute>, GatewayError> {
        let mut told = Vec::new();
        for gateway in self.all() {
            told.extend(gateway.disputes(of).await?);
        }
        Ok(told)
    }

    /// Waits until what was answered is durable.
    pub async fn close(&self) {
        for gateway in self.all() {
            gateway.close().await;
        }
    }

    fn all(&self) -> impl Iterator<Item = &PaymentGateway> {
        std::iter::once(&self.in_use)
            .chain(&self.others)
            .chain([&self.invoice])
    }
}
