//! Organizers and their venues.

use crate::ids::{OrganizerId, VenueId};
use crate::store::StoreError;
use crate::store::organizing::{NewOrganizer, NewVenue, Venue};
use crate::store::sql::{OptionalExtension, Sql, params};

use super::Effect;
use super::column::{coordinates, ms};
use super::{api_keys, listings};

/// Adds an organizer with its first API key.
pub fn add_organizer(connection: &Sql<'_>, request: &NewOrganizer) -> Result<Effect<()>, StoreError> {
    connection
        .prepare_cached("INSERT INTO organizers (organizer_id, name, created_at) VALUES (?1, ?2, ?3)")?
        .execute(params![request.id.0, request.name, ms(request.now)])?;
    api_keys::insert(connection, &request.first_key())?;
    Ok(Effect::Keep(()))
}

/// Finds what an organizer is called.
pub fn organizer_name(connection: &Sql<'_>, organizer: &OrganizerId) -> Result<Option<String>, StoreError> {
    let name = connection
        .prepare_cached("SELECT name FROM organizers WHERE organizer_id = ?1")?
        .query_row([organizer.0], |row| row.get(0))
        .optional()?;
    Ok(name)
}

/// Adds a venue.
pub fn add_venue(connection: &Sql<'_>, request: &NewVenue) -> Result<Effect<()>, StoreError> {
    let NewVenue {
        venue,
        organizer,
        now,
    } = request;
    let (latitude, longitude) = listings::degrees(venue.coordinates);
    connection
        .prepare_cached(
            "INSERT INTO venues (venue_id, organizer_id, name, city, address, created_at, latitude, longitude)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            venue.id.0,
            organizer.0,
            venue.name,
            venue.city,
            venue.address,
            ms(*now),
            latitude,
            longitude
        ])?;
    Ok(Effect::Keep(()))
}

/// Lists an organizer's venues, oldest first.
pub fn venues(connection: &Sql<'_>, organizer: &OrganizerId) -> Result<Vec<Venue>, StoreError> {
    let mut query = connection.prepare_cached(
        "SELECT venue_id, name, city, address, latitude, longitude FROM venues WHERE organizer_id = ?1 ORDER BY venue_id",
    )?;
    let found = query.query_and_then([organizer.0], |row| {
        Ok(Venue {
            id: VenueId(row.get(0)?),
            name: row.get(1)?,
            city: row.get(2)?,
            address: row.get(3)?,
            coordinates: coordinates(row, 4)?,
        })
    })?;
    found.collect()
}
