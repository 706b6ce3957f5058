//! Taking in the tickets that another seller has sold: what their list changes of what gates know; reading files is the command line's.

use std::collections::BTreeMap;

use usher_protocol::state::rulings::TicketRulings;
use usher_protocol::ticket::foreign::identity::CodeIdentity;
use usher_protocol::ticket::foreign::{CodeHash, Entitlement, ForeignCodes, ListedCode};
use usher_protocol::{TierId, Unit};

/// A ticket as its seller's list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedCode {
    pub identity: CodeIdentity,
    pub tier: TierId,
    /// How many people it lets in, from 1.
    pub admits: u8,
    /// How many people were let in by it elsewhere, if the list says so.
    pub used: Option<u8>,
    /// Whether it lets nobody in any more.
    pub is_void: bool,
}

/// How many tickets of a list change what gates know, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ImportCounts {
    /// Tickets that were not known.
    pub new: usize,
    /// Tickets that entitle to something else than before.
    pub changed: usize,
    /// Tickets that become void, new ones too.
    pub voided: usize,
    /// Tickets that are good again.
    pub restored: usize,
    /// Tickets of which all is known.
    pub unchanged: usize,
}

impl ImportCounts {
    /// Adds those of another part of the list.
    pub fn add(&mut self, other: Self) {
        self.new += other.new;
        self.changed += other.changed;
        self.voided += other.voided;
        self.restored += other.restored;
        self.unchanged += other.unchanged;
    }
}

/// What is to be written down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImportPlan {
    /// The codes to list, new or changed.
    pub codes: Vec<ListedCode>,
    /// The units whose tickets become void.
    pub void: Vec<Unit>,
    /// The units whose tickets are good again.
    pub restored: Vec<Unit>,
    pub counts: ImportCounts,
}

/// Compares a list with what is known; what is not in it stays as it is, since lists may be parts. Of a ticket that is there twice
/// the last line counts. Doing it twice changes nothing the second time.
pub fn plan(
    imported: &[ImportedCode],
    salt: &[u8; 32],
    (held, rulings): (&ForeignCodes, &TicketRulings),
) -> ImportPlan {
    let mut plan = ImportPlan::default();
    let mut next = held.next_unit();
    let by_code: BTreeMap<CodeHash, &ImportedCode> = imported
        .iter()
        .map(|one| (one.identity.hash(salt), one))
        .collect();
    for (code, one) in by_code {
        let known = held.entitlement(&one.identity);
        let unit = known.map_or(next, |known| known.unit);
        let wanted = Entitlement {
            unit,
            tier: one.tier,
            admits: one.admits,
            used: one.used.or(known.map(|known| known.used)).unwrap_or(0),
        };
        let was_void = known.is_some() && rulings.get(&unit).is_some_and(|ruling| ruling.is_void);
        if known.is_none() {
            next = Unit(next.0.saturating_add(1));
            plan.counts.new += 1;
        } else if known != Some(&wanted) {
            plan.counts.changed += 1;
        } else if was_void == one.is_void {
            plan.counts.unchanged += 1;
        }
        if known != Some(&wanted) {
            plan.codes.push(wanted.listed(code));
        }
        match (was_void, one.is_void) {
            (false, true) => plan.void.push(unit),
            (true, false) => plan.restored.push(unit),
            (false, false) | (true, true) => {}
        }
    }
    (plan.counts.voided, plan.counts.restored) = (plan.void.len(), plan.restored.len());
    plan
}

#[cfg(test)]
mod tests {
    use usher_protocol::state::rulings::TicketRuling;
    use usher_protocol::ticket::foreign::ForeignList;
    use usher_protocol::{FIRST_FOREIGN_UNIT, Generation};

    use super::*;

    const SALT: [u8; 32] = [9; 32];

    fn code(text: &str, tier: u16, is_void: bool) -> ImportedCode {
        ImportedCode {
            identity: CodeIdentity::Text(text.as_bytes().to_vec()),
            tier: TierId(tier),
            admits: 1,
            used: None,
            is_void,
        }
    }

    /// What gates know once a plan was carried out.
    fn carried_out(plan: &ImportPlan, held: &mut (ForeignCodes, TicketRulings)) {
        held.0.take(ForeignList {
            salt: SALT,
            sellers: Vec::new(),
            codes: plan.codes.clone(),
        });
        let voided = plan.void.iter().map(|unit| (unit, true));
        for (unit, is_void) in voided.chain(plan.restored.iter().map(|unit| (unit, false))) {
            let newest = Generation(1);
            held.1.insert(*unit, TicketRuling { newest, is_void });
        }
    }

    #[test]
    fn a_second_import_changes_only_what_changed() {
        let mut held: (ForeignCodes, TicketRulings) = Default::default();
        let imports = [
            (vec![code("A", 1, false), code("B", 1, true)], [2, 0, 1, 0, 0]),
            (vec![code("A", 1, false), code("B", 1, true)], [0, 0, 0, 0, 2]),
            (vec![code("A", 2, true), code("C", 1, false)], [1, 1, 1, 0, 0]),
            (vec![code("A", 2, false)], [0, 0, 0, 1, 0]),
            (
                vec![code("A", 2, false), code("B", 1, true), code("C", 1, false)],
                [0, 0, 0, 0, 3],
            ),
        ];
        for (number, (imported, expected)) in imports.into_iter().enumerate() {
            let plan = plan(&imported, &SALT, (&held.0, &held.1));
            let ImportCounts {
                new,
                changed,
                voided,
                restored,
                unchanged,
            } = plan.counts;
            assert_eq!(
                [new, changed, voided, restored, unchanged],
                expected,
                "import {number}"
            );
            carried_out(&plan, &mut held);
        }
        assert_eq!(
            held.0.next_unit().0,
            FIRST_FOREIGN_UNIT.0 + 3,
            "each code has one unit for ever"
        );
    }

    #[test]
    fn what_a_list_does_not_say_of_use_stays() {
        let mut held: (ForeignCodes, TicketRulings) = Default::default();
        let used = ImportedCode {
            used: Some(1),
            ..code("A", 1, false)
        };
        carried_out(&plan(&[used], &SALT, (&held.0, &held.1)), &mut held);
        let unsaid = plan(&[code("A", 1, false)], &SALT, (&held.0, &held.1));
        assert_eq!(unsaid.counts.unchanged, 1);
    }
}
