//! The gateway that moves no money: test tokens choose what happens, and its own durable record remembers it through a crash.

pub mod ledger;

use std::time::Duration;

use crate::clock::Clock;
use crate::ids::ChargeReference;
use crate::money::DeclineReason;

use crate::selling::course::{BuyerAction, PaymentStatus, RefundStatus};

use super::{ChargeRequest, GatewayError, RefundPart};
use ledger::{LedgerEntry, SandboxLedger};

/// Longest delay a token may ask for.
pub const LONGEST_DELAY: Duration = Duration::from_secs(60);
/// How long the bank takes that `tok_processing` is of.
const PROCESSING: Duration = Duration::from_secs(3);
/// The path of the page that plays the bank's, before the reference of the payment.
pub const BANK_PAGE: &str = "/sandbox/payments";

/// The test cards that a page offers.
pub(super) const TEST_CARDS: [(&str, &str); 5] = [
    ("tok_ok", "Card that works"),
    ("tok_decline", "Card that is declined"),
    ("tok_slow_3000", "Card that takes three seconds"),
    ("tok_action", "Card whose bank asks you first"),
    ("tok_processing", "Card whose bank takes its time"),
];

/// The sandbox gateway.
#[derive(Debug)]
pub struct Sandbox {
    ledger: SandboxLedger,
    clock: Clock,
    may_crash: bool,
    /// What the address of the bank's page begins with.
    public_url: String,
}

/// What the buyer says on the bank's page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BankAnswer {
    /// It is me, and I pay.
    Approved,
    /// It is not me, or I have thought better of it.
    Refused,
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
    AskBuyer,
    AskBank,
}

impl Script {
    /// Reads a token: `tok_ok`, `tok_decline`, `tok_slow_<ms>`, `tok_action`, `tok_processing`, `tok_crash_after_charge`,
    /// `tok_lost_reply`, `tok_unreachable`; any other is unknown to the gateway.
    fn of(token: &str, may_crash: bool) -> Self {
        match token {
            "tok_ok" => Self::Charge,
            "tok_decline" => Self::Decline(DeclineReason::Card),
            "tok_action" => Self::AskBuyer,
            "tok_processing" => Self::AskBank,
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
    /// Makes a sandbox on its record. `may_crash` lets `tok_crash_after_charge` abort the process; `public_url` is what its
    /// bank's page is found under.
    pub fn new(ledger: SandboxLedger, clock: Clock, may_crash: bool, public_url: String) -> Self {
        Self {
            ledger,
            clock,
            may_crash,
            public_url,
        }
    }

    /// Does what the buyer says on the bank's page; tells whether the bank had asked.
    ///
    /// # Errors
    ///
    /// [`GatewayError`].
    pub async fn answer(&self, reference: ChargeReference, answer: BankAnswer) -> Result<bool, GatewayError> {
        let entry = match answer {
            BankAnswer::Approved => LedgerEntry::Charged,
            BankAnswer::Refused => LedgerEntry::Declined,
        };
        let now = self.clock.now();
        Ok(self
            .ledger
            .replace(reference, LedgerEntry::Asked, entry, now)
            .await?)
    }

    /// Tells whether the bank waits for the buyer.
    ///
    /// # Errors
    ///
    /// [`GatewayError`].
    pub async fn is_asking(&self, reference: ChargeReference) -> Result<bool, GatewayError> {
        Ok(matches!(
            self.ledger.find(reference).await?,
            Some((LedgerEntry::Asked, _))
        ))
    }

    /// Does what the token says.
    pub(super) async fn charge(&self, request: ChargeRequest) -> Result<PaymentStatus, GatewayError> {
        match Script::of(&request.token.0, self.may_crash) {
            Script::Charge => self.record(&request, LedgerEntry::Charged).await,
            Script::ChargeAfter(delay) => {
                tokio::time::sleep(delay).await;
                self.record(&request, LedgerEntry::Charged).await
            }
            Script::ChargeThenCrash => {
                self.record(&request, LedgerEntry::Charged).await?;
                tracing::warn!("aborting after the charge, as the payment token asks");
                std::process::abort()
            }
            Script::ChargeThenLoseReply => {
                self.record(&request, LedgerEntry::Charged).await?;
                Err(GatewayError::Unreachable)
            }
            Script::FailBeforeCharge => Err(GatewayError::Unreachable),
            Script::Decline(reason) => Ok(PaymentStatus::Declined(reason)),
            Script::AskBuyer => self.record(&request, LedgerEntry::Asked).await,
            Script::AskBank => self.record(&request, LedgerEntry::Processing).await,
        }
    }

    pub(super) async fn fetch(&self, reference: ChargeReference) -> Result<PaymentStatus, GatewayError> {
        let now = self.clock.now();
        Ok(match self.ledger.find(reference).await? {
            None => PaymentStatus::Unpaid,
            Some((LedgerEntry::Processing, since)) if since.plus_ms(ms(PROCESSING)) <= now => {
                let (from, to) = (LedgerEntry::Processing, LedgerEntry::Charged);
                self.ledger.replace(reference, from, to, now).await?;
                PaymentStatus::Paid
            }
            Some((entry, _)) => self.status(reference, entry),
        })
    }

    pub(super) async fn cancel(&self, reference: ChargeReference) -> Result<PaymentStatus, GatewayError> {
        let entry = self.ledger.conclude(reference, self.clock.now()).await?;
        Ok(self.status(reference, entry))
    }

    pub(super) async fn refund(
        &self,
        reference: ChargeReference,
        part: Option<&RefundPart>,
    ) -> Result<RefundStatus, GatewayError> {
        let now = self.clock.now();
        let Some(part) = part else {
            self.ledger.refund(reference, now).await?;
            return Ok(RefundStatus::Given);
        };
        let is_given = self.ledger.refund_part(reference, *part, now).await?;
        Ok(if is_given {
            RefundStatus::Given
        } else {
            RefundStatus::Failed
        })
    }

    pub(super) async fn close(&self) {
        self.ledger.close().await;
    }

    async fn record(
        &self,
        request: &ChargeRequest,
        entry: LedgerEntry,
    ) -> Result<PaymentStatus, GatewayError> {
        let reference = request.payment.reference;
        let entry = self
            .ledger
            .charge(reference, request.amount, entry, self.clock.now())
            .await?;
        Ok(match entry {
            LedgerEntry::Void => PaymentStatus::Canceled(Some(DeclineReason::GivenUp)),
            LedgerEntry::Asked
            | LedgerEntry::Processing
            | LedgerEntry::Declined
            | LedgerEntry::Charged
            | LedgerEntry::Refunded => self.status(reference, entry),
        })
    }

    fn status(&self, reference: ChargeReference, entry: LedgerEntry) -> PaymentStatus {
        match entry {
            LedgerEntry::Asked => PaymentStatus::ActionRequired(BuyerAction {
                url: format!("{}{BANK_PAGE}/{reference}", self.public_url),
            }),
            LedgerEntry::Processing => PaymentStatus::Processing,
            LedgerEntry::Declined => PaymentStatus::Declined(DeclineReason::Card),
            LedgerEntry::Charged => PaymentStatus::Paid,
            LedgerEntry::Refunded => PaymentStatus::Refunded,
            LedgerEntry::Void => PaymentStatus::Canceled(None),
        }
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
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
        check("tok_action", Script::AskBuyer);
        check("tok_processing", Script::AskBank);
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
