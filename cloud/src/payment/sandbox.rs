//! The gateway that moves no money: test tokens choose what happens, and its own durable record remembers it through a crash.

pub mod ledger;

use std::time::Duration;

use crate::clock::Clock;
use crate::ids::ChargeReference;
use crate::money::DeclineReason;

use super::{ChargeOutcome, ChargeRequest, GatewayError, PaymentEnd};
use ledger::{LedgerEntry, SandboxLedger};

/// Longest delay a token may ask for.
pub const LONGEST_DELAY: Duration = Duration::from_secs(60);

/// The sandbox gateway.
#[derive(Debug)]
pub struct Sandbox {
    ledger: SandboxLedger,
    clock: Clock,
    may_crash: bool,
}

/// What a test token makes the sandbox do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    Charge,
    ChargeAfter(Duration),
    ChargeThenCrash,
    ChargeThenLoseReply,
    FailBeforeCharge,
    Decline(DeclineReason),
}

impl Script {
    /// Reads a token: `tok_ok`, `tok_decline`, `tok_slow_<ms>`, `tok_crash_after_charge`, `tok_lost_reply`,
    /// `tok_unreachable`; any other is unknown to the gateway.
    fn of(token: &str, may_crash: bool) -> Self {
        match token {
            "tok_ok" => Self::Charge,
            "tok_decline" => Self::Decline(DeclineReason::Card),
            "tok_crash_after_charge" if may_crash => Self::ChargeThenCrash,
            "tok_lost_reply" => Self::ChargeThenLoseReply,
            "tok_unreachable" => Self::FailBeforeCharge,
            _ => Self::slow(token).unwrap_or(Self::Decline(DeclineReason::UnknownToken)),
        }
    }

    fn slow(token: &str) -> Option<Self> {
        let delay = Duration::from_millis(token.strip_prefix("tok_slow_")?.parse().ok()?);
        (delay <= LONGEST_DELAY).then_some(Self::ChargeAfter(delay))
    }
}

impl Sandbox {
    /// Makes a sandbox on its record. `may_crash` lets `tok_crash_after_charge` abort the process.
    pub fn new(ledger: SandboxLedger, clock: Clock, may_crash: bool) -> Self {
        Self {
            ledger,
            clock,
            may_crash,
        }
    }

    /// Does what the token says.
    pub(super) async fn charge(&self, request: ChargeRequest) -> Result<ChargeOutcome, GatewayError> {
        match Script::of(&request.token.0, self.may_crash) {
            Script::Charge => self.record(&request).await,
            Script::ChargeAfter(delay) => {
                tokio::time::sleep(delay).await;
                self.record(&request).await
            }
            Script::ChargeThenCrash => {
                self.record(&request).await?;
                tracing::warn!("aborting after the charge, as the payment token asks");
                std::process::abort()
            }
            Script::ChargeThenLoseReply => {
                self.record(&request).await?;
                Err(GatewayError::Unreachable)
            }
            Script::FailBeforeCharge => Err(GatewayError::Unreachable),
            Script::Decline(reason) => Ok(ChargeOutcome::Declined(reason)),
        }
    }

    pub(super) async fn conclude(&self, reference: ChargeReference) -> Result<PaymentEnd, GatewayError> {
        Ok(match self.ledger.conclude(reference, self.clock.now()).await? {
            LedgerEntry::Charged => PaymentEnd::Charged,
            LedgerEntry::Refunded => PaymentEnd::Refunded,
            LedgerEntry::Void => PaymentEnd::NeverCharged,
        })
    }

    pub(super) async fn refund(&self, reference: ChargeReference) -> Result<(), GatewayError> {
        Ok(self.ledger.refund(reference, self.clock.now()).await?)
    }

    pub(super) async fn close(&self) {
        self.ledger.close().await;
    }

    async fn record(&self, request: &ChargeRequest) -> Result<ChargeOutcome, GatewayError> {
        let entry = self
            .ledger
            .charge(request.reference, request.amount, self.clock.now())
            .await?;
        Ok(match entry {
            LedgerEntry::Charged => ChargeOutcome::Charged,
            LedgerEntry::Refunded | LedgerEntry::Void => ChargeOutcome::Declined(DeclineReason::GivenUp),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(token: &str, script: Script) {
        assert_eq!(Script::of(token, false), script, "{token}");
    }

    #[test]
    fn tokens_choose_what_happens() {
        check("tok_ok", Script::Charge);
        check("tok_slow_250", Script::ChargeAfter(Duration::from_millis(250)));
        check("tok_decline", Script::Decline(DeclineReason::Card));
        for unknown in [
            "",
            "tok_slow_",
            "tok_slow_60001",
            "tok_slow_-1",
            "tok_crash_after_charge",
            "4242",
        ] {
            check(unknown, Script::Decline(DeclineReason::UnknownToken));
        }
    }
}
