//! Rules of the product broken on purpose: each must be noticed.

use usher_protocol::admission::{Referral, Verdict};
use usher_protocol::ledger::{Judged, Ledger, ScanQuestion};
use usher_protocol::record::{Body, ShownPassage};

use super::event::{HALL, NOW};

/// A rule broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Who cannot reach a strict ticket's home lets people in all the same.
    CutOffSaysYes,
    /// A new home lets people in before the former one has stepped back.
    FormerHomesAreForgotten,
    /// Answers leave before they are durable.
    AnswersTooEarly,
    /// Nobody gives up a scan that others may have said yes to.
    NobodyWithdraws,
    /// A hub that is started again has forgotten what the authority has said since the doors opened.
    RevocationsAreForgotten,
    /// Who knows that a ticket is void asks its home all the same.
    VoidTicketsAreAskedAbout,
    /// Hubs let people into a full hall.
    PlacesAreNotCounted,
}

impl Broken {
    /// Says yes where the rule that is broken had said no.
    pub fn say_yes(self, ledger: &Ledger, asked: &ScanQuestion, judged: &mut Judged) {
        let is_waived = match judged.verdict {
            Verdict::Refer(Referral::HomeUnreachable { .. }) => self == Self::CutOffSaysYes,
            Verdict::Refer(Referral::HomeUnsettled { .. }) => self == Self::FormerHomesAreForgotten,
            Verdict::Refer(Referral::NoPlaces) => self == Self::PlacesAreNotCounted,
            Verdict::Refer(_) | Verdict::Admit { .. } | Verdict::Deny(_) => false,
        };
        if is_waived && ledger.state().policy().is_some() {
            judged.verdict = Verdict::Admit { persons: 1, left: 0 };
            judged.body = Some(Body::Admitted(ShownPassage {
                scan: asked.scan,
                code: asked.ticket.code().to_owned(),
                persons: asked.persons,
                gate: asked.gate,
                zone: HALL,
                at: NOW,
                counterparts: Vec::new(),
            }));
        }
    }
}
