//! A session against whoever carries its replies, and whoever has a debugger on its machine.

mod vectors;

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::v1::{
    BLOCK, ReplyParts, recode_plain_for_testing as recode_plain, recode_reply_for_testing as recode_reply,
};
use super::*;
use crate::classify::{CallRow, FieldValue};
use crate::error::{DeviceError, DiscloseError, Error};
use crate::sensitive::Sensitive;
use crate::vocabulary::{
    AgentId, CallDirection, DataClass, FieldName, Form, ManualClock, Obligations, Outcome, Remedy, RuleId,
    Scope, Timestamp, WithheldBecause,
};

/// The back end's clock; the device's is another one, on purpose.
const SEALED_AT: Timestamp = Timestamp::from_secs(1_795_446_240);
const LASTS: Duration = Duration::from_secs(900);

fn name(text: &str) -> FieldName {
    FieldName::new(text).unwrap()
}

fn agent() -> AgentId {
    AgentId::new("a-1017").unwrap()
}

pub(super) fn context(agent: &AgentId) -> ReplyContext<'_> {
    ReplyContext {
        interaction: [1; 16],
        account_ref: [2; 32],
        agent,
        sealed_at: SEALED_AT,
        expires: SEALED_AT.plus(LASTS),
    }
}

pub(super) fn allowed(class: DataClass) -> DeviceDecision {
    DeviceDecision {
        class,
        scope: Scope::Whole,
        outcome: Outcome::Disclose,
        form: Some(Form::Full),
        because: None,
        obligations: Obligations::default(),
        for_agent: "You may share this with the customer.".into(),
        reasons: Vec::new(),
        remedies: Vec::new(),
    }
}

pub(super) fn withheld() -> DeviceDecision {
    DeviceDecision {
        outcome: Outcome::Withhold,
        form: None,
        because: Some(WithheldBecause::Forbidden),
        for_agent: "I cannot share this here.".into(),
        reasons: vec![DeviceReason {
            rule: RuleId::new("ssn-never-shown").unwrap(),
            title: "An SSN is never shown".into(),
            cite: "47 U.S.C. 201(b)".into(),
            certainty: "interpretation".into(),
        }],
        remedies: vec![vec![Remedy::ProvidePassword], vec![Remedy::ShowValidPhotoId, Remedy::RenewTraining]],
        ..allowed(DataClass::Ssn)
    }
}

pub(super) type Fields = Vec<(FieldName, DeviceDecision)>;
pub(super) type Values = Vec<(FieldName, FieldValue)>;

/// A plan, a list of calls, a withheld SSN, and a balance that the record does not hold.
pub(super) fn view() -> (Fields, Values) {
    let fields = vec![
        (name("plan"), allowed(DataClass::ServiceDetails)),
        (name("call_detail"), allowed(DataClass::CallDetail)),
        (name("ssn"), withheld()),
        (name("balance"), allowed(DataClass::Billing)),
    ];
    let calls = vec![
        CallRow::outbound("+1 202 555 0123", SEALED_AT, 61).at_place("Springfield"),
        CallRow::inbound("202-555-0145", SEALED_AT, 240),
    ];
    let values = vec![
        (name("plan"), FieldValue::Text(Sensitive::from("Unlimited Plus".to_owned()))),
        (name("call_detail"), FieldValue::Calls(calls)),
    ];
    (fields, values)
}

struct Desk {
    device: DeviceSession,
    clock: Arc<ManualClock>,
}

impl Desk {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_secs(5_000)));
        Self { device: DeviceSession::start_with_clock(Arc::clone(&clock) as _).unwrap(), clock }
    }

    /// The back end's answer to a request.
    fn answer(request: &DeviceRequest) -> DeviceReply {
        Self::answer_with(request, |_| ())
    }

    fn answer_with(request: &DeviceRequest, change: impl FnOnce(&mut ReplyContext<'_>)) -> DeviceReply {
        let agent = agent();
        let mut context = context(&agent);
        change(&mut context);
        let (fields, values) = view();
        ReplySealer::make(request, context).unwrap().seal(7, &fields, &values).unwrap()
    }

    fn asked(&self) -> (DeviceRequest, DeviceReply) {
        let request = self.device.request().unwrap();
        (request, Self::answer(&request))
    }

    fn opened(&self) -> DeviceView {
        let (request, reply) = self.asked();
        self.device.open(&request, reply).unwrap()
    }

    fn refuses(&self, request: &DeviceRequest, reply: impl AsRef<[u8]>, cause: DeviceError) {
        assert_eq!(self.device.open(request, reply).err(), Some(Error::from(cause)));
    }
}

