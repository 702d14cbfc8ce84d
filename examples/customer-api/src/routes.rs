//! The paths, and what every answer has. `openapi.json` beside this crate says the same for machines.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};

use crate::app::Shared;
use crate::extract::Peer;
use crate::limits::Counted;
use crate::refusal::Refusal;
use crate::{bare, changes, partner, reads, sign_in};

/// The document, kept by hand; `tests/attacks.rs` compares it with the routes.
const OPENAPI: &str = include_str!("../openapi.json");

/// `bare`: with the handler of `bare.rs` too.
pub(crate) fn router(app: Shared, bare: bool) -> Router {
    let router = if bare { Router::new().route(bare::PATH, get(bare::account)) } else { Router::new() };
    let router = router
        .route("/openapi.json", get(openapi))
        .route("/v1/session", post(sign_in::sign_in).delete(sign_in::sign_out))
        .route("/v1/second-factor", post(sign_in::send_code).put(sign_in::check_code))
        .route("/v1/port-passcode", put(sign_in::check_passcode))
        .route("/v1/account", get(reads::account))
        .route("/v1/lines", get(reads::lines))
        .route("/v1/calls", get(reads::calls))
        .route("/v1/orders/{order}", get(reads::order))
        .route("/v1/sim-changes", post(changes::request))
        .route("/v1/sim-changes/{change}", get(changes::status).delete(changes::cancel))
        .route("/v1/locks/{lock}", put(changes::set_lock).delete(changes::remove_lock))
        .route("/v1/objections", post(changes::object))
        .route("/v1/partner/ports", post(partner::port));
    guarded(router, app)
}

/// The layers that every route has, also those that are none.
fn guarded(router: Router<Shared>, app: Shared) -> Router {
    router
        .fallback(|| async { Refusal::NotFound })
        .method_not_allowed_fallback(|| async { Refusal::Method })
        .layer(middleware::from_fn_with_state(app.clone(), every_answer))
        .with_state(app)
}

async fn every_answer(State(app): State<Shared>, request: Request, next: Next) -> Response {
    let mut answer = match admit(&app, &request) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}

/// Counts the network, and refuses what no route takes: a query. `?fields=` and `?expand=` are nobody's here.
fn admit(app: &Shared, request: &Request) -> Result<(), Refusal> {
    let peer: Peer = request.extensions().get().copied().ok_or(Refusal::Internal)?;
    app.limiter.count(Counted::Network(peer.network()), app.limits.network, app.now())?;
    if request.uri().query().is_some() { Err(Refusal::BadRequest) } else { Ok(()) }
}

async fn openapi() -> impl IntoResponse {
    ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], OPENAPI)
}
