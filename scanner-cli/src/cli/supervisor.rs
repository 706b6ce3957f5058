//! What a supervisor gives on the command line: of which ticket, who says it and why. What becomes of it is the commands'.

use std::io;
use std::path::PathBuf;

use clap::Args;

use super::trouble::Trouble;
use super::{codes, hub_address};
use crate::overruling::{self, Overruling};
use crate::screen::{Screen, Style};

#[derive(Debug, Args)]
pub(super) struct SupervisorArgs {
    /// The text of the ticket's QR code, or its ticket code of eight characters.
    #[arg(
        value_name = "PAYLOAD",
        required_unless_present = "image",
        conflicts_with = "image"
    )]
    payload: Option<String>,
    /// A picture of the code.
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// The supervisor's name.
    #[arg(long, value_name = "NAME", value_parser = overruling::words)]
    by: String,
    /// The reason, in a few words.
    #[arg(long, value_name = "REASON", value_parser = overruling::words)]
    why: String,
    /// A hub to ask, in place of those of the enrolment; can be given several times.
    #[arg(long = "hub", value_name = "HOST:PORT", value_parser = hub_address)]
    pub hubs: Vec<String>,
    /// Write a JSON object, as `run --json` does for scans.
    #[arg(long)]
    json: bool,
}

impl SupervisorArgs {
    /// Takes the one code that was given.
    pub fn code(&mut self) -> Result<Vec<u8>, Trouble> {
        codes::only(self.payload.take(), self.image.take())
    }

    /// Returns where it is written what came of it.
    pub fn screen(&self) -> Screen<io::Stdout> {
        let style = if self.json { Style::Json } else { Style::Plain };
        Screen::new(io::stdout(), style)
    }

    /// Returns who says it, and why.
    pub fn overruling(self) -> Overruling {
        Overruling {
            by: self.by,
            why: self.why,
            pin: None,
        }
    }
}
