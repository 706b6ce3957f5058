//! Where codes come from, behind one small interface: a camera, pictures, a wedge. Leaves out reading the codes.

pub mod camera;
mod greys;
pub mod pictures;
pub mod wedge;

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use thiserror::Error;

use camera::CameraFault;
use pictures::PictureError;
use usher_eyes::LumaFrame;
use usher_protocol::ticket::typed::Garbled;
use wedge::MAX_LINE_BYTES;

/// Yields what it sees, one thing at a time, blocking until there is something.
pub trait Source {
    /// Waits for the next thing. After [`Capture::End`] it is not called again.
    fn next(&mut self) -> Capture;
}

/// One thing a source came up with.
#[derive(Debug)]
pub enum Capture {
    /// A frame of a camera.
    Frame(Shot),
    /// A picture file.
    Picture {
        /// As the user named it.
        path: PathBuf,
        frame: LumaFrame,
    },
    /// A code that a wedge typed.
    Typed(String),
    /// What was typed beside a wedge, up to Enter, and is no whole ticket: by a person, or a foreign code.
    Keyed(String),
    /// Something went wrong with one picture or line; the next may be fine.
    Fault(SourceError),
    /// The source is away; call again after the pause.
    Outage {
        /// What to tell the staff.
        fault: SourceError,
        /// How long to wait.
        retry_after: Duration,
    },
    /// There will be no more.
    End,
}

/// A frame as a camera took it.
#[derive(Debug)]
pub struct Shot {
    pub frame: LumaFrame,
    /// When the camera gave it.
    pub taken: Instant,
}

/// What went wrong at a source and what to do about it.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The camera is away or refuses.
    #[error(transparent)]
    Camera(#[from] CameraFault),
    /// A picture file cannot be used.
    #[error("{}: {cause}", path.display())]
    Picture {
        /// As the user named it.
        path: PathBuf,
        /// Why not.
        cause: PictureError,
    },
    /// A picture has no code that can be read.
    #[error("{}: no code could be read in this picture", path.display())]
    NoCode {
        /// As the user named it.
        path: PathBuf,
    },
    /// What was typed without a pause is longer than any code.
    #[error(
        "the scanner typed more than {MAX_LINE_BYTES} characters at once, which were skipped: scan the code again"
    )]
    LineTooLong,
    /// What was typed is no text.
    #[error(
        "the scanner typed what is no UTF-8 text: set the scanner's keyboard layout to US, then scan again"
    )]
    LineNotText,
    /// What was typed has a ticket in it that cannot be read.
    #[error(transparent)]
    Garbled(#[from] Garbled),
    /// The input broke off.
    #[error("the input cannot be read any more: check the cable of the scanner and start again")]
    Input(#[source] io::Error),
    /// The driver of a source failed in a way that should not happen.
    #[error("the driver of the camera or scanner failed and is started again")]
    Crashed,
}
