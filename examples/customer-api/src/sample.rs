//! Sample data: made-up customers whose numbers, cards and SSNs are nobody's, and a partner.

use cpni_guard::vocabulary::Timestamp;
use cpni_guard::{AccountId, CallRow, Guard, Record, SealedRecord, Sensitive};

use crate::app::StartError;
use crate::carrier::Carrier;
use crate::data::{Data, Line, make_reference};
use crate::partner::{Partner, Partners};
use crate::refusal::Refusal;
use crate::settings::PartnerLimits;

const FIRST: &[&str] = &["dana", "sam", "alex", "robin", "kim", "jo", "lee", "pat"];

/// A customer of the sample, as far as the customer knows it.
#[derive(Debug, Clone)]
pub struct SampleCustomer {
    /// What they sign in with.
    pub login: String,
    /// Obviously made up.
    pub password: String,
    /// Their name.
    pub name: String,
    /// Their number, in the range that belongs to nobody (555-01XX and its neighbours).
    pub number: String,
    /// Their account number.
    pub account_number: String,
    /// Their ZIP code.
    pub zip: String,
    /// The passcode that they set for port-outs; every third did not.
    pub passcode: Option<String>,
    /// Their line's reference.
    pub line: String,
    /// Their order's reference.
    pub order: String,
    /// The id under which the carrier knows them, as the outbox names it.
    pub account: String,
}

/// Another carrier.
#[derive(Debug, Clone)]
pub struct SamplePartner {
    /// Its code.
    pub id: String,
    /// Its key.
    pub key: String,
}

/// What was made.
pub(crate) struct Sample {
    pub(crate) customers: Vec<SampleCustomer>,
    pub(crate) partner: SamplePartner,
}

pub(crate) fn make(
    guard: &Guard,
    data: &Data,
    carrier: &Carrier,
    customers: u32,
    limits: PartnerLimits,
    now: Timestamp,
) -> Result<(Sample, Partners), StartError> {
    let customers = (0..customers).map(|number| customer(guard, data, carrier, number, now));
    let customers = customers.collect::<Result<Vec<_>, _>>()?;
    let mut partners = Partners::default();
    let partner = SamplePartner { id: "partner-9999".to_owned(), key: word(make_reference())? };
    partners.add(partner.key.clone(), Partner { id: partner.id.clone(), limits });
    Ok((Sample { customers, partner }, partners))
}

/// A record of an account that nobody has.
pub(crate) fn nobody(guard: &Guard) -> Result<SealedRecord, StartError> {
    Ok(guard.protect(&AccountId::new("nobody")?, Record::new().text("plan", ""))?.record)
}

fn word(made: Result<String, Refusal>) -> Result<String, StartError> {
    made.map_err(|_| "no randomness".into())
}

fn customer(
    guard: &Guard,
    data: &Data,
    carrier: &Carrier,
    number: u32,
    now: Timestamp,
) -> Result<SampleCustomer, StartError> {
    let first = FIRST.get(number as usize % FIRST.len()).copied().unwrap_or("nobody");
    let account = AccountId::new(word(make_reference())?)?;
    let made = SampleCustomer {
        login: format!("{first}.{number}"),
        password: format!("made-up-{first}-{number}"),
        name: format!("{first} Example {number}"),
        number: format!("815555{:04}", 100 + number),
        account_number: format!("{:012}", 770_000_000_000_u64 + u64::from(number) * 7_919),
        zip: format!("{:05}", 60_000 + number % 1_000),
        passcode: (number % 3 != 2).then(|| format!("pin-{number}")),
        line: word(make_reference())?,
        order: word(make_reference())?,
        account: account.expose().to_owned(),
    };
    let name = made.name.clone();
    let record = Record::new()
        .text("name", name.as_str())
        .text("street", format!("{} Main Street", 1 + number))
        .text("zip", made.zip.as_str())
        .text("birth_date", "1970-01-01")
        // 987-65-432X is in no range of SSNs that were ever given out.
        .text("ssn", format!("987-65-432{}", number % 10))
        .text("account_number", made.account_number.as_str())
        .text("mobile", made.number.as_str())
        .text("email", format!("{first}.{number}@example.com"))
        .text("plan", "Unlimited Plus")
        .text("features", "voicemail, international roaming")
        .text("balance", "42.17")
        .text("card", "4111111111111111")
        .calls("call_detail", calls(now));
    data.add_account(&account, &made.login, guard.protect(&account, record)?.record.as_bytes())
        .map_err(|_| "an account")?;
    let order =
        Record::new().text("name", name).text("street", "1 Main Street").text("plan", "Unlimited Plus");
    let order = guard.protect(&account, order)?.record;
    data.add_order(&account, &made.order, "shipped", order.as_bytes()).map_err(|_| "an order")?;
    let line = Line { reference: made.line.clone(), number: made.number.clone() };
    data.add_line(&account, &line, &format!("89014100000000{number:05}")).map_err(|_| "a line")?;
    carrier.add(&account)?;
    guard.import_password(&account, &Sensitive::from(made.password.clone()))?;
    if let Some(passcode) = &made.passcode {
        guard.import_port_passcode(&account, &Sensitive::from(passcode.clone()))?;
    }
    Ok(made)
}

/// Calls of the last days; one is to a hotline, and is never shown.
fn calls(now: Timestamp) -> Vec<CallRow> {
    let at = |hours: u64| Timestamp::from_secs(now.as_secs().saturating_sub(hours.saturating_mul(3_600)));
    vec![
        CallRow::outbound("2125550123", at(70), 61),
        CallRow::inbound("3125550144", at(50), 340),
        CallRow::outbound("8005550199", at(30), 900),
        CallRow::outbound("2125550123", at(4), 12),
    ]
}
