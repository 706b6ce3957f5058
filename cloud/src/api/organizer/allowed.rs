//! What a handler of organizers asks for first: a caller who may do its operation. It is the check, and the route table takes no other handlers.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use usher_words::problems::{ProblemDetail, ProblemKind};

use crate::api::caller::Caller;
use crate::api::error::ApiError;
use crate::rights::{Operation, Right};
use crate::state::AppState;

/// A caller who may do an operation, such as `Allowed<may::AddVenue>`.
#[derive(Debug)]
pub struct Allowed<R> {
    /// Who it is.
    pub caller: Caller,
    right: PhantomData<R>,
}

impl<R: Right> Allowed<R> {
    /// Returns the same caller for another operation, if they may do that too: of what a page shows beside.
    pub fn also<Other: Right>(&self) -> Option<Allowed<Other>> {
        self.caller.may_now(Other::OPERATION).ok()?;
        Some(Allowed {
            caller: self.caller,
            right: PhantomData,
        })
    }
}

impl<R: Right> FromRequestParts<Arc<AppState>> for Allowed<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<AppState>) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, app).await?;
        match caller.may_now(R::OPERATION) {
            Ok(()) => Ok(Self {
                caller,
                right: PhantomData,
            }),
            Err(ProblemKind::NotAllowed) => Err(not_allowed(caller, R::OPERATION)),
            Err(kind) => Err(kind.into()),
        }
    }
}

fn not_allowed(caller: Caller, operation: Operation) -> ApiError {
    if caller.grant.role.may(operation) {
        let operation = operation.name();
        return ProblemDetail::NotInScope { operation }.into();
    }
    let roles: Vec<_> = operation.roles().iter().map(|role| role.word()).collect();
    ProblemDetail::NotOfRole {
        role: caller.grant.role.word(),
        operation: operation.name(),
        roles: &roles,
    }
    .into()
}

/// What a handler may ask for first: it has checked that the caller may do an operation, and whose the thing in the path is.
pub trait ChecksRight {
    /// What the caller may do.
    type Right: Right;
}

impl<R: Right> ChecksRight for Allowed<R> {
    type Right = R;
}

/// A handler that takes the state first and then an extractor that [`ChecksRight`]; `Arguments` are all that it takes.
pub trait CheckedHandler<Arguments> {
    /// What it does.
    const OPERATION: Operation;
}

macro_rules! checked_handler {
    ($($other:ident)*) => {
        impl<F, Answer, C, $($other),*> CheckedHandler<(C, $($other,)*)> for F
        where
            F: Fn(State<Arc<AppState>>, C, $($other),*) -> Answer,
            C: ChecksRight,
        {
            const OPERATION: Operation = C::Right::OPERATION;
        }
    };
}

checked_handler!();
checked_handler!(A);
checked_handler!(A B);

/// Returns what a handler does. Of one that checks nothing there is nothing to return, and it does not compile.
pub fn operation_of<Arguments, H: CheckedHandler<Arguments>>(_: H) -> Operation {
    H::OPERATION
}
