//! What an organizer sees of the things that an act is about, so that before and after can be compared.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use serde_json::{Value, json};

use crate::acts::ValueChange;
use crate::api::error::ApiError;
use crate::api::organizer::hold_bounds::{self, HoldBoundsView};
use crate::api::organizer::inventory::ChargesSpec;
use crate::api::organizer::policy_spec::PolicySpec;
use crate::catalogue::Event;
use crate::ids::{OrganizerId, TicketId};
use crate::moment::Moment;
use crate::selling::blocks::Block;
use crate::state::AppState;

/// Longer values are told by their hash: a description, a policy of many gates.
const MAX_VALUE_BYTES: usize = 1_000;

/// Values by what they are of.
#[derive(Debug, Default)]
pub struct SeenValues(BTreeMap<String, Value>);

impl SeenValues {
    /// Reads what an organizer has of the ids in a path.
    pub async fn read(
        app: &AppState,
        organizer: OrganizerId,
        about: &BTreeMap<String, String>,
    ) -> Result<Self, ApiError> {
        let mut seen = Self::default();
        if let Some(Ok(id)) = about.get("event_id").map(|id| id.parse()) {
            let event = app.store.event(id).await?;
            let own = event.filter(|event| event.organizer == organizer);
            let Some(own) = own else {
                return Ok(seen);
            };
            seen.hold_bounds(hold_bounds::in_force(app, &own).await?);
            seen.event(own);
            seen.blocks(app.store.blocks(id).await?);
            let bundle = app.store.trust_bundle(id).await?;
            let hash = bundle.map(|pinned| hash(&serde_json::to_vec(&pinned.signed).unwrap_or_default()));
            seen.add("trust_bundle", json!(hash));
            seen.ticket(app, about).await?;
        }
        if let Some(id) = about.get("key_id") {
            let keys = app.store.api_keys(organizer).await?;
            let key = keys.into_iter().find(|key| key.id.to_string() == *id);
            seen.add(
                "revoked_at",
                json!(key.and_then(|key| key.revoked_at).map(Moment)),
            );
        }
        if let Some(id) = about.get("staff_id") {
            let staff = app.store.staff(organizer).await?;
            let member = staff.into_iter().find(|member| member.id.to_string() == *id);
            seen.add("role", json!(member.map(|member| member.role)));
        }
        Ok(seen)
    }

    /// Compares what was seen before with what is seen after.
    pub fn changes(&self, after: &Self) -> BTreeMap<String, ValueChange> {
        let names: BTreeSet<&String> = self.0.keys().chain(after.0.keys()).collect();
        let value = |seen: &Self, name: &String| seen.0.get(name).cloned().unwrap_or_default();
        let changes = names.into_iter().map(|name| {
            let (before, after) = (value(self, name), value(after, name));
            (name.clone(), ValueChange { before, after })
        });
        changes
            .filter(|(_, change)| change.before != change.after)
            .collect()
    }

    fn add(&mut self, name: impl Into<String>, value: Value) {
        let text = value.to_string();
        let short = if text.len() <= MAX_VALUE_BYTES {
            value
        } else {
            json!({ "blake3": hash(text.as_bytes()) })
        };
        self.0.insert(name.into(), short);
    }

    fn event(&mut self, event: Event) {
        self.add("name", json!(event.name));
        self.add("description", json!(event.description));
        self.add("category", json!(event.category));
        self.add("status", json!(event.status.word()));
        self.add("canceled_at", json!(event.canceled_at.map(Moment)));
        self.add("starts_at", json!(Moment(event.starts_at)));
        self.add("ends_at", json!(Moment(event.ends_at)));
        self.add("reservation_seconds", json!(event.reservation_ms / 1000));
        for tier in &event.tiers {
            self.add(format!("price_of_tier_{}", tier.id.0), json!(tier.price));
            self.add(
                format!("charges_of_tier_{}", tier.id.0),
                json!(ChargesSpec::from(tier.sale.charges)),
            );
        }
        let policy = serde_json::to_value(PolicySpec::from(event.policy));
        for (member, value) in policy.unwrap_or_default().as_object().into_iter().flatten() {
            self.add(format!("policy.{member}"), value.clone());
        }
    }

    fn blocks(&mut self, blocks: Vec<Block>) {
        for block in blocks {
            let units: Vec<_> = block.lines.iter().map(|line| line.unit.0).collect();
            let told = json!({"name": block.name, "units": units});
            self.add(format!("block.{}", block.id), told);
        }
    }

    fn hold_bounds(&mut self, bounds: HoldBoundsView) {
        let bounds = serde_json::to_value(bounds).unwrap_or_default();
        for (member, value) in bounds.as_object().into_iter().flatten() {
            self.add(format!("hold_bounds.{member}"), value.clone());
        }
    }

    async fn ticket(&mut self, app: &AppState, about: &BTreeMap<String, String>) -> Result<(), ApiError> {
        let id = about.get("ticket_id").and_then(|id| id.parse::<TicketId>().ok());
        let Some(id) = id.filter(|id| about.get("event_id") == Some(&id.event.to_string())) else {
            return Ok(());
        };
        if let Some(ticket) = app.store.ticket(id).await? {
            self.add("unit", json!(ticket.unit.0));
            self.add("generation", json!(ticket.generation.0));
            self.add("state", json!(ticket.state.word()));
            self.add("transferred", json!(ticket.transferred));
        }
        Ok(())
    }
}

fn hash(bytes: &[u8]) -> String {
    HEXLOWER.encode(blake3::hash(bytes).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(values: &[(&str, Value)]) -> SeenValues {
        let mut seen = SeenValues::default();
        for (name, value) in values {
            seen.add(*name, value.clone());
        }
        seen
    }

    #[test]
    fn what_is_another_or_new_or_gone_has_changed() {
        let before = seen(&[("a", json!(1)), ("b", json!(2)), ("c", json!(3))]);
        let after = seen(&[("a", json!(1)), ("b", json!(4)), ("d", json!(5))]);
        let changes = before.changes(&after);
        let told = serde_json::to_value(changes).unwrap();
        let expected = json!({
            "b": {"before": 2, "after": 4},
            "c": {"before": 3, "after": null},
            "d": {"before": null, "after": 5},
        });
        assert_eq!(told, expected);
    }

    #[test]
    fn a_long_value_is_told_by_its_hash() {
        let (one, other) = ("x".repeat(2_000), "y".repeat(2_000));
        let changes = seen(&[("text", json!(one))]).changes(&seen(&[("text", json!(other))]));
        let change = &changes["text"];
        assert_ne!(change.before["blake3"], change.after["blake3"]);
        assert!(change.before.to_string().len() < 100);
    }
}
