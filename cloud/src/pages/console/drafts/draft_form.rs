//! The form of a new event: rows of zones, gates and tiers, read into what the API takes. What is wrong with its values is the API's to say.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use usher_keys::Timestamp;
use usher_protocol::policy::{EntryRule, Offline};

use crate::api::error::ApiError;
use crate::api::input::Checks;
use crate::api::organizer::draft::{EventRequest, GeneralAdmissionSpec, SeatMapSpec, TierSpec};
use crate::api::organizer::zone_spec::{GateSpec, ZoneSpec};
use crate::moment::Moment;
use crate::money::Currency;

use super::super::refunds::minor_units;

/// Rows of the form: a first event seldom has more, and the API takes as many as there are.
pub const ZONES: u16 = 3;
/// The same of gates.
pub const GATES: u16 = 4;
/// The same of tiers.
pub const TIERS: u16 = 5;

/// What was entered, by the names of the fields.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct DraftForm(BTreeMap<String, String>);

impl DraftForm {
    /// Returns the form as it is first shown, for a venue.
    pub fn at(venue: String) -> Self {
        let usual = [
            ("venue_id", venue.as_str()),
            ("time_zone", "Europe/Berlin"),
            ("currency", "EUR"),
            ("zone_name_1", "Hall"),
            ("gate_name_1", "Main entrance"),
        ];
        let fields = usual.map(|(field, text)| (field.to_owned(), text.to_owned()));
        Self(fields.into())
    }

    /// Returns what was entered in a field.
    pub fn said(&self, field: &str) -> &str {
        self.0.get(field).map_or("", |text| text.trim())
    }

    /// Returns what was entered in a field of a row.
    pub fn of_row(&self, field: &str, row: &u16) -> &str {
        self.said(&format!("{field}_{row}"))
    }

    /// Reads the request that it stands for.
    ///
    /// # Errors
    ///
    /// [`ApiError::Invalid`], with what cannot be read.
    pub fn read(&self) -> Result<EventRequest, ApiError> {
        let mut checks = Checks::default();
        let venue = self.said("venue_id").parse();
        checks.require(
            venue.is_ok(),
            "/venue_id",
            "must be one of your venues: make one first",
        );
        let currency: Result<Currency, _> = self.said("currency").parse();
        checks.require(
            currency.is_ok(),
            "/currency",
            "must be three capital letters, such as EUR",
        );
        let zone = self.said("time_zone");
        let times = ["starts_at", "ends_at"].map(|field| moment(self.said(field), zone));
        for (field, time) in ["/starts_at", "/ends_at"].iter().zip(times) {
            checks.require(time.is_some(), *field, "must be a day and a time");
        }
        let decimals = currency.map_or(2, Currency::decimals);
        let tiers = self.tiers(&mut checks, decimals);
        let zones = self.zones(&mut checks);
        checks.finish()?;
        let (Ok(venue_id), Ok(currency), [Some(starts_at), Some(ends_at)]) = (venue, currency, times) else {
            return Err(ApiError::Internal);
        };
        Ok(EventRequest {
            venue_id,
            name: self.said("name").to_owned(),
            description: self.said("description").replace('\r', ""),
            category: None,
            starts_at,
            ends_at,
            currency,
            reservation_seconds: None,
            time_zone: zone.to_owned(),
            utc_offset_minutes: None,
            day_start_minutes: 0,
            zones,
            gates: self.gates(),
            general_admission: tiers
                .iter()
                .map(|(_, places)| *places)
                .map(GeneralAdmissionSpec::from)
                .collect(),
            tiers: tiers.into_iter().map(|(tier, _)| tier).collect(),
            seat_map: SeatMapSpec::default(),
            idempotency_key: None,
        })
    }

    /// Lists the rows in which a name was entered.
    fn rows(&self, field: &str, most: u16) -> impl Iterator<Item = (u16, String)> {
        let rows = (1..=most).map(|row| (row, self.of_row(field, &row).to_owned()));
        rows.filter(|(_, name)| !name.is_empty())
    }

    fn zones(&self, checks: &mut Checks) -> Vec<ZoneSpec> {
        let zones = self.rows("zone_name", ZONES).map(|(row, name)| {
            let said = self.of_row("zone_capacity", &row);
            let capacity = said.parse::<u32>().ok();
            let pointer = format!("/zones/{}/capacity", row - 1);
            checks.require(
                said.is_empty() || capacity.is_some(),
                pointer,
                "must be a number, or be left empty",
            );
            ZoneSpec {
                id: row,
                name,
                capacity,
                time_slots: None,
                // The first one is entered from the street, and the others from there.
                inside: (row > 1).then_some(1),
            }
        });
        zones.collect()
    }

