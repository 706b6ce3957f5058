//! What whoever imports a list is told of it: how many tickets of each type, what is refused and why, some to be scanned, what changes.

use std::collections::BTreeMap;
use std::io::Write;

use usher_protocol::TierId;

use super::codes::{CodeList, ReadCode};
use crate::catalogue::Event;
use crate::selling::imports::ImportCounts;

/// How many codes are shown to be scanned.
const SAMPLES: usize = 3;
/// How many refused lines are named.
const REFUSED_NAMED: usize = 20;

/// Says what stands in a list.
///
/// # Errors
///
/// When it cannot be printed.
pub fn list(out: &mut impl Write, event: &Event, list: &CodeList) -> anyhow::Result<()> {
    writeln!(out, "{}: {} lines", event.name, list.lines)?;
    let mut types: BTreeMap<(&str, TierId), usize> = BTreeMap::new();
    for read in &list.codes {
        *types.entry((&read.kind, read.code.tier)).or_default() += 1;
    }
    for ((kind, tier), count) in types {
        let name = event
            .policy
            .tier(tier)
            .map(|tier| tier.name.as_str())
            .unwrap_or_default();
        writeln!(out, "  {count} of the type {kind:?}: tier {tier}, {name}")?;
    }
    let used = list
        .codes
        .iter()
        .filter(|read| read.code.used.is_some_and(|used| used > 0));
    writeln!(out, "  {} used, {} void", used.count(), list.void().count())?;
    if list.with_times > 0 {
        writeln!(
            out,
            "  {} have times of their own, which are not carried over: their tier's hold",
            list.with_times
        )?;
    }
    writeln!(out, "  {} refused", list.refused.len())?;
    for (line, why) in list.refused.iter().take(REFUSED_NAMED) {
        writeln!(out, "    line {line}: {why}")?;
    }
    if list.refused.len() > REFUSED_NAMED {
        writeln!(out, "    and {} more", list.refused.len() - REFUSED_NAMED)?;
    }
    for ReadCode { line, text, .. } in list.good().take(SAMPLES) {
        writeln!(out, "  sample, line {line}: {text}")?;
    }
    Ok(())
}

/// Says how many tickets of it change.
///
/// # Errors
///
/// When it cannot be printed.
pub fn counts(out: &mut impl Write, what: &str, counts: ImportCounts) -> anyhow::Result<()> {
    let ImportCounts {
        new,
        changed,
        voided,
        restored,
        unchanged,
    } = counts;
    writeln!(
        out,
        "{what}: {new} new, {changed} changed, {voided} made void, {restored} good again, {unchanged} as they were"
    )?;
    Ok(())
}

/// Returns names as they are said to people.
pub fn quoted(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    names.join(", ")
}
