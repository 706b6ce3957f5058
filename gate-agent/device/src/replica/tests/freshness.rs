//! How fresh a replica says that it is: never fresher than it is, whatever clocks say.

use super::*;

#[tokio::test]
async fn freshness_only_rises_and_never_beyond_our_own_clock() {
    let mut show = Show::new(&[HUB]);
    let replica = show.hub(HUB).await;
    let (peer, now) = (key(9).public(), show.clock.now());
    let authority = key(rehearsal::AUTHORITY);
    let assured = |at| Notice::Fresh(Assurance::sign(rehearsal::EVENT, at, Tail::default(), &authority));
    for at in [now, Timestamp(5)] {
        replica.notice(peer, assured(at)).await;
        assert_eq!(replica.fresh_as_of(), Some(now));
    }
    replica.notice(peer, assured(Timestamp::FOREVER)).await;
    assert!(replica.fresh_as_of() <= Some(show.clock.now()));
}

#[tokio::test]
async fn an_authority_whose_clock_is_ahead_makes_nobody_fresh_for_ever() {
    const HOUR_MS: u64 = 60 * 60 * 1000;
    for ahead_ms in [HOUR_MS, 72 * HOUR_MS, u64::MAX] {
        let mut show = Show::new(&[HUB]);
        let replica = show.hub(HUB).await;
        let peer = key(9).public();
        let authority = key(rehearsal::AUTHORITY);
        let assured = |at| Notice::Fresh(Assurance::sign(rehearsal::EVENT, at, Tail::default(), &authority));
        replica
            .notice(peer, assured(show.clock.now().plus_ms(ahead_ms)))
            .await;
        let heard = show.clock.now();
        show.clock.shift_ms(2 * HOUR_MS as i64);
        assert!(replica.fresh_as_of() <= Some(heard), "cut off, {ahead_ms}");
        let now = show.clock.now();
        replica.notice(peer, assured(now)).await;
        assert_eq!(replica.fresh_as_of(), Some(now), "heard again, {ahead_ms}");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_nobody_fresh() {
    let mut show = Show::new(&[HUB]);
    let replica = show.hub(HUB).await;
    let authority = key(rehearsal::AUTHORITY);
    let assured = Assurance::sign(rehearsal::EVENT, show.clock.now(), Tail::default(), &authority);
    replica.notice(key(9).public(), Notice::Fresh(assured)).await;
    show.clock.shift_ms(-24 * 60 * 60 * 1000);
    assert_eq!(replica.fresh_as_of(), None);
}

/// The log of a second authority, which takes over, and the bundle that names it.
fn taken_over(by: &SecretKey) -> (usher_keys::SignedBundle, Run) {
    let mut bundle = rehearsal::bundle(2).unverified().unwrap();
    let next = usher_keys::TrustedKey::active(by.public(), usher_keys::Window::ALWAYS);
    bundle.authority_keys.push(next);
    let signed = bundle.sign(&[&key(101)]);
    let trust = Trust::pin(&bundle.roots, signed.clone()).unwrap();
    let mut ledger = Ledger::new(by.public(), None, Arc::new(trust));
    let records = vec![ledger.write(Body::Restated, Timestamp(1)).bytes];
    let base = Tail::default();
    let head = ledger.seal(by).unwrap();
    (signed, Run { base, records, head })
}

#[tokio::test]
async fn an_authority_that_was_taken_over_from_makes_nobody_fresh() {
    let mut show = Show::new(&[HUB]);
    let replica = show.hub(HUB).await;
    let next = key(105);
    let (bundle, log) = taken_over(&next);
    replica.store_bundle(bundle).await;
    replica.store(log).await.unwrap();
    let now = show.clock.now();
    let assured =
        |at, by: &SecretKey| Notice::Fresh(Assurance::sign(rehearsal::EVENT, at, Tail::default(), by));
    let peer = key(9).public();
    replica
        .notice(peer, assured(now, &key(rehearsal::AUTHORITY)))
        .await;
    assert_eq!(replica.fresh_as_of(), None);
    let earlier = Timestamp(now.0 - 1);
    replica.notice(peer, assured(earlier, &next)).await;
    assert_eq!(replica.fresh_as_of(), Some(earlier));
}
