//! Does what the staff at a running scanner ask for: judges a scan for so many people this way, has it overruled, or takes it back; the rules are the ledger's.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use usher_device::replica::{Annulment, Replica};
use usher_protocol::GateId;
use usher_protocol::admission::Direction;
use usher_protocol::record::RightToAnnul;
use usher_words::scanner as words;

use crate::annulling;
use crate::answer::ScanOutcome;
use crate::ask::OwnScan;
use crate::counting;
use crate::gate_position::GatePosition;
use crate::links::Hubs;
use crate::lookup;
use crate::order::{CountedBy, Order, ShownCode, Wish};
use crate::others::Others;
use crate::overruling::{self, Overruling};
use crate::presentation;
use crate::scan_judge::ScanJudge;

/// Whom a clerk asks, and where it stands.
pub struct Workplace {
    /// What this scanner knows.
    pub replica: Arc<Replica>,
    /// Who is linked.
    pub hubs: Hubs,
    /// The other events of this device.
    pub others: Others,
    pub gate: GateId,
    /// How long hubs have to answer.
    pub answer_within: Duration,
}

/// Carries out orders at one gate.
pub struct Clerk {
    workplace: Workplace,
    /// The judge for the gate position of the last order: seldom another one.
    scan_judge: RefCell<Option<(GatePosition, Rc<ScanJudge>)>>,
    /// How many tickets judges before it judged alone since a hub last answered.
    alone_before: Cell<u64>,
}

impl Clerk {
    /// Begins at a workplace.
    #[must_use]
    pub fn at(workplace: Workplace) -> Self {
        Self {
            workplace,
            scan_judge: RefCell::default(),
            alone_before: Cell::new(0),
        }
    }

    /// Judges a scan as ordered, or has it overruled; whatever it was, there is an answer.
    pub async fn carry_out(&self, scan: ShownCode, order: Order) -> ScanOutcome {
        let position = GatePosition {
            gate: self.workplace.gate,
            direction: order.direction,
            persons: order.persons,
        };
        if let Wish::Count(counted) = order.wish {
            return self.count(counted).await;
        }
        let found = match lookup::find(scan.code, &self.workplace.hubs).await {
            Ok(found) => found,
            Err(answer) => return answer,
        };
        let scan = ShownCode {
            code: found.code,
            ..scan
        };
        let mut answer = match order.wish {
            Wish::Judge => self.judge(position, scan).await,
            Wish::Override(overruling) => self.overrule(position, scan, overruling).await,
            Wish::Annul { why } => self.annul(position, scan, why).await,
            Wish::AnnulLast(said) => self.annul_last(position.direction, scan.code, said).await,
            // That was done before anything was looked up.
            Wish::Count(counted) => self.count(counted).await,
        };
        if found.is_typed {
            answer.details.push(words::BY_TICKET_CODE.to_owned());
        }
        answer
    }

    async fn judge(&self, position: GatePosition, scan: ShownCode) -> ScanOutcome {
        let answer = self.scan_judge(position).judge(scan).await;
        if answer.is_of_a_hub() {
            self.alone_before.set(0);
        }
        answer
    }

    /// Returns how many tickets were judged alone since a hub last answered.
    #[must_use]
    pub fn alone(&self) -> u64 {
        let scan_judge = self.scan_judge.borrow();
        self.alone_before.get()
            + scan_judge
                .as_ref()
                .map_or(0, |(_, scan_judge)| scan_judge.alone())
    }

    fn scan_judge(&self, position: GatePosition) -> Rc<ScanJudge> {
        if let Some((known, scan_judge)) = &*self.scan_judge.borrow()
            && *known == position
        {
            return Rc::clone(scan_judge);
        }
        self.alone_before.set(self.alone());
        let Workplace {
            replica,
            hubs,
            others,
            answer_within,
            ..
        } = &self.workplace;
        let scan_judge = ScanJudge::new(Arc::clone(replica), hubs.clone(), position, *answer_within)
            .with_others(others.clone());
        let scan_judge = Rc::new(scan_judge);
        *self.scan_judge.borrow_mut() = Some((position, Rc::clone(&scan_judge)));
        scan_judge
    }

    async fn overrule(&self, position: GatePosition, scan: ShownCode, overruling: Overruling) -> ScanOutcome {
        let Workplace { replica, hubs, .. } = &self.workplace;
        let secret = scan.secret;
        let own = OwnScan {
            scan: &position.question(scan, &replica.me()),
            secret,
            home: None,
            // Against the rules the ticket's home has the word.
            is_void: false,
            hubs,
            replica,
        };
        let decided = overruling::decided(own, overruling).await;
        decided.unwrap_or_else(presentation::undecided)
    }

    async fn annul(&self, position: GatePosition, scan: ShownCode, why: String) -> ScanOutcome {
        let replica = &self.workplace.replica;
        let right = RightToAnnul::Reader(scan.secret);
        let scan = position.question(scan, &replica.me());
        let ticket = annulling::ticket_of(replica, &scan.code);
        let annulment = Annulment {
            scan,
            right,
            by: replica.certificate().name,
            why,
        };
        annulling::done(replica, annulment, ticket).await
    }

    async fn annul_last(&self, direction: Direction, code: Vec<u8>, said: Overruling) -> ScanOutcome {
        let Workplace { replica, hubs, .. } = &self.workplace;
        if let Some(pin) = said.pin.clone() {
            return annulling::by_pin((replica, hubs), (code, direction), (said, pin)).await;
        }
        annulling::by_supervisor(replica, (&code, direction), &said).await
    }

    /// Takes a count of the zone behind the gate.
    async fn count(&self, counted: CountedBy) -> ScanOutcome {
        let Workplace {
            replica, hubs, gate, ..
        } = &self.workplace;
        counting::counted((replica, hubs), *gate, counted).await
    }
}
