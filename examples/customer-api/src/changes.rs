//! What a customer changes: the SIM, the locks; and the objection of whoever was told.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use cpni_guard::guard::Objection;
use cpni_guard::interaction::{ContactChannel, NoticeTarget};
use cpni_guard::transaction::{LockKind, NextStep, TransactionId};
use cpni_guard::{ChangeRequest, Error};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::{App, Shared};
use crate::data::Change;
use crate::extract::{Caller, Peer, Reference, Strict, is_reference};
use crate::limits::Counted;
use crate::refusal::Refusal;
use crate::sessions::Signed;

/// Digits of an ICCID (ITU-T E.118): 18 to 20.
const ICCID: core::ops::RangeInclusive<usize> = 18..=20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SimChange {
    line: String,
    iccid: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Object {
    token: String,
}

/// `POST /v1/sim-changes`
pub(crate) async fn request(
    State(app): State<Shared>,
    Caller(signed): Caller,
    Strict(asked): Strict<SimChange>,
) -> Result<impl IntoResponse, Refusal> {
    let is_iccid =
        ICCID.contains(&asked.iccid.len()) && asked.iccid.bytes().all(|digit| digit.is_ascii_digit());
    if !is_iccid || !is_reference(&asked.line) {
        return Err(Refusal::BadRequest);
    }
    app.blocking(move |app| app.request_sim_change(&signed, asked)).await
}

/// `GET /v1/sim-changes/{change}`
pub(crate) async fn status(
    State(app): State<Shared>,
    Caller(signed): Caller,
    Reference(change): Reference,
) -> Result<impl IntoResponse, Refusal> {
    let id = id(&change)?;
    let status = app.blocking(move |app| Ok(app.guard.transactions().status(&signed.account, &id)?)).await?;
    Ok(Json(
        json!({ "change": change, "state": status.state.name(), "not_before": status.not_before.to_string() }),
    ))
}

/// `DELETE /v1/sim-changes/{change}`
pub(crate) async fn cancel(
    State(app): State<Shared>,
    Caller(signed): Caller,
    Reference(change): Reference,
) -> Result<StatusCode, Refusal> {
    let id = id(&change)?;
    app.blocking(move |_| Ok(signed.interaction().cancel(&id)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /v1/locks/{lock}`
pub(crate) async fn set_lock(
    State(app): State<Shared>,
    Caller(signed): Caller,
    lock: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Refusal> {
    let kind = lock_kind(lock)?;
    app.blocking(move |_| Ok(signed.interaction().set_lock(kind)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /v1/locks/{lock}`: after the delay that the library has; the customer is told where they were before.
pub(crate) async fn remove_lock(
    State(app): State<Shared>,
    Caller(signed): Caller,
    lock: Result<Path<String>, PathRejection>,
) -> Result<impl IntoResponse, Refusal> {
    let kind = lock_kind(lock)?;
    let removal = app.blocking(move |_| Ok(signed.interaction().remove_lock(kind)?)).await?;
    let answer = json!({ "until": removal.until.to_string(), "message": removal.for_customer });
    Ok((StatusCode::ACCEPTED, Json(answer)))
}

/// `POST /v1/objections`: whoever was told objects, with the token out of the notice and without a sign-in: whoever
/// took the account over has one.
pub(crate) async fn object(
    State(app): State<Shared>,
    peer: Peer,
    Strict(Object { token }): Strict<Object>,
) -> Result<impl IntoResponse, Refusal> {
    app.limiter.count(Counted::SignIns(peer.network()), app.limits.sign_ins, app.now())?;
    if !is_reference(&token) {
        return Err(Refusal::NotFound);
    }
    let result = app.blocking(move |app| app.object(&token)).await?;
    Ok(Json(json!({ "result": result })))
}

impl App {
    fn request_sim_change(
        &self,
        signed: &Signed,
        SimChange { line, iccid }: SimChange,
    ) -> Result<(StatusCode, Json<Value>), Refusal> {
        let number = self.data.number(&signed.account, &line)?;
        let change = ChangeRequest::sim_change(number.as_str(), iccid.as_str());
        let mut online = signed.interaction();
        let asked = online.request(&change)?;
        let message = asked.for_customer();
        let answer = |state, status| {
            let answer = json!({ "change": asked.id.to_string(), "state": state, "message": message });
            (status, Json(answer))
        };
        match asked.next {
            NextStep::Refused(_) => Ok(answer("refused", StatusCode::FORBIDDEN)),
            NextStep::Wait { .. } | NextStep::SecondPerson { .. } => {
                let account = signed.account.clone();
                self.data.add_change(&Change { id: asked.id, account, number, sim: iccid })?;
                Ok(answer("waiting", StatusCode::ACCEPTED))
            }
            NextStep::Execute => {
                let permit = online.permit(&asked.id, &change)?;
                let order = online.execute(permit, &change)?;
                drop(online);
                self.data.move_sim(&number, &iccid)?;
                self.guard.transactions().confirm(&order)?;
                self.sim_moved(&signed.account);
                Ok(answer("confirmed", StatusCode::ACCEPTED))
            }
        }
    }

    /// Whoever has the line now may have the sessions too: all of them end.
    pub(crate) fn sim_moved(&self, account: &cpni_guard::AccountId) {
        self.carrier.sim_moved(account);
        self.sessions.end_of(account, &self.identity);
    }

    fn object(&self, token: &str) -> Result<&'static str, Refusal> {
        let of = self.data.objection(token)?.ok_or(Refusal::NotFound)?;
        let channel = ContactChannel::from_code(of.channel).ok_or(Refusal::Internal)?;
        let from = NoticeTarget { channel, id: of.point };
        let objected: Result<_, Error> = self.guard.transactions().object(&of.account, &of.change, &from);
        Ok(match objected? {
            Objection::Stopped => "stopped",
            Objection::Noted => "noted",
        })
    }
}

fn id(change: &str) -> Result<TransactionId, Refusal> {
    change.parse().map_err(|_| Refusal::NotFound)
}

fn lock_kind(lock: Result<Path<String>, PathRejection>) -> Result<LockKind, Refusal> {
    match lock.as_ref().map(|Path(lock)| lock.as_str()) {
        Ok("sim") => Ok(LockKind::Sim),
        Ok("port") => Ok(LockKind::Port),
        Ok(_) | Err(_) => Err(Refusal::NotFound),
    }
}
