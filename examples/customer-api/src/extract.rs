//! What a handler takes from a request: who asks, from where, a reference, a strict body. Each has one constant
//! answer where it is not so.

use core::ops::RangeInclusive;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::request::Parts;
use cpni_guard::Sensitive;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use tokio::time::timeout;

use crate::app::Shared;
use crate::limits::{Counted, Network};
use crate::partner::Partner;
use crate::refusal::Refusal;
use crate::sessions::Signed;

/// Longest body, in bytes: the longest request of the document is a fifth of it.
pub(crate) const MAX_BODY: usize = 4_096;
/// For how long a body may be on its way.
const BODY_TIME: Duration = Duration::from_secs(5);

/// The address at the other end of the connection. What a header says of it is nobody's word: where a proxy
/// ends TLS, take the address from the proxy's own protocol.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The signed-in customer: the only place from which a handler knows an account.
pub(crate) struct Caller(pub(crate) Arc<Signed>);

/// The token of the session, for its end.
pub(crate) struct Token(pub(crate) String);

/// The partner whose key it is.
pub(crate) struct PartnerCaller(pub(crate) Arc<Partner>);

/// A reference out of the path: 64 hexadecimal digits, or for a transaction 32.
pub(crate) struct Reference(pub(crate) String);

/// A JSON body with these fields and no others.
pub(crate) struct Strict<T>(pub(crate) T);

/// A text that is wiped.
pub(crate) struct Secret(pub(crate) Sensitive<String>);

impl Secret {
    /// Whether it is so many characters long.
    pub(crate) fn is_long(&self, chars: &RangeInclusive<usize>) -> bool {
        // EXPOSE: only the length is read.
        chars.contains(&self.0.expose().chars().count())
    }

    /// Whether it is so many digits, and nothing else.
    pub(crate) fn is_digits(&self, count: usize) -> bool {
        // EXPOSE: only its form is read.
        let text = self.0.expose();
        text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// A field that may be left out: what is there is a text, and `null` is none.
    pub(crate) fn there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::deserialize(deserializer).map(Some)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Sensitive::from(text)))
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let token = bearer(&parts.headers)?;
        let now = app.now();
        let signed = app.sessions.get(token, now).ok_or(Refusal::Unauthorized)?;
        app.limiter.count(Counted::Session(signed.name.clone()), app.limits.session, now)?;
        Ok(Self(signed))
    }
}

impl FromRequestParts<Shared> for Token {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let token = bearer(&parts.headers)?;
        app.sessions.get(token, app.now()).ok_or(Refusal::Unauthorized)?;
        Ok(Self(token.to_owned()))
    }
}

impl FromRequestParts<Shared> for PartnerCaller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &Shared) -> Result<Self, Refusal> {
        let partner = app.partners.of_key(bearer(&parts.headers)?).ok_or(Refusal::Unauthorized)?;
        let (of, max) = (Counted::Partner(partner.id.clone()), partner.limits.requests);
        app.limiter.count(of, max, app.now())?;
        Ok(Self(partner))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        parts.extensions.get().copied().ok_or(Refusal::Internal)
    }
}

impl Peer {
    pub(crate) fn network(self) -> Network {
        Network::of(self.0)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Reference {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Ok(Path(text)) = path else { return Err(Refusal::NotFound) };
        is_reference(&text).then_some(Self(text)).ok_or(Refusal::NotFound)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Strict<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.and_then(|kind| kind.split(';').next()).map(str::trim);
        if !kind.is_some_and(|kind| kind.eq_ignore_ascii_case("application/json")) {
            return Err(Refusal::NotJson);
        }
        let body = timeout(BODY_TIME, to_bytes(request.into_body(), MAX_BODY)).await;
        let body = body.map_err(|_| Refusal::BadRequest)?.map_err(|_| Refusal::TooLarge)?;
        serde_json::from_slice(&body).map(Self).map_err(|_| Refusal::BadRequest)
    }
}

/// Whether a text is a reference of this service's.
pub(crate) fn is_reference(text: &str) -> bool {
    matches!(text.len(), 32 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The one bearer token of a request (RFC 6750 §2.1). Two are none.
fn bearer(headers: &HeaderMap) -> Result<&str, Refusal> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(Refusal::Unauthorized) };
    let (scheme, token) =
        value.to_str().ok().and_then(|value| value.split_once(' ')).ok_or(Refusal::Unauthorized)?;
    if scheme.eq_ignore_ascii_case("bearer") && is_reference(token) {
        Ok(token)
    } else {
        Err(Refusal::Unauthorized)
    }
}
