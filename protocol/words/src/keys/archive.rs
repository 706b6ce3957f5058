//! What was found of an archive that was verified.

use std::collections::BTreeMap;

use usher_protocol::GateId;
use usher_protocol::archive::{ArchiveDamage, CheckedArchive};
use usher_protocol::plain::is_unruly;
use usher_protocol::policy::Policy;

use super::inspection::{text, utc};

/// Describes an archive that is good, and whether roots were named that it was held against.
pub fn archive(checked: &CheckedArchive, is_held_against_root: bool) -> String {
    let (logs, sums) = (&checked.logs, &checked.sums);
    let (ledger, state) = (&logs.ledger, logs.ledger.state());
    let policy = state.policy().map(|(_, policy)| policy);
    let mut lines = vec!["valid: every signature, chain and head in this archive is good".to_owned()];
    let name = policy.map_or_else(String::new, |policy| in_one_line(&policy.name));
    lines.push(format!("  event      {} {name}", ledger.event()));
    let maker = ledger.identity().map_or_else(
        || "the cloud".to_owned(),
        |identity| in_one_line(&identity.unverified().name),
    );
    lines.push(format!("  made by    {maker}  {}", ledger.me()));
    lines.push(format!("  made       {}, by its clock", utc(logs.made_at)));
    lines.push(format!(
        "  trust      bundle version {}",
        ledger.trust().bundle().version
    ));
    for root in &checked.roots.keys {
        let which = if is_held_against_root {
            "the archive's root; the named ones have signed"
        } else {
            "COMPARE with the organizer's root: nobody has named one"
        };
        lines.push(format!("  root       {root}  {which}"));
    }
    lines.push(format!("  logs       {}, with {} heads", sums.logs, logs.heads));
    lines.push(format!("  records    {}", sums.records));
    if logs.covered > 0 {
        let covered = logs.covered;
        lines.push(format!(
            "             {covered} more as the cloud has summed them up and signed"
        ));
    }
    lines.push(format!(
        "  devices    {}, each with its certificate",
        state.devices().count()
    ));
    lines.extend(people("let in", &sums.admitted, policy));
    lines.extend(people("let out", &sums.exited, policy));
    lines.push(format!("  refused    {} scans", sums.refused));
    lines.push(format!("  incidents  {}", sums.incidents));
    text(&lines)
}

/// Lists how many people passed, in all and by gate.
fn people(word: &str, gates: &BTreeMap<GateId, u64>, policy: Option<&Policy>) -> Vec<String> {
    let all: u64 = gates.values().sum();
    let mut lines = vec![format!("  {word:<9}  {all} people, counted anew")];
    lines.extend(gates.iter().map(|(gate, persons)| {
        let named = policy.and_then(|policy| policy.gate(*gate));
        let name = named.map_or_else(|| format!("gate {gate}"), |gate| in_one_line(&gate.name));
        format!("             {persons} at {name}")
    }));
    lines
}

/// Takes from a name what would write lines of its own: whoever made an archive has named what is in it.
fn in_one_line(name: &str) -> String {
    let shown = |letter| {
        if is_unruly(letter) {
            char::REPLACEMENT_CHARACTER
        } else {
            letter
        }
    };
    name.chars().map(shown).collect()
}

/// Says what is wrong with an archive, and where.
pub fn damaged(damage: &ArchiveDamage) -> String {
    let after =
        "nothing before that byte is damaged; ask the venue for the archive again, or for another hub's";
    text(&[format!("not valid: {damage}"), format!("  {after}")])
}
