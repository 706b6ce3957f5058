//! What is remembered of records as they go by: refusals by minute, and how each log stands; passages are the state's to tell.

use std::collections::BTreeMap;

use usher_keys::Timestamp;
use usher_protocol::admission::RefusalKind;
use usher_protocol::dating::{Dated, Dating};
use usher_protocol::record::Record;
use usher_protocol::scans::{ScanKind, WrittenScan};
use usher_protocol::{GateId, Origin};

use super::local::minute_of;

/// One log, as far as its records went by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GatheredLog {
    pub records: u64,
    /// Scans among them, whatever came of them.
    pub scans: u64,
    /// When the first and the last record was written, by the writer's time.
    pub written: Option<(Timestamp, Timestamp)>,
    /// Records whose time is only roughly known, because the log's clock had been ahead.
    pub roughly_dated: u64,
}

/// What went by so far.
#[derive(Debug, Default)]
pub struct GatheredRecords {
    dating: Dating,
    /// Scans that let nobody pass, by minute since 1970, gate and reason.
    pub refused: BTreeMap<(u64, GateId, RefusalKind), u64>,
    pub logs: BTreeMap<Origin, GatheredLog>,
}

impl GatheredRecords {
    /// Takes the next record of a log; one that this build cannot read is only counted.
    pub fn take(&mut self, origin: Origin, bytes: &[u8]) {
        let log = self.logs.entry(origin).or_default();
        log.records += 1;
        let Ok(record) = Record::from_bytes(bytes) else {
            return;
        };
        let dated = self.dating.date(origin, &record);
        log.roughly_dated += u64::from(matches!(dated, Dated::Roughly(_)));
        let at = dated.at();
        let (first, last) = log.written.unwrap_or((at, at));
        log.written = Some((first.min(at), last.max(at)));
        let Some(scan) = WrittenScan::read(origin, record, &mut self.dating) else {
            return;
        };
        log.scans += 1;
        if let ScanKind::Denied(kind) | ScanKind::Referred(kind) = scan.kind {
            let place = (minute_of(at), scan.gate, kind);
            *self.refused.entry(place).or_default() += 1;
        }
    }
}
