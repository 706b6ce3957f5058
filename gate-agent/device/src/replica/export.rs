//! Reading every scan of every log, with the names people know; formats are the command line's.

use std::path::Path;

use usher_keys::{PublicKey, Timestamp};
use usher_protocol::admission::Refused;
use usher_protocol::dating::{Dated, Dating};
use usher_protocol::labels::UnitLabel;
use usher_protocol::record::{Body, Record, Refusal, ShownPassage};
use usher_protocol::{GateId, Generation, Origin, ScanId, Seq, TierId, Unit};

use super::database;
use super::error::ReplicaError;
use super::replay::{self, read_seq};
use super::snapshot::Snapshot;
use super::stored_values::StoredEnrolment;

/// One scan as one device wrote it down; a scan that a scanner and a hub both judged is there twice, with one id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanRow {
    pub at: Timestamp,
    /// By whose word: the `judge`'s, or that of the `log` around it.
    pub at_by: &'static str,
    pub device: Origin,
    /// How people call it.
    pub device_name: String,
    /// The record's number in its log.
    pub seq: Seq,
    pub scan: ScanId,
    /// What came of it: admit, exit, override, deny or refer; withdraw or annul where nobody passed by it after all.
    pub verdict: &'static str,
    /// Why nobody passed.
    pub reason: Option<&'static str>,
    pub gate: GateId,
    pub gate_name: String,
    pub unit: Unit,
    /// What it is called, as printed on its ticket.
    pub place: String,
    pub generation: Generation,
    /// The tier, of those who passed.
    pub tier: Option<TierId>,
    /// How many passed.
    pub persons: u8,
    /// Who ordered an override or annulled a scan.
    pub by: Option<String>,
    /// The reason given.
    pub why: Option<String>,
}

/// Reads every scan, log by log, also while the hub is running; stops when `take` fails.
///
/// # Errors
///
/// [`ReplicaError`] when the replica is damaged or cannot be read; else what `take` gives.
pub fn scans<E: From<ReplicaError>>(
    path: &Path,
    now: Timestamp,
    mut take: impl FnMut(ScanRow) -> Result<(), E>,
) -> Result<(), E> {
    let mut connection = database::open_from_outside(path)?;
    let transaction = connection.transaction().map_err(ReplicaError::from)?;
    let me = StoredEnrolment::read(&transaction)?.identity.unverified().device;
    let names = Snapshot::of(&replay::rebuild(&transaction, me, now)?.ledger);
    let query = "SELECT origin, seq, bytes FROM records ORDER BY origin, seq";
    let mut statement = transaction.prepare(query).map_err(ReplicaError::from)?;
    let mut rows = statement.query([]).map_err(ReplicaError::from)?;
    let mut dating = Dating::default();
    while let Some(row) = rows.next().map_err(ReplicaError::from)? {
        let (device, seq) = read_place(row)?;
        let bytes: Vec<u8> = row.get(2).map_err(ReplicaError::from)?;
        let Ok(record) = Record::from_bytes(&bytes) else {
            continue;
        };
        let dated = dating.date(device, &record);
        if let Some(row) = scan_row(&names, (device, seq), (record, dated)) {
            take(row)?;
        }
    }
    Ok(())
}

fn read_place(row: &rusqlite::Row) -> Result<(Origin, Seq), ReplicaError> {
    Ok((PublicKey(row.get(0)?), read_seq(row, 1)?))
}

fn scan_row(
    names: &Snapshot,
    (device, seq): (Origin, Seq),
    (record, dated): (Record, Dated),
) -> Option<ScanRow> {
    let policy = names.policy.as_deref();
    let base = base(names, (device, seq), dated);
    let mut row = match record.body {
        Body::Admitted(passage) => passed(base, "admit", &passage)?,
        Body::Exited(passage) => passed(base, "exit", &passage)?,
        Body::Overridden { passage, by, why } => ScanRow {
            by: Some(by),
            why: Some(why),
            ..passed(base, "override", &passage)?
        },
        Body::Withdrawn { passage, .. } => passed(base, "withdraw", &passage)?,
        Body::Annulled { passage, by, why, .. } => ScanRow {
            by: Some(by),
            why: Some(why),
            ..passed(base, "annul", &passage)?
        },
        Body::Refused(refusal) => turned_away(base, &refusal),
        Body::Policy { .. }
        | Body::Roster { .. }
        | Body::Superseded { .. }
        | Body::Revoked { .. }
        | Body::Reinstated { .. }
        | Body::DeviceEnrolled { .. }
        | Body::DeviceRevoked { .. }
        | Body::HubRetired { .. }
        | Body::ForkSettled { .. }
        | Body::Restated
        | Body::Opened { .. }
        | Body::Renewed { .. }
        | Body::RosterAdopted { .. }
        | Body::ForkSeen(_)
        | Body::ExitMatched { .. }
        | Body::Lent { .. }
        | Body::Counted { .. } => return None,
    };
    let gate = policy.and_then(|policy| policy.gate(row.gate));
    row.gate_name = gate.map(|gate| gate.name.clone()).unwrap_or_default();
    row.place = policy
        .map_or(UnitLabel::Unknown(row.unit), |policy| policy.label(row.unit))
        .to_string();
    Some(row)
}

/// Returns a row that says where a record stands and nothing yet of its scan.
fn base(names: &Snapshot, (device, seq): (Origin, Seq), dated: Dated) -> ScanRow {
    ScanRow {
        at: dated.at(),
        at_by: dated.word(),
        device,
        device_name: names.names.get(&device).cloned().unwrap_or_default(),
        seq,
        scan: ScanId([0; 16]),
        verdict: "",
        reason: None,
        gate: GateId(0),
        gate_name: String::new(),
        unit: Unit(0),
        place: String::new(),
        generation: Generation(0),
        tier: None,
        persons: 0,
        by: None,
        why: None,
    }
}

/// Returns the row of a passage; one whose code is no ticket at all is an incident, not a scan.
fn passed(base: ScanRow, verdict: &'static str, shown: &ShownPassage) -> Option<ScanRow> {
    let passage = shown.unverified().ok()?;
    Some(ScanRow {
        scan: passage.scan,
        verdict,
        gate: passage.gate,
        unit: passage.unit,
        generation: passage.generation,
        tier: Some(passage.tier),
        persons: passage.persons,
        ..base
    })
}

fn turned_away(base: ScanRow, refusal: &Refusal) -> ScanRow {
    let (unit, generation) = refusal.ticket;
    ScanRow {
        scan: refusal.scan,
        verdict: match refusal.why {
            Refused::Deny(_) => "deny",
            Refused::Refer(_) => "refer",
        },
        reason: Some(refusal.why.kind().name()),
        gate: refusal.gate,
        unit,
        generation,
        ..base
    }
}
