//! Every answer that is no success: a status and one constant body, which says nothing of why.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use cpni_guard::Error;
use cpni_guard::error::{InteractionError, TransactionError};
use serde_json::json;

/// Why a caller gets nothing, as far as the caller is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The request is not one of the document's.
    BadRequest,
    /// No session, or none any more; a name and password that are not one.
    Unauthorized,
    /// There is none, or it is another's, or it is withheld: nobody learns which.
    NotFound,
    /// Another method.
    Method,
    /// Not in this state: there is one under way already, or there is nothing to undo.
    Conflict,
    /// A longer body than any request of the document has.
    TooLarge,
    /// Another body than JSON.
    NotJson,
    /// Too many requests.
    TooMany,
    /// A fault on this side.
    Internal,
    /// Everybody is at work.
    Busy,
}

impl Refusal {
    const fn parts(self) -> (StatusCode, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Conflict => (StatusCode::CONFLICT, "conflict"),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not_json"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, name) = self.parts();
        (status, Json(json!({ "error": name }))).into_response()
    }
}

/// What the library refused, as far as a caller is told: no code, no rule, no text of it.
impl From<Error> for Refusal {
    #[expect(clippy::wildcard_enum_match_arm, reason = "what is not named here is a fault on this side")]
    fn from(error: Error) -> Self {
        use {InteractionError as I, TransactionError as T};
        match error {
            Error::Interaction(I::Ended | I::Expired | I::UnknownAgent | I::NoLiveContact) => {
                Self::Unauthorized
            }
            Error::Interaction(I::LockedOut | I::HeldBack | I::NeedsSecondPerson | I::NotCounted) => {
                Self::TooMany
            }
            Error::Interaction(I::NotOfRecord) => Self::NotFound,
            Error::Transaction(T::NoSuchTransaction | T::NotNotifiedThere) => Self::NotFound,
            Error::Transaction(
                T::AlreadyUnderWay
                | T::WrongState
                | T::NotAuthenticated
                | T::Frozen
                | T::Full
                | T::NoUnchangedContact,
            ) => Self::Conflict,
            // Another account's bytes, or bytes that were changed: there is nothing here for this caller.
            Error::Sealed(_) => Self::NotFound,
            _ => Self::Internal,
        }
    }
}
