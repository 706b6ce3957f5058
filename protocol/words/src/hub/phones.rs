//! What a hub says of phones that scan with the app pretixSCAN: to the app, which shows it as it is, and at the command line.

use super::gates;

/// The set-up code is none.
pub const UNKNOWN_CODE: &str = "This code is not known here, was used, or is older than an hour: make a new one with usher-gate-agent phone-code";
/// Too many set-up codes were none.
pub const TOO_MANY_CODES: &str =
    "Too many wrong codes: wait half a minute, then make a new one with usher-gate-agent phone-code";
/// The phone shows no token that is known.
pub const UNKNOWN_PHONE: &str =
    "This hub does not know this phone: set it up with usher-gate-agent phone-code";
/// The phone's time is over.
pub const PHONE_ENDED: &str =
    "This phone's time is over: set it up anew with usher-gate-agent phone-code, and check the hub's clock";
/// There is nothing at that address.
pub const NOTHING_HERE: &str = "nothing here";
/// The request is none.
pub const NOT_UNDERSTOOD: &str = "The hub did not understand this scan: scan again, and update the app";
/// The phone says that it has let people in by itself.
pub const FORCED: &str = "This phone reports that it let people in by itself: it was set up for something else. Nobody counts by it";
/// The scan that is to be taken back is not known.
pub const UNKNOWN_SCAN: &str =
    "This hub does not remember that scan: have a supervisor undo it at a scanner of the hub";
/// No phones are served.
pub const DOOR_SHUT: &str = "phones are not served: set listen in [door] in the hub's settings, for example to \"0.0.0.0:8443\", and start the hub again";
/// Nobody was set up.
pub const NO_PHONES: &str = "no phone was set up: make a code with usher-gate-agent phone-code";

/// Says how many admissions phones have reported that no phone of ours makes.
pub fn forced(times: u64) -> String {
    format!(
        "phones have reported {times} admissions of their own, which count for nothing: see usher-gate-agent phones list, revoke the phone, and set it up anew"
    )
}

/// Says what a new code is good for, with times in words.
pub fn code_made(name: &str, of_gates: &[u16], [until, phone_until]: [&str; 2]) -> String {
    format!(
        "Scan this with pretixSCAN, or type its url and token there, until {until}: it sets one phone up, \"{name}\" at {}, until {phone_until}. It is not shown again",
        gates(of_gates)
    )
}

/// Names the list at which all people of a ticket pass by one scan.
pub fn whole_group(gate: &str) -> String {
    format!("{gate}, whole group")
}

/// A phone in a list, with its times in words.
#[derive(Debug)]
pub struct ListedPhone<'a> {
    pub name: &'a str,
    pub gates: &'a [u16],
    pub model: &'a str,
    pub software: &'a str,
    pub made: &'a str,
    pub end: &'a str,
    pub used: Option<&'a str>,
    /// When it was revoked.
    pub revoked: Option<&'a str>,
    /// How many admissions of its own it has reported.
    pub forced: u64,
}

/// Says what there is to know of a phone.
pub fn listed_phone(phone: &ListedPhone<'_>) -> String {
    let state = match phone.revoked {
        Some(at) => format!("revoked   {at}"),
        None => format!("works until {}", phone.end),
    };
    let forced = match phone.forced {
        0 => String::new(),
        times => format!("\n  REPORTED  {times} admissions of its own"),
    };
    format!(
        "{}\n  gates     {}\n  phone     {}, {}\n  set up    {}\n  {state}\n  last used {}{forced}\n",
        phone.name,
        gates(phone.gates),
        phone.model,
        phone.software,
        phone.made,
        phone.used.unwrap_or("never"),
    )
}

/// Says that a phone is revoked.
pub fn revoked(name: &str) -> String {
    format!("\"{name}\" is refused from now on, and wipes what it holds as soon as it is online")
}

/// Says that there is no such phone.
pub fn not_known(name: &str) -> String {
    format!("there is no phone named \"{name}\" that works: see usher-gate-agent phones list")
}
