//! Walking a stored log from its beginning, and finding the exact record that is wrong; reading the rows is the caller's.

use usher_keys::EventId;
use usher_protocol::log::{Hash, Head, Tail};
use usher_protocol::{Origin, Seq};

use crate::finding::{Fault, LogFinding};

/// One log on the walk.
#[derive(Debug)]
pub struct LogWalk {
    event: EventId,
    origin: Origin,
    tail: Tail,
    /// What the hash before would be if its stored form was altered rather than its bytes.
    computed: Hash,
    heads: std::iter::Peekable<std::vec::IntoIter<Head>>,
    head_bytes: usize,
    signed: Seq,
    is_sound: bool,
}

impl LogWalk {
    /// Begins behind a tail; the heads that are kept of the log are in their order.
    pub fn new(event: EventId, origin: Origin, base: Tail, heads: Vec<Head>) -> Self {
        Self {
            event,
            origin,
            tail: base,
            computed: base.hash,
            heads: heads.into_iter().peekable(),
            head_bytes: 0,
            signed: base.seq,
            is_sound: true,
        }
    }

    /// Returns whose log it is.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Tells whether every record so far is sound.
    pub fn is_sound(&self) -> bool {
        self.is_sound
    }

    /// Takes the next stored record; returns what is wrong with it and its heads. `sound_head` is shown each sound head, with
    /// the record bytes since the one before, until a record is wrong.
    pub fn step(
        &mut self,
        stored: Tail,
        bytes: &[u8],
        sound_head: &mut dyn FnMut(&Head, usize),
    ) -> Vec<LogFinding> {
        let mut findings = Vec::new();
        if stored.seq != self.tail.seq.next() {
            findings.push(self.finding(self.tail.seq.next(), Fault::Missing));
        } else {
            let computed = self.tail.push(self.event, &self.origin, bytes);
            let behind_altered = Tail {
                seq: self.tail.seq,
                hash: self.computed,
            };
            let other = behind_altered.push(self.event, &self.origin, bytes);
            if stored != computed && stored != other {
                findings.push(self.finding(stored.seq, Fault::Altered));
            }
            self.computed = computed.hash;
        }
        self.tail = stored;
        self.head_bytes += bytes.len();
        self.is_sound &= findings.is_empty();
        while let Some(head) = self.heads.next_if(|head| head.tail.seq <= stored.seq) {
            findings.extend(self.meet_head(&head, sound_head));
        }
        findings
    }

    fn meet_head(&mut self, head: &Head, sound_head: &mut dyn FnMut(&Head, usize)) -> Option<LogFinding> {
        self.signed = head.tail.seq;
        let bytes = std::mem::take(&mut self.head_bytes);
        if head.verify(self.event).is_err() {
            return Some(self.finding(head.tail.seq, Fault::FalseHead));
        }
        if head.tail != self.tail && head.tail.hash != self.computed {
            return Some(self.finding(head.tail.seq, Fault::OtherHistory));
        }
        if self.is_sound {
            sound_head(head, bytes);
        }
        None
    }

    /// Ends the walk; returns what is missing behind the last record.
    pub fn end(self) -> Option<LogFinding> {
        let (signed, last) = (self.signed, self.tail.seq);
        let finding = |seq, fault| LogFinding {
            origin: self.origin,
            seq,
            fault,
        };
        match self.heads.last() {
            Some(head) => Some(finding(head.tail.seq, Fault::CutOff)),
            None => (signed < last).then(|| finding(last, Fault::Unsigned)),
        }
    }

    fn finding(&self, seq: Seq, fault: Fault) -> LogFinding {
        LogFinding {
            origin: self.origin,
            seq,
            fault,
        }
    }
}
