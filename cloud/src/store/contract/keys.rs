//! Secret keys lie in the store as they were sealed: made once whoever makes them, found by what they are for, and sealed anew in place.

use usher_keys::{PublicKey, Purpose};

use crate::store::authority::{KeyUse, NewKeys, SealedKey};
use crate::store::finding::Finding;

use super::case::{Case, START};

fn key(used: KeyUse, public: u8, sealed: &[u8]) -> SealedKey {
    SealedKey {
        used,
        public: PublicKey([public; 32]),
        sealed: sealed.to_vec(),
    }
}

pub async fn keys_are_added_once_and_found_by_what_they_are_for(case: Case) {
    let event = case.event;
    let ticket = key(KeyUse::Event(event, Purpose::Ticket), 1, b"sealed");
    let authority = key(KeyUse::Event(event, Purpose::Authority), 2, b"sealed too");
    let link = key(KeyUse::Link, 3, b"the cloud's");
    let add = async |event, known, keys: &[&SealedKey]| {
        let keys = keys.iter().copied().cloned().collect();
        let new = NewKeys {
            event,
            known,
            keys,
            now: START,
        };
        case.store.add_keys(new).await.unwrap()
    };
    assert_eq!(case.store.link_key(()).await.unwrap(), None);
    assert_eq!(case.store.event_keys(event).await.unwrap(), []);
    assert!(add(Some(event), 0, &[&ticket]).await);
    // Another process had made none by what it knew, and must not make a second one.
    assert!(!add(Some(event), 0, &[&authority]).await);
    assert!(add(Some(event), 1, &[&authority]).await);
    assert!(add(None, 0, &[&link]).await);
    assert!(!add(None, 0, &[&link]).await);
    assert_eq!(case.store.link_key(()).await.unwrap().as_ref(), Some(&link));
    let of_event = [authority.clone(), ticket.clone()];
    assert_eq!(case.store.event_keys(event).await.unwrap(), of_event);
    assert_eq!(case.store.events_of_key(ticket.public).await.unwrap(), [event]);
    assert_eq!(case.store.events_of_key(link.public).await.unwrap(), []);
    let mut all = case.store.secret_keys(()).await.unwrap();
    all.sort_by_key(|key| key.public.0);
    assert_eq!(all, [ticket, authority, link]);
}

pub async fn a_key_is_sealed_anew_in_its_place_and_no_other_is_touched(case: Case) {
    let event = case.event;
    let ticket = key(KeyUse::Event(event, Purpose::Ticket), 1, b"sealed");
    let link = key(KeyUse::Link, 3, b"the cloud's");
    for (of, key) in [(Some(event), &ticket), (None, &link)] {
        let new = NewKeys {
            event: of,
            known: 0,
            keys: vec![key.clone()],
            now: START,
        };
        assert!(case.store.add_keys(new).await.unwrap());
    }
    let reseal = async |key: SealedKey| case.store.reseal_key(key).await.unwrap();
    assert!(!reseal(key(ticket.used, 9, b"of no key")).await);
    assert!(!reseal(key(KeyUse::Event(event, Purpose::Issuing), 1, b"for another use")).await);
    assert_eq!(
        case.store.event_keys(event).await.unwrap(),
        std::slice::from_ref(&ticket)
    );
    let anew = key(ticket.used, 1, b"under another master key");
    assert!(reseal(anew.clone()).await);
    assert_eq!(case.store.event_keys(event).await.unwrap(), [anew]);
    assert_eq!(case.store.link_key(()).await.unwrap().as_ref(), Some(&link));
    let anew = key(KeyUse::Link, 3, b"this one too");
    assert!(reseal(anew.clone()).await);
    assert_eq!(case.store.link_key(()).await.unwrap(), Some(anew));
    // The hash beside each tells of damage, so that it must have followed.
    let is_key = |finding: &Finding| matches!(finding, Finding::SecretKey);
    assert!(!case.audit().await.findings.iter().any(is_key));
}
