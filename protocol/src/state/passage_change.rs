//! A passage and which way it went, or the word that nobody passed; what the passages of a ticket come to is told elsewhere.

use crate::ident::{GateId, Generation, ScanId, Unit, ZoneId};
use crate::record::{Counterpart, Passage};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Entry,
    Exit,
    Override,
    /// Nobody passed: the scan's reader lets nobody in by it.
    Withdrawal,
    /// Nobody passed: a supervisor has said so after the scan was answered with a yes.
    Annulment,
    /// Nobody passed: whoever read the code has said so, or a turnstile, which holds for a while after the yes.
    Undo,
    /// Nobody passed: the home says whose exit one was that named no entry.
    Match,
}

/// A passage and which way it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassageChange {
    kind: Kind,
    /// Who passed where.
    pub passage: Passage,
}

impl PassageChange {
    /// Makes a passage inwards.
    pub fn entry(passage: Passage) -> Self {
        Self {
            kind: Kind::Entry,
            passage,
        }
    }

    /// Makes a passage outwards.
    pub fn exit(passage: Passage) -> Self {
        Self {
            kind: Kind::Exit,
            passage,
        }
    }

    /// Makes a passage inwards that a supervisor ordered.
    pub fn overridden(passage: Passage) -> Self {
        Self {
            kind: Kind::Override,
            passage,
        }
    }

    /// Makes the withdrawal of a scan by its reader.
    pub fn withdrawn(passage: Passage) -> Self {
        Self {
            kind: Kind::Withdrawal,
            passage,
        }
    }

    /// Makes the annulment of a scan by a supervisor, however long ago it was.
    pub fn annulled(passage: Passage) -> Self {
        Self {
            kind: Kind::Annulment,
            passage,
        }
    }

    /// Makes the annulment of a scan by its reader or turnstile: it takes back what was let in shortly before.
    pub fn undone(passage: Passage) -> Self {
        Self {
            kind: Kind::Undo,
            passage,
        }
    }

    /// Makes the home's word on which entries an exit closes: the passage names the exit and them.
    pub fn matched(passage: Passage) -> Self {
        Self {
            kind: Kind::Match,
            passage,
        }
    }

    /// Makes the home's word on an exit in the form of passages: it moves nobody itself.
    pub fn match_of(unit: Unit, exit: ScanId, closes: Vec<Counterpart>) -> Self {
        Self::matched(Passage {
            scan: exit,
            unit,
            generation: Generation::default(),
            tier: Default::default(),
            admits: 0,
            persons: 0,
            gate: Default::default(),
            zone: Default::default(),
            at: Default::default(),
            counterparts: closes,
        })
    }

    /// Tells whether it went inwards.
    pub fn is_entry(&self) -> bool {
        matches!(self.kind, Kind::Entry | Kind::Override)
    }

    /// Tells whether it went outwards.
    pub fn is_exit(&self) -> bool {
        self.kind == Kind::Exit
    }

    /// Tells whether nobody passed, and nobody does by that scan.
    pub fn takes_back(&self) -> bool {
        matches!(self.kind, Kind::Withdrawal | Kind::Annulment | Kind::Undo)
    }

    /// Tells whether a supervisor has said so after a yes.
    pub fn is_annulment(&self) -> bool {
        self.kind == Kind::Annulment
    }

    /// Tells whether the reader of the code or a turnstile has said so after a yes.
    pub fn is_undo(&self) -> bool {
        self.kind == Kind::Undo
    }

    /// Tells whether it says which entries an exit closes.
    pub fn is_match(&self) -> bool {
        self.kind == Kind::Match
    }

    /// Tells whether it is a passage by the rules: neither ordered nor taken back.
    pub fn is_by_rule(&self) -> bool {
        matches!(self.kind, Kind::Entry | Kind::Exit)
    }

    /// Tells whether a supervisor ordered it.
    pub fn is_override(&self) -> bool {
        self.kind == Kind::Override
    }

    /// What two records of one scan have in common. One that says anything else of the scan is a passage of its own, so
    /// that nobody can move or shrink another's by repeating its scan id.
    pub fn content(&self) -> (ScanId, bool, Generation, GateId, ZoneId, u8) {
        let passage = &self.passage;
        (
            passage.scan,
            self.is_entry(),
            passage.generation,
            passage.gate,
            passage.zone,
            passage.persons,
        )
    }
}
