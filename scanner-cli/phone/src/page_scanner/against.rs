//! What staff say against the records: an undo of the last yes, and what takes a supervisor; whether it may be is the ledger's, the PIN's and the hub's to say.

use usher_protocol::admission::Direction;
use usher_protocol::correction::{AnnulledScan, Correction, NotAnnulled, PinnedCorrection};
use usher_protocol::ledger::Annulling;
use usher_protocol::pin::Pin;
use usher_protocol::plain;
use usher_protocol::record::{MAX_WORDS_BYTES, RightToAnnul};
use usher_protocol::request::{Overruling, Reply, Request, Scan, TicketFacts};
use usher_protocol::ticket::{Rejection, VerifiedTicket};
use usher_protocol::{ScanId, ScanSecret};
use usher_words::scanner::outcome::{self, ANNULLED, ScanOutcome};
use usher_words::scanner::{self as words, NoCorrection, Undecided};

use super::pending::{About, PendingRequest};
use super::{PageScanner, PassedHere, Position};
use crate::scan_way::ScanWay;

/// How long a hub has to check a PIN and to wait for what the others have written, in milliseconds: as at any scanner of ours.
const CORRECTED_WITHIN_MS: u64 = 4_000;

impl PageScanner {
    /// Takes back the last scan by which somebody passed here: nobody did. `shown` is how many codes had been shown when people meant that.
    ///
    /// # Errors
    ///
    /// What to say to whoever typed: nothing was done.
    pub fn undo(&mut self, why: &str, shown: u32) -> Result<(), String> {
        let why = recorded(why)?;
        self.is_free_for(shown)?;
        let passed = self.last.passed().cloned();
        let passed = passed.ok_or_else(|| words::NOTHING_TO_UNDO.to_owned())?;
        let is_final = passed.is_final(self.up_ms());
        let PassedHere { scan, secret, .. } = passed.scan;
        // The home's record of it may not have come here, so that nobody else would know how long ago it was.
        let said = match is_final {
            true => outcome::not_annulled(NotAnnulled::TooLate),
            false => {
                let by = self.name();
                self.annul(&scan, RightToAnnul::Reader(secret), (&by, &why))
            }
        };
        self.corrected(&scan.code, said);
        Ok(())
    }

    /// Takes back the last scan, at whichever gate, of the ticket that was shown last, by a supervisor's word.
    ///
    /// # Errors
    ///
    /// What to say to whoever typed: nothing was done.
    pub fn undo_last(&mut self, said: Overruling, shown: u32) -> Result<(), String> {
        self.is_free_for(shown)?;
        let code = self.shown_last()?;
        let (ticket, direction) = (self.ticket_of(&code), self.position.direction);
        let Some(pin) = said.pin else {
            let found = ticket.and_then(|ticket| {
                self.replica
                    .ledger()
                    .last_scan_of((&code, ticket.unit), direction)
            });
            let said = match (self.may_overrule(), found) {
                (false, _) => outcome::not_corrected(NoCorrection::MayNot),
                (true, None) => outcome::not_annulled(NotAnnulled::NobodyPassed),
                (true, Some(scan)) => self.annul(&scan, RightToAnnul::Supervisor, (&said.by, &said.why)),
            };
            self.corrected(&code, said);
            return Ok(());
        };
        let Some(line) = self.line() else {
            self.say(outcome::not_corrected(NoCorrection::NoHub));
            return Ok(());
        };
        let asked = Request::CorrectByPin(PinnedCorrection {
            correction: Correction::Undo {
                code: code.clone(),
                direction,
                why: said.why,
            },
            by: said.by,
            pin,
        });
        let (number, up_ms) = (self.ask(&asked), self.up_ms());
        let about = About::Undo { code, ticket };
        let pending = PendingRequest::new(number, about, (&line, CORRECTED_WITHIN_MS), up_ms);
        self.pending = Some(pending);
        Ok(())
    }

    /// Has a hub let the ticket that was shown last in against the rules, with as many people as were refused unless a number was said
    /// since; `random` is drawn anew each time.
    ///
    /// # Errors
    ///
    /// What to say to whoever typed: nothing was done.
    pub fn overrule(&mut self, said: Overruling, shown: u32, random: [u8; 16]) -> Result<(), String> {
        self.is_free_for(shown)?;
        let code = self.shown_last()?;
        if !self.may_overrule() && said.pin.is_none() {
            self.say(outcome::undecided(Undecided::MayNot));
            return Ok(());
        }
        if self.position.direction == Direction::Out {
            self.say(outcome::undecided(Undecided::Outwards));
            return Ok(());
        }
        let Position { gate, persons, .. } = self.position;
        let refused = self.last.refused_persons().filter(|_| persons == 1);
        let secret = ScanSecret(random);
        let scan = Scan {
            id: ScanId::of(&self.replica.ledger().me(), &secret),
            code,
            gate,
            direction: Direction::In,
            persons: refused.unwrap_or(persons),
        };
        // By now a live ticket's code is another one.
        let (ticket, up_ms) = (self.read_earlier(&scan.code), self.up_ms());
        let mut way = ScanWay::overruled((scan, secret), ticket, said, up_ms);
        way.passed_ago_ms = self.debounce.passed_ago_ms(&way.scan.code, up_ms);
        self.scan = Some(way);
        self.go_on();
        Ok(())
    }

