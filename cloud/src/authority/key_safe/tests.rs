//! Keys of events: asked for once, trusted, rotated, and opened by their master key alone.

use usher_keys::{PublicKey, RootSet};

use super::*;
use crate::store::contract::case::{Case, START};

const WINDOW: Window = Window {
    from: Timestamp(1_000),
    until: Timestamp(9_000),
};
const NOW: Timestamp = Timestamp(5_000);

fn root() -> PublicKey {
    SecretKey::from_seed(&[1; 32]).public()
}

fn master(digit: char) -> MasterKey {
    MasterKey::parse(&digit.to_string().repeat(64)).unwrap()
}

async fn safe() -> (Case, KeySafe) {
    let case = Case::on_sqlite().await;
    let safe = KeySafe::new(case.store.clone(), master('1'));
    (case, safe)
}

#[tokio::test]
async fn asking_again_before_the_keys_are_trusted_gives_the_same_request() {
    let (case, safe) = safe().await;
    let ask = async || {
        safe.request_keys(case.event, (None, WINDOW), START)
            .await
            .unwrap()
    };
    let first = ask().await;
    assert_eq!(ask().await, first);
    assert_eq!(first.check(), Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_ask_at_once_get_the_same_keys() {
    for case in [Case::on_sqlite().await, Case::on_postgres().await] {
        let ask = || {
            let safe = KeySafe::new(case.store.clone(), master('1'));
            async move {
                let request = safe
                    .request_keys(case.event, (None, WINDOW), START)
                    .await
                    .unwrap();
                (request, safe.link_key(START).await.unwrap().public())
            }
        };
        let asked = futures_util::future::join_all((0..8).map(|_| ask())).await;
        assert!(asked.iter().all(|got| *got == asked[0]));
        assert_eq!(case.store.secret_keys(()).await.unwrap().len(), 4);
        let (request, link) = &asked[0];
        let made_for = async |key| case.store.events_of_key(key).await.unwrap();
        assert_eq!(made_for(request.ticket_key).await, [case.event]);
        assert_eq!(made_for(*link).await, [], "it is no event's");
        assert_eq!(made_for(root()).await, [], "it is not held here");
        assert_eq!(case.audit().await.findings, []);
    }
}

#[tokio::test]
async fn once_trusted_the_next_request_rotates_the_ticket_key_and_keeps_the_others() {
    let (case, safe) = safe().await;
    let first = safe
        .request_keys(case.event, (None, WINDOW), START)
        .await
        .unwrap();
    let bundle = first.first_bundle(RootSet::single(root()));
    let second = safe
        .request_keys(case.event, (Some(&bundle), WINDOW), START)
        .await
        .unwrap();
    assert_ne!(second.ticket_key, first.ticket_key);
    assert_eq!(
        (second.authority_key, second.issuing_key),
        (first.authority_key, first.issuing_key)
    );

    let keys = safe.event_keys(case.event).await.unwrap();
    let in_use = |bundle| keys.in_use(Purpose::Ticket, bundle, NOW).map(SecretKey::public);
    assert_eq!(in_use(&bundle), Some(first.ticket_key));
    assert_eq!(in_use(&second.next_bundle(&bundle, NOW)), Some(second.ticket_key));
}

#[tokio::test]
async fn a_struck_authority_key_is_replaced_by_the_next_request() {
    let (case, safe) = safe().await;
    let first = safe
        .request_keys(case.event, (None, WINDOW), START)
        .await
        .unwrap();
    let bundle = first.first_bundle(RootSet::single(root()));
    let struck = bundle.strike(first.authority_key.id(), NOW).unwrap();
    let keys = safe.event_keys(case.event).await.unwrap();
    assert!(keys.in_use(Purpose::Authority, &struck, NOW).is_none());
    assert!(keys.named(Purpose::Authority, &struck).is_some());
    let second = safe
        .request_keys(case.event, (Some(&struck), WINDOW), START)
        .await
        .unwrap();
    assert_ne!(second.authority_key, first.authority_key);
    assert_eq!(second.check_after(&struck), Ok(()));
}

#[tokio::test]
async fn keys_outlive_the_process_and_open_with_their_master_key_alone() {
    let (case, safe) = safe().await;
    let link = safe.link_key(START).await.unwrap().public();
    let request = safe
        .request_keys(case.event, (None, WINDOW), START)
        .await
        .unwrap();
    let stranger = KeySafe::new(case.store.clone(), master('2'));
    assert!(matches!(
        stranger.link_key(START).await,
        Err(KeySafeError::OtherMasterKey)
    ));
    assert!(matches!(
        stranger.event_keys(case.event).await,
        Err(KeySafeError::OtherMasterKey)
    ));

    let both = format!("{}\n{}", "2".repeat(64), "1".repeat(64));
    let rotating = KeySafe::new(case.store.clone(), MasterKey::parse(&both).unwrap());
    assert_eq!(rotating.reseal().await.unwrap(), 4);
    assert_eq!(rotating.reseal().await.unwrap(), 0);
    assert_eq!(stranger.link_key(START).await.unwrap().public(), link);
    let again = stranger
        .request_keys(case.event, (None, WINDOW), START)
        .await
        .unwrap();
    assert_eq!(again, request);
    assert!(matches!(
        safe.link_key(START).await,
        Err(KeySafeError::OtherMasterKey)
    ));
    assert_eq!(case.audit().await.findings, []);
}

#[tokio::test]
async fn a_key_opens_only_as_what_it_was_sealed_for() {
    let (_case, safe) = safe().await;
    safe.link_key(START).await.unwrap();
    let sealed = safe.store.link_key(()).await.unwrap().unwrap();
    let event = KeyUse::Event(EventId([7; 16]), Purpose::Ticket);
    let moved = SealedKey {
        used: event,
        ..sealed
    };
    assert!(matches!(safe.open(&moved), Err(KeySafeError::OtherMasterKey)));
}
