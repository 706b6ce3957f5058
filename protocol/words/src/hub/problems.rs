//! What a hub's HTTP refuses a request with: what is wrong, and what to do. What becomes of scans there is the gates'.

use std::borrow::Cow;

use super::gates;

/// Why a hub's HTTP refuses a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HubProblem<'a> {
    /// There is no such address.
    NothingHere,
    /// The address takes other methods.
    OtherMethod,
    /// The body is not said to be JSON.
    NotJson,
    /// The body ended before its time.
    BrokeOff,
    /// The body is too long.
    TooLong {
        /// How many bytes it may have.
        most_bytes: usize,
    },
    /// No event's hub runs.
    NoEvent,
    /// The event's hub starts or stops.
    EventStarting,
    /// There is no hub of that event here.
    OtherEvent,
    /// Several events are served, and the request names none.
    WhichEvent(&'a [EventAddress]),
    /// The event's policy is not known yet.
    NoPolicy,
    /// There is no such token.
    UnknownToken,
    /// The token's time is over.
    TokenEnded,
    /// The token is for other gates.
    OtherGate {
        /// The gates it is for.
        token: &'a [u16],
        /// The one that was asked for.
        gate: u16,
    },
    /// Nobody passes with a scan, or too many.
    Persons,
    /// Both a code and a ticket code, or neither.
    WhichCode,
    /// No ticket code is written like this.
    Mistyped(
        /// What is wrong with it.
        &'a str,
    ),
    /// No ticket has this ticket code.
    NoSuchCode,
    /// Too many ticket codes were wrong.
    TooManyGuesses,
    /// Whoever knows the tickets of ticket codes cannot be reached.
    NoLookups,
    /// It is no id.
    NoId {
        /// Its name in the request.
        name: &'a str,
    },
    /// A yes is taken back without a reason that can be recorded.
    NoReason {
        /// How many bytes a reason may have.
        most_bytes: usize,
    },
    /// No phone has such a name.
    NoName {
        /// How many bytes a name may have.
        most_bytes: usize,
    },
    /// A phone is to serve a gate that the hub does not.
    NotOurGate {
        /// The gates of the hub.
        hub: &'a [u16],
        /// The one that was asked for.
        gate: u16,
    },
    /// No phones are served.
    DoorShut,
    /// The status is for this machine alone.
    StatusElsewhere,
    /// The replica cannot be read.
    NoStatus,
    /// It is the hub's fault.
    Internal,
}

/// Where an event's hub is at a machine with several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventAddress {
    /// The beginning of its paths.
    pub path: String,
    pub name: String,
}