    fn gates(&self) -> Vec<GateSpec> {
        let gates = self.rows("gate_name", GATES).map(|(row, name)| GateSpec {
            id: row,
            name,
            zone: self.of_row("gate_zone", &row).parse().unwrap_or(1),
            leaves: None,
        });
        gates.collect()
    }

    /// Returns the tiers, and how many places each has.
    fn tiers(&self, checks: &mut Checks, decimals: usize) -> Vec<(TierSpec, (u16, u32))> {
        let all: Vec<u16> = self.rows("zone_name", ZONES).map(|(row, _)| row).collect();
        let tiers = self.rows("tier_name", TIERS).map(|(row, name)| {
            let pointer = |part: &str| format!("/tiers/{}/{part}", row - 1);
            let price = minor_units(self.of_row("tier_price", &row), decimals);
            checks.require(
                price.is_some(),
                pointer("price"),
                "must be an amount such as 25.00",
            );
            let places = self.of_row("tier_places", &row).parse::<u32>().ok();
            checks.require(places.is_some(), pointer("places"), "must be a number");
            let tier = TierSpec {
                tier: row,
                name,
                price: price.unwrap_or_default(),
                admits: 1,
                check_id: false,
                zones: Some(all.clone()).filter(|zones| !zones.is_empty()),
                windows: Vec::new(),
                entry: match self.of_row("tier_entry", &row) {
                    "reentry" => EntryRule::Reentry,
                    _ => EntryRule::Single,
                },
                offline: match self.of_row("tier_offline", &row) {
                    "available" => Offline::Available,
                    _ => Offline::Strict,
                },
                live: None,
            };
            (tier, (row, places.unwrap_or_default()))
        });
        tiers.collect()
    }
}

impl From<(u16, u32)> for GeneralAdmissionSpec {
    fn from((tier, quantity): (u16, u32)) -> Self {
        Self { tier, quantity }
    }
}

/// Reads a day and a time as a browser's field has it, in a time zone.
fn moment(text: &str, zone: &str) -> Option<Moment> {
    let local: DateTime = text.parse().ok()?;
    let zone = TimeZone::get(zone).unwrap_or(TimeZone::UTC);
    let at = zone.to_zoned(local).ok()?.timestamp();
    let ms = u64::try_from(at.as_millisecond()).ok()?;
    Some(Moment(Timestamp(ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(more: &[(&str, &str)]) -> DraftForm {
        let mut form = DraftForm::at("ven_06e9pvb1pdqm38000000000000".to_owned());
        let usual = [
            ("name", "Night of the Owls"),
            ("starts_at", "2027-06-04T20:00"),
            ("ends_at", "2027-06-05T01:00"),
            ("tier_name_1", "Standing"),
            ("tier_price_1", "25.00"),
            ("tier_places_1", "200"),
        ];
        let all = usual.iter().chain(more);
        form.0
            .extend(all.map(|(field, text)| ((*field).to_owned(), (*text).to_owned())));
        form
    }

    #[test]
    fn a_form_becomes_a_draft_in_the_time_of_its_place() {
        let request = filled(&[
            ("zone_name_2", "Balcony"),
            ("gate_name_2", "Stairs"),
            ("gate_zone_2", "2"),
        ]);
        let request = request.read().unwrap();
        assert_eq!(request.starts_at.to_string(), "2027-06-04T18:00:00Z");
        assert_eq!(
            (request.tiers[0].price, request.general_admission[0].quantity),
            (2_500, 200)
        );
        assert_eq!((request.gates[1].zone, request.zones[1].inside), (2, Some(1)));
        assert_eq!(request.inventory().unwrap().units.len(), 200);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_place() {
        let form = filled(&[
            ("tier_price_1", "cheap"),
            ("starts_at", "soon"),
            ("zone_capacity_1", "many"),
        ]);
        let Err(ApiError::Invalid(errors)) = form.read() else {
            panic!("it was read");
        };
        let places: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(places, ["/starts_at", "/tiers/0/price", "/zones/0/capacity"]);
        assert!(DraftForm::default().read().is_err());
    }
}
