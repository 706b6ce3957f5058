//! Who takes the money of a booking: a payment service, or people at a counter or a bank, of whom no service knows.

use serde::Deserialize;

use super::money_steps::Account;

/// Which gateway takes the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayKind {
    /// The one that moves no money.
    Sandbox,
    /// Stripe in its test mode, or what speaks its API.
    Stripe,
    /// Nobody: it is paid in cash at a counter.
    #[serde(skip)]
    Cash,
    /// Nobody that we ask: it is paid by card at a counter, at a terminal of its own.
    #[serde(skip)]
    CardTerminal,
    /// Nobody that we ask: the buyer transfers it to the organizer's bank, and the organizer says so.
    #[serde(skip)]
    Invoice,
}

impl GatewayKind {
    /// Returns the word for it in tables and settings.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sandbox => "sandbox",
            Self::Stripe => "stripe",
            Self::Cash => "cash",
            Self::CardTerminal => "card_terminal",
            Self::Invoice => "invoice",
        }
    }

    /// Tells whether it is paid at a counter, before its booking is written down: no gateway is asked about it.
    pub fn is_counter(self) -> bool {
        matches!(self, Self::Cash | Self::CardTerminal)
    }

    /// Returns the account that has its money.
    pub fn account(self) -> Account {
        match self {
            Self::Sandbox | Self::Stripe => Account::Gateway,
            Self::Cash => Account::Till,
            Self::CardTerminal => Account::Terminal,
            Self::Invoice => Account::Bank,
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [
            Self::Sandbox,
            Self::Stripe,
            Self::Cash,
            Self::CardTerminal,
            Self::Invoice,
        ];
        all.into_iter().find(|kind| kind.word() == word)
    }
}
