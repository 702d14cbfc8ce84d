//! Masks as docs/redaction.md says them, in masked views and in what a host serialises.

use cpni_guard::redact::{Mask, MaskForm, MaskKind};
use cpni_guard::vocabulary::{Channel, Role};
use cpni_guard::{AgentSession, Error, Interaction, MemoryKeys, Purpose, SealedField, Stores};

use crate::fixture::{Carrier, FIELDS, account, profile};

/// The rows of the table of kinds: its cells, without backticks.
fn table() -> Vec<Vec<String>> {
    let text = include_str!("../../docs/redaction.md");
    let rows = text.lines().skip_while(|line| !line.starts_with("| Kind |")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect())
        .collect()
}

#[test]
fn the_table_of_the_documentation_is_what_masks_do() {
    let rows = table();
    let mut kinds: Vec<_> = rows.iter().map(|row| MaskKind::from_name(&row[0]).expect(&row[0])).collect();
    for (row, kind) in rows.iter().zip(&kinds) {
        let [_, value, label, part, most, _] = &row[..] else { panic!("{row:?}") };
        let mask = |form| Mask::new(*kind, form, value).to_string();
        assert_eq!(mask(MaskForm::Kind), *label);
        assert_eq!(mask(MaskForm::Part), *part, "{kind}");
        let most: usize = most.parse().unwrap();
        for k in 0..=u8::MAX {
            let shown = mask(MaskForm::Last(k)).chars().filter(|c| *c != '•').count();
            assert_eq!(shown, usize::from(k).min(most), "{kind}, last {k}");
        }
        assert_eq!(kind.shows_a_part(), part != "••••");
    }
    kinds.sort();
    assert_eq!(kinds, MaskKind::ALL, "each kind has a row");
}

/// Everything masked, for specialists with an open case.
const MASKED: &str = r#"
id    = "masked"
title = "Everything masked"

[[rule]]
id     = "fraud-masked"
title  = "Specialists see masks"
effect = "permit"
when   = { role = ["specialist"], purpose = ["fraud"], channel = ["back_office"], agent.any = ["open_case"], op = ["view"], form = ["masked"], class = ["identity", "address", "biographical", "ssn", "ssn_last4", "account_info", "billing", "service_details", "device_id", "call_detail", "payment"] }
"#;

fn masked_carrier() -> Carrier {
    let keys = MemoryKeys::new().unwrap();
    Carrier::built(keys, Stores::in_memory(), |builder| builder.grants(MASKED)).unwrap()
}

/// Somebody whom the sample grants give nothing in a case of fraud.
fn case(carrier: &Carrier) -> Interaction {
    carrier.directory.sign_in("kim", profile("kim", Role::Specialist));
    let contact = carrier.contact("case-7", Channel::BackOffice, "kim");
    carrier.guard.interaction(AgentSession::new("kim"), &account("A-1"), contact, Purpose::Fraud).unwrap()
}

#[test]
fn a_masked_view_shows_the_part_that_each_field_allows() {
    let carrier = masked_carrier();
    let sealed = carrier.customer(&account("A-1"));
    let fields = FIELDS.into_iter().chain(["ssn_last4"]);
    let mut work = case(&carrier);
    let view = work.view(&sealed, fields).unwrap();
    let shown = view.fields().map(|(name, shown)| {
        let text = shown.disclosed().map(|value| value.with_text(str::to_owned).unwrap());
        (name.to_string(), text.unwrap_or_else(|_| "withheld".to_owned()))
    });
    let shown: Vec<_> = shown.collect();
    for (name, text) in &shown {
        let expected = match name.as_str() {
            "name" => "D••••",
            "city" => "••••, Springfield, IL",
            "mobile" => "••••00",
            "email" => "d••••@••••",
            "imei" => "••••0000",
            "iccid" => "••••0003",
            "card" => "••••1111",
            // The floor forbids any view of these.
            "ssn" | "ssn_last4" => "withheld",
            _ => "••••",
        };
        assert_eq!(text, expected, "{name}");
    }
    assert_eq!(shown.len(), 17);
}

/// A column with its last byte changed does not open.
#[test]
fn what_shows_no_part_is_not_opened_for_its_mask() {
    let carrier = masked_carrier();
    let sealed = carrier.customer(&account("A-1"));
    for (field, opens) in [("card", true), ("balance", false), ("call_detail", false), ("street", true)] {
        let mut bytes = sealed.record.field(field).unwrap().as_bytes().to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        let damaged = SealedField::from_bytes(&*bytes).unwrap();
        let view = case(&carrier).view(&damaged, [field]);
        assert_eq!(matches!(view, Err(Error::Sealed(_))), opens, "{field}: {view:?}");
    }
}
