//! `GET /v1/account` without the library, for `bin/load.rs` alone: the same layers, session, tables and projection, with the
//! record in the clear, no decision and no record of the answer. A service that is started to serve has none of it.

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

use crate::app::{App, Shared};
use crate::extract::Caller;
use crate::refusal::Refusal;
use crate::sample::SampleCustomer;
use crate::sessions::Signed;

pub(crate) const PATH: &str = "/bare/account";

pub(crate) async fn account(
    State(app): State<Shared>,
    Caller(signed): Caller,
) -> Result<impl IntoResponse, Refusal> {
    let answer = app.blocking(move |app| app.bare_account(&signed)).await?;
    Ok(Json(answer))
}

impl App {
    /// Puts what the handler reads into the carrier's tables, in the clear.
    pub(crate) fn bare(&self, customers: &[SampleCustomer]) -> Result<(), Refusal> {
        for customer in customers {
            let record = json!({
                "name": customer.name, "email": format!("{}@example.com", customer.login), "balance": "42.17",
                "zip": customer.zip, "mobile": customer.number, "account_number": customer.account_number,
                "plan": "Unlimited Plus", "features": "voicemail, international roaming",
            });
            let account =
                cpni_guard::AccountId::new(customer.account.as_str()).map_err(|_| Refusal::Internal)?;
            self.data.add_bare(&account, &record.to_string())?;
        }
        Ok(())
    }

    fn bare_account(&self, signed: &Signed) -> Result<Value, Refusal> {
        let record = self.data.bare(&signed.account)?;
        let record: Map<String, Value> = serde_json::from_str(&record).map_err(|_| Refusal::Internal)?;
        let orders = self.data.orders(&signed.account)?;
        let names = ["name", "email", "balance"].into_iter();
        let mut answer: Map<String, Value> =
            names.map(|name| (name.to_owned(), record.get(name).cloned().unwrap_or_default())).collect();
        answer.insert("orders".to_owned(), json!(orders));
        Ok(answer.into())
    }
}
