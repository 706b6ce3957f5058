//! What a hub says of itself that has it send people to other gates: in `/readyz`, on its page, and of itself in the list of devices.

use reqwest::StatusCode;
use serde_json::{Value, json};
use usher_device::rehearsal::AUTHORITY;
use usher_keys::codec::encode;
use usher_link::SyncStore;
use usher_protocol::Seq;
use usher_protocol::fork::ForkProof;
use usher_protocol::ident::Hlc;
use usher_protocol::log::{Head, Run, Tail};
use usher_protocol::sync::Notice;
use usher_words::hub::{NotReady, UPDATE_NEEDED, not_ready};

use super::*;

/// Returns what a hub says at a path.
async fn read(hub: &Hub, path: &str) -> (StatusCode, Value) {
    let url = format!("http://{}{path}", hub.listening().here);
    let answer = reqwest::get(url).await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// Tells whether a hub is ready, after it was found to be, and what it says on its page and of itself as a device.
async fn shown(hub: &Hub) -> (StatusCode, [Value; 3], String) {
    let (status, ready) = read(hub, "/readyz").await;
    let (_, page) = read(hub, "/v1/status").await;
    let mut devices = page["devices"].as_array().unwrap().iter();
    let here = devices.find(|device| device["is_here"] == true).unwrap();
    assert_eq!(here["condition"], "bad", "{here}");
    let said = [&ready["missing"], &ready["warnings"], &page["warnings"]];
    let words = here["words"].as_str().unwrap().to_owned();
    (status, said.map(Value::clone), words)
}

async fn check_ready(hub: &Hub) {
    let ready = json!({ "ready": true, "missing": [], "warnings": [] });
    assert_eq!(read(hub, "/readyz").await, (StatusCode::OK, ready));
}

/// Returns a word of the authority that only a later version understands, and that must be.
fn of_a_later_version(show: &mut Show) -> Run {
    let (base, authority) = (show.run().head.tail, key(AUTHORITY));
    let hlc = Hlc {
        ms: show.clock.now().0,
        count: 99,
    };
    let record = encode(&(hlc, true, 200_u32));
    let tail = base.push(EVENT, &authority.public(), &record);
    Run {
        base,
        records: vec![record],
        head: Head::sign(EVENT, tail, &authority),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_whose_program_is_too_old_says_so_and_is_ready_for_whom_it_lets_in_still() {
    let mut venue = Venue::new();
    let hub = venue.start(A, &[]).await;
    check_ready(&hub).await;
    let later = of_a_later_version(&mut venue.show);
    hub.services.replica.store(later).await.unwrap();
    let units: Vec<u32> = units_at(A, &[A, B]).take(2).collect();
    let strict = judge(&hub, scan(1, units[0], STRICT)).await.unwrap();
    assert_eq!(strict.verdict, Verdict::Refer(Referral::UpdateNeeded));
    let available = judge(&hub, scan(2, units[1], AVAILABLE)).await.unwrap();
    assert_eq!(available.verdict, IN);
    let (status, said, of_itself) = shown(&hub).await;
    let update = json!([UPDATE_NEEDED]);
    assert_eq!(
        (status, said),
        (StatusCode::OK, [json!([]), update.clone(), update])
    );
    assert!(of_itself.contains("too old for the event"), "{of_itself}");
    hub.shutdown().await;
}

/// Two histories of a hub's log, or one that is longer than the hub's own.
fn history(of: u8, seq: u64, hash: u8) -> Head {
    let tail = Tail {
        seq: Seq(seq),
        hash: [hash; 32],
    };
    Head::sign(EVENT, tail, &key(of))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_whose_log_does_not_count_is_not_ready_and_says_what_to_do() {
    let forked = ForkProof::of_heads(history(A, 1, 1), history(A, 1, 2)).unwrap();
    for (notice, referral, why, of_itself) in [
        (
            Notice::Forked(Box::new(forked)),
            Referral::OwnLogForked,
            NotReady::LogForked,
            "was copied",
        ),
        (
            Notice::OwnPast(history(A, 900, 1)),
            Referral::OwnLogBehind,
            NotReady::LogBehind,
            "getting its own records back",
        ),
    ] {
        let mut venue = Venue::new();
        let hub = venue.start(A, &[]).await;
        check_ready(&hub).await;
        hub.services.replica.notice(key(B).public(), notice).await;
        let unit = unit_at(A, &[A, B]);
        let judged = judge(&hub, scan(1, unit, AVAILABLE)).await.unwrap();
        assert_eq!(judged.verdict, Verdict::Refer(referral));
        let (status, said, words) = shown(&hub).await;
        let why = json!([not_ready(why)]);
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(said, [why.clone(), json!([]), why]);
        assert!(words.contains(of_itself), "{words}");
        hub.shutdown().await;
    }
}
