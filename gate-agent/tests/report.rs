//! The report on a small evening of which every figure is known.

#![expect(clippy::unwrap_used, reason = "tests")]

use usher_fixtures::{NORTH, SHOW, SOUTH, STRICT, key, policy, ticket};
use usher_gate_agent::report::{EventReport, GatheredRecords};
use usher_keys::{Certificate, Role, Timestamp};
use usher_protocol::admission::{Reason, Refused};
use usher_protocol::ledger::Ledger;
use usher_protocol::policy::Policy;
use usher_protocol::record::{Body, Counterpart, Refusal, ShownPassage};
use usher_protocol::{GateId, Generation, ScanId, Unit, ZoneId};

/// 08:00 UTC, which is 09:00 where the event is.
const DOORS: Timestamp = Timestamp(1_800_000_000_000);
const SECOND_MS: u64 = 1_000;
const MINUTE_MS: u64 = 60 * SECOND_MS;

/// A hub's ledger, and what went by while it was written.
struct Evening {
    ledger: Ledger,
    gathered: GatheredRecords,
}

impl Evening {
    fn begin() -> Self {
        let certificate = SHOW.certificate(key(1).public(), Role::Hub);
        let certificate = Certificate {
            name: "Hub <North>".to_owned(),
            ..certificate
        };
        let ledger = Ledger::new(key(1).public(), Some(SHOW.identity(certificate)), SHOW.trust());
        let mut evening = Self {
            ledger,
            gathered: GatheredRecords::default(),
        };
        let policy = Policy {
            time_zone: "Europe/Prague".to_owned(),
            ..policy()
        };
        let run = SHOW.authority_log([Body::Policy { version: 1, policy }], DOORS);
        evening.ledger.accept(&run, None, DOORS).unwrap();
        let origin = run.head.origin;
        run.records
            .iter()
            .for_each(|bytes| evening.gathered.take(origin, bytes));
        for entry in evening.ledger.write_due_records(DOORS) {
            evening.gathered.take(entry.origin, &entry.bytes);
        }
        evening
    }

    fn write(&mut self, after_ms: u64, body: Body) {
        let entry = self.ledger.write(body, DOORS.plus_ms(after_ms));
        self.gathered.take(entry.origin, &entry.bytes);
    }

    fn report(&self) -> EventReport {
        EventReport::of(&self.ledger, &self.gathered, DOORS.plus_ms(60 * MINUTE_MS)).unwrap()
    }
}

fn passage(scan: u8, unit: u32, gate: GateId, after_ms: u64) -> ShownPassage {
    let ticket = ticket(unit, STRICT).sign(&SHOW.tickets());
    ShownPassage {
        scan: ScanId([scan; 16]),
        code: ticket.bytes().to_vec(),
        persons: 1,
        gate,
        zone: ZoneId(1),
        at: DOORS.plus_ms(after_ms),
        counterparts: Vec::new(),
    }
}

/// Two come in at the north gate, ten seconds apart, one at the south gate a minute later, where another ticket is refused; one leaves
/// after five minutes, and one who is inside is let in once more.
fn evening() -> Evening {
    let mut evening = Evening::begin();
    let ten_seconds = 10 * SECOND_MS;
    evening.write(0, Body::Admitted(passage(1, 1, NORTH, 0)));
    evening.write(ten_seconds, Body::Admitted(passage(2, 2, NORTH, ten_seconds)));
    evening.write(MINUTE_MS, Body::Admitted(passage(3, 3, SOUTH, MINUTE_MS)));
    let why = Refused::Deny(Reason::Revoked);
    let refusal = Refusal {
        scan: ScanId([4; 16]),
        ticket: (Unit(4), Generation(1)),
        gate: SOUTH,
        why,
    };
    evening.write(MINUTE_MS + ten_seconds, Body::Refused(refusal));
    let mut leaving = passage(5, 1, NORTH, 5 * MINUTE_MS);
    leaving.counterparts = vec![Counterpart {
        scan: ScanId([1; 16]),
        persons: 1,
    }];
    evening.write(5 * MINUTE_MS, Body::Exited(leaving));
    evening.write(6 * MINUTE_MS, Body::Admitted(passage(6, 2, SOUTH, 6 * MINUTE_MS)));
    evening
}

