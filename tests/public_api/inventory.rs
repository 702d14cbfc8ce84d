//! Which field holds what and where its values went, of what a guard really did.

use cpni_guard::interaction::PhotoIdKind;
use cpni_guard::oversight::report::{FieldInventory, SinceStart, Sink};
use cpni_guard::vocabulary::{Channel, CivilDate, Destination};
use cpni_guard::{NamedCall, Period, PhotoId, Sensitive, Stores};

use crate::fixture::{Carrier, NOON, account};

#[test]
fn the_inventory_says_what_was_sealed_compared_shown_sent_and_verified() {
    let carrier = Carrier::new(Stores::in_memory());
    let dana = account("A-1");
    let sealed = carrier.customer(&dana);
    carrier.customer(&account("A-2"));
    let mut call = carrier.authenticated("dana", &dana);
    let view = call.view(&sealed, ["plan", "ssn"]).unwrap();
    assert!(view.field("plan").unwrap().decision().is_allowed());
    call.send(&sealed, ["plan"], Destination::AddressOfRecord).unwrap();
    let asked =
        NamedCall { number: Sensitive::from("202-555-0199".to_owned()), started: NOON, duration_secs: None };
    call.name_call(asked, &sealed, "call_detail").unwrap();
    let mut visit =
        carrier.interaction("ray", &dana, carrier.contact("v-1", Channel::Retail, "ray")).unwrap();
    let photo = PhotoId {
        kind: PhotoIdKind::Passport,
        expires: CivilDate::new(2030, 1, 1).unwrap(),
        name: Sensitive::from("Somebody Else".to_owned()),
    };
    visit.show_photo_id(&photo, &sealed, "name").unwrap();
    // What fails is not counted: the field is no list of calls.
    assert!(
        call.name_call(
            NamedCall { number: Sensitive::from("1".to_owned()), started: NOON, duration_secs: None },
            &sealed,
            "plan"
        )
        .is_err()
    );

    let inventory = carrier.guard.evidence_report(Period::year(2026).unwrap()).inventory;
    let field = |name: &str| -> FieldInventory {
        inventory.fields.iter().find(|field| field.field == name).unwrap().clone()
    };
    assert_eq!(inventory.fields.len(), carrier.guard.schema().fields().len());
    assert!(inventory.not_in_schema.is_empty());
    let since_start = |sealed, compared| Some(SinceStart { sealed, compared });
    assert_eq!(field("plan").since_start, since_start(2, 0));
    assert_eq!(field("call_detail").since_start, since_start(2, 1));
    assert_eq!(field("name").since_start, since_start(2, 1));
    assert_eq!(field("ssn_last4").since_start, since_start(2, 0), "derived, and sealed");

    let sinks: Vec<_> =
        field("plan").sinks.iter().map(|seen| (seen.sink, seen.roles[0].of.clone().unwrap())).collect();
    let agent = || "care_agent".to_owned();
    assert_eq!(sinks, [(Sink::ShownInFull, agent()), (Sink::SentToAddressOfRecord, agent())]);
    let ssn = field("ssn");
    assert!(ssn.sinks.is_empty());
    assert_eq!((ssn.withheld.count(), ssn.kind), (1, Some("ssn")));
}
