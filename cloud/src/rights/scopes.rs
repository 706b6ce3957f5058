//! Scopes: which operations a key or token is for, among those of its role; and what a caller may do by both.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Operation, StaffRole};

/// Some operations.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u128);

// A bit for each operation.
const _: () = assert!(Operation::ALL.len() <= u128::BITS as usize);

impl Scopes {
    /// Makes scopes of operations.
    pub fn of(operations: impl IntoIterator<Item = Operation>) -> Self {
        let bits = operations.into_iter().map(|operation| 1 << operation as u32);
        Self(bits.fold(0, |all, bit| all | bit))
    }

    /// Reads names with blanks between them, as OAuth and the store write them; `None` if one is no operation's.
    pub fn read(text: &str) -> Option<Self> {
        let named = text.split(' ').filter(|name| !name.is_empty());
        let operations: Option<Vec<_>> = named.map(Operation::from_name).collect();
        operations.map(Self::of)
    }

    /// Tells whether an operation is among them.
    pub fn contains(self, operation: Operation) -> bool {
        self.0 & (1 << operation as u32) != 0
    }

    /// Tells whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Tells whether all of these are among others.
    pub fn are_within(self, others: Self) -> bool {
        self.0 & !others.0 == 0
    }

    /// Lists their names, in the order of the table.
    pub fn names(self) -> Vec<&'static str> {
        let all = Operation::ALL
            .iter()
            .filter(|operation| self.contains(**operation));
        all.map(|operation| operation.name()).collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(" "))
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scopes").field(&self.names()).finish()
    }
}

impl Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.names().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = Vec::<String>::deserialize(deserializer)?;
        let found = names.iter().map(|name| {
            let unknown = || serde::de::Error::custom(format!("{name:?} is no operation: see docs/API.md"));
            Operation::from_name(name).ok_or_else(unknown)
        });
        Ok(Self::of(found.collect::<Result<Vec<_>, _>>()?))
    }
}

/// What a caller may do: what a role may, or only some of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The role.
    pub role: StaffRole,
    /// Which of the role's operations; all of them, if not said.
    pub scopes: Option<Scopes>,
}

impl Grant {
    /// Grants all that a role may.
    pub fn whole(role: StaffRole) -> Self {
        Self { role, scopes: None }
    }

    /// Tells whether it allows an operation.
    pub fn may(self, operation: Operation) -> bool {
        self.role.may(operation) && self.scopes.is_none_or(|scopes| scopes.contains(operation))
    }

    /// Returns all operations that it allows.
    pub fn operations(self) -> Scopes {
        Scopes::of(
            Operation::ALL
                .iter()
                .copied()
                .filter(|operation| self.may(*operation)),
        )
    }

    /// Tells whether another allows nothing that this one does not.
    pub fn covers(self, other: Self) -> bool {
        other.operations().are_within(self.operations())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        let two = Scopes::of([Operation::SeeEvents, Operation::Publish]);
        assert_eq!(two.to_string(), "see_events publish");
        assert_eq!(Scopes::read(" publish  see_events"), Some(two));
        assert_eq!(Scopes::read("publish fly"), None);
        assert!(Scopes::read("").is_some_and(Scopes::is_empty));
        let all = Scopes::of(Operation::ALL.iter().copied());
        assert_eq!(Scopes::read(&all.to_string()), Some(all));
        assert!(two.are_within(all) && !all.are_within(two));
        assert_eq!(
            serde_json::from_value::<Scopes>(serde_json::to_value(two).unwrap()).unwrap(),
            two
        );
    }

    #[test]
    fn scopes_widen_no_role() {
        let all = Scopes::of(Operation::ALL.iter().copied());
        for role in StaffRole::ALL {
            let grant = Grant {
                role,
                scopes: Some(all),
            };
            assert_eq!(grant.operations(), Grant::whole(role).operations(), "{role:?}");
        }
    }

    #[test]
    fn a_grant_covers_what_allows_no_more() {
        let owner = Grant::whole(StaffRole::Owner);
        let keys_alone = Grant {
            scopes: Some(Scopes::of([Operation::MakeApiKey])),
            ..owner
        };
        assert!(owner.covers(keys_alone) && owner.covers(Grant::whole(StaffRole::Viewer)));
        assert!(!keys_alone.covers(Grant::whole(StaffRole::Viewer)) && !keys_alone.covers(owner));
    }
}
