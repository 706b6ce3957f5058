//! Where a scanner stands: gate, direction, how many people at once; and which gate a person means by a name or number.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use usher_keys::Certificate;
use usher_protocol::GateId;
use usher_protocol::admission::Direction;
use usher_protocol::policy::Policy;

/// Where a scanner stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GatePosition {
    pub gate: GateId,
    /// Which way people pass.
    pub direction: Direction,
    /// How many pass with one scan, from 1.
    pub persons: u8,
}

/// A gate as a person names it: by its number, or by its name as it is on the screens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateChoice(String);

impl FromStr for GateChoice {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.trim().to_owned()))
    }
}

impl fmt::Display for GateChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a scanner cannot stand at a gate.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GatePositionError {
    /// The policy has no such gate.
    #[error("there is no gate {choice:?}: choose one of {known}")]
    UnknownGate {
        /// What was asked for.
        choice: String,
        /// The gates there are.
        known: String,
    },
    /// A name cannot be looked up before the policy was heard.
    #[error(
        "no hub was reached yet, so the names of the gates are not known here: choose the gate by its number"
    )]
    NoNamesYet,
    /// The certificate is for other gates.
    #[error(
        "this scanner is enrolled for {allowed} only: choose one of them, or enrol it for gate {gate} too"
    )]
    NotServed {
        /// The gate asked for.
        gate: GateId,
        /// The gates it may serve.
        allowed: String,
    },
}

impl GateChoice {
    /// Finds the gate that is meant and checks that the certificate allows it.
    ///
    /// # Errors
    /// [`GatePositionError`].
    pub fn find(
        &self,
        policy: Option<&Policy>,
        certificate: &Certificate,
    ) -> Result<GateId, GatePositionError> {
        let number = self.0.parse().ok().map(GateId);
        let gate = match policy {
            None => number.ok_or(GatePositionError::NoNamesYet)?,
            Some(policy) => self.look_up(number, policy)?,
        };
        if certificate.serves(gate.0) {
            return Ok(gate);
        }
        let allowed = certificate.gates.iter().map(|gate| named(GateId(*gate), policy));
        Err(GatePositionError::NotServed {
            gate,
            allowed: listed(allowed),
        })
    }

    /// A number means the gate of that number, even where another gate is named so.
    fn look_up(&self, number: Option<GateId>, policy: &Policy) -> Result<GateId, GatePositionError> {
        let by_number = number.and_then(|number| policy.gate(number));
        let same_name = |name: &str| name.to_lowercase() == self.0.to_lowercase();
        let by_name = || policy.gates.iter().find(|gate| same_name(&gate.name));
        by_number
            .or_else(by_name)
            .map(|gate| gate.id)
            .ok_or_else(|| GatePositionError::UnknownGate {
                choice: self.0.clone(),
                known: listed(policy.gates.iter().map(|gate| named(gate.id, Some(policy)))),
            })
    }
}

/// Names a gate as number and, where it is known, name.
#[must_use]
pub fn named(gate: GateId, policy: Option<&Policy>) -> String {
    match policy.and_then(|policy| policy.gate(gate)) {
        Some(known) => format!("{gate} ({})", known.name),
        None => gate.to_string(),
    }
}

fn listed(gates: impl Iterator<Item = String>) -> String {
    gates.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use usher_fixtures::{SHOW, gate, key};
    use usher_keys::Role;

    use super::*;

    fn policy() -> Policy {
        let gate = |id, name| gate(GateId(id), name, 1);
        Policy {
            gates: vec![gate(1, "North"), gate(2, "Süd"), gate(7, "1")],
            ..usher_fixtures::policy()
        }
    }

    fn certificate(gates: &[u16]) -> Certificate {
        Certificate {
            gates: gates.to_vec(),
            ..SHOW.certificate(key(1).public(), Role::Scanner)
        }
    }

    #[track_caller]
    fn check(choice: &str, gates: &[u16], expected: Result<u16, &str>) {
        let choice: GateChoice = choice.parse().unwrap();
        let found = choice.find(Some(&policy()), &certificate(gates));
        assert_eq!(
            found.map(|gate| gate.0).map_err(|error| error.to_string()),
            expected.map_err(str::to_owned)
        );
    }

    #[test]
    fn a_gate_is_found_by_number_and_by_name() {
        check("2", &[], Ok(2));
        check("süd", &[], Ok(2));
        check(" NORTH ", &[1], Ok(1));
        check("1", &[], Ok(1));
        check(
            "East",
            &[],
            Err("there is no gate \"East\": choose one of 1 (North), 2 (Süd), 7 (1)"),
        );
    }

    #[test]
    fn a_scanner_stands_only_at_the_gates_of_its_certificate() {
        check("2", &[2, 7], Ok(2));
        check(
            "North",
            &[2, 7],
            Err(
                "this scanner is enrolled for 2 (Süd), 7 (1) only: choose one of them, or enrol it for gate 1 too",
            ),
        );
    }

    #[test]
    fn without_a_policy_only_numbers_are_known() {
        let find = |choice: &str| {
            choice
                .parse::<GateChoice>()
                .unwrap()
                .find(None, &certificate(&[]))
        };
        assert_eq!(find("12"), Ok(GateId(12)));
        assert_eq!(find("North"), Err(GatePositionError::NoNamesYet));
        assert_eq!(find("99999"), Err(GatePositionError::NoNamesYet));
    }
}
