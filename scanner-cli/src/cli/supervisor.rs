//! What a supervisor gives on the command line: of which ticket, who says it and why. What becomes of it is the commands'.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use usher_protocol::pin::Pin;
use usher_words::scanner as words;

use super::trouble::Trouble;
use super::{codes, hub_address};
use crate::overruling::{self, Overruling};
use crate::screen::{Screen, Style};
use crate::source::wedge::ChangedTerminal;

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
    /// Ask for the supervisor's PIN, which the hub knows: needed at a scanner that may not do this by itself. It is typed at the
    /// terminal, which does not show it, or is the first line of the standard input.
    #[arg(long)]
    pin: bool,
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

    /// Takes the PIN, if it is asked for.
    pub fn pin(&self) -> Result<Option<Pin>, Trouble> {
        self.pin.then(typed_pin).transpose()
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

/// Reads the PIN; the terminal, if there is one, does not show it.
pub fn typed_pin() -> Result<Pin, Trouble> {
    let hidden = ChangedTerminal::hidden()?;
    if hidden.is_some() {
        writeln!(io::stderr(), "{}", words::TYPE_PIN)?;
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    drop(hidden);
    Ok(Pin::typed(&line)?)
}
