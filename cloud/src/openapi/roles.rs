//! Who may use a route of organizers, told in the OpenAPI document: `x-usher-operation` and `x-usher-roles`.

use std::sync::Arc;

use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::path::{Operation as Described, PathItem};
use utoipa::openapi::security::{
    ClientCredentials, Flow, OAuth2, Scopes, SecurityRequirement, SecurityScheme,
};
use utoipa_axum::router::UtoipaMethodRouter;

use crate::rights::Operation;
use crate::state::AppState;

/// The name of the operation that a route is of.
const OPERATION: &str = "x-usher-operation";
/// The roles that may do it.
const ROLES: &str = "x-usher-roles";

/// What the document calls access tokens.
pub const TOKEN: &str = "organizer_token";

/// Describes access tokens, and what each operation is called as a scope.
pub fn token_scheme() -> SecurityScheme {
    let scopes = Operation::ALL
        .iter()
        .map(|operation| (operation.name(), operation.words()));
    let flow = ClientCredentials::new("/oauth/token", Scopes::from_iter(scopes));
    SecurityScheme::OAuth2(OAuth2::new([Flow::ClientCredentials(flow)]))
}

/// Writes into the description of routes what they do and which roles may.
pub fn written(
    (schemas, mut paths, router): UtoipaMethodRouter<Arc<AppState>>,
    operation: Operation,
) -> UtoipaMethodRouter<Arc<AppState>> {
    for described in paths.paths.values_mut().flat_map(operations) {
        let roles: Vec<_> = operation.roles().iter().map(|role| role.word()).collect();
        let told = [
            (OPERATION, serde_json::Value::from(operation.name())),
            (ROLES, roles.into()),
        ];
        let extensions = described.extensions.get_or_insert_default();
        extensions.merge(Extensions::from_iter(told));
        let token = SecurityRequirement::new(TOKEN, [operation.name()]);
        described.security.get_or_insert_default().push(token);
    }
    (schemas, paths, router)
}

/// Tells whether an operation is only for some roles.
pub fn are_told(described: &Described) -> bool {
    described
        .extensions
        .as_ref()
        .is_some_and(|told| told.contains_key(ROLES))
}

/// Returns what is described of a path, method by method.
pub fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Described> {
    let all = [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.patch,
    ];
    all.into_iter().flatten()
}
