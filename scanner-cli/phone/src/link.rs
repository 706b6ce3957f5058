//! The connection to the hub: whose it is, how far the greeting has come, and what arrived of it; what is said over it is the session's.

use usher_keys::{Certificate, EventId, PublicKey, SecretKey};
use usher_protocol::routing::{Line, LineId};
use usher_protocol::sync::{MAX_FRAME_BYTES, Message, Session, VERSIONS};
use usher_protocol::web::{CertificateHash, HubWelcome, MAX_GREETING_BYTES, NamedCertificate, PageCall};

use crate::frames::{Frames, frame};

/// How long a link may take from the call to an open session, in milliseconds.
pub const OPENING_MS: u64 = 15_000;

/// A connection to a hub, from the first frame on.
pub struct Link {
    /// Names it for the way of a scan.
    pub id: LineId,
    frames: Frames,
    /// When the call went out, by the machine's run.
    called_up_ms: u64,
    stage: Stage,
}

enum Stage {
    /// The call is out.
    Calling {
        call: PageCall,
        pinned: Vec<CertificateHash>,
    },
    /// Keys are proven.
    Talking(Box<Talk>),
}

/// A session and what is known of its other end.
pub struct Talk {
    pub session: Session,
    pub peer: PublicKey,
    /// By what the peer says that it is known; worth something once its certificate was accepted.
    pub named: Vec<NamedCertificate>,
    /// The peer's certificate, once it was accepted.
    pub opened: Option<Certificate>,
    /// How long a packet takes there and back, in milliseconds.
    pub round_trip_ms: u64,
}

/// What a frame from the hub was.
pub enum Arrived {
    /// The hub has proven its key; this is its key and its certificates, and our proof is to be sent.
    Welcome {
        hub: PublicKey,
        certificates: Vec<NamedCertificate>,
        proof: Vec<u8>,
        round_trip_ms: u64,
    },
    /// A message of the session.
    Message(Box<Message>),
}

/// Why nothing more is heard over a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkEnd {
    /// The hub did not prove its key over the certificate that was pinned.
    NotTheHub,
    /// It speaks no version of the protocol that we speak.
    OtherVersion,
    /// It sent what is no message.
    BadMessage,
}

impl Link {
    /// Calls a hub; gives what is to be sent.
    #[must_use]
    pub fn call(
        id: LineId,
        (event, key): (EventId, PublicKey),
        (pinned, nonce): (Vec<CertificateHash>, [u8; 32]),
        up_ms: u64,
    ) -> (Self, Vec<u8>) {
        let call = PageCall { event, key, nonce };
        let sent = frame(&call.to_bytes());
        let link = Self {
            id,
            frames: Frames::default(),
            called_up_ms: up_ms,
            stage: Stage::Calling { call, pinned },
        };
        (link, sent)
    }

    /// Takes bytes of the hub's.
    pub fn push(&mut self, bytes: &[u8]) {
        self.frames.push(bytes);
    }

    /// Returns what arrived next, once it is whole.
    ///
    /// # Errors
    ///
    /// [`LinkEnd`].
    pub fn next(&mut self, key: &SecretKey, up_ms: u64) -> Result<Option<Arrived>, LinkEnd> {
        let limit_bytes = match self.stage {
            Stage::Calling { .. } => MAX_GREETING_BYTES,
            Stage::Talking(_) => MAX_FRAME_BYTES,
        };
        let Some(body) = self.frames.next(limit_bytes).map_err(|_| LinkEnd::BadMessage)? else {
            return Ok(None);
        };
        match &self.stage {
            Stage::Calling { call, pinned } => {
                let welcome = HubWelcome::from_bytes(&body).map_err(|_| LinkEnd::NotTheHub)?;
                let in_use = welcome.check(call, pinned).map_err(|_| LinkEnd::NotTheHub)?;
                Ok(Some(Arrived::Welcome {
                    hub: welcome.key,
                    proof: frame(&call.prove(key, &welcome, in_use).0),
                    certificates: welcome.certificates,
                    round_trip_ms: up_ms.saturating_sub(self.called_up_ms),
                }))
            }
            Stage::Talking(_) => message(&body).map(|message| Some(Arrived::Message(Box::new(message)))),
        }
    }

    /// Begins the session.
    pub fn talk(
        &mut self,
        session: Session,
        (peer, named): (PublicKey, Vec<NamedCertificate>),
        round_trip_ms: u64,
    ) {
        self.stage = Stage::Talking(Box::new(Talk {
            session,
            peer,
            named,
            opened: None,
            round_trip_ms,
        }));
    }

    /// Returns the session, once keys are proven.
    pub fn talking(&mut self) -> Option<&mut Talk> {
        match &mut self.stage {
            Stage::Talking(talk) => Some(talk),
            Stage::Calling { .. } => None,
        }
    }

    /// Returns what is known of the hub, once its certificate was accepted.
    #[must_use]
    pub fn opened(&self) -> Option<(&Talk, &Certificate)> {
        match &self.stage {
            Stage::Talking(talk) => talk.opened.as_ref().map(|certificate| (&**talk, certificate)),
            Stage::Calling { .. } => None,
        }
    }

    /// Returns the line over which scans are asked about.
    #[must_use]
    pub fn line(&self) -> Option<Line> {
        let (talk, _) = self.opened()?;
        Some(Line {
            id: self.id,
            hub: talk.peer,
            round_trip_ms: talk.round_trip_ms,
        })
    }

    /// Tells whether it takes too long to open.
    #[must_use]
    pub fn is_overdue(&self, up_ms: u64) -> bool {
        self.opened().is_none() && up_ms.saturating_sub(self.called_up_ms) > OPENING_MS
    }
}

fn message(body: &[u8]) -> Result<Message, LinkEnd> {
    let theirs = Message::versions_in(body);
    if theirs.is_some_and(|theirs| VERSIONS.common(theirs).is_none()) {
        return Err(LinkEnd::OtherVersion);
    }
    Message::from_bytes(body).map_err(|_| LinkEnd::BadMessage)
}
