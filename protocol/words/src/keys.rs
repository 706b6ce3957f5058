//! What `usher-keys` says: what it asks for, what it tells beside a result, and why it does nothing. What is in a file is
//! `inspection`'s.

mod archive;
mod inspection;

use std::path::Path;

use usher_keys::{BundleError, KeyError, KeyId, TrustBundle};

pub use archive::{archive, damaged};
pub use inspection::{KeyKind, bundle, identity, issued_certificate, key, key_request, locked_key};

/// What is asked for at a prompt.
#[derive(Debug)]
pub enum KeysPrompt<'a> {
    /// The passphrase of a new key.
    New,
    /// The same once more.
    Again,
    /// The passphrase of a key file.
    Of(&'a Path),
}

/// Asks for something at a prompt.
pub fn prompt(prompt: &KeysPrompt<'_>) -> String {
    match prompt {
        KeysPrompt::New => "New passphrase: ".to_owned(),
        KeysPrompt::Again => "The same again: ".to_owned(),
        KeysPrompt::Of(file) => format!("Passphrase of {}: ", file.display()),
    }
}

/// What is told beside the result of a command.
#[derive(Debug)]
pub enum KeysNote<'a> {
    /// Whoever reads the file has the root key.
    RootInTheClear,
    /// A root key was made.
    RootMade,
    /// A bundle was written to a file.
    Written { file: &'a Path, bundle: &'a TrustBundle },
    /// A bundle lacks signatures of other roots.
    SignaturesMissing(&'a BundleError),
    /// No key is left that may write the authority log.
    NoAuthority,
}

/// Tells something beside the result of a command.
pub fn note(note: &KeysNote<'_>) -> String {
    match note {
        KeysNote::RootInTheClear => {
            "The root key is not encrypted: whoever reads the file owns the event. Use --passphrase to encrypt it.".to_owned()
        }
        KeysNote::RootMade => {
            "Keep the file offline, and a copy of it elsewhere. Devices pin the public key above.".to_owned()
        }
        KeysNote::Written { file, bundle } => {
            format!("{}: version {} of event {}", file.display(), bundle.version, bundle.event)
        }
        KeysNote::SignaturesMissing(missing) => {
            format!("{missing}: add the others with usher-keys cosign")
        }
        KeysNote::NoAuthority => {
            "No authority key is left that may write, so no revocation, roster or policy can be issued: upload this at once if it \
             cannot wait, and then rotate. Better: fetch a key-request first, and give it with --request, so that the next key \
             takes over in the same bundle."
                .to_owned()
        }
    }
}

/// Why a command does nothing.
#[derive(Debug)]
pub enum KeysRefusal<'a> {
    /// Nobody has said how many of several roots must sign.
    NoThreshold,
    /// Neither a key request nor its parts are given.
    NoRequest,
    /// A root is not one of the bundle's.
    StrangeRoot(KeyId),
    /// No root that is given has signed the bundle to go on from.
    NotOurs { bundle: &'a Path },
    /// The bundle has no such key that could be struck out.
    NothingToStrike { key: KeyId, bundle: &'a Path },
    /// No key of the bundle can be prolonged so.
    NothingToExtend { bundle: &'a Path },
    /// A ticket key is another event's, by its bundle.
    SharedKey { key: KeyId, other: &'a Path },
    /// A file is there already.
    InTheWay(&'a Path),
    /// The same passphrase was not typed twice.
    PassphrasesDiffer,
    /// There is no terminal to ask at, and the environment variable with this name is not set.
    NoPassphrase { variable: &'a str },
    /// The environment variable with this name cannot be read.
    NotText { variable: &'a str },
    /// The clock shows a time before 1970.
    ClockBehind,
    /// The system gives no random bytes.
    NoRandomness,
    /// Standard output cannot be written.
    NoOutput,
    /// A file does not hold what the command needs.
    Unusable(&'a Path),
    /// A bundle is not one to go on from.
    NoWayOn(&'a Path),
    /// A file cannot be shown.
    Unshown(&'a Path),
    /// It is in none of the formats that are known.
    UnknownFormat,
    /// It is JSON, but of nothing that is known.
    UnknownContent,
    /// Bytes are not spelled in hexadecimal.
    NotHexadecimal,
}

/// Says why a command does nothing.
pub fn refusal(why: &KeysRefusal<'_>) -> String {
    match why {
        KeysRefusal::NoThreshold => {
            "there are several roots: say with --threshold how many of them must sign".to_owned()
        }
        KeysRefusal::NoRequest => "give --request FILE, or --event with all of its keys and times".to_owned(),
        KeysRefusal::StrangeRoot(root) => format!("root {root} is not among the bundle's roots"),
        KeysRefusal::NotOurs { bundle } => format!(
            "none of the given roots has signed {}: let one that has make the next bundle, then use cosign",
            bundle.display()
        ),
        KeysRefusal::NothingToStrike { key, bundle } => format!(
            "the bundle has no key {key} that is not struck out yet; see: usher-keys inspect {}",
            bundle.display()
        ),
        KeysRefusal::NothingToExtend { bundle } => {
            format!("nothing was signed; see: usher-keys inspect {}", bundle.display())
        }
        KeysRefusal::SharedKey { key, other } => format!(
            "ticket key {key} is the one of another event, of which {} is the bundle: its tickets would open the gates of both. \
             Ask for a new key for this event",
            other.display()
        ),
        KeysRefusal::InTheWay(file) => format!(
            "{} exists already: choose another --out, or add --force to replace it",
            file.display()
        ),
        KeysRefusal::PassphrasesDiffer => "the two passphrases differ; nothing was written".to_owned(),
        KeysRefusal::NoPassphrase { variable } => {
            format!("a passphrase is needed: set {variable}, or use a terminal")
        }
        KeysRefusal::NotText { variable } => format!("{variable} is not UTF-8 text"),
        KeysRefusal::ClockBehind => "the clock says a time before 1970: set it first".to_owned(),
        KeysRefusal::NoRandomness => "the system's random source failed".to_owned(),
        KeysRefusal::NoOutput => "cannot write to standard output".to_owned(),
        KeysRefusal::Unusable(file) => format!("cannot use {}", file.display()),
        KeysRefusal::NoWayOn(bundle) => format!("cannot go on from {}", bundle.display()),
        KeysRefusal::Unshown(file) => format!("cannot show {}", file.display()),
        KeysRefusal::UnknownFormat => "it is neither JSON nor PEM".to_owned(),
        KeysRefusal::UnknownContent => {
            "it is neither a trust bundle, nor a device certificate, nor a key request".to_owned()
        }
        KeysRefusal::NotHexadecimal => {
            "expected bytes in hexadecimal: an even number of the digits 0-9 and a-f".to_owned()
        }
    }
}

/// Why a signature is not valid.
#[derive(Debug)]
pub enum InvalidSignature {
    /// The public key has so many bytes.
    KeyLength(usize),
    /// The signature has so many bytes.
    SignatureLength(usize),
    /// Key and signature have the right form, and do not hold.
    Key(KeyError),
}

/// Says whether a signature is valid, or why it is not.
pub fn signature(checked: &Result<(), InvalidSignature>) -> String {
    match checked {
        Ok(()) => "valid".to_owned(),
        Err(InvalidSignature::KeyLength(bytes)) => {
            format!("not valid: the public key has {bytes} bytes instead of 32")
        }
        Err(InvalidSignature::SignatureLength(bytes)) => {
            format!("not valid: the signature has {bytes} bytes instead of 64")
        }
        Err(InvalidSignature::Key(error)) => format!("not valid: {error}"),
    }
}
