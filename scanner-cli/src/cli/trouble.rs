//! Why a command did nothing, told in one line with everything that led to it; what went wrong with one code or picture is told elsewhere.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use thiserror::Error;
use usher_device::enrol::EnrolError;
use usher_device::replica::ReplicaError;
use usher_protocol::pin::NotAPin;
use usher_words::StaffMessage;

use crate::folder::ScannerFolderError;
use crate::gate_position::GatePositionError;
use crate::scanner::StartError;
use crate::source::SourceError;
use crate::source::camera::CameraFault;
use usher_protocol::ticket::typed::Garbled;

/// Why a command did nothing, or not all.
#[derive(Debug, Error)]
pub enum Trouble {
    /// The scanner's folder cannot be used.
    #[error(transparent)]
    Folder(#[from] ScannerFolderError),
    /// The scanner does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The machine was not enrolled.
    #[error(transparent)]
    Enrol(#[from] EnrolError),
    /// The scanner cannot stand at that gate.
    #[error(transparent)]
    GatePosition(#[from] GatePositionError),
    /// The program has no camera support.
    #[error(transparent)]
    Camera(#[from] CameraFault),
    /// A picture gives no code.
    #[error(transparent)]
    Picture(#[from] SourceError),
    /// A code given as text cannot be read.
    #[error(transparent)]
    Garbled(#[from] Garbled),
    /// There is nothing but blanks.
    #[error("no code was given: pass the whole text of the ticket's code")]
    NoCode,
    /// A picture that must have one code has several.
    #[error("{}: several codes are in this picture, so it is not clear which one is meant", path.display())]
    SeveralCodes { path: PathBuf },
    /// The certificate lacks the capability.
    #[error(
        "this scanner may not override by itself: use a supervisor's, or give --pin and type the supervisor's PIN"
    )]
    MayNotOverride,
    /// What was typed is no PIN.
    #[error(transparent)]
    NotAPin(#[from] NotAPin),
    /// An override is asked for people who go out.
    #[error(
        "an override lets people in. Whoever leaves is let out anyway: scan the ticket on its way out, with \
        usher-scan run --direction out, or type out at a running scanner; that is recorded"
    )]
    OverridesLetIn,
    /// The certificate lacks the capability.
    #[error(
        "this scanner may not undo what others let in: its certificate lacks the capability, use a supervisor's device, or give --pin and type the supervisor's PIN; \
        its own last scan is undone at its running screen: type undo and why"
    )]
    MayNotUndo,
    /// The certificate lacks the capability.
    #[error(
        "this scanner may not correct how many people are inside: its certificate lacks the capability, use a supervisor's device, or give --pin and type the supervisor's PIN"
    )]
    MayNotCount,
    /// A count names a zone that the event does not have.
    #[error("the event has no zone {wanted:?}: it has {known}")]
    NoSuchZone {
        /// What was asked for.
        wanted: String,
        /// The names of the zones.
        known: String,
    },
    /// Not all that is known of the zone is here.
    #[error(
        "a count is taken only while all hubs are heard, or people could be counted twice: this scanner is not linked \
         with {names}, or has not heard all that was written there. Mend the line and count again"
    )]
    HubsMissing {
        /// The names of the hubs.
        names: String,
    },
    /// A hub of the event does not have us.
    #[error(
        "a hub of the event refuses this scanner, so nothing that it says would count: it was revoked, perhaps. Ask the \
         organizer, or use another one"
    )]
    Refused,
    /// No hub corrected what was written.
    #[error("{}", .0.line())]
    NotCorrected(StaffMessage),
    /// The disk cannot be written.
    #[error("this scanner cannot save to its disk, so nothing was recorded: free some space")]
    NotWritten,
    /// Nobody is there to ask.
    #[error("no hub answered, so nothing was decided: {links}")]
    NoHub {
        /// How the links stand.
        links: String,
    },
    /// The replica cannot be looked at.
    #[error("what this scanner knows cannot be read")]
    Replica(#[from] ReplicaError),
    /// The system cannot start a thread.
    #[error("the system cannot start a thread")]
    Runtime(#[source] io::Error),
    /// The output cannot be written, or the system's random source failed.
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
}

impl Trouble {
    /// Says it with everything that led to it, in one line.
    pub fn with_causes(&self) -> String {
        let mut line = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            let said = error.to_string();
            if !line.ends_with(&said) {
                line.push_str(": ");
                line.push_str(&said);
            }
            cause = error.source();
        }
        line
    }

    /// Returns the exit code.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Output(_) => ExitCode::FAILURE,
            Self::Folder(_)
            | Self::Start(_)
            | Self::Enrol(_)
            | Self::GatePosition(_)
            | Self::Camera(_)
            | Self::Picture(_)
            | Self::Garbled(_)
            | Self::NoCode
            | Self::SeveralCodes { .. }
            | Self::MayNotOverride
            | Self::NotAPin(_)
            | Self::OverridesLetIn
            | Self::MayNotUndo
            | Self::MayNotCount
            | Self::NoSuchZone { .. }
            | Self::HubsMissing { .. }
            | Self::Refused
            | Self::NotCorrected(_)
            | Self::NotWritten
            | Self::NoHub { .. }
            | Self::Replica(_)
            | Self::Runtime(_) => ExitCode::from(2),
        }
    }
}
