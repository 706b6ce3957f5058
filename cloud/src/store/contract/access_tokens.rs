//! Access tokens: adding and finding them.

use super::case::{Case, START};
use crate::ids::ApiKeyId;
use crate::rights::{Operation, Scopes, StaffRole};
use crate::store::access_tokens::{GOOD_FOR, MAX_TOKENS, NewAccessToken};
use crate::store::api_keys::RevokeKey;
use crate::store::organizing::KeyHash;

impl Case {
    async fn add_token(&self, after_ms: u64) -> KeyHash {
        let (_, hash) = KeyHash::draw();
        let now = START.plus_ms(after_ms);
        let new = NewAccessToken {
            hash,
            key: ApiKeyId(self.organizer.0),
            scopes: Scopes::of([Operation::SeeEvents]),
            expires_at: now.plus_ms(good_for_ms()),
            now,
        };
        self.store.add_access_token(new).await.unwrap();
        hash
    }
}

fn good_for_ms() -> u64 {
    u64::try_from(GOOD_FOR.as_millis()).unwrap()
}

pub async fn a_token_stands_for_its_key_until_either_ends(case: Case) {
    let hash = case.add_token(0).await;
    let token = case.store.access_token(hash).await.unwrap().unwrap();
    assert_eq!(
        (token.key.organizer, token.key.role),
        (case.organizer, StaffRole::Owner)
    );
    let grant = token.grant(START).unwrap();
    assert!(grant.may(Operation::SeeEvents) && !grant.may(Operation::Publish));
    assert!(token.grant(START.plus_ms(good_for_ms())).is_none());
    let (_, unknown) = KeyHash::draw();
    assert_eq!(case.store.access_token(unknown).await.unwrap(), None);

    let second = case.key(StaffRole::Owner, START);
    case.add_key(&second).await;
    let revoke = RevokeKey {
        organizer: case.organizer,
        id: ApiKeyId(case.organizer.0),
        now: START,
    };
    case.store.revoke_api_key(revoke).await.unwrap();
    let token = case.store.access_token(hash).await.unwrap().unwrap();
    assert!(token.grant(START).is_none());
}

pub async fn tokens_that_ended_are_forgotten_and_so_many_are_good(case: Case) {
    let first = case.add_token(0).await;
    let second = case.add_token(1).await;
    for after in 2..=u64::from(MAX_TOKENS) {
        case.add_token(after).await;
    }
    assert_eq!(case.store.access_token(first).await.unwrap(), None);
    assert!(case.store.access_token(second).await.unwrap().is_some());
    case.add_token(good_for_ms() + 1).await;
    assert_eq!(case.store.access_token(second).await.unwrap(), None);
}