fn plan(view: &DeviceView) -> Result<String, Error> {
    view.field("plan").unwrap().disclosed()?.with_text(str::to_owned)
}

const CLOSED: Error = Error::Disclose(DiscloseError::Closed);

#[test]
fn what_was_sealed_is_what_is_seen() {
    let desk = Desk::new();
    let view = desk.opened();
    assert_eq!(plan(&view).as_deref(), Ok("Unlimited Plus"));
    let calls = view.field("call_detail").unwrap().disclosed().unwrap();
    calls
        .with_calls(|rows| {
            assert_eq!(rows.len(), 2);
            assert_eq!(rows[0].place().unwrap().expose(), "Springfield");
            assert_eq!((rows[1].direction(), rows[1].duration_secs()), (CallDirection::Inbound, 240));
        })
        .unwrap();
    assert_eq!(calls.with_text(str::len), Err(DiscloseError::WrongShape.into()));
    let DeviceField::Withheld(why) = view.field("ssn").unwrap() else { panic!("it is withheld") };
    assert_eq!(*why, withheld());
    assert_eq!(why.remedies()[0][0].advice(), "ask for the account password");
    assert!(matches!(view.field("balance").unwrap(), DeviceField::Absent(_)));
    assert_eq!(view.field("ssn").unwrap().disclosed().err(), Some(DiscloseError::Withheld.into()));
    assert_eq!(view.field("imei").err(), Some(DiscloseError::NotAskedFor.into()));
    assert_eq!(view.audit_index(), 7);
    assert_eq!(desk.device.interaction(), Some([1; 16]));
    assert_eq!(view.fields().count(), 4);
    let shown = format!("{view:?} {:?}", desk.device);
    assert!(!shown.contains("Unlimited") && !shown.contains("555"), "{shown}");
}

/// A value that the policy withholds does not travel, whatever the caller of the sealer hands over.
#[test]
fn a_withheld_value_is_never_sealed() {
    let desk = Desk::new();
    let request = desk.device.request().unwrap();
    let (fields, mut values) = view();
    values.push((name("ssn"), FieldValue::Text(Sensitive::from("987-65-4321".to_owned()))));
    let agent = agent();
    let sealer = ReplySealer::make(&request, context(&agent)).unwrap();
    let view = desk.device.open(&request, sealer.seal(7, &fields, &values).unwrap()).unwrap();
    assert!(matches!(view.field("ssn").unwrap(), DeviceField::Withheld(_)));
    assert!(view.names.iter().all(|held| held.as_str() != "ssn"));
}

#[test]
fn a_reply_opens_once() {
    let desk = Desk::new();
    let (request, reply) = desk.asked();
    assert!(desk.device.open(&request, &reply).is_ok());
    desk.refuses(&request, &reply, DeviceError::NotWaiting);
    // Not under a later request either: the number is bound to the sealed part.
    let later = desk.device.request().unwrap();
    desk.refuses(&later, &reply, DeviceError::AnotherRequest);
    let mut renumbered = reply.as_bytes().to_vec();
    renumbered[4..8].copy_from_slice(&later.number().to_be_bytes());
    desk.refuses(&later, &renumbered, DeviceError::NotForThisSession);
}

/// Two replies to one request, as when somebody sends the request again: one opens.
#[test]
fn a_request_is_answered_once() {
    let desk = Desk::new();
    let request = desk.device.request().unwrap();
    let (first, second) = (Desk::answer(&request), Desk::answer(&request));
    assert_ne!(first, second);
    assert!(desk.device.open(&request, &second).is_ok());
    desk.refuses(&request, &first, DeviceError::NotWaiting);
}

