//! The OpenAPI document: what the routes say of themselves, and what follows for each from what it takes.

mod bounds;
pub mod roles;

use std::collections::BTreeMap;

use usher_words::problems::ProblemKind;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterIn};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{HeaderBuilder, Object, Ref, RefOr, Response, Schema, Type};
use utoipa::{Modify, OpenApi};

use crate::api::error::Problem;

/// What the routes do not say themselves.
#[derive(OpenApi)]
#[openapi(
    info(title = "Usher cloud", description = "Sells tickets that open gates with the cable cut."),
    tags(
        (name = "events", description = "What is on sale"),
        (name = "reservations", description = "Timed claims on units before payment"),
        (name = "bookings", description = "Payment and tickets"),
        (name = "tickets", description = "A ticket and its QR code"),
        (name = "organizer", description = "Making and publishing events, with an API key"),
        (name = "machines", description = "Access tokens for programs of organizers (OAuth 2, client credentials)"),
        (name = "keys", description = "What an event trusts, and how it comes to be trusted"),
        (name = "devices", description = "Hubs and scanners: enrolling them, watching them, shutting them out"),
        (name = "status", description = "How the server is"),
    ),
    components(schemas(Problem)),
    modifiers(&OrganizerKey),
)]
pub struct Document;

struct OrganizerKey;

impl Modify for OrganizerKey {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let key = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("organizer_key", key);
        components.add_security_scheme(roles::TOKEN, roles::token_scheme());
    }
}

/// Completes the document once it has all routes: names each operation, adds the refusals that follow from what a route takes, gives every refusal the
/// form of a problem, and describes an answer that nobody described by what is in its body.
pub fn complete(document: &mut utoipa::openapi::OpenApi) {
    let components = document.components.get_or_insert_default();
    let mut lost = bounds::write_into(&mut components.schemas);
    lost.extend(bounds::write_into_queries(&mut document.paths.paths));
    debug_assert!(
        lost.is_empty(),
        "there are bounds of members that the document has not: {lost:?}"
    );
    let schemas = components.schemas.clone();
    for (path, item) in &mut document.paths.paths {
        let operations = [
            ("get", &mut item.get),
            ("put", &mut item.put),
            ("post", &mut item.post),
            ("delete", &mut item.delete),
            ("patch", &mut item.patch),
        ];
        for (method, operation) in operations {
            let Some(operation) = operation else {
                continue;
            };
            operation.operation_id = Some(operation_id(method, path));
            // Where it is a ticket's picture, an ending follows the id.
            if path != "/v1/tickets/{ticket_id}" {
                operation.parameters.iter_mut().flatten().for_each(write_pattern);
            }
            add_usual(path, operation);
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response {
                    complete_response(status, response, &schemas);
                }
            }
        }
    }
}

/// Names an operation by its method and path, since handlers of different resources are called alike.
fn operation_id(method: &str, path: &str) -> String {
    let words = path.split(|char: char| !char.is_ascii_alphanumeric());
    let words: Vec<_> = [method]
        .into_iter()
        .chain(words)
        .filter(|word| !word.is_empty())
        .collect();
    words.join("_")
}

fn write_pattern(parameter: &mut RefOr<Parameter>) {
    if let RefOr::T(parameter) = parameter
        && let Some(RefOr::T(Schema::Object(text))) = &mut parameter.schema
        && let Some(pattern) = bounds::pattern(&parameter.name)
    {
        text.pattern = Some(pattern.to_owned());
    }
}

/// Adds the refusals that an operation has because of what it takes, unless it describes that status itself.
fn add_usual(path: &str, operation: &mut Operation) {
    let is_for_roles = roles::are_told(operation);
    let responses = &mut operation.responses.responses;
    let told: Vec<String> = responses.keys().cloned().collect();
    let parameters = operation.parameters.iter().flatten();
    let parameters = parameters.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    });
    let is_in = |place: &ParameterIn| parameters.clone().any(|one| one.parameter_in == *place);
    let (has_query, takes_a_key) = (is_in(&ParameterIn::Query), is_in(&ParameterIn::Header));
    let body = operation.request_body.as_ref();
    let takes_a_body = body.is_some();
    let takes_json = body.is_some_and(|body| match body {
        RefOr::T(body) => body.content.contains_key("application/json"),
        RefOr::Ref(_) => true,
    });
    let usual: [(bool, &[ProblemKind]); 8] = [
        (true, &[ProblemKind::Internal, ProblemKind::Unavailable]),
        (
            operation.security.is_some(),
            &[ProblemKind::Unauthorized, ProblemKind::TooManyWrongKeys],
        ),
        (
            is_for_roles,
            &[
                ProblemKind::NotAllowed,
                ProblemKind::FreshCodeNeeded,
                ProblemKind::ForeignRequest,
            ],
        ),
        (path.contains('{'), &[ProblemKind::NotFound]),
        (has_query, &[ProblemKind::Unreadable]),
        // The only header that is told is that of idempotency keys.
        (takes_a_key, &ProblemKind::OF_KEYS),
        (takes_json, &ProblemKind::OF_BODIES),
        (takes_a_body, &[ProblemKind::TooLarge]),
    ];
    for kind in usual
        .iter()
        .filter(|(applies, _)| *applies)
        .flat_map(|(_, kinds)| *kinds)
    {
        let status = kind.status().to_string();
        if told.contains(&status) {
            continue;
        }
        let response = responses
            .entry(status)
            .or_insert_with(|| Response::new("").into());
        if let RefOr::T(response) = response
            && !response.description.contains(kind.words())
        {
            let words = format!("{} {}", response.description, kind.words());
            words.trim().clone_into(&mut response.description);
        }
    }
}

fn complete_response(status: &str, response: &mut Response, schemas: &BTreeMap<String, RefOr<Schema>>) {
    // One that has a form of its own says so.
    if status.starts_with(['4', '5']) && response.content.is_empty() {
        let problem = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name("Problem")))
            .build();
        response
            .content
            .insert("application/problem+json".into(), problem.into());
    }
    if ["429", "503"].contains(&status) {
        let seconds = HeaderBuilder::new()
            .schema(Some(Object::with_type(Type::Integer)))
            .build();
        response.headers.insert("Retry-After".into(), seconds.into());
    }
    if response.description.is_empty() {
        let bodies = response.content.values().filter_map(|content| match content {
            RefOr::T(content) => content.schema.as_ref(),
            RefOr::Ref(_) => None,
        });
        if let Some(RefOr::Ref(body)) = bodies.into_iter().next()
            && let Some(name) = body.ref_location.rsplit('/').next()
            && let Some(description) = schemas.get(name).and_then(description)
        {
            response.description = description;
        }
    }
}

fn description(schema: &RefOr<Schema>) -> Option<String> {
    if let RefOr::T(Schema::Object(object)) = schema {
        object.description.clone()
    } else {
        None
    }
}