    /// Takes what a supervisor typed; a PIN that is empty is none.
    ///
    /// # Errors
    ///
    /// What to type instead.
    pub fn supervisor(by: &str, why: &str, pin: &str) -> Result<Overruling, String> {
        let pin = match pin.trim() {
            "" => None,
            typed => Some(Pin::typed(typed).map_err(|wrong| wrong.to_string())?),
        };
        Ok(Overruling {
            by: recorded(by)?,
            why: recorded(why)?,
            pin,
        })
    }

    /// Tells whether what takes a supervisor needs no PIN here.
    #[must_use]
    pub fn may_overrule(&self) -> bool {
        let identity = self.replica.ledger().identity();
        identity.is_some_and(|identity| identity.unverified().capabilities.override_refusals)
    }

    /// Returns the ticket of the last admission that staff may undo.
    #[must_use]
    pub fn undoable(&self) -> Option<String> {
        let passed = self.last.passed()?;
        let is_final = passed.is_final(self.up_ms());
        (!is_final).then(|| self.ticket_words(passed.scan.ticket))
    }

    /// Says which ticket was refused last and could be let in against the rules, if there is one.
    #[must_use]
    pub fn refused(&self) -> Option<String> {
        let refused = self.last.refused_persons()?;
        let persons = match self.position.persons {
            1 => refused,
            said => said,
        };
        let ticket = self.ticket_words(self.shown_ticket);
        Some(match persons {
            1 => ticket,
            persons => format!("{ticket}, {}", words::next_scan(persons)),
        })
    }

    /// Takes what a hub replies to an undo by a PIN.
    pub(super) fn undone(&mut self, code: &[u8], ticket: Option<TicketFacts>, reply: Option<Reply>) {
        let phrasebook = self.phrasebook();
        let said = match reply {
            Some(Reply::Corrected(corrected)) => {
                let ticket = ticket.map(|facts| phrasebook.ticket(&facts));
                outcome::corrected_undo(&phrasebook, corrected, ticket)
            }
            Some(Reply::Done(Err(error))) => outcome::refused(&phrasebook, error),
            Some(Reply::Done(Ok(_)) | Reply::Told(_) | Reply::Working) | None => {
                outcome::not_corrected(NoCorrection::NoAnswer)
            }
        };
        self.corrected(code, said);
    }

    /// Writes down that nobody passed by a scan; it is in the file before it is said.
    fn annul(&mut self, scan: &Scan, right: RightToAnnul, (by, why): (&str, &str)) -> ScanOutcome {
        if let Some(bar) = self.bar() {
            return outcome::not_judged(bar);
        }
        let annulling = Annulling { scan, right, by, why };
        let moment = self.moment();
        let annulled = self.replica.annul(&annulling, moment);
        self.store();
        let phrasebook = self.phrasebook();
        let ticket = self.ticket_of(&scan.code).map(|facts| phrasebook.ticket(&facts));
        let annulled = annulled.map(|passage| passage.as_ref().map(AnnulledScan::from));
        outcome::annulled(&phrasebook, annulled, ticket)
    }

    /// Says what came of it, and counts nobody in any more by the last yes, if it was by this code.
    fn corrected(&mut self, code: &[u8], said: ScanOutcome) {
        if said.outcome == ANNULLED {
            self.debounce.undone(code);
            // Touched twice, it does not take back the passage before as well.
            self.shown += 1;
            if self.last.undone(code) {
                self.counts.undone();
            }
        }
        self.say(said);
        self.drive();
    }

    /// Tells whether what people meant when so many codes had been shown is still what would be done.
    fn is_free_for(&self, shown: u32) -> Result<(), String> {
        match () {
            () if self.is_busy() => Err(words::BEING_ASKED.to_owned()),
            () if self.shown != shown => Err(words::ANOTHER_WAS_SHOWN.to_owned()),
            () => Ok(()),
        }
    }

    fn shown_last(&self) -> Result<Vec<u8>, String> {
        let shown = self.last.code().map(<[u8]>::to_vec);
        shown.ok_or_else(|| words::SHOW_THE_TICKET.to_owned())
    }

    fn name(&self) -> String {
        let identity = self.replica.ledger().identity();
        identity.map_or_else(String::new, |identity| identity.unverified().name.clone())
    }

    /// Reads the code of a ticket that was shown some time ago: a live one may be one of before.
    fn read_earlier(&self, code: &[u8]) -> Result<VerifiedTicket, Rejection> {
        match self.read(code) {
            Err(Rejection::NotLive) => {
                let keyring = self.replica.ledger().trust().keyring();
                keyring.verify_earlier(code, self.now())
            }
            read => read,
        }
    }

    /// Returns what the code of a ticket says, once its signature is verified.
    fn ticket_of(&self, code: &[u8]) -> Option<TicketFacts> {
        let read = self.read_earlier(code);
        read.ok().map(|ticket| TicketFacts::from(ticket.ticket()))
    }

    fn ticket_words(&self, ticket: Option<TicketFacts>) -> String {
        ticket.map_or_else(
            || words::A_CODE_WITHOUT_A_TICKET.to_owned(),
            |facts| self.phrasebook().ticket(&facts),
        )
    }
}

fn recorded(text: &str) -> Result<String, String> {
    let said = plain::said(text).map(str::to_owned);
    said.ok_or_else(|| words::not_for_the_record(MAX_WORDS_BYTES))
}
