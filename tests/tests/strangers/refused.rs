//! Peers without a good certificate, with one of each kind that is not good, and with one that is good for less than they ask.

use anyhow::{Context, bail, ensure};
use serde_json::json;
use usher_device::replica::Replica;
use usher_keys::{Capabilities, DeviceIdentity, EventId, PublicKey, Role, SecretKey, Timestamp, Window};
use usher_protocol::GateId;
use usher_protocol::log::Head;
use usher_protocol::request::{Overriding, Request, RequestError, Scan};
use usher_protocol::sync::{Farewell, Held, Message};
use usher_tests::stage::festival::{NORTH, STANDING};
use usher_tests::stage::folder::event_in;
use usher_tests::stage::organizer;
use usher_tests::stage::patience::until;
use usher_tests::stage::scanner::Scanner;

use super::doors::{Door, Doors, judge, key};
use super::peer::{Peer, Told, dial, socket};

/// The codes connections are closed with, of docs/PROTOCOL.md.
const OTHER_EVENT: u64 = 2;
const NOT_WELCOME: u64 = 3;

const BOTH: [Door; 2] = [Door::Cloud, Door::Hub];

/// A stranger, what it shows, and what the log must say of it.
struct Stranger {
    key: SecretKey,
    identity: DeviceIdentity,
    because: &'static str,
}

/// One of each kind.
fn strangers(doors: &Doors) -> Vec<Stranger> {
    let sound = |key: &SecretKey| doors.certificate(key.public(), Role::Hub);
    let stranger = |number: u8, because, identity: &dyn Fn(&SecretKey) -> DeviceIdentity| Stranger {
        identity: identity(&key(number)),
        key: key(number),
        because,
    };
    vec![
        stranger(1, "issuer is not trusted", &|own| DeviceIdentity {
            certificate: sound(own).sign(own),
            via: None,
        }),
        stranger(2, "the certificate has ended", &|key| {
            let mut certificate = sound(key);
            certificate.window = Window {
                from: Timestamp(0),
                until: Timestamp(1_000),
            };
            doors.certify(certificate)
        }),
        stranger(3, "for another event", &|key| {
            let mut certificate = sound(key);
            certificate.event = EventId([0xee; 16]);
            doors.certify(certificate)
        }),
        stranger(4, "for another key", &|_| doors.certify(sound(&key(99)))),
        stranger(5, "signature does not verify", &|key| {
            let mut identity = doors.certify(doors.certificate(key.public(), Role::Scanner));
            identity.certificate.certificate.role = Role::Hub;
            identity
        }),
        stranger(6, "may not enrol", &|own| {
            let scanner = key(98);
            let via = doors.certify(doors.certificate(scanner.public(), Role::Scanner));
            DeviceIdentity {
                certificate: sound(own).sign(&scanner),
                via: Some(via.certificate),
            }
        }),
    ]
}

/// Waits until the log has a line with all of these words.
async fn logged(doors: &Doors, door: Door, words: &[&str]) -> anyhow::Result<()> {
    until(format!("the log of the {door:?} to say {words:?}"), async || {
        let log = doors.process(door).logged()?;
        let says = |line: &str| words.iter().all(|word| line.contains(word));
        Ok(log.lines().any(says).then_some(()))
    })
    .await
}

fn id(key: PublicKey) -> String {
    key.id().to_string()
}