impl HubProblem<'_> {
    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::WhichEvent(_) => 300,
            Self::BrokeOff => 400,
            Self::UnknownToken | Self::TokenEnded => 401,
            Self::OtherGate { .. } | Self::NotOurGate { .. } | Self::StatusElsewhere => 403,
            Self::NothingHere | Self::OtherEvent | Self::NoSuchCode => 404,
            Self::OtherMethod => 405,
            Self::TooLong { .. } => 413,
            Self::DoorShut => 409,
            Self::NotJson => 415,
            Self::Persons
            | Self::WhichCode
            | Self::Mistyped(_)
            | Self::NoId { .. }
            | Self::NoReason { .. }
            | Self::NoName { .. } => 422,
            Self::TooManyGuesses => 429,
            Self::Internal => 500,
            Self::NoEvent | Self::EventStarting | Self::NoPolicy | Self::NoLookups | Self::NoStatus => 503,
        }
    }

    /// Returns what is wrong and what to do.
    pub fn words(&self) -> Cow<'static, str> {
        match self {
            Self::NothingHere => "there is nothing here".into(),
            Self::OtherMethod => "this address takes another method".into(),
            Self::NotJson => "send JSON, with Content-Type: application/json".into(),
            Self::BrokeOff => "the body broke off: send it again".into(),
            Self::TooLong { most_bytes } => format!("a body has at most {most_bytes} bytes").into(),
            Self::NoEvent => "no event is served at the moment".into(),
            Self::EventStarting => "the hub of that event is starting or stopping: ask again in a moment".into(),
            Self::OtherEvent => "this hub does not serve that event".into(),
            Self::WhichEvent(events) => which_event(events).into(),
            Self::NoPolicy => super::NO_POLICY.into(),
            Self::UnknownToken => "send Authorization: Bearer and a token of this hub that was not taken back: make one with usher-gate-agent http-token".into(),
            Self::TokenEnded => "this token has ended: make a new one with usher-gate-agent http-token".into(),
            Self::OtherGate { token, gate } => other_gate(token, *gate).into(),
            Self::Persons => "persons must be 1 to 255".into(),
            Self::WhichCode => "send either payload, the text of the QR code, or ticket_code, the eight characters printed beside it".into(),
            Self::Mistyped(what) => format!("{what}: compare it with the ticket and type it again").into(),
            Self::NoSuchCode => "no ticket of this event has this ticket code: compare it with the ticket; if it is right, send to the box office".into(),
            Self::TooManyGuesses => "too many wrong ticket codes were typed: wait half a minute, or show the QR code".into(),
            Self::NoLookups => "ticket codes are looked up over the internet, and this hub has no connection: show the QR code on paper or on any phone, or send to the box office".into(),
            Self::NoId { name } => format!("{name} must be 32 hexadecimal digits").into(),
            Self::NoReason { most_bytes } => format!("why must be 1 to {most_bytes} bytes of plain text in one line: correct it, or leave it out").into(),
            Self::NoName { most_bytes } => format!("a phone's name has 1 to {most_bytes} bytes of plain text in one line, without blanks around it: correct it").into(),
            Self::NotOurGate { hub, gate } => format!(
                "this hub is for {}, not for gate {gate}: name other gates, or make the phone's code at the hub of that gate",
                gates(hub),
            )
            .into(),
            Self::DoorShut => super::phones::DOOR_SHUT.into(),
            Self::StatusElsewhere => "this page is shown on the hub's own machine only: open it there, or set open_status = true in its settings".into(),
            Self::NoStatus => "the hub cannot read its database at the moment: look at its disk and its log".into(),
            Self::Internal => "something is wrong in the hub: its log says what".into(),
        }
    }
}

fn which_event(events: &[EventAddress]) -> String {
    let named = events
        .iter()
        .map(|event| format!("{} ({})", event.path, event.name));
    let named: Vec<String> = named.collect();
    format!(
        "several events are served here, so begin the path with one of {}",
        named.join(", ")
    )
}

fn other_gate(token: &[u16], gate: u16) -> String {
    format!(
        "this token is for {}, not for gate {gate}: correct the device's gate, or make a token for this one with \
         usher-gate-agent http-token --gates {gate}",
        gates(token),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_names_no_event_is_told_where_each_is() {
        let at = |path: &str, name: &str| EventAddress {
            path: path.to_owned(),
            name: name.to_owned(),
        };
        let events = [at("/events/1", "Owls"), at("/events/2", "Bats")];
        assert_eq!(
            HubProblem::WhichEvent(&events).words(),
            "several events are served here, so begin the path with one of /events/1 (Owls), /events/2 (Bats)"
        );
    }

    #[test]
    fn a_wrong_gate_is_told_with_the_gates_of_the_token_and_how_to_make_another() {
        let problem = HubProblem::OtherGate {
            token: &[1, 2],
            gate: 3,
        };
        assert_eq!(problem.status(), 403);
        assert_eq!(
            problem.words(),
            "this token is for gates 1 and 2, not for gate 3: correct the device's gate, or make a token for this one with usher-gate-agent http-token --gates 3"
        );
        let problem = HubProblem::NotOurGate { hub: &[1], gate: 3 };
        assert_eq!(problem.status(), 403);
        assert_eq!(
            problem.words(),
            "this hub is for gate 1, not for gate 3: name other gates, or make the phone's code at the hub of that gate"
        );
    }
}
