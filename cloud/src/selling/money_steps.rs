//! The accounts that money lies in, and the steps by which it goes from one to another; what they come to together is the journal's.

/// Where money is, or whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Account {
    /// At the payment gateway.
    Gateway,
    /// Earned: of what was sold and not given back.
    Sales,
    /// Owed to buyers: to be given back, or on its way.
    Owed,
    /// Outside: what a person has given to buyers by another way than the gateway.
    Outside,
    /// At banks that have taken it back, and have not decided whose it is.
    Disputed,
    /// Service fees: of what was sold and not given back.
    Fees,
    /// Taxes: of what was sold and not given back, owed to whoever collects them.
    Taxes,
    /// In tills, as cash.
    Till,
    /// With whoever settles the card terminals of counters.
    Terminal,
    /// At the organizer's bank: what was transferred there.
    Bank,
}

impl Account {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Gateway,
        Self::Sales,
        Self::Owed,
        Self::Outside,
        Self::Disputed,
        Self::Fees,
        Self::Taxes,
        Self::Till,
        Self::Terminal,
        Self::Bank,
    ];

    /// Returns the word for it in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Sales => "sales",
            Self::Owed => "owed",
            Self::Outside => "outside",
            Self::Disputed => "disputed",
            Self::Fees => "fees",
            Self::Taxes => "taxes",
            Self::Till => "till",
            Self::Terminal => "terminal",
            Self::Bank => "bank",
        }
    }

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|account| account.word() == word)
    }
}

/// A step that moves money; each is taken once for each charge or refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoneyStep {
    /// A paid booking gets its tickets.
    Sold,
    /// A paid booking gets none, and the money is to be given back.
    NotSold,
    /// The gateway has given that back.
    NotSoldGiven,
    /// A refund after the sale has begun.
    TakenBack,
    /// The gateway has given that back.
    TakenBackGiven,
    /// A person has given that back by another way.
    GivenOutside,
    /// A bank has taken the money of a sale back.
    Disputed,
    /// The bank has given it again.
    DisputeWon,
    /// The bank has given it to the buyer.
    DisputeLost,
    /// What of a sale is fees.
    FeesSold,
    /// What of a sale is taxes.
    TaxesSold,
    /// What of a refund was fees.
    FeesTakenBack,
    /// What of a refund was taxes.
    TaxesTakenBack,
}

/// What a step is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOf {
    /// Of a charge: a sale, or a payment that got no tickets.
    Charge,
    /// Of a refund after the sale.
    Refund,
    /// Of a dispute.
    Dispute,
}

impl MoneyStep {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Sold,
        Self::NotSold,
        Self::NotSoldGiven,
        Self::TakenBack,
        Self::TakenBackGiven,
        Self::GivenOutside,
        Self::Disputed,
        Self::DisputeWon,
        Self::DisputeLost,
        Self::FeesSold,
        Self::TaxesSold,
        Self::FeesTakenBack,
        Self::TaxesTakenBack,
    ];

    /// Reads the word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.word() == word)
    }

    /// Returns what it belongs to.
    pub fn is_of(self) -> StepOf {
        match self {
            Self::Sold | Self::NotSold | Self::NotSoldGiven | Self::FeesSold | Self::TaxesSold => {
                StepOf::Charge
            }
            Self::TakenBack
            | Self::TakenBackGiven
            | Self::GivenOutside
            | Self::FeesTakenBack
            | Self::TaxesTakenBack => StepOf::Refund,
            Self::Disputed | Self::DisputeWon | Self::DisputeLost => StepOf::Dispute,
        }
    }

    /// Returns the word for it in tables.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sold => "sold",
            Self::NotSold => "not_sold",
            Self::NotSoldGiven => "not_sold_given",
            Self::TakenBack => "taken_back",
            Self::TakenBackGiven => "taken_back_given",
            Self::GivenOutside => "given_outside",
            Self::Disputed => "disputed",
            Self::DisputeWon => "dispute_won",
            Self::DisputeLost => "dispute_lost",
            Self::FeesSold => "fees_sold",
            Self::TaxesSold => "taxes_sold",
            Self::FeesTakenBack => "fees_taken_back",
            Self::TaxesTakenBack => "taxes_taken_back",
        }
    }

    /// Returns the accounts between which the money moves that `holder` has or had: into the first, out of the second.
    pub fn sides_at(self, holder: Account) -> (Account, Account) {
        let (into, out_of) = self.sides();
        let held = |account| match account {
            Account::Gateway => holder,
            other @ (Account::Sales
            | Account::Owed
            | Account::Outside
            | Account::Disputed
            | Account::Fees
            | Account::Taxes
            | Account::Till
            | Account::Terminal
            | Account::Bank) => other,
        };
        (held(into), held(out_of))
    }

    /// Returns the accounts between which the money moves that a gateway has or had.
    fn sides(self) -> (Account, Account) {
        match self {
            Self::Sold => (Account::Gateway, Account::Sales),
            Self::NotSold => (Account::Gateway, Account::Owed),
            Self::TakenBack => (Account::Sales, Account::Owed),
            Self::NotSoldGiven | Self::TakenBackGiven => (Account::Owed, Account::Gateway),
            Self::GivenOutside => (Account::Owed, Account::Outside),
            Self::Disputed => (Account::Disputed, Account::Gateway),
            Self::DisputeWon => (Account::Gateway, Account::Disputed),
            Self::DisputeLost => (Account::Sales, Account::Disputed),
            Self::FeesSold => (Account::Sales, Account::Fees),
            Self::TaxesSold => (Account::Sales, Account::Taxes),
            Self::FeesTakenBack => (Account::Fees, Account::Sales),
            Self::TaxesTakenBack => (Account::Taxes, Account::Sales),
        }
    }
}
