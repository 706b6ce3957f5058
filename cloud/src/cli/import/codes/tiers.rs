//! Which tier of the event a seller's type of ticket is: that of the same name, or as somebody says.

use std::collections::BTreeMap;

use usher_protocol::TierId;
use usher_protocol::policy::TierRules;

/// Which tier a type of ticket is.
#[derive(Debug)]
pub struct TierNames {
    names: BTreeMap<String, TierId>,
    only: Option<TierId>,
    all: Vec<String>,
}

impl TierNames {
    /// Takes the names of the tiers, and what somebody says of types beside them.
    ///
    /// # Errors
    ///
    /// When what is said names no tier.
    pub fn new(tiers: &[TierRules], said: &[String]) -> anyhow::Result<Self> {
        let mut names: BTreeMap<_, _> = tiers
            .iter()
            .map(|tier| (tier.name.to_lowercase(), tier.id))
            .collect();
        let all: Vec<String> = tiers
            .iter()
            .map(|tier| format!("{} ({})", tier.name, tier.id))
            .collect();
        let only = match tiers {
            [tier] => Some(tier.id),
            _ => None,
        };
        for one in said {
            let found = one.rsplit_once('=').and_then(|(kind, tier)| {
                let by_number = tier.trim().parse().ok().map(TierId);
                let by_number = by_number.filter(|id| tiers.iter().any(|tier| tier.id == *id));
                let by_name = tiers
                    .iter()
                    .find(|one| one.name.eq_ignore_ascii_case(tier.trim()));
                Some((
                    kind.trim().to_lowercase(),
                    by_name.map(|tier| tier.id).or(by_number)?,
                ))
            });
            let Some((kind, tier)) = found else {
                anyhow::bail!(
                    "--tier {one:?} names no tier: say TYPE=TIER; the tiers are: {}",
                    all.join(", ")
                );
            };
            names.insert(kind, tier);
        }
        Ok(Self { names, only, all })
    }

    /// Returns what the tiers are called.
    pub fn names(&self) -> Vec<String> {
        self.all.clone()
    }

    /// Returns the tier of a type.
    pub fn of(&self, kind: &str) -> Option<TierId> {
        self.names.get(&kind.to_lowercase()).copied().or(self.only)
    }
}
