//! The shape of the vector file: plain JSON, bytes in lower-case hexadecimal, times in milliseconds since the Unix epoch.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use usher_keys::{EventId, KeyId, KeyStatus, PublicKey, SecretKey, Timestamp, TrustedKey, Window};
use usher_protocol::ticket::{Payload, Ticket, TicketFlags, digits};
use usher_protocol::{Generation, TierId, Unit};

/// When the codes are read.
pub const NOW: Timestamp = Timestamp(1_800_000_000_000);

/// When most keys are believed.
pub const WINDOW: Window = Window {
    from: Timestamp(1_790_000_000_000),
    until: Timestamp(1_810_000_000_000),
};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vectors {
    pub about: String,
    pub event: EventId,
    pub now: Timestamp,
    pub keys: Vec<Key>,
    pub weak_keys: Vec<String>,
    pub valid: Vec<Valid>,
    pub rejected: Vec<Rejected>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    pub name: String,
    pub seed: String,
    pub public: PublicKey,
    pub id: String,
    pub in_bundle: bool,
    pub window: Window,
    pub status: KeyStatus,
}

impl Key {
    pub fn new(name: &str, seed: u8, window: Window) -> Self {
        let public = SecretKey::from_seed(&[seed; 32]).public();
        Self {
            name: name.to_owned(),
            seed: hex(&[seed; 32]),
            public,
            id: public.id().to_string(),
            in_bundle: true,
            window,
            status: KeyStatus::Active,
        }
    }

    pub fn secret(&self) -> SecretKey {
        let seed = bytes(&self.seed).try_into().expect("a seed has 32 bytes");
        let secret = SecretKey::from_seed(&seed);
        assert_eq!(secret.public(), self.public, "{}", self.name);
        assert_eq!(KeyId::from_hex(&self.id), Ok(self.public.id()), "{}", self.name);
        secret
    }

    pub fn trusted(&self) -> TrustedKey {
        TrustedKey {
            key: self.public,
            window: self.window,
            status: self.status,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Valid {
    pub name: String,
    pub key: String,
    pub key_id: String,
    pub unit: u32,
    pub generation: u32,
    pub tier: u16,
    pub admits: u8,
    pub flags: u8,
    pub holder: Option<PublicKey>,
    pub payload: String,
    pub payload_bytes: usize,
    pub text: String,
    pub text_digits: usize,
    /// For a ticket with a holder: what the holder's phone shows at the file's `now`; the text alone is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_live: Option<String>,
}

/// The seed of the holder's key in every vector that has one.
pub const HOLDER_SEED: [u8; 32] = [0x70; 32];

impl Valid {
    pub fn new(name: &str, key: &Key, ticket: Ticket) -> Self {
        let payload = ticket.clone().sign(&key.secret());
        let text = payload.to_text();
        let holder = SecretKey::from_seed(&HOLDER_SEED);
        Self {
            shown_live: ticket.holder.map(|_| payload.shown_live(&holder, NOW)),
            name: name.to_owned(),
            key: key.name.clone(),
            key_id: key.id.clone(),
            unit: ticket.unit.0,
            generation: ticket.generation.0,
            tier: ticket.tier.0,
            admits: ticket.admits,
            flags: ticket.flags.0,
            holder: ticket.holder,
            payload: hex(payload.bytes()),
            payload_bytes: payload.bytes().len(),
            text_digits: text.len(),
            text,
        }
    }

    pub fn ticket(&self) -> Ticket {
        Ticket {
            key: KeyId::from_hex(&self.key_id).expect("4 bytes in hexadecimal"),
            unit: Unit(self.unit),
            generation: Generation(self.generation),
            tier: TierId(self.tier),
            admits: self.admits,
            flags: TicketFlags(self.flags),
            holder: self.holder,
        }
    }
}

/// What is wrong: the bytes of a payload (whose text is derived), a text, or the bytes of something that is no text.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rejected {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    payload: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text_hex: Option<String>,
    pub rejection: Value,
}

impl Rejected {
    pub fn payload_of(name: &str, payload: &[u8], rejection: Value) -> Self {
        Self {
            name: name.to_owned(),
            payload: Some(hex(payload)),
            text: None,
            text_hex: None,
            rejection,
        }
    }

    pub fn text_of(name: &str, text: String) -> Self {
        Self {
            name: name.to_owned(),
            payload: None,
            text: Some(text),
            text_hex: None,
            rejection: Value::from("not_a_ticket"),
        }
    }

    pub fn bytes_of(name: &str, text: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            payload: None,
            text: None,
            text_hex: Some(hex(text)),
            rejection: Value::from("not_a_ticket"),
        }
    }

    pub fn payload(&self) -> Option<Vec<u8>> {
        self.payload.as_deref().map(bytes)
    }

    pub fn text(&self) -> Vec<u8> {
        match (&self.payload, &self.text, &self.text_hex) {
            (Some(payload), None, None) => digits::encode(&bytes(payload)).into_bytes(),
            (None, Some(text), None) => text.clone().into_bytes(),
            (None, None, Some(text)) => bytes(text),
            _ => panic!("{}: exactly one of payload, text and text_hex", self.name),
        }
    }
}

/// Splits a payload into the signed body and the signature.
pub fn split(payload: &Payload) -> (Vec<u8>, [u8; 64]) {
    let (body, signature) = payload
        .bytes()
        .split_last_chunk::<64>()
        .expect("a payload ends with a signature");
    (body.to_vec(), *signature)
}

pub fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn bytes(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.as_bytes()).expect("lower-case hexadecimal")
}
