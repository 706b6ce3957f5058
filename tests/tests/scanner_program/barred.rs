//! A scanner that is no device of the event any more judges nothing, also where no hub could tell it so.

use std::sync::Arc;

use tokio::runtime::Runtime;
use usher_device::clock::Clock;
use usher_device::replica::Replica;
use usher_keys::{Role, Window};
use usher_protocol::GateId;
use usher_protocol::admission::Direction;
use usher_protocol::record::Body;
use usher_scan::answer::{ScanOutcome, Signal};
use usher_scan::gate_position::GatePosition;
use usher_scan::handover::Handover;
use usher_scan::links::{HubLinks, Start};
use usher_scan::order::ShownCode;
use usher_scan::scan_judge::{ANSWER_WITHIN, ScanJudge};
use usher_scan::station::draw_scan;

use crate::venue::{AVAILABLE, authority_run, enrolment_within, key, ticket};

const SCANNER: u8 = 50;
const HOUR_MS: u64 = 3_600_000;

/// A scanner without a hub, and its clock.
struct Alone {
    replica: Arc<Replica>,
    clock: Clock,
}

impl Alone {
    /// Switches on a scanner whose certificate is valid for an hour.
    fn start() -> Self {
        let clock = Clock::system();
        let now = clock.now();
        let window = Window {
            from: now,
            until: now.plus_ms(HOUR_MS),
        };
        let enrolment = enrolment_within(key(SCANNER).public(), Role::Scanner, "one", window);
        let replica = Replica::open_in_memory(&enrolment, key(SCANNER), clock.clone()).unwrap();
        Self {
            replica: Arc::new(replica),
            clock,
        }
    }

    async fn scan(&self) -> ScanOutcome {
        let handover = Arc::new(Handover::new(Arc::clone(&self.replica)));
        let links = HubLinks::start(
            &key(SCANNER),
            handover,
            Start {
                addresses: &[],
                learns: false,
                memory: None,
            },
        )
        .unwrap();
        let position = GatePosition {
            gate: GateId(1),
            direction: Direction::In,
            persons: 1,
        };
        let scan_judge = ScanJudge::new(Arc::clone(&self.replica), links.hubs(), position, ANSWER_WITHIN);
        let code = ticket(7, AVAILABLE).into_bytes();
        let secret = draw_scan().unwrap();
        scan_judge.judge(ShownCode { secret, code }).await
    }
}

#[test]
fn a_scanner_dies_with_its_certificate() {
    Runtime::new().unwrap().block_on(async {
        let scanner = Alone::start();
        assert_eq!(scanner.scan().await.outcome, "not_ready");
        scanner.clock.shift_ms(2 * 3_600_000);
        let answer = scanner.scan().await;
        assert_eq!((answer.outcome, answer.alone), ("scanner_expired", false));
        assert_eq!(answer.signal, Signal::Barred, "it is red");
    });
}

#[test]
fn a_scanner_that_has_heard_of_its_revocation_judges_nothing() {
    Runtime::new().unwrap().block_on(async {
        let scanner = Alone::start();
        let device = key(SCANNER).public();
        let run = authority_run(vec![Body::DeviceRevoked {
            device,
            after: usher_protocol::Seq(0),
        }]);
        usher_link::SyncStore::store(scanner.replica.as_ref(), run)
            .await
            .unwrap();
        assert_eq!(scanner.scan().await.outcome, "scanner_revoked");
    });
}
