//! API keys: adding, using and revoking them.

use usher_keys::Timestamp;

use super::case::{Case, START};
use crate::ids::{ApiKeyId, OrganizerId};
use crate::rights::StaffRole;
use crate::store::api_keys::{
    ApiKey, ENDED_LISTED, MAX_KEYS, NewApiKey, NewKeyOutcome, NoteKeyUse, RevokeKey, RevokeKeyOutcome,
};
use crate::store::organizing::{KeyHash, NewOrganizer};

impl Case {
    pub fn key(&self, role: StaffRole, at: Timestamp) -> ApiKey {
        ApiKey {
            id: ApiKeyId::draw(at),
            organizer: self.organizer,
            name: "Till".into(),
            role,
            scopes: None,
            created_at: at,
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
        }
    }

    pub async fn add_key(&self, key: &ApiKey) -> (KeyHash, NewKeyOutcome) {
        let (_, hash) = KeyHash::draw();
        let new = NewApiKey {
            key: key.clone(),
            hash,
        };
        (hash, self.store.add_api_key(new).await.unwrap())
    }

    async fn revoke_key(&self, id: ApiKeyId, now: Timestamp) -> RevokeKeyOutcome {
        let organizer = self.organizer;
        let request = RevokeKey { organizer, id, now };
        self.store.revoke_api_key(request).await.unwrap()
    }

    /// Returns the id of the organizer's first key.
    fn first_key(&self) -> ApiKeyId {
        ApiKeyId(self.organizer.0)
    }
}

pub async fn keys_of_an_organizer_are_listed_with_what_became_of_them(case: Case) {
    let later = START.plus_ms(1);
    let key = ApiKey {
        expires_at: Some(START.plus_ms(1000)),
        ..case.key(StaffRole::BoxOffice, later)
    };
    let (hash, outcome) = case.add_key(&key).await;
    assert_eq!(outcome, NewKeyOutcome::Added);
    assert_eq!(case.store.api_key(hash).await.unwrap(), Some(key.clone()));
    let now = START.plus_ms(7);
    case.store.note_key_use(NoteKeyUse { hash, now }).await.unwrap();
    let used = ApiKey {
        last_used_at: Some(now),
        ..key
    };
    let listed = case.store.api_keys(case.organizer).await.unwrap();
    let ids: Vec<_> = listed.iter().map(|key| key.id).collect();
    assert_eq!(ids, [case.first_key(), used.id]);
    assert_eq!(listed[1], used);
    assert!(used.is_good(START.plus_ms(999)) && !used.is_good(START.plus_ms(1000)));
    let other = NewOrganizer {
        id: OrganizerId::draw(START),
        name: "Bats".into(),
        key: KeyHash([9; 32]),
        now: START,
    };
    case.store.add_organizer(other.clone()).await.unwrap();
    let of_another = RevokeKey {
        organizer: other.id,
        id: used.id,
        now,
    };
    let outcome = case.store.revoke_api_key(of_another).await.unwrap();
    assert_eq!(outcome, RevokeKeyOutcome::NotFound);
    assert_eq!(case.store.api_key(hash).await.unwrap(), Some(used));
}

pub async fn a_revoked_key_stays_revoked_and_is_forgotten_much_later(case: Case) {
    let key = case.key(StaffRole::Manager, START);
    let (hash, _) = case.add_key(&key).await;
    let revoked = ApiKey {
        revoked_at: Some(START.plus_ms(5)),
        ..key.clone()
    };
    for later in [5, 6] {
        let outcome = case.revoke_key(key.id, START.plus_ms(later)).await;
        assert_eq!(outcome, RevokeKeyOutcome::Revoked(revoked.clone()));
    }
    assert_eq!(case.store.api_key(hash).await.unwrap(), Some(revoked.clone()));
    assert!(!revoked.is_good(START.plus_ms(5)));
    let listed_ms = u64::try_from(ENDED_LISTED.as_millis()).unwrap();
    for (after, is_there) in [(listed_ms + 4, true), (listed_ms + 5, false)] {
        case.add_key(&case.key(StaffRole::Viewer, START.plus_ms(after)))
            .await;
        let found = case.store.api_key(hash).await.unwrap();
        assert_eq!(found.is_some(), is_there);
    }
}

pub async fn the_last_owner_stays_also_when_two_revoke_each_other(case: Case) {
    let first = case.first_key();
    assert_eq!(case.revoke_key(first, START).await, RevokeKeyOutcome::LastOwner);
    let ends = ApiKey {
        expires_at: Some(START.plus_ms(1)),
        ..case.key(StaffRole::Owner, START)
    };
    case.add_key(&ends).await;
    assert_eq!(case.revoke_key(first, START).await, RevokeKeyOutcome::LastOwner);
    let second = case.key(StaffRole::Owner, START);
    case.add_key(&second).await;
    let both = tokio::join!(case.revoke_key(first, START), case.revoke_key(second.id, START));
    let kept = [both.0, both.1].map(|outcome| outcome == RevokeKeyOutcome::LastOwner);
    assert_eq!(kept.iter().filter(|kept| **kept).count(), 1, "{kept:?}");
}

pub async fn an_organizer_has_so_many_good_keys(case: Case) {
    // The first key is one of them.
    for _ in 1..MAX_KEYS {
        let (_, outcome) = case.add_key(&case.key(StaffRole::Viewer, START)).await;
        assert_eq!(outcome, NewKeyOutcome::Added);
    }
    let one_more = case.key(StaffRole::Viewer, START);
    let (hash, outcome) = case.add_key(&one_more).await;
    assert_eq!(outcome, NewKeyOutcome::TooMany);
    assert_eq!(case.store.api_key(hash).await.unwrap(), None);
    let listed = case.store.api_keys(case.organizer).await.unwrap();
    case.revoke_key(listed[1].id, START).await;
    assert_eq!(case.add_key(&one_more).await.1, NewKeyOutcome::Added);
}
