//! When the records of logs were written, by the time their writers went by, for people who read them; what orders records is their clock.

use std::collections::BTreeMap;

use usher_keys::Timestamp;

use crate::ident::Origin;
use crate::record::Record;

/// When a record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dated {
    /// The writer's rule time.
    Exactly(Timestamp),
    /// The log's clock stood still then, because it had been ahead: not before this, which a record before it says exactly, or what the
    /// clock showed where none does.
    Roughly(Timestamp),
}

impl Dated {
    /// Returns the moment.
    pub fn at(self) -> Timestamp {
        match self {
            Self::Exactly(at) | Self::Roughly(at) => at,
        }
    }

    /// Names by whose word it is: the `judge`'s, or that of the `log` around it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Exactly(_) => "judge",
            Self::Roughly(_) => "log",
        }
    }
}

/// Dates the records of logs, each log's in their order.
#[derive(Debug, Default)]
pub struct Dating {
    /// The last moment that each log has told exactly.
    last: BTreeMap<Origin, Timestamp>,
}

impl Dating {
    /// Dates a record. A passage says when it was judged; of any other record the clock is the time unless it had to count on.
    pub fn date(&mut self, origin: Origin, record: &Record) -> Dated {
        let said = record.body.passage().map(|passage| passage.at);
        let is_running = record.hlc.count == 0;
        let exact = said.or_else(|| is_running.then(|| record.hlc.time()));
        if let Some(at) = exact {
            self.last.insert(origin, at);
            return Dated::Exactly(at);
        }
        let known = self.last.get(&origin).copied();
        Dated::Roughly(known.unwrap_or_else(|| record.hlc.time()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ident::Hlc;
    use crate::record::Body;

    #[test]
    fn a_record_is_dated_by_its_writers_time_and_not_by_a_clock_that_was_ahead() {
        let origin = usher_keys::PublicKey([1; 32]);
        let mut dating = Dating::default();
        let mut date = |ms, count| dating.date(origin, &Record::new(Hlc { ms, count }, Body::Restated));
        // Nothing before it says more.
        assert_eq!(date(500, 3), Dated::Roughly(Timestamp(500)));
        assert_eq!(date(900, 0), Dated::Exactly(Timestamp(900)));
        assert_eq!(date(900, 1), Dated::Roughly(Timestamp(900)));
        let other = Record::new(Hlc { ms: 70, count: 1 }, Body::Restated);
        let others = dating.date(usher_keys::PublicKey([2; 32]), &other);
        assert_eq!((others.at(), others.word()), (Timestamp(70), "log"));
    }
}