#[track_caller]
fn check(name: &str, lines: &[&str]) {
    let report = evening().report();
    let (_, said) = report.files.iter().find(|(file, _)| *file == name).unwrap();
    assert_eq!(said.lines().collect::<Vec<_>>(), lines, "{name}");
}

#[test]
fn people_are_told_by_gate_and_minute_in_the_time_of_the_event() {
    check(
        "arrivals.csv",
        &[
            "minute,gate,gate_name,in,out",
            "2027-01-15T09:00:00+01:00,1,Gate North,2,0",
            "2027-01-15T09:01:00+01:00,2,Gate South,1,0",
            "2027-01-15T09:05:00+01:00,1,Gate North,0,1",
            "2027-01-15T09:06:00+01:00,2,Gate South,1,0",
        ],
    );
    check(
        "gates.csv",
        &[
            "gate,gate_name,in,out,busiest_minute,busiest_in,pace_ms",
            "1,Gate North,2,1,2027-01-15T09:00:00+01:00,2,10000",
            "2,Gate South,2,0,2027-01-15T09:01:00+01:00,1,",
        ],
    );
    check(
        "occupancy.csv",
        &[
            "minute,zone,zone_name,inside",
            "2027-01-15T09:00:00+01:00,1,Arena,2",
            "2027-01-15T09:01:00+01:00,1,Arena,3",
            "2027-01-15T09:05:00+01:00,1,Arena,2",
            "2027-01-15T09:06:00+01:00,1,Arena,3",
        ],
    );
}

#[test]
fn refusals_incidents_and_devices_are_told() {
    check(
        "refusals.csv",
        &[
            "minute,gate,gate_name,reason,scans",
            "2027-01-15T09:01:00+01:00,2,Gate South,revoked,1",
        ],
    );
    let hub = key(1).public();
    let double = "Place 2 was let in twice: 09:00, Gate North, again 09:06, Gate South";
    let incident = format!("{hub},Hub <North>,\"{double}\"");
    check("incidents.csv", &["device,device_name,words", &incident]);
    let report = evening().report();
    let [device] = report.figures.devices.as_slice() else {
        unreachable!("one device: {:?}", report.figures.devices);
    };
    assert_eq!(
        (device.log.scans, device.incidents, device.is_revoked),
        (6, 1, false)
    );
    assert_eq!(
        device.log.written.map(|(_, last)| last),
        Some(DOORS.plus_ms(6 * MINUTE_MS))
    );
}

#[test]
fn the_page_holds_all_that_it_shows_and_no_name_can_break_out_of_it() {
    let report = evening().report();
    let (_, page) = report
        .files
        .iter()
        .find(|(file, _)| *file == "report.html")
        .unwrap();
    for part in [
        "<b>4</b> people let in, <b>1</b> let out, <b>1</b> scans refused, <b>1</b> incidents",
        "2 people at 09:00",
        "10.0 s",
        "Europe/Prague",
        "was let in twice",
        "<svg viewBox",
    ] {
        assert!(page.contains(part), "{part:?} is not in {page}");
    }
    assert_eq!(page.matches("<svg").count(), 3);
    assert!(!page.contains("<North>"), "{page}");
    for from_elsewhere in ["http:", "https:", "<script", "url("] {
        assert!(!page.contains(from_elsewhere), "{from_elsewhere}");
    }
}

#[test]
fn an_event_to_which_nobody_came_has_a_report_too() {
    let report = Evening::begin().report();
    let (_, page) = report
        .files
        .iter()
        .find(|(file, _)| *file == "report.html")
        .unwrap();
    assert!(
        page.contains("Nobody was let in") && page.contains("There were none"),
        "{page}"
    );
    assert!(!page.contains("<svg"));
}