/// The order of replies does not matter, but each answers its own request.
#[test]
fn replies_that_are_swapped_are_refused() {
    let desk = Desk::new();
    let ((one, first), (two, second)) = (desk.asked(), desk.asked());
    desk.refuses(&one, &second, DeviceError::AnotherRequest);
    desk.refuses(&two, &first, DeviceError::AnotherRequest);
    assert!(desk.device.open(&two, &second).is_ok());
    assert!(desk.device.open(&one, &first).is_ok());
}

#[test]
fn the_reply_of_another_session_is_refused() {
    let (mine, other) = (Desk::new(), Desk::new());
    let ((request, _), (others, reply)) = (mine.asked(), other.asked());
    assert_eq!(request.number(), others.number());
    mine.refuses(&request, &reply, DeviceError::NotForThisSession);
    mine.refuses(&others, &reply, DeviceError::NotWaiting);
    assert!(other.device.open(&others, &reply).is_ok());
}

#[test]
fn the_first_reply_binds_the_session_to_its_interaction() {
    let desk = Desk::new();
    let first = desk.opened();
    for change in [(|c| c.interaction[15] ^= 1) as fn(&mut ReplyContext<'_>), |c| c.account_ref[0] ^= 1] {
        let request = desk.device.request().unwrap();
        desk.refuses(&request, Desk::answer_with(&request, change), DeviceError::AnotherInteraction);
    }
    let request = desk.device.request().unwrap();
    let (other, (fields, values)) = (AgentId::new("a-1018").unwrap(), view());
    let reply = ReplySealer::make(&request, context(&other)).unwrap().seal(7, &fields, &values).unwrap();
    desk.refuses(&request, reply, DeviceError::AnotherInteraction);
    // What is refused spoils nothing.
    assert!(desk.device.open(&request, Desk::answer(&request)).is_ok());
    assert!(plan(&first).is_ok());
}

#[test]
fn every_cut_and_every_flipped_bit_is_refused() {
    let desk = Desk::new();
    let (request, reply) = desk.asked();
    let bytes = reply.as_bytes();
    for len in 0..bytes.len() {
        assert!(desk.device.open(&request, &bytes[..len]).is_err(), "cut to {len}");
    }
    assert!(desk.device.open(&request, [bytes, &[0]].concat()).is_err());
    assert!(desk.device.open(&request, [bytes, &[0; BLOCK]].concat()).is_err());
    let mut changed = bytes.to_vec();
    for bit in 0..8 * bytes.len() {
        // X25519 ignores the highest bit of a public key (RFC 7748 §5), HPKE does not: `enc` goes
        // into the derivation as it stands.
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(desk.device.open(&request, &changed).is_err(), "bit {bit}");
        changed[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(desk.device.open(&request, &changed).is_ok());
}

#[test]
fn a_request_is_read_strictly() {
    let desk = Desk::new();
    let request = desk.device.request().unwrap();
    let bytes = request.to_bytes();
    assert_eq!(DeviceRequest::from_bytes(bytes), Ok(request));
    assert_eq!(DeviceRequest::from_text(&request.to_text()), Ok(request));
    for len in 0..bytes.len() {
        assert!(DeviceRequest::from_bytes(&bytes[..len]).is_err());
    }
    assert!(DeviceRequest::from_bytes([&bytes[..], &[0]].concat()).is_err());
    for at in 0..4 {
        let mut changed = bytes;
        changed[at] ^= 1;
        assert!(DeviceRequest::from_bytes(changed).is_err(), "byte {at}");
    }
    let mut zero = bytes;
    zero[36..].fill(0);
    assert!(DeviceRequest::from_bytes(zero).is_err());
    assert_eq!(DeviceRequest::from_text("!"), Err(DeviceError::Text));
    assert_eq!(DeviceReply::from_text("a b"), Err(DeviceError::Text));
    assert_eq!(request.fingerprint(), desk.device.fingerprint());
    assert_eq!(request.fingerprint().len(), 64);
}

/// A key of low order would make the message key known to everybody.
#[test]
fn a_public_key_of_low_order_is_refused() {
    let one = core::array::from_fn(|at| u8::from(at == 0));
    for public in [[0; 32], one] {
        let agent = agent();
        let sealer = ReplySealer::make(&DeviceRequest { public, number: 1 }, context(&agent));
        assert_eq!(sealer.err(), Some(DeviceError::PublicKey.into()));
    }
    let desk = Desk::new();
    let (request, reply) = desk.asked();
    let enc_at = reply.as_bytes().len() - ReplyParts::read(reply.as_bytes()).unwrap().ciphertext.len() - 48;
    let mut low = reply.as_bytes().to_vec();
    low[enc_at..enc_at + 32].fill(0);
    desk.refuses(&request, low, DeviceError::NotForThisSession);
}

/// Debugger or memory image: after the end neither the key nor a value is left in the session.
#[test]
fn the_end_wipes_everything() {
    let desk = Desk::new();
    let view = desk.opened();
    let (request, reply) = desk.asked();
    let vault = Arc::downgrade(&view.vault);
    desk.device.end();
    assert_eq!(plan(&view), Err(CLOSED));
    desk.refuses(&request, &reply, DeviceError::Ended);
    assert_eq!(desk.device.request().err(), Some(DeviceError::Ended.into()));
    assert!(!desk.device.is_live());
    assert_eq!(desk.device.time_left(), None);
    view.close();
    assert!(vault.upgrade().is_none());

    let desk = Desk::new();
    let view = desk.opened();
    drop(desk.device);
    assert_eq!(plan(&view), Err(CLOSED));
}

/// A look that ends the session does not hang, and is the last.
#[test]
fn a_session_may_be_ended_while_a_value_is_looked_at() {
    let desk = Desk::new();
    let view = desk.opened();
    let seen = view.field("plan").unwrap().disclosed().unwrap().with_text(|text| {
        desk.device.end();
        text.len()
    });
    assert_eq!(seen, Ok("Unlimited Plus".len()));
    assert_eq!(plan(&view), Err(CLOSED));
}

#[test]
fn it_ends_with_the_time_of_the_interaction() {
    let desk = Desk::new();
    let view = desk.opened();
    desk.clock.advance(LASTS - Duration::from_micros(1));
    assert!(plan(&view).is_ok());
    assert_eq!(desk.device.time_left(), Some(Duration::from_micros(1)));
    desk.clock.advance(Duration::from_micros(1));
    assert_eq!(plan(&view), Err(CLOSED));
    assert_eq!(desk.device.request().err(), Some(DeviceError::Expired.into()));
    // For good: setting the clock back brings nothing back.
    desk.clock.set(Timestamp::from_secs(5_000));
    assert_eq!(plan(&view), Err(CLOSED));
    assert!(!desk.device.is_live());
}

/// Nobody need look: a timer's `is_live` wipes.
#[test]
fn asking_whether_it_lives_wipes_what_is_over() {
    let desk = Desk::new();
    let view = desk.opened();
    desk.clock.advance(LASTS);
    assert!(!desk.device.is_live());
    desk.clock.set(Timestamp::from_secs(5_000));
    assert_eq!(plan(&view), Err(CLOSED));
}

#[test]
fn a_clock_that_goes_back_ends_it() {
    let desk = Desk::new();
    let view = desk.opened();
    desk.clock.set(Timestamp::from_secs(4_999));
    assert_eq!(plan(&view), Err(CLOSED));
    desk.clock.set(Timestamp::from_secs(5_001));
    assert_eq!(desk.device.request().err(), Some(DeviceError::Expired.into()));
}

/// The time is counted from the asking, by the device's clock alone: who holds a reply back gains nothing.
#[test]
fn a_reply_that_is_held_back_is_refused() {
    let desk = Desk::new();
    let (request, reply) = desk.asked();
    desk.clock.advance(LASTS);
    desk.refuses(&request, &reply, DeviceError::TooLate);

    let desk = Desk::new();
    let (request, reply) = desk.asked();
    desk.clock.advance(LASTS - Duration::from_secs(1));
    let view = desk.device.open(&request, &reply).unwrap();
    assert_eq!(desk.device.time_left(), Some(Duration::from_secs(1)));
    desk.clock.advance(Duration::from_secs(1));
    assert_eq!(plan(&view), Err(CLOSED));
}

/// Each view renews the idle time of the interaction; an older reply does not shorten it again.
#[test]
fn a_later_view_keeps_the_earlier_ones() {
    let desk = Desk::new();
    let (early, early_reply) = desk.asked();
    let first = desk.opened();
    desk.clock.advance(Duration::from_secs(600));
    let second = desk.opened();
    desk.clock.advance(Duration::from_secs(100));
    assert!(desk.device.open(&early, &early_reply).is_ok());
    assert_eq!(desk.device.time_left(), Some(Duration::from_secs(800)));
    desk.clock.advance(Duration::from_secs(799));
    assert!(plan(&first).is_ok() && plan(&second).is_ok());
}

#[test]
fn too_many_requests_forget_the_oldest() {
    let desk = Desk::new();
    let (oldest, reply) = desk.asked();
    let (second, second_reply) = desk.asked();
    for _ in 0..MAX_WAITING - 1 {
        desk.device.request().unwrap();
    }
    desk.refuses(&oldest, &reply, DeviceError::NotWaiting);
    assert!(desk.device.open(&second, &second_reply).is_ok());
}

/// Lengths tell a carrier of replies little: a view of a plan and one that withholds are as long.
#[test]
fn lengths_come_in_steps() {
    let desk = Desk::new();
    let request = desk.device.request().unwrap();
    let agent = agent();
    let len = |decision: DeviceDecision, text: &str| {
        let values = vec![(name("plan"), FieldValue::Text(Sensitive::from(text.to_owned())))];
        let sealer = ReplySealer::make(&request, context(&agent)).unwrap();
        sealer.seal(7, &[(name("plan"), decision)], &values).unwrap().as_bytes().len()
    };
    let short = len(allowed(DataClass::ServiceDetails), "x");
    assert_eq!(short, len(allowed(DataClass::ServiceDetails), "Unlimited Plus"));
    assert_eq!(short, len(withheld(), "x"));
    assert_eq!(short + BLOCK, len(allowed(DataClass::ServiceDetails), &"x".repeat(BLOCK)));
}

#[test]
fn what_is_too_large_is_not_sealed() {
    let desk = Desk::new();
    let request = desk.device.request().unwrap();
    let agent = agent();
    let seal = |fields: &Fields, values: &Values| {
        ReplySealer::make(&request, context(&agent)).unwrap().seal(7, fields, values).err()
    };
    let too_large = |len, max| Some(DeviceError::TooLarge { len, max });
    let rows = |count, len| {
        let row = || CallRow::outbound("1".repeat(len), SEALED_AT, 1);
        vec![(name("call_detail"), FieldValue::Calls((0..count).map(|_| row()).collect()))]
    };
    let fields = vec![(name("call_detail"), allowed(DataClass::CallDetail))];
    assert_eq!(seal(&fields, &rows(1, 255)), None);
    assert_eq!(seal(&fields, &rows(1, 256)), too_large(256, 255));
    // To the byte: what stands beside the text is counted once.
    let text = |len| vec![(name("call_detail"), FieldValue::Text(Sensitive::from("x".repeat(len))))];
    let len_of = |values: &Values| {
        let plain = v1::Plain { audit_index: 7, fields: &fields, values };
        plain.write_behind(&[0; 80], &[0; 32]).map(|(bytes, _)| bytes.expose().capacity())
    };
    let blocks = (MAX_REPLY_LEN - 80 - 32 - 16) / BLOCK;
    let beside = (1..BLOCK).find(|beside| len_of(&text(BLOCK - beside)) == Ok(128 + BLOCK)).unwrap();
    assert_eq!(len_of(&text(blocks * BLOCK - beside)), Ok(128 + blocks * BLOCK));
    assert_eq!(
        len_of(&text(blocks * BLOCK - beside + 1)),
        Err(DeviceError::TooLarge { len: 128 + (blocks + 1) * BLOCK, max: MAX_REPLY_LEN })
    );
    let many: Fields = (0..=MAX_FIELDS).map(|at| (name(&format!("f{at}")), withheld())).collect();
    assert_eq!(seal(&many, &Vec::new()), too_large(513, 512));
    assert_eq!(seal(&many[1..].to_vec(), &Vec::new()), None);
}

/// What a wrong back end, or a forger who knows the public key, might seal: it opens and does not read.
#[test]
fn a_content_out_of_the_format_is_refused() {
    let (fields, values) = view();
    let plain = v1::Plain { audit_index: 7, fields: &fields, values: &values };
    let (bytes, starts) = plain.write_behind(&[], &[0; 32]).unwrap();
    let good = bytes.expose()[starts..].to_vec();
    assert_eq!(recode_plain(&good).as_deref(), Some(&good[..]));
    let desk = Desk::new();
    let agent = agent();
    let refuses = |plain: Vec<u8>| {
        let request = desk.device.request().unwrap();
        let reply = ReplySealer::make(&request, context(&agent)).unwrap().seal_raw_for_testing(plain);
        let error = desk.device.open(&request, reply).err();
        assert!(matches!(error, Some(Error::Device(DeviceError::Format { .. }))), "{error:?}");
    };
    refuses(vec![0; BLOCK]);
    refuses([&good[..], &[0; BLOCK]].concat());
    let end = good.iter().rposition(|byte| *byte == 0x80).unwrap();
    for len in 0..end {
        let mut cut = good[..len].to_vec();
        cut.push(0x80);
        cut.resize(cut.len().next_multiple_of(BLOCK), 0);
        assert!(recode_plain(&cut).is_none(), "cut to {len}");
    }
    // One byte at a time: refused, or another content with this one encoding.
    for at in 0..end {
        for change in [1, 0x80, 0xff] {
            let mut changed = good.clone();
            changed[at] ^= change;
            if let Some(again) = recode_plain(&changed) {
                assert_eq!(again, changed, "byte {at}");
            }
        }
    }
    // A withheld field with a value.
    let mut contradicts = fields.clone();
    contradicts[0].1.outcome = Outcome::Withhold;
    let without_reason = v1::Plain { audit_index: 7, fields: &contradicts, values: &[] };
    let (bytes, starts) = without_reason.write_behind(&[], &[0; 32]).unwrap();
    refuses(bytes.expose()[starts..].to_vec());
    let twice = [fields[0].clone(), fields[0].clone()];
    let (bytes, starts) =
        v1::Plain { audit_index: 7, fields: &twice, values: &[] }.write_behind(&[], &[0; 32]).unwrap();
    refuses(bytes.expose()[starts..].to_vec());
}

proptest! {
    #[test]
    fn what_is_sealed_opens(
        texts in prop::collection::vec("\\PC{0,300}", 1..6),
        rows in prop::collection::vec(("\\PC{0,60}", any::<u64>(), any::<u32>(), prop::option::of("\\PC{0,60}")), 0..6),
    ) {
        let desk = Desk::new();
        let request = desk.device.request().unwrap();
        let row = |(number, start, secs, place): &(String, u64, u32, Option<String>)| {
            let row = CallRow::inbound(number.clone(), Timestamp::from_micros(*start), *secs);
            match place { Some(place) => row.at_place(place.clone()), None => row }
        };
        let mut fields: Fields = (0..texts.len()).map(|at| (name(&format!("f{at}")), allowed(DataClass::Billing))).collect();
        fields.push((name("calls"), allowed(DataClass::CallDetail)));
        let text = |text: &String| FieldValue::Text(Sensitive::from(text.clone()));
        let mut values: Values = texts.iter().enumerate().map(|(at, t)| (name(&format!("f{at}")), text(t))).collect();
        values.push((name("calls"), FieldValue::Calls(rows.iter().map(row).collect())));
        let agent = agent();
        let reply = ReplySealer::make(&request, context(&agent)).unwrap().seal(1, &fields, &values).unwrap();
        prop_assert_eq!(recode_reply(reply.as_bytes()), Some(reply.as_bytes().to_vec()));
        let reply = DeviceReply::from_text(&reply.to_text()).unwrap();
        let view = desk.device.open(&request, reply).unwrap();
        for (name, value) in &values {
            let same = view.field(name.as_str()).unwrap().disclosed().unwrap().with(|seen| seen == value).unwrap();
            prop_assert!(same);
        }
    }

    #[test]
    fn any_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..1500)) {
        let desk = Desk::new();
        let request = desk.device.request().unwrap();
        prop_assert!(desk.device.open(&request, &bytes).is_err());
        prop_assert!(DeviceRequest::from_bytes(&bytes).is_err());
    }
}
