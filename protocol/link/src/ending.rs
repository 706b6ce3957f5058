//! How connections and sessions end, as facts and in words; ending them is the driver's.

use std::fmt;

use quinn::{ConnectionError, VarInt};
use thiserror::Error;
use usher_protocol::sync::{Farewell, VERSIONS, VersionRange};

/// Why a connection is gone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Loss {
    /// We closed it.
    #[error("we closed the connection")]
    Ours,
    /// The peer closed it and said why.
    #[error("the peer closed the connection: {}", words(*.0))]
    Theirs(Farewell),
    /// The peer closed it without a reason we know.
    #[error("the peer closed the connection without a reason we know")]
    TheirsUnexplained,
    /// Nothing was heard for too long: network down, peer dead or out of reach.
    #[error("nothing was heard for too long (network down, or the peer is off)")]
    TimedOut,
    /// The peer does not know this connection any more.
    #[error("the peer has restarted and forgotten the connection")]
    Restarted,
    /// The peer is not one of ours, refused us, or broke the transport's rules.
    #[error("the transport gave up (no Usher peer, busy, or broken)")]
    Transport(#[source] ConnectionError),
}

impl From<ConnectionError> for Loss {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::LocallyClosed => Self::Ours,
            ConnectionError::ApplicationClosed(close) => {
                farewell_of(close.error_code).map_or(Self::TheirsUnexplained, Self::Theirs)
            }
            ConnectionError::TimedOut => Self::TimedOut,
            ConnectionError::Reset => Self::Restarted,
            ConnectionError::VersionMismatch
            | ConnectionError::TransportError(_)
            | ConnectionError::ConnectionClosed(_)
            | ConnectionError::CidsExhausted => Self::Transport(error),
        }
    }
}

/// How a session ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SessionEnd {
    /// We said goodbye.
    Ours(Farewell),
    /// We said goodbye because the peer speaks only these versions of the protocol.
    OtherVersion(VersionRange),
    /// The peer said goodbye.
    Theirs(Farewell),
    /// The connection was lost.
    Lost(Loss),
    /// Another session was given this connection before: one connection carries one session.
    Taken,
}

impl SessionEnd {
    /// Returns what the peer said when it was the peer who ended it.
    pub fn their_farewell(&self) -> Option<Farewell> {
        match self {
            Self::Theirs(farewell) | Self::Lost(Loss::Theirs(farewell)) => Some(*farewell),
            Self::Ours(_) | Self::OtherVersion(_) | Self::Lost(_) | Self::Taken => None,
        }
    }

    /// Returns what we said when it was us who ended it.
    pub(crate) fn our_farewell(&self) -> Option<Farewell> {
        match self {
            Self::Ours(farewell) => Some(*farewell),
            Self::OtherVersion(_) => Some(Farewell::NoCommonVersion),
            Self::Theirs(_) | Self::Lost(_) | Self::Taken => None,
        }
    }
}

impl fmt::Display for SessionEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(farewell) => write!(f, "we ended it: {}", words(*farewell)),
            Self::OtherVersion(theirs) => {
                let side = if theirs.lowest > VERSIONS.highest {
                    "this one"
                } else {
                    "the other one"
                };
                let (ours, theirs) = (spoken(VERSIONS), spoken(*theirs));
                write!(
                    f,
                    "this program speaks {ours}, the other one {theirs}: update {side}"
                )
            }
            Self::Theirs(farewell) => write!(f, "the peer ended it: {}", words(*farewell)),
            Self::Lost(loss) => write!(f, "{loss}"),
            Self::Taken => f.write_str("this connection already carries a session"),
        }
    }
}

/// Returns the code with which a connection is closed for that reason.
///
/// **Source**: docs/PROTOCOL.md, "Link".
pub(crate) fn code(farewell: Farewell) -> VarInt {
    VarInt::from_u32(match farewell {
        Farewell::NoCommonVersion => 1,
        Farewell::OtherEvent => 2,
        Farewell::NotWelcome => 3,
        Farewell::BadMessage => 4,
        Farewell::Silent => 5,
        Farewell::Leaving => 6,
    })
}

fn farewell_of(given: VarInt) -> Option<Farewell> {
    [
        Farewell::NoCommonVersion,
        Farewell::OtherEvent,
        Farewell::NotWelcome,
        Farewell::BadMessage,
        Farewell::Silent,
        Farewell::Leaving,
    ]
    .into_iter()
    .find(|farewell| code(*farewell) == given)
}

/// Names versions as people read them.
fn spoken(versions: VersionRange) -> String {
    let VersionRange { lowest, highest } = versions;
    if lowest == highest {
        format!("version {lowest}")
    } else {
        format!("versions {lowest} to {highest}")
    }
}

fn words(farewell: Farewell) -> &'static str {
    match farewell {
        Farewell::NoCommonVersion => "no protocol version in common: update the older of the two programs",
        Farewell::OtherEvent => "the two sides belong to different events",
        Farewell::NotWelcome => "the certificate is refused (expired, revoked, or for another key or event)",
        Farewell::BadMessage => "the other side sent what no sound program sends",
        Farewell::Silent => "nothing useful was heard for too long",
        Farewell::Leaving => "the program is starting or shutting down",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_farewell_survives_the_way_through_a_close_code() {
        for farewell in [
            Farewell::NoCommonVersion,
            Farewell::OtherEvent,
            Farewell::NotWelcome,
            Farewell::BadMessage,
            Farewell::Silent,
            Farewell::Leaving,
        ] {
            assert_eq!(farewell_of(code(farewell)), Some(farewell));
        }
        assert_eq!(farewell_of(VarInt::from_u32(0)), None);
    }

    #[test]
    fn an_end_reads_as_a_sentence() {
        let end = SessionEnd::Theirs(Farewell::Leaving);
        assert_eq!(
            end.to_string(),
            "the peer ended it: the program is starting or shutting down"
        );
        assert_eq!(
            SessionEnd::Lost(Loss::Restarted).to_string(),
            "the peer has restarted and forgotten the connection"
        );
    }

    #[test]
    fn whoever_speaks_the_older_version_is_to_be_updated() {
        let end = |lowest, highest| SessionEnd::OtherVersion(VersionRange { lowest, highest }).to_string();
        let older = "this program speaks version 2, the other one version 1: update the other one";
        assert_eq!(end(1, 1), older);
        let newer = "this program speaks version 2, the other one versions 3 to 4: update this one";
        assert_eq!(end(3, 4), newer);
    }
}
