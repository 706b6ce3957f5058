//! Has a hub let people in against the rules, in the name of a supervisor; whether that may be is the certificate's, the PIN's and the hub's to say.

use std::time::Duration;

use usher_device::replica::Replica;
use usher_protocol::admission::Direction;
use usher_protocol::plain;
use usher_protocol::record::MAX_WORDS_BYTES;
use usher_protocol::routing::Word;
use usher_words::scanner::{self as words, Bar, Undecided};

use crate::answer::ScanOutcome;
use crate::ask::{OwnScan, ReaderStep};
use crate::presentation;

pub use usher_protocol::request::Overruling;

/// How long hubs have to answer: there is no judging alone to fall back to.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Takes what a person says for the record.
///
/// # Errors
/// It is empty, too long or not plain; says what to type.
pub fn words(text: &str) -> Result<String, String> {
    let said = plain::said(text).map(str::to_owned);
    said.ok_or_else(|| words::not_for_the_record(MAX_WORDS_BYTES))
}

/// Tells whether this scanner may override without a PIN.
#[must_use]
pub fn may(replica: &Replica) -> bool {
    replica.certificate().capabilities.override_refusals
}

/// Asks the linked hubs. Where one was asked and has not answered, the scan is given up: nobody is counted in by it.
///
/// # Errors
/// [`Undecided`].
pub async fn decided(own: OwnScan<'_>, overruling: Overruling) -> Result<ScanOutcome, Undecided> {
    if !may(own.replica) && overruling.pin.is_none() {
        return Err(Undecided::MayNot);
    }
    if own.scan.direction == Direction::Out {
        return Err(Undecided::Outwards);
    }
    let request = || overruling.clone().request(own.scan.clone());
    let mut asking = own.ask(request, ANSWER_WITHIN);
    let phrasebook = presentation::phrasebook(own.replica);
    let word = loop {
        match asking.step().await {
            // Nobody overrides alone.
            Ok(ReaderStep::JudgeAlone) => asking.judged(None),
            Ok(ReaderStep::Say(conclusion)) => break conclusion.word,
            Err(_) => return Ok(presentation::barred(Bar::Disk)),
        }
    };
    match word {
        Word::Theirs(answer) => Ok(presentation::verdict(&phrasebook, &answer, own.scan.direction)),
        Word::Refused(error) => Ok(presentation::refused(&phrasebook, error)),
        Word::Ours => Err(Undecided::NoHub),
    }
}
