//! Sign-in, sign-out and what more a customer can prove. The library compares passwords and codes, counts attempts over all
//! channels, and says match or no match.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use cpni_guard::interaction::CodeTo;
use cpni_guard::vocabulary::Channel;
use cpni_guard::{AccountId, Error, Evidence, Interaction, Presented, Sensitive};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::{App, Shared};
use crate::data::make_reference;
use crate::extract::{Caller, Peer, Secret, Strict, Token};
use crate::limits::Counted;
use crate::partner::PASSCODE;
use crate::refusal::Refusal;
use crate::sessions::Signed;

/// Longest login, in bytes.
const MAX_LOGIN: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    login: String,
    password: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Code {
    code: Secret,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Passcode {
    passcode: Secret,
}

/// `POST /v1/session`
pub(crate) async fn sign_in(
    State(app): State<Shared>,
    peer: Peer,
    Strict(SignIn { login, password }): Strict<SignIn>,
) -> Result<impl IntoResponse, Refusal> {
    app.limiter.count(Counted::SignIns(peer.network()), app.limits.sign_ins, app.now())?;
    if !is_login(&login) {
        return Err(Refusal::Unauthorized);
    }
    let token = app.blocking(move |app| app.sign_in(&login, password.0)).await?;
    Ok((StatusCode::CREATED, Json(json!({ "token": token }))))
}

/// `DELETE /v1/session`
pub(crate) async fn sign_out(State(app): State<Shared>, Token(token): Token) -> Result<StatusCode, Refusal> {
    app.blocking(move |app| {
        app.sessions.end(&token, &app.identity);
        Ok(())
    })
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /v1/second-factor`: a one-time code goes to the address of record.
pub(crate) async fn send_code(
    State(app): State<Shared>,
    Caller(signed): Caller,
) -> Result<StatusCode, Refusal> {
    app.blocking(move |_| Ok(signed.interaction().send_one_time_code(CodeTo::AddressOfRecord)?)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// `PUT /v1/second-factor`: the code that came. One that is locked out, or was never sent, does not match either.
pub(crate) async fn check_code(
    State(app): State<Shared>,
    Caller(signed): Caller,
    Strict(Code { code }): Strict<Code>,
) -> Result<impl IntoResponse, Refusal> {
    if !code.is_digits(6) {
        return Err(Refusal::BadRequest);
    }
    proved(app, signed, Evidence::OneTimeCode(CodeTo::AddressOfRecord, code.0)).await
}

/// `PUT /v1/port-passcode`: the passcode that the customer set for port-outs.
pub(crate) async fn check_passcode(
    State(app): State<Shared>,
    Caller(signed): Caller,
    Strict(Passcode { passcode }): Strict<Passcode>,
) -> Result<impl IntoResponse, Refusal> {
    if !passcode.is_long(&PASSCODE) {
        return Err(Refusal::BadRequest);
    }
    proved(app, signed, Evidence::PortPasscode(passcode.0)).await
}

/// Presents it, and says whether it matches.
async fn proved(app: Shared, signed: Arc<Signed>, evidence: Evidence) -> Result<Json<Value>, Refusal> {
    let matches =
        app.blocking(move |_| Ok(signed.interaction().present(evidence)? == Presented::Match)).await?;
    Ok(Json(json!({ "proved": matches })))
}

impl App {
    /// The same steps whether there is such a login or not: nobody's account is opened, and its attempts counted,
    /// where there is none.
    fn sign_in(&self, login: &str, password: Sensitive<String>) -> Result<String, Refusal> {
        let account = match self.data.account_of_login(login)? {
            Some(account) => account,
            None => nobody(login)?,
        };
        let name = make_reference()?;
        let refusal = match self.prove(&name, &account, password) {
            Ok(Some(interaction)) => {
                return self.sessions.begin(&self.identity, (name, account), interaction, self.now());
            }
            Ok(None) => Refusal::Unauthorized,
            Err(failed) => Refusal::from(failed),
        };
        self.identity.leave(&name);
        // Locked out is told as wrong: it is the customer whom the difference would tell on.
        Err(if refusal == Refusal::TooMany { Refusal::Unauthorized } else { refusal })
    }

    fn prove(
        &self,
        name: &str,
        account: &AccountId,
        password: Sensitive<String>,
    ) -> Result<Option<Interaction>, Error> {
        self.identity.claimed(name, account)?;
        let mut online = self.open(name, account, Channel::Online)?;
        if online.present(Evidence::Password(password))? != Presented::Match {
            return Ok(None);
        }
        self.identity.proved(name, account);
        Ok(Some(online))
    }
}

fn nobody(login: &str) -> Result<AccountId, Refusal> {
    AccountId::new(format!("nobody {login}")).map_err(|_| Refusal::Internal)
}

fn is_login(login: &str) -> bool {
    (1..=MAX_LOGIN).contains(&login.len())
        && login.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_'))
}
