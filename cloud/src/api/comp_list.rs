//! The list of people who get tickets, as it comes in: JSON or CSV, checked person by person, and refused where it is wrong.

mod people;

pub use people::CompSpec;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde::Deserialize;
use usher_keys::{EventId, Timestamp};
use usher_protocol::TierId;
use usher_words::problems::{OrderDetail, PlacesAmong, ProblemKind};
use utoipa::ToSchema;

use crate::booking::{CompFor, GiveComps};
use crate::selling::blocks::{BlockLacks, OfBlock};
use crate::selling::comps::{CompRefusal, CompUnits};
use crate::selling::{Claim, HoldOutcome, RequestHash, Shortage, TierQuantity};

use super::bookings::{EMAIL_BYTES, is_address};
use super::claims;
use super::error::{ApiError, FieldError};
use super::idempotency::IdempotencyHeader;
use super::input::{Checks, ERRORS_REPORTED, JsonBody};
use super::reservations::not_held;
use people::PeopleError;

/// People in one list at most: some tenths of a second of the one writer, and buyers go on buying meanwhile.
pub const MAX_COMPS: usize = 200;
/// Tickets in one list at most, for the same reason.
const MAX_TICKETS: usize = 1_000;
/// Tickets of one person at most.
const MAX_QUANTITY: u32 = 100;
/// Length of a person's name, in bytes.
pub const NAME_BYTES: usize = 200;

/// Asks to give tickets away.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "idempotency_key": "0193a3f2-6c5e-7b1a-9d2e-4f5a6b7c8da0",
    "comps": [{"name": "Ann Owl", "email": "ann@example.org", "tier": 2, "quantity": 2}],
}))]
pub struct CompsRequest {
    /// A new random text for each new list, here or as the header `Idempotency-Key`. The same list with the same key is given once.
    #[serde(default)]
    #[schema(example = "0193a3f2-6c5e-7b1a-9d2e-4f5a6b7c8da0")]
    pub idempotency_key: Option<String>,
    /// Who gets what: at most 200 people and 1,000 tickets.
    pub comps: Vec<CompSpec>,
}

/// A list as it came in.
#[derive(Debug)]
pub enum CompsBody {
    /// As JSON.
    Json(CompsRequest),
    /// Each person with their line.
    Csv(Vec<(usize, CompSpec)>),
}

impl<S: Send + Sync> FromRequest<S> for CompsBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let is_csv = content_type.is_some_and(|said| said.as_bytes().starts_with(b"text/csv"));
        if !is_csv {
            let JsonBody(read) = JsonBody::from_request(request, state).await?;
            return Ok(Self::Json(read));
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| ProblemKind::TooLarge)?;
        let text = std::str::from_utf8(&bytes).ok();
        let text = text.filter(|text| !text.contains('\0'));
        match text {
            Some(text) => Self::of_csv(text),
            None => Err(ApiError::said_by(ProblemKind::Unreadable, &PeopleError::NotText)),
        }
    }
}

/// A list that makes sense.
#[derive(Clone)]
pub struct CompsList {
    pub idempotency_key: Option<String>,
    pub comps: Vec<CompFor>,
    /// What makes two lists the same.
    pub hash: RequestHash,
    places: Vec<Place>,
}

/// Where a person stands in a list.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// So many come before them.
    Index(usize),
    /// In this line.
    Line(usize),
}

impl Place {
    /// Says what is wrong with a member of a person.
    fn error(self, member: &str, detail: &str) -> FieldError {
        match self {
            Self::Index(index) => FieldError {
                pointer: format!("/comps/{index}{member}"),
                detail: detail.to_owned().into(),
            },
            Self::Line(line) => FieldError {
                pointer: String::new(),
                detail: format!("line {line}, {}: {detail}", member.trim_start_matches('/')).into(),
            },
        }
    }

    fn name(self) -> String {
        match self {
            Self::Index(index) => format!("comps/{index}"),
            Self::Line(line) => format!("line {line}"),
        }
    }
}

impl CompsBody {
    /// Reads a list as CSV, whose first line names its columns.
    ///
    /// # Errors
    ///
    /// [`ProblemKind::Unreadable`], with the line that is wrong.
    pub fn of_csv(text: &str) -> Result<Self, ApiError> {
        let people = people::read(text);
        let people = people.map_err(|error| ApiError::said_by(ProblemKind::Unreadable, &error))?;
        Ok(Self::Csv(people))
    }

