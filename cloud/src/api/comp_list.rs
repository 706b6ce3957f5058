//! The list of people who get tickets, as it comes in: JSON or CSV, checked person by person, and refused where it is wrong.

use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use serde::{Deserialize, Serialize};
use usher_keys::{EventId, Timestamp};
use usher_protocol::TierId;
use usher_words::problems::ProblemKind;
use utoipa::ToSchema;

use crate::booking::{CompFor, GiveComps};
use crate::ids::BlockId;
use crate::selling::blocks::{BlockLacks, OfBlock};
use crate::selling::comps::{CompRefusal, CompUnits};
use crate::selling::{Claim, HoldOutcome, RequestHash, Shortage, TierQuantity};

use super::bookings::{EMAIL_BYTES, is_address};
use super::claims;
use super::csv;
use super::error::{ApiError, FieldError};
use super::idempotency::IdempotencyHeader;
use super::input::{Checks, ERRORS_REPORTED, JsonBody};
use super::reservations::not_held;

/// People in one list at most: some tenths of a second of the one writer, and buyers go on buying meanwhile.
pub const MAX_COMPS: usize = 200;
/// Tickets in one list at most, for the same reason.
const MAX_TICKETS: usize = 1_000;
/// Tickets of one person at most.
const MAX_QUANTITY: u32 = 100;
/// Length of a person's name, in bytes.
const NAME_BYTES: usize = 200;

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

/// What one person gets: either seats, or a number of places of a tier.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompSpec {
    /// The person's address.
    #[schema(example = "ann@example.org")]
    pub email: String,
    /// The person's name.
    #[serde(default)]
    pub name: String,
    /// The tier.
    #[serde(default)]
    pub tier: Option<u16>,
    /// How many places of the tier; 1, unless it is said.
    #[serde(default)]
    pub quantity: Option<u32>,
    /// These seats, by their `seat_id`.
    #[serde(default)]
    pub seat_ids: Option<Vec<u32>>,
    /// The block that they are taken out of; free ones, unless it is said.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    pub block_id: Option<BlockId>,
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
        let text = std::str::from_utf8(&bytes)
            .ok()
            .filter(|text| !text.contains('\0'));
        let text = text.ok_or_else(|| unreadable("the text is not UTF-8, or has a NUL character in it"))?;
        Ok(Self::Csv(people(text)?))
    }
}

fn unreadable(what: impl Into<std::borrow::Cow<'static, str>>) -> ApiError {
    ApiError::refused(ProblemKind::Unreadable, what)
}

/// Reads the people of a CSV text.
fn people(text: &str) -> Result<Vec<(usize, CompSpec)>, ApiError> {
    let records = csv::records(text)
        .map_err(|fault| unreadable(format!("line {}: there is {}", fault.line, fault.what)))?;
    let mut records = records.into_iter();
    let (_, columns) = records.next().unwrap_or_default();
    let mut people = Vec::new();
    for (line, fields) in records {
        if fields.len() != columns.len() {
            let (has, wanted) = (fields.len(), columns.len());
            return Err(unreadable(format!(
                "line {line}: there are {has} fields and {wanted} columns"
            )));
        }
        let mut person = CompSpec::default();
        for (column, field) in columns.iter().zip(fields) {
            set(&mut person, column.trim(), field.trim())
                .map_err(|wanted| unreadable(format!("line {line}, {}: {wanted}", column.trim())))?;
        }
        people.push((line, person));
    }
    Ok(people)
}

/// Sets one field; one that is empty says nothing.
fn set(person: &mut CompSpec, column: &str, field: &str) -> Result<(), &'static str> {
    const NUMBER: &str = "must be a number";
    let is_said = !field.is_empty();
    match column {
        "email" => person.email = field.to_owned(),
        "name" => person.name = field.to_owned(),
        "tier" if is_said => person.tier = Some(field.parse().map_err(|_| NUMBER)?),
        "quantity" if is_said => person.quantity = Some(field.parse().map_err(|_| NUMBER)?),
        "seat_ids" if is_said => {
            let seats = field.split_whitespace().map(str::parse);
            let seats = seats.collect::<Result<_, _>>();
            person.seat_ids = Some(seats.map_err(|_| "must be numbers, apart by blanks")?);
        }
        "block_id" if is_said => person.block_id = Some(field.parse().map_err(|_| "must be a block's id")?),
        "tier" | "quantity" | "seat_ids" | "block_id" => {}
        _ => return Err("the columns are email, name, tier, quantity, seat_ids and block_id"),
    }
    Ok(())
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
    fn tickets(&self) -> usize {
        let seats = self.seat_ids.as_ref().map(Vec::len);
        seats.unwrap_or(self.quantity.unwrap_or(1) as usize)
    }

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
                let detail = format!(
                    "{}: somebody else has {seats}. Nobody got anything.",
                    place.name()
                );
                ApiError::refused(ProblemKind::UnitsTaken, detail)
            }
            CompRefusal::Units(HoldOutcome::Short(short)) => too_few(place, &short, "free"),
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
                | HoldOutcome::NoSuchEvent
                | HoldOutcome::NotOnSale(_)
                | HoldOutcome::Voucher(_)
                | HoldOutcome::WrongQuantity(_)),
            ) => not_held(refusal, now),
            CompRefusal::NoSuchBlock => {
                wrong("/block_id", "must be a block of this event that has units left")
            }
            CompRefusal::Lacks(BlockLacks::Seats(seats)) => {
                let seats = numbers(seats.iter().map(|seat| seat.0));
                wrong("/seat_ids", &format!("the block has no {seats}"))
            }
            CompRefusal::Lacks(BlockLacks::Units(short)) => too_few(place, &short, "in the block"),
        }
    }
}

fn too_few(place: Place, short: &[Shortage], among: &str) -> ApiError {
    let left = short.iter().map(|short| short.available).sum::<u32>();
    let wanted = short.iter().map(|short| short.requested).sum::<u32>();
    let detail = format!(
        "{}: {wanted} places are asked for, and {left} are {among}. Nobody got anything.",
        place.name()
    );
    ApiError::refused(ProblemKind::UnitsShort, detail)
}

fn numbers(seats: impl Iterator<Item = u32>) -> String {
    let seats: Vec<_> = seats.take(20).map(|seat| format!("seat {seat}")).collect();
    seats.join(", ")
}
