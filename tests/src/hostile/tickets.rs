//! The code in the hand of a guest: texts, and bytes behind a valid signature.

use usher_keys::{Domain, KeyId, PublicKey, SecretKey, Timestamp};
use usher_protocol::ticket::{MAX_PAYLOAD_BYTES, Payload, Rejection, SIGNATURE_BYTES, Ticket, digits};

use super::Target;
use super::draw::Draw;
use super::scene::{NOW, SEASON, disbelieved, holder, tickets, trust};

/// Any text is read strictly: what opens a gate is the one text of bytes that one of our keys signed.
pub fn payload_text() -> Target {
    let trust = trust(1);
    let tickets = tickets().public().id();
    Box::new(move |data| {
        let bytes = digits::decode(data);
        if let Some(bytes) = &bytes {
            assert_eq!(
                digits::encode(bytes).as_bytes(),
                data,
                "two texts of the same bytes"
            );
            let _ = Payload::parse(bytes);
        }
        for now in [NOW, Timestamp(0), Timestamp(u64::MAX), SEASON.until] {
            let verified = trust.keyring().verify_text(data, now);
            let by_bytes = bytes.as_ref().map(|bytes| trust.keyring().verify(bytes, now));
            match (&verified, by_bytes) {
                (Ok(_) | Err(_), Some(again)) => assert_eq!(verified, again, "text and bytes disagree"),
                (Ok(_), None) => panic!("no bytes, but a ticket"),
                (Err(rejection), None) => assert_eq!(*rejection, Rejection::NotATicket),
            }
            if let (Ok(ticket), true) = (verified, now == NOW) {
                assert_eq!(
                    ticket.ticket().key,
                    tickets,
                    "signed by a key that is not believed now"
                );
            }
        }
    })
}

/// Any body that a ticket key signed, as a cloud with a fault might, and any bytes at all.
pub fn payload_bytes() -> Target {
    let trust = trust(1);
    let [struck, early, over] = disbelieved();
    let keys = [tickets(), struck, early, over];
    let holder = holder();
    Box::new(move |data| {
        let mut draw = Draw::new(data);
        let (key, live) = (draw.pick(&keys), draw.bit());
        let body = draw.rest();
        // With a signature of its own inside, the one behind it would be the phone's.
        if body.len() > MAX_PAYLOAD_BYTES - SIGNATURE_BYTES {
            return;
        }
        let mut code = body.to_vec();
        code.extend(key.sign(Domain::Ticket, body).0);
        if live {
            code.extend(NOW.0.to_le_bytes());
            code.extend(holder.sign(Domain::Live, &code).0);
        }
        let verified = trust.keyring().verify(&code, NOW);
        match expected(body, &key, live.then(|| holder.public())) {
            Ok(ticket) => assert_eq!(verified.map(|verified| verified.ticket().clone()), Ok(ticket)),
            Err(rejection) => assert_eq!(verified, Err(rejection)),
        }
    })
}

/// What must come of a body with a true signature: a ticket only if it is its own one encoding.
fn expected(body: &[u8], key: &SecretKey, phone: Option<PublicKey>) -> Result<Ticket, Rejection> {
    let signed = [body, &[0; SIGNATURE_BYTES]].concat();
    let parsed = Payload::parse(&signed).map(|(ticket, ..)| ticket);
    let ticket = match (parsed, phone) {
        (Ok(ticket), None) => ticket,
        (Ok(ticket), Some(_)) if ticket.holder.is_some() => ticket,
        // Behind anything else the moving part is not taken for one, and all together is too long.
        (Ok(_) | Err(_), Some(_)) => return Err(Rejection::NotATicket),
        (Err(rejection), None) => return Err(rejection),
    };
    let again = ticket.clone().sign(key);
    let is_ours = ticket.key == key.public().id();
    assert!(
        !is_ours || again.bytes()[..again.bytes().len() - SIGNATURE_BYTES] == *body,
        "a second encoding of the same ticket"
    );
    by_key(ticket.key, key)?;
    if ticket.holder.is_some() && ticket.holder != phone {
        return Err(Rejection::NotLive);
    }
    Ok(ticket)
}

fn by_key(named: KeyId, key: &SecretKey) -> Result<(), Rejection> {
    let [struck, early, over] = disbelieved().map(|key| key.public().id());
    let known = [tickets().public().id(), struck, early, over];
    if !known.contains(&named) {
        return Err(Rejection::UnknownKey);
    }
    if named != key.public().id() {
        return Err(Rejection::FalseSignature);
    }
    match named {
        id if id == struck => Err(Rejection::StruckKey),
        id if id == early || id == over => Err(Rejection::KeyOutOfWindow),
        _ => Ok(()),
    }
}
