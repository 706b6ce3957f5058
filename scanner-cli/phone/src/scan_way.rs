//! One scan on its way at a page: what was read, what the home was asked, and what we say ourselves; whom to ask and when is the protocol's routing.

use usher_protocol::ScanSecret;
use usher_protocol::admission::Verdict;
use usher_protocol::ledger::ScanQuestion;
use usher_protocol::request::{
    Answer, JudgedBy, MAX_REQUEST_BYTES, Overruling, Reply, Request, Scan, TicketFacts,
};
use usher_protocol::routing::{Heard, Line, LineId, Next, Routing};
use usher_protocol::ticket::{Rejection, VerifiedTicket};
use usher_words::scanner::Bar;

use crate::frames::Frames;

/// How long the hub has to answer or to show that it is at work before the page judges alone, in milliseconds: as at any scanner of
/// ours.
const ANSWER_WITHIN_MS: u64 = 300;
/// The same for an override: there is no judging alone to fall back to.
const OVERRULED_WITHIN_MS: u64 = 5_000;

/// A scan on its way.
pub struct ScanWay {
    pub scan: Scan,
    /// What proves that it is ours.
    pub secret: ScanSecret,
    pub ticket: Result<VerifiedTicket, Rejection>,
    /// Known here to let nobody in.
    pub is_void: bool,
    /// The ticket code by which the ticket was found, as it was read, if it was.
    pub typed: Option<Vec<u8>>,
    /// How long before somebody passed here with it, in milliseconds, if that was just before.
    pub passed_ago_ms: Option<u64>,
    /// When it was read, by the machine's run.
    pub read_up_ms: u64,
    /// By whose word its people are to go in against the rules, if they are.
    pub overruling: Option<Overruling>,
    /// What we say ourselves, once asked.
    pub ours: Option<Result<Answer, Bar>>,
    routing: Routing,
    asked: Option<Asked>,
    until_ms: Option<u64>,
}

/// A request that is out.
struct Asked {
    number: u32,
    line: LineId,
    frames: Frames,
}

impl ScanWay {
    /// Begins.
    #[must_use]
    pub fn new(
        (scan, secret): (Scan, ScanSecret),
        ticket: Result<VerifiedTicket, Rejection>,
        is_void: bool,
        read_up_ms: u64,
    ) -> Self {
        Self {
            routing: Routing::of_reader(scan.id, is_void, ANSWER_WITHIN_MS),
            scan,
            secret,
            ticket,
            is_void,
            typed: None,
            passed_ago_ms: None,
            read_up_ms,
            overruling: None,
            ours: None,
            asked: None,
            until_ms: None,
        }
    }

    /// Begins to ask a hub to let people in against the rules. The ticket's home has the word, whatever is known here.
    #[must_use]
    pub fn overruled(
        (scan, secret): (Scan, ScanSecret),
        ticket: Result<VerifiedTicket, Rejection>,
        overruling: Overruling,
        read_up_ms: u64,
    ) -> Self {
        let routing = Routing::of_reader(scan.id, false, OVERRULED_WITHIN_MS);
        Self {
            routing,
            overruling: Some(overruling),
            ..Self::new((scan, secret), ticket, false, read_up_ms)
        }
    }

    /// Returns what a hub is asked.
    #[must_use]
    pub fn request(&self) -> Request {
        let scan = self.scan.clone();
        match &self.overruling {
            Some(overruling) => overruling.clone().request(scan),
            None => Request::Judge(scan),
        }
    }

    /// Returns why what was shown is no ticket, so that nobody is asked about it.
    #[must_use]
    pub fn no_ticket(&self) -> Option<Rejection> {
        match self.ticket {
            _ if self.overruling.is_some() => None,
            Err(rejection @ (Rejection::NotATicket | Rejection::NotListed)) => Some(rejection),
            Ok(_) | Err(_) => None,
        }
    }

    /// Returns what to do next, with this line to ask over.
    pub fn next(&mut self, line: Option<Line>, up_ms: u64) -> Next {
        let next = self.routing.next(|| line.into_iter().collect(), up_ms);
        self.until_ms = match next {
            Next::Wait { until_ms } => Some(until_ms),
            Next::Ask(_) | Next::Judge(_) | Next::Withdraw | Next::Say(_) => None,
        };
        next
    }

    /// Takes note that it was asked under that number.
    pub fn asked(&mut self, number: u32, line: LineId) {
        self.asked = Some(Asked {
            number,
            line,
            frames: Frames::default(),
        });
    }

    /// Takes bytes of the answer.
    pub fn heard(&mut self, number: u32, bytes: &[u8], up_ms: u64) {
        let Some(asked) = self.asked.as_mut().filter(|asked| asked.number == number) else {
            return;
        };
        asked.frames.push(bytes);
        loop {
            let heard = match asked.frames.next(MAX_REQUEST_BYTES) {
                Ok(None) => return,
                Ok(Some(body)) => match usher_protocol::request::from_bytes(&body) {
                    Ok(Reply::Working) => Heard::Working,
                    Ok(Reply::Done(response)) => Heard::Response(response),
                    Ok(Reply::Told(_) | Reply::Corrected(_)) | Err(_) => Heard::Lost,
                },
                Err(_) => Heard::Lost,
            };
            let is_last = heard != Heard::Working;
            self.routing.hear(asked.line, heard, up_ms);
            if is_last {
                self.asked = None;
                return;
            }
        }
    }

    /// Takes note that no answer comes under that number any more, or under none.
    pub fn unheard(&mut self, number: Option<u32>, up_ms: u64) {
        let is_meant = |asked: &mut Asked| number.is_none_or(|number| number == asked.number);
        if let Some(asked) = self.asked.take_if(is_meant) {
            self.routing.hear(asked.line, Heard::Lost, up_ms);
        }
    }

    /// Returns the number of the request that is still out, and forgets it.
    pub fn take_back(&mut self) -> Option<u32> {
        self.asked.take().map(|asked| asked.number)
    }

    /// Takes our own verdict, once it is written down, or why there is none.
    pub fn judged(&mut self, judged: Result<Verdict, Bar>, up_ms: u64) {
        let facts = self
            .ticket
            .as_ref()
            .ok()
            .map(|ticket| TicketFacts::from(ticket.ticket()));
        self.routing.judged(judged.ok(), false, up_ms);
        self.ours = Some(judged.map(|verdict| Answer {
            scan: self.scan.id,
            verdict,
            by: JudgedBy::Alone,
            ticket: facts,
            silent: None,
        }));
    }

    /// Takes that we do not say anything ourselves.
    pub fn judged_by_nobody(&mut self, up_ms: u64) {
        self.routing.judged(None, false, up_ms);
    }

    /// Takes that it is given up.
    pub fn withdrawn(&mut self) {
        self.routing.withdrawn();
    }

    /// Returns the question for our own ledger, if the code is a ticket.
    ///
    /// # Errors
    ///
    /// [`Rejection`].
    pub fn question(&self) -> Result<ScanQuestion, Rejection> {
        let ticket = self.ticket.clone()?;
        Ok(ScanQuestion::of(&self.scan, ticket))
    }

    /// Until when it waits, by the machine's run, if it does.
    #[must_use]
    pub fn waits_until_ms(&self) -> Option<u64> {
        self.until_ms
    }
}