fn check_shown_the_door(told: &Told, what: &str) {
    let goodbye = [Message::Bye(Farewell::NotWelcome)];
    assert_eq!(told.code, NOT_WELCOME, "{what}: {told:?}");
    assert!(goodbye.starts_with(&told.messages), "{what}: {told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_without_a_good_certificate_gets_nothing_and_the_log_says_why() -> anyhow::Result<()> {
    let doors = Doors::open().await?;
    let socket = socket([127, 0, 0, 1])?;
    let ticket = doors.stage.buyer().buy_one(STANDING).await?;
    for door in BOTH {
        for Stranger {
            key,
            identity,
            because,
        } in strangers(&doors)
        {
            let mut peer = Peer::knock(&socket, &key, (doors.address(door), doors.event)).await?;
            peer.say(&doors.hello(identity)).await?;
            peer.say(&Message::Recap).await.ok();
            let answer = peer.ask(&Request::Judge(judge(&ticket.payload, 1))).await?;
            assert_eq!(answer, None, "{door:?}, {because}");
            check_shown_the_door(&peer.hear_out().await?, because);
            logged(&doors, door, &[&id(key.public()), because]).await?;
        }
    }
    // Nobody has used the ticket up.
    let turnstile = doors.hub.turnstile(NORTH).await?;
    assert_eq!(turnstile.scan(&ticket.payload).await?.verdict, "admit");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_without_a_key_or_of_another_event_gets_nothing_and_the_log_says_why() -> anyhow::Result<()> {
    let doors = Doors::open().await?;
    let socket = socket([127, 0, 0, 1])?;
    for door in BOTH {
        // TLS lets the client believe that it is in before the other side has refused it.
        if let Ok(connection) = dial(&socket, None, doors.address(door)).await {
            connection.closed().await;
        }
        let from = socket.local_addr()?.to_string();
        logged(&doors, door, &[&from, "did not get through the handshake"]).await?;
    }
    let (key, elsewhere) = (key(7), EventId([0xee; 16]));
    for (door, because) in [
        (Door::Cloud, "there is no such event here"),
        (Door::Hub, "belong to different events"),
    ] {
        let mut peer = Peer::knock(&socket, &key, (doors.address(door), elsewhere)).await?;
        let mut certificate = doors.certificate(key.public(), Role::Hub);
        certificate.event = elsewhere;
        let mut hello = doors.hello(doors.certify(certificate));
        if let Message::Hello(hello) = &mut hello {
            hello.event = elsewhere;
        }
        // The cloud may have closed the door by now.
        peer.say(&hello).await.ok();
        let told = peer.hear_out().await?;
        assert_eq!(told.code, OTHER_EVENT, "{told:?}");
        logged(&doors, door, &[&id(key.public()), because]).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_peer_gets_nothing_and_the_log_says_why() -> anyhow::Result<()> {
    let doors = Doors::open().await?;
    let socket = socket([127, 0, 0, 1])?;
    let code = doors
        .stage
        .organizer
        .enrolment_code(organizer::Role::Scanner, "lost")
        .await?;
    let scanner = Scanner::enrol(&doors.stage.programs, &doors.stage.path("lost"), &code).await?;
    let folder = event_in(scanner.dir())?;
    let (key, meta) = (
        folder.read_key()?,
        Replica::read_enrolment(&folder.replica_path())?,
    );
    doors
        .stage
        .organizer
        .revoke_device(&key.public().to_string())
        .await?;
    for door in BOTH {
        let told = until("the revoked device to be shown the door", async || {
            let mut peer = Peer::knock(&socket, &key, (doors.address(door), doors.event)).await?;
            peer.say(&doors.hello(meta.identity.clone())).await?;
            let first = peer.hear().await;
            // Until the hub has heard of it, it answers.
            let is_answered = matches!(first, Ok(Message::Hello(_)));
            Ok((!is_answered).then_some(first))
        })
        .await?;
        ensure!(
            told.as_ref()
                .map_or(true, |first| *first == Message::Bye(Farewell::NotWelcome)),
            "{told:?}"
        );
        logged(&doors, door, &[&id(key.public()), "the device was revoked"]).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_gets_nothing_beyond_its_role_and_the_log_says_what_it_asked_for() -> anyhow::Result<()> {
    let doors = Doors::open().await?;
    let socket = socket([127, 0, 0, 1])?;
    let ticket = doors.stage.buyer().buy_one(STANDING).await?;
    let scan = judge(&ticket.payload, 1);
    let overriding = Request::Override(Overriding {
        scan: scan.clone(),
        by: "Ann".to_owned(),
        why: "knows them".to_owned(),
    });
    let elsewhere = Scan {
        gate: GateId(NORTH + 1),
        ..scan.clone()
    };
    for (number, door, role, beyond) in [
        (
            1,
            Door::Hub,
            Role::Scanner,
            vec![
                Request::JudgeAsHome(scan.clone()),
                overriding.clone(),
                Request::Judge(elsewhere),
            ],
        ),
        (2, Door::Hub, Role::Cloud, vec![Request::Judge(scan.clone())]),
        (
            3,
            Door::Cloud,
            Role::Hub,
            vec![Request::JudgeAsHome(scan.clone()), overriding],
        ),
    ] {
        let key = key(number);
        let mut certificate = doors.certificate(key.public(), role);
        certificate.gates = vec![NORTH];
        certificate.capabilities = Capabilities::default();
        let mut peer = Peer::knock(&socket, &key, (doors.address(door), doors.event)).await?;
        peer.say(&doors.hello(doors.certify(certificate))).await?;
        ensure!(matches!(peer.hear().await?, Message::Hello(_)), "it is let in");
        for request in beyond {
            let answer = peer.ask(&request).await?.context("it is answered")?;
            assert_eq!(answer, Err(RequestError::NotAllowed), "{role:?}: {request:?}");
        }
        let words = [&id(key.public()), "what its certificate does not allow"];
        logged(&doors, door, &words.map(|word: &str| word)).await?;
    }
    let turnstile = doors.hub.turnstile(NORTH).await?;
    assert_eq!(turnstile.scan(&ticket.payload).await?.verdict, "admit");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_a_device_is_found_out_and_the_true_one_lets_people_in_again_once_that_is_settled()
-> anyhow::Result<()> {
    let doors = Doors::open().await?;
    let folder = event_in(doors.hub.dir())?;
    let (key, meta) = (
        folder.read_key()?,
        Replica::read_enrolment(&folder.replica_path())?,
    );
    let mut copy = Peer::knock(
        &socket([127, 0, 0, 1])?,
        &key,
        (doors.address(Door::Cloud), doors.event),
    )
    .await?;
    copy.say(&doors.hello(meta.identity)).await?;
    let Message::Hello(hello) = copy.hear().await? else {
        bail!("the cloud does not say hello");
    };
    let true_one = hello.held.iter().find(|held| held.origin == key.public());
    let mut tail = true_one.context("the cloud knows the hub's log")?.tail;
    tail.hash = [0xee; 32];
    let other = Held::from(Head::sign(doors.event, tail, &key));
    copy.say(&Message::Have(vec![other])).await?;
    logged(&doors, Door::Cloud, &[&id(key.public()), "two histories"]).await?;
    until("the organizer to see the incident", async || {
        let incidents = doors.stage.organizer.incidents().await?;
        Ok(incidents
            .iter()
            .any(|incident| incident.kind == "forked")
            .then_some(()))
    })
    .await?;
    drop(copy);
    settled(&doors, key.public()).await
}

/// The true hub sends everybody to other gates until the organizer has said that its history counts.
async fn settled(doors: &Doors, device: PublicKey) -> anyhow::Result<()> {
    let (organizer, hub) = (&doors.stage.organizer, &doors.hub);
    let turnstile = hub.turnstile(NORTH).await?;
    let ready = async || Ok::<_, anyhow::Error>(turnstile.http.get("/readyz").await?.status == 200);
    until("the hub to say that it is not ready", async || {
        Ok((!ready().await?).then_some(()))
    })
    .await?;
    let ticket = doors.stage.buyer().buy_one(STANDING).await?;
    let sent_on = turnstile.scan(&ticket.payload).await?;
    assert_eq!(sent_on.reason.as_deref(), Some("own_log_forked"), "{sent_on:?}");
    let is_frozen = async || {
        let devices = organizer.devices().await?.devices;
        let found = devices.iter().find(|one| one.device == device.to_string());
        Ok::<_, anyhow::Error>(found.context("it is enrolled")?.frozen)
    };
    ensure!(is_frozen().await?, "the organizer sees nothing of it");

    let door = organizer.path(&format!("devices/{device}/settle"));
    let held = json!({ "history": "held" });
    organizer.http.post(&door, &held).await?.expect(200)?;
    ensure!(!is_frozen().await?, "it is settled");
    until("the hub to be ready again", async || {
        Ok(ready().await?.then_some(()))
    })
    .await?;
    let let_in = turnstile.scan(&ticket.payload).await?;
    assert_eq!(let_in.verdict, "admit", "{let_in:?}");
    until("the cloud to take the hub's log again", async || {
        let units = organizer.admitted_units().await?;
        Ok(units.contains(&ticket.unit).then_some(()))
    })
    .await?;
    let again = organizer.http.post(&door, &held).await?;
    assert_eq!(again.status, 409, "{}", again.text());
    Ok(())
}
