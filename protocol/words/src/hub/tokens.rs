//! What `usher-gate-agent` says at its command line of the tokens for its HTTP.

use super::gates;

/// Why a token is not made, or none is taken back.
#[derive(Debug)]
pub enum NoToken<'a> {
    /// It has too many gates, or a name that none may have.
    Wanted {
        most_gates: usize,
        most_name_bytes: usize,
    },
    /// The hub does not serve the gate.
    Gate {
        gate: u16,
        /// Those that it serves.
        served: &'a [u16],
    },
    /// The hub's own certificate is over.
    HubEnded,
    /// There is none of that name.
    Named(&'a str),
}

/// Says why a token is not made, or none is taken back.
pub fn no_token(why: &NoToken<'_>) -> String {
    match why {
        NoToken::Wanted {
            most_gates,
            most_name_bytes,
        } => format!(
            "a token is for at most {most_gates} gates and has a name of 1 to {most_name_bytes} bytes of plain text in one line, \
             without blanks around it"
        ),
        NoToken::Gate { gate, served } => format!(
            "this hub does not serve gate {gate}: its certificate is for {}",
            gates(served)
        ),
        NoToken::HubEnded => "this hub's certificate has run out by this machine's clock: check the clock; if it is right, enrol it anew before it gives tokens".to_owned(),
        NoToken::Named(name) => format!("there is no token named \"{name}\": see usher-gate-agent tokens list"),
    }
}

/// Says that there are no tokens, and how one is made.
pub const NO_TOKENS: &str = "there are no tokens: make one with usher-gate-agent http-token";

/// Says what a new token is good for, with its end in words.
pub fn token_made(name: &str, of_gates: &[u16], until: &str) -> String {
    format!(
        "for \"{name}\" at {}, until {until}; it is not shown again",
        gates(of_gates)
    )
}

/// Says how many tokens were taken back.
pub fn tokens_taken_back(taken: usize, name: &str) -> String {
    format!("took back {taken} tokens of \"{name}\"; they are refused from now on")
}

/// A token in a list, with its times in words.
#[derive(Debug)]
pub struct ListedToken<'a> {
    pub name: &'a str,
    pub gates: &'a [u16],
    pub made: &'a str,
    pub is_over: bool,
    pub end: &'a str,
    pub used: Option<&'a str>,
}

/// Says what there is to know of a token.
pub fn listed_token(token: &ListedToken<'_>) -> String {
    let end = if token.is_over { "ended" } else { "ends" };
    format!(
        "{}\n  gates     {}\n  made      {}\n  {end:<9} {}\n  last used {}\n",
        token.name,
        gates(token.gates),
        token.made,
        token.end,
        token.used.unwrap_or("never"),
    )
}
