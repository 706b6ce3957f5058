//! Acts of organizers: lines that are only added, each after the last, and what is found of those that were altered.

use std::collections::BTreeMap;

use futures_util::future::join_all;

use super::case::{Case, START};
use crate::acts::{Act, ActHash, LinePlace};
use crate::ids::OrganizerId;
use crate::store::acts::{ActsQuery, NewAct};
use crate::store::finding::Finding;
use crate::store::organizing::{KeyHash, NewOrganizer};

/// Acts that are written down at once.
const AT_ONCE: u16 = 20;

impl Case {
    async fn add_act(&self, organizer: OrganizerId, status: u16) -> u64 {
        let act = Act::Ended {
            asked: 1,
            status,
            changed: BTreeMap::new(),
            answer: BTreeMap::new(),
        };
        let at = START;
        let new = NewAct { organizer, at, act };
        self.store.add_act(new).await.unwrap()
    }

    async fn acts(&self, organizer: OrganizerId, after: u64, limit: u32) -> Vec<(u64, String)> {
        let query = ActsQuery {
            organizer,
            after,
            limit,
        };
        self.store.acts(query).await.unwrap()
    }
}

pub async fn acts_that_come_at_once_follow_each_other(case: Case) {
    let other = NewOrganizer {
        id: OrganizerId::draw(START),
        name: "Bats".into(),
        key: KeyHash([9; 32]),
        now: START,
    };
    case.store.add_organizer(other.clone()).await.unwrap();
    let organizer = case.organizer;
    let adding = (0..AT_ONCE).map(async |status| {
        let numbers = tokio::join!(case.add_act(organizer, status), case.add_act(other.id, status));
        numbers.0
    });
    let mut numbers = join_all(adding).await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=AT_ONCE.into()).collect::<Vec<_>>());
    for organizer in [organizer, other.id] {
        let mut place = LinePlace::first(organizer);
        for (seq, line) in case.acts(organizer, 0, 100).await {
            assert_eq!(seq, place.seq);
            assert!(place.is_of(&line), "{line}");
            place = place.next(&line);
        }
        assert_eq!(place.seq, u64::from(AT_ONCE) + 1);
    }
    let audit = case.audit().await;
    assert!(!audit.findings.iter().any(is_of_acts), "{:?}", audit.findings);
    let counted = audit.organizers.iter().map(|audited| audited.acts);
    assert_eq!(counted.collect::<Vec<_>>(), [u64::from(AT_ONCE); 2]);
}

pub async fn acts_come_page_by_page(case: Case) {
    for status in 0..5 {
        case.add_act(case.organizer, status).await;
    }
    let all = case.acts(case.organizer, 0, 100).await;
    assert_eq!(case.acts(case.organizer, 0, 2).await, all[..2]);
    assert_eq!(case.acts(case.organizer, 2, 2).await, all[2..4]);
    assert_eq!(case.acts(case.organizer, 5, 2).await, []);
    let last = &case.audit().await.organizers[0].last;
    assert_eq!(*last, ActHash::of(&all[4].1));
}

pub async fn an_act_that_was_altered_or_taken_out_is_found(case: Case) {
    for (alteration, seq) in [
        (
            "UPDATE acts SET line = replace(line, ':202', ':200') WHERE seq = 3",
            4,
        ),
        ("DELETE FROM acts WHERE seq = 2", 2),
        ("UPDATE acts SET line = '{}' WHERE seq = 5", 5),
        ("DELETE FROM acts WHERE seq = 1", 1),
    ] {
        case.alter("DELETE FROM acts");
        for status in 200..205 {
            case.add_act(case.organizer, status).await;
        }
        let findings = case.audit().await.findings;
        assert!(!findings.iter().any(is_of_acts), "{findings:?}");
        case.alter(alteration);
        let findings = case.audit().await.findings;
        let found = Finding::Act {
            organizer: case.organizer,
            seq,
        };
        assert!(findings.contains(&found), "{alteration}: {findings:?}");
    }
}

fn is_of_acts(finding: &Finding) -> bool {
    matches!(finding, Finding::Act { .. })
}
