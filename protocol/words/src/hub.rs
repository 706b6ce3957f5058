//! What a hub says of itself: in its log, on its status page and at its command line; what is said of scans there is the gates'.

/// Says that tokens and tickets can be listened to.
pub const IN_THE_CLEAR: &str = "HTTP is in the clear (http_in_the_clear): everyone who can listen on this network has the tokens and tickets; set tls_certificate and tls_key";

/// Says that a person has retired this hub, and what its gates do until it is off.
pub const RETIRED: &str = "this hub was retired by the organizer: other hubs decide on its tickets now. While it is linked with them its gates still let people in by their word; cut off, it sends everybody with a strict ticket on. Move its turnstiles and scanners to another hub and switch it off; to use it again, enrol it anew: usher-gate-agent enroll --anew CODE";
/// Says that other machines of the event refuse this hub.
pub const REFUSED: &str = "the cloud or another hub refuses this hub: it was revoked, or its certificate ended by their clocks. Nobody takes its word: send people to another hub's gates. If it should work, ask the organizer for a code and enrol it anew: usher-gate-agent enroll --anew CODE";

/// Names gates by their numbers, in a list that people read.
pub fn gates(gates: &[u16]) -> String {
    match gates {
        [] => "every gate".to_owned(),
        [gate] => format!("gate {gate}"),
        [others @ .., last] => {
            let others: Vec<String> = others.iter().map(u16::to_string).collect();
            format!("gates {} and {last}", others.join(", "))
        }
    }
}
