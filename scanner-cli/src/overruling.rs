//! Has a hub let people in against the rules, in the name of a supervisor; whether that may be is the certificate's, the PIN's and the hub's to say.

use std::time::Duration;

use usher_device::replica::Replica;
use usher_protocol::admission::Direction;
use usher_protocol::pin::Pin;
use usher_protocol::plain;
use usher_protocol::record::MAX_WORDS_BYTES;
use usher_protocol::request::{Overriding, PinnedOverriding, Request};
use usher_protocol::routing::Word;
use usher_words::scanner::{Bar, Undecided};

use crate::answer::ScanOutcome;
use crate::ask::{OwnScan, ReaderStep};
use crate::presentation;

/// How long hubs have to answer: there is no judging alone to fall back to.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Who lets people in against the rules, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overruling {
    /// The supervisor's name.
    pub by: String,
    /// The reason, in a few words.
    pub why: String,
    /// The supervisor's PIN, for a scanner that may not override by itself.
    pub pin: Option<Pin>,
}

/// Takes what a person says for the record.
///
/// # Errors
/// It is empty, too long or not plain; says what to type.
pub fn words(text: &str) -> Result<String, String> {
    let refused = || format!("1 to {MAX_WORDS_BYTES} bytes of plain text, in one line, are recorded");
    plain::said(text).map(str::to_owned).ok_or_else(refused)
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
    let Overruling { by, why, pin } = overruling;
    let request = || {
        let (scan, by, why) = (own.scan.clone(), by.clone(), why.clone());
        let overriding = Overriding { scan, by, why };
        // A PIN that was typed is looked at also where none is needed.
        match pin.clone() {
            Some(pin) => Request::OverrideByPin(PinnedOverriding { overriding, pin }),
            None => Request::Override(overriding),
        }
    };
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