    /// Checks the whole list.
    ///
    /// # Errors
    ///
    /// [`ApiError::Invalid`], with where it is wrong.
    pub fn read(self) -> Result<CompsList, ApiError> {
        let (idempotency_key, people): (_, Vec<(Place, CompSpec)>) = match self {
            Self::Json(request) => {
                let people = request.comps.into_iter().enumerate();
                let people = people.map(|(index, person)| (Place::Index(index), person));
                (request.idempotency_key, people.collect())
            }
            Self::Csv(people) => {
                let people = people.into_iter();
                let people = people.map(|(line, person)| (Place::Line(line), person));
                (None, people.collect())
            }
        };
        let mut checks = Checks::default();
        checks.range(people.len(), "/comps", 1..=MAX_COMPS);
        let tickets: usize = people.iter().map(|(_, person)| person.tickets()).sum();
        checks.require(
            tickets <= MAX_TICKETS,
            "/comps",
            format!("must be at most {MAX_TICKETS} tickets in all"),
        );
        checks.finish()?;
        let said: Vec<_> = people.iter().map(|(_, person)| person).collect();
        let said = serde_json::to_vec(&said).map_err(|_| ApiError::Internal)?;
        let hash = RequestHash(*blake3::hash(&said).as_bytes());
        let (mut comps, mut places, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        for (place, person) in people {
            match person.checked() {
                Ok(comp) => comps.push(comp),
                Err(ApiError::Invalid(errors)) => {
                    let errors = errors.iter();
                    wrong.extend(errors.map(|error| place.error(&error.pointer, &error.detail)));
                }
                Err(error) => return Err(error),
            }
            places.push(place);
        }
        if !wrong.is_empty() {
            wrong.truncate(ERRORS_REPORTED);
            return Err(ApiError::Invalid(wrong));
        }
        Ok(CompsList {
            idempotency_key,
            comps,
            hash,
            places,
        })
    }
}

impl CompSpec {
    fn checked(self) -> Result<CompFor, ApiError> {
        let mut checks = Checks::default();
        checks.text(&self.email, "/email", EMAIL_BYTES);
        checks.require(
            is_address(&self.email),
            "/email",
            "must be an address such as name@example.org",
        );
        if !self.name.is_empty() {
            checks.text(&self.name, "/name", 1..=NAME_BYTES);
        }
        let quantity = self.quantity.unwrap_or(1);
        let units = match (self.seat_ids, self.tier) {
            (Some(seats), None) if self.quantity.is_none() => {
                let seats = claims::seats(&mut checks, ("", seats), MAX_QUANTITY);
                match self.block_id {
                    Some(block) => CompUnits::OfBlock(block, OfBlock::Seats(seats)),
                    None => CompUnits::Free(Claim::Seats(seats)),
                }
            }
            (None, Some(tier)) => {
                checks.range(quantity, "/quantity", 1..=MAX_QUANTITY);
                let tier = TierId(tier);
                let tiers = vec![TierQuantity { tier, quantity }];
                match self.block_id {
                    Some(block) => CompUnits::OfBlock(block, OfBlock::Tiers(tiers)),
                    None => CompUnits::Free(Claim::Tiers(tiers)),
                }
            }
            (Some(_), _) | (None, None) => {
                checks.require(
                    false,
                    "/tier",
                    "must be given, or else seat_ids without a quantity",
                );
                CompUnits::Free(Claim::Seats(Vec::new()))
            }
        };
        checks.finish()?;
        Ok(CompFor {
            email: self.email,
            name: self.name,
            units,
        })
    }
}

impl CompsList {
    /// Returns what is asked for, under the key in the body or the header.
    ///
    /// # Errors
    ///
    /// [`ApiError::Invalid`] when there is none.
    pub fn asked(&self, event: EventId, header: IdempotencyHeader) -> Result<GiveComps, ApiError> {
        Ok(GiveComps {
            event,
            idempotency_key: header.or(self.idempotency_key.clone())?,
            request_hash: self.hash,
            comps: self.comps.clone(),
        })
    }

    /// Says why one person cannot have what they should.
    pub fn refused(&self, index: usize, refusal: CompRefusal, now: Timestamp) -> ApiError {
        let place = self.places.get(index).copied().unwrap_or(Place::Index(index));
        let wrong = |member, detail: &str| ApiError::Invalid(vec![place.error(member, detail)]);
        match refusal {
            CompRefusal::Units(HoldOutcome::Taken(seats)) => {
                let seats = numbers(seats.iter().map(|seat| seat.0));
                let of = &place.name();
                OrderDetail::CompSeatsTaken { of, seats: &seats }.into()
            }
            CompRefusal::Units(HoldOutcome::Short(short)) => too_few(place, &short, PlacesAmong::Free),
            CompRefusal::Units(HoldOutcome::UnknownSeats(seats)) => {
                let seats = numbers(seats.iter().map(|seat| seat.0));
                wrong("/seat_ids", &format!("the event has no {seats}"))
            }
            CompRefusal::Units(HoldOutcome::UnknownTiers(_)) => {
                wrong("/tier", "must be one of the event's tiers")
            }
            CompRefusal::Units(
                refusal @ (HoldOutcome::Held(_)
                | HoldOutcome::TooMany(_)
                | HoldOutcome::InVain(_)
                | HoldOutcome::MoreThanOne(_)
                | HoldOutcome::OrderTooLarge(_)
                | HoldOutcome::Awaited(_)
                | HoldOutcome::NoSuchEvent
                | HoldOutcome::NotOnSale(_)
                | HoldOutcome::Voucher(_)
                | HoldOutcome::NotLetThrough
                | HoldOutcome::OneAtATime
                | HoldOutcome::NotProven
                | HoldOutcome::WrongQuantity(_)),
            ) => not_held(refusal, now),
            CompRefusal::NoSuchBlock => {
                wrong("/block_id", "must be a block of this event that has units left")
            }
            CompRefusal::Lacks(BlockLacks::Seats(seats)) => {
                let seats = numbers(seats.iter().map(|seat| seat.0));
                wrong("/seat_ids", &format!("the block has no {seats}"))
            }
            CompRefusal::Lacks(BlockLacks::Units(short)) => too_few(place, &short, PlacesAmong::Block),
        }
    }
}

fn too_few(place: Place, short: &[Shortage], among: PlacesAmong) -> ApiError {
    OrderDetail::CompsShort {
        of: &place.name(),
        wanted: short.iter().map(|short| short.requested).sum(),
        left: short.iter().map(|short| short.available).sum(),
        among,
    }
    .into()
}

fn numbers(seats: impl Iterator<Item = u32>) -> String {
    let seats: Vec<_> = seats.take(20).map(|seat| format!("seat {seat}")).collect();
    seats.join(", ")
}
