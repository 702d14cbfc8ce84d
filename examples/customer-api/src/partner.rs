//! The porting interface: another carrier asks for a number with what 47 CFR 52.36 lets it be asked for, and with
//! the passcode that the customer set.
//!
//! Rules: what does not fit has one answer, whatever it is that does not; a number that is none, or not ours, goes
//! through the same steps; a partner has limits of its own, as data.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::IntoResponse;
use cpni_guard::interaction::Stated;
use cpni_guard::transaction::NextStep;
use cpni_guard::vocabulary::Channel;
use cpni_guard::{AccountId, ChangeRequest, Evidence, Interaction, Presented, Record, SealedRecord};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, sleep_until};

use crate::app::{App, Shared};
use crate::data::make_reference;
use crate::extract::{PartnerCaller, Secret, Strict};
use crate::limits::Counted;
use crate::refusal::Refusal;
use crate::settings::PartnerLimits;

/// Characters of a passcode.
pub(crate) const PASSCODE: core::ops::RangeInclusive<usize> = 1..=64;

/// Another carrier.
#[derive(Debug)]
pub(crate) struct Partner {
    /// Its code, also as the library and the audit log know it.
    pub(crate) id: String,
    pub(crate) limits: PartnerLimits,
}

/// The partners, by key.
#[derive(Default)]
pub(crate) struct Partners(HashMap<String, Arc<Partner>>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Port {
    number: String,
    account_number: Secret,
    zip: Secret,
    #[serde(default, deserialize_with = "Secret::there")]
    passcode: Option<Secret>,
}

impl Partners {
    pub(crate) fn add(&mut self, key: String, partner: Partner) {
        self.0.insert(key, Arc::new(partner));
    }

    pub(crate) fn of_key(&self, key: &str) -> Option<Arc<Partner>> {
        self.0.get(key).cloned()
    }
}

/// `POST /v1/partner/ports`: validates the request, and where it fits ports the number.
pub(crate) async fn port(
    State(app): State<Shared>,
    PartnerCaller(partner): PartnerCaller,
    Strict(port): Strict<Port>,
) -> Result<impl IntoResponse, Refusal> {
    let due = Instant::now() + partner.limits.answer_floor;
    if !port.is_well_formed() {
        return Err(Refusal::BadRequest);
    }
    let (misfits, max) = (Counted::Misfits(partner.id.clone()), partner.limits.misfits_a_day);
    if !app.limiter.has_room(&misfits, max, app.now()) {
        return Err(Refusal::TooMany);
    }
    let fits = app.blocking(move |app| app.port(&partner, port)).await;
    if fits == Ok(false) {
        let _was_the_last = app.limiter.count(misfits, max, app.now()).is_err();
    }
    sleep_until(due).await;
    let result = if fits? { "confirmed" } else { "not_confirmed" };
    Ok(Json(json!({ "result": result })))
}

impl Port {
    fn is_well_formed(&self) -> bool {
        let Self { number, account_number, zip, passcode } = self;
        number.len() == 10
            && number.bytes().all(|digit| digit.is_ascii_digit())
            && account_number.is_digits(12)
            && zip.is_digits(5)
            && passcode.as_ref().is_none_or(|passcode| passcode.is_long(&PASSCODE))
    }
}

impl App {
    fn port(&self, partner: &Partner, port: Port) -> Result<bool, Refusal> {
        // Made for every number, so that one that is none takes no longer.
        let nobody = self.nobody_with(&port.number)?;
        let (account, record) = self.data.of_number(&port.number)?.unwrap_or(nobody);
        let name = make_reference()?;
        let fits = self.fits(&name, partner, (&account, &record), port);
        self.identity.leave(&name);
        match fits {
            // Somebody else used the attempts up, or the account has a port under way: it does not fit now.
            Err(Refusal::TooMany | Refusal::Conflict) => Ok(false),
            other => other,
        }
    }

    fn fits(
        &self,
        name: &str,
        partner: &Partner,
        (account, record): (&AccountId, &SealedRecord),
        port: Port,
    ) -> Result<bool, Refusal> {
        self.identity.partner(name, &partner.id, account)?;
        let mut asked = self.open(name, account, Channel::PortInterface)?;
        let Port { number, account_number, zip, passcode } = port;
        // All are looked at, also where the first does not fit.
        let account_fits = asked.verify(record, "account_number", &account_number.0)?.result;
        let zip_fits = asked.verify(record, "zip", &zip.0)?.result;
        let passcode_fits = match passcode {
            Some(passcode) => Some(asked.present(Evidence::PortPasscode(passcode.0))?),
            None => None,
        };
        let fits = [account_fits, zip_fits].iter().all(|result| *result == Some(Presented::Match));
        if !fits || passcode_fits == Some(Presented::NoMatch) {
            return Ok(false);
        }
        asked.present(Evidence::Stated(Stated::AccountNumber))?;
        asked.present(Evidence::Stated(Stated::ZipCode))?;
        self.carry_out(&mut asked, &number, &partner.id)
    }

    /// The library decides: the passcode that the customer set, locks, notices. A port waits for nothing, so it is
    /// carried out here (47 CFR 52.35).
    fn carry_out(&self, asked: &mut Interaction, number: &str, to: &str) -> Result<bool, Refusal> {
        let change = ChangeRequest::port_out(number, to);
        let requested = asked.request(&change)?;
        if requested.next != NextStep::Execute {
            return Ok(false);
        }
        let permit = asked.permit(&requested.id, &change)?;
        let order = asked.execute(permit, &change)?;
        self.data.port_out(number, to)?;
        self.guard.transactions().confirm(&order)?;
        Ok(true)
    }

    /// An account that nobody has, with a record that nothing fits.
    fn nobody_with(&self, number: &str) -> Result<(AccountId, SealedRecord), Refusal> {
        let account = AccountId::new(format!("nobody {number}")).map_err(|_| Refusal::Internal)?;
        let record = Record::new().text("account_number", "").text("zip", "");
        let record = self.guard.protect(&account, record)?.record;
        Ok((account, record))
    }
}
