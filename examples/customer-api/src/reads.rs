//! What a customer reads: each handler names its fields, and the library decides, records and opens them.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use cpni_guard::transaction::LockKind;
use cpni_guard::vocabulary::CallDirection;
use cpni_guard::{FieldView, SealedRecord, View};
use serde_json::{Map, Value, json};

use crate::app::{App, Shared};
use crate::extract::{Caller, Reference};
use crate::refusal::Refusal;
use crate::sessions::Signed;

/// Most calls of one answer; the latest.
const MAX_CALLS: usize = 100;

/// `GET /v1/account`
pub(crate) async fn account(
    State(app): State<Shared>,
    Caller(signed): Caller,
) -> Result<impl IntoResponse, Refusal> {
    let answer = app.blocking(move |app| app.account(&signed)).await?;
    Ok(Json(answer))
}

/// `GET /v1/lines`
pub(crate) async fn lines(
    State(app): State<Shared>,
    Caller(signed): Caller,
) -> Result<impl IntoResponse, Refusal> {
    let answer = app.blocking(move |app| app.lines(&signed)).await?;
    Ok(Json(answer))
}

/// `GET /v1/calls`
pub(crate) async fn calls(
    State(app): State<Shared>,
    Caller(signed): Caller,
) -> Result<impl IntoResponse, Refusal> {
    let answer = app.blocking(move |app| app.calls(&signed)).await?;
    Ok(Json(answer))
}

/// `GET /v1/orders/{order}`
pub(crate) async fn order(
    State(app): State<Shared>,
    Caller(signed): Caller,
    Reference(order): Reference,
) -> Result<impl IntoResponse, Refusal> {
    let answer = app.blocking(move |app| app.order(&signed, &order)).await?;
    Ok(Json(answer))
}

impl App {
    fn account(&self, signed: &Signed) -> Result<Value, Refusal> {
        let record = self.data.record(&signed.account)?;
        let orders = self.data.orders(&signed.account)?;
        let mut answer = texts(signed, &record, &["name", "email", "balance"])?;
        answer.insert("orders".to_owned(), json!(orders));
        Ok(answer.into())
    }

    fn lines(&self, signed: &Signed) -> Result<Value, Refusal> {
        let record = self.data.record(&signed.account)?;
        let mut answer = texts(signed, &record, &["plan", "features"])?;
        let (now, transactions) = (self.now(), self.guard.transactions());
        // One that cannot be read is on.
        let is_on = |kind| transactions.lock(&signed.account, kind).map_or(true, |lock| lock.is_on(now));
        let (sim_lock, port_lock) = (is_on(LockKind::Sim), is_on(LockKind::Port));
        let lines = self.data.lines(&signed.account)?;
        let lines = lines.into_iter().map(|line| {
            let ends_in: String = line.number.chars().skip(line.number.len().saturating_sub(2)).collect();
            json!({ "line": line.reference, "ends_in": ends_in, "sim_lock": sim_lock, "port_lock": port_lock })
        });
        answer.insert("lines".to_owned(), lines.collect());
        Ok(answer.into())
    }

    fn calls(&self, signed: &Signed) -> Result<Value, Refusal> {
        let record = self.data.record(&signed.account)?;
        let mut online = signed.interaction();
        let view = online.view(&record, ["call_detail"])?;
        let FieldView::Disclosed(calls) = view.field("call_detail")? else { return Err(Refusal::NotFound) };
        let rows: Vec<Value> = calls.with_calls(|rows| {
            let row = |row: &cpni_guard::CallRow| {
                let direction = match row.direction() {
                    CallDirection::Outbound => "outbound",
                    CallDirection::Inbound => "inbound",
                };
                let (start, seconds) = (row.start().to_string(), row.duration_secs());
                // EXPOSE: this is the answer to the customer whose calls they are.
                json!({ "direction": direction, "number": row.number().expose(), "start": start, "seconds": seconds })
            };
            rows.iter().rev().take(MAX_CALLS).map(row).collect()
        })?;
        Ok(json!({ "calls": rows }))
    }

    /// An order that is none, and another's, go the same way: bytes of nobody's are shown to the library, which
    /// records that they were asked for and that they did not open.
    fn order(&self, signed: &Signed, order: &str) -> Result<Value, Refusal> {
        let found = self.data.order(&signed.account, order)?;
        let (state, record) = match &found {
            Some((state, record)) => (state.as_str(), record),
            None => ("", &self.nobody),
        };
        let mut answer = texts(signed, record, &["plan"])?;
        answer.insert("state".to_owned(), state.into());
        Ok(answer.into())
    }
}

/// These fields and no others, of which every one must be allowed: a withheld one is not told from one that is not.
fn texts(signed: &Signed, record: &SealedRecord, names: &[&str]) -> Result<Map<String, Value>, Refusal> {
    let mut online = signed.interaction();
    let view = online.view(record, names.iter().copied())?;
    names.iter().map(|name| Ok(((*name).to_owned(), text(&view, name)?))).collect()
}

fn text(view: &View, name: &str) -> Result<Value, Refusal> {
    match view.field(name)? {
        FieldView::Disclosed(value) => Ok(value.with_text(|text| Value::from(text))?),
        FieldView::Absent(_) => Ok(Value::Null),
        FieldView::Withheld(_) => Err(Refusal::NotFound),
    }
}
