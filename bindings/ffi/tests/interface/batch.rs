//! Many views in one run of bytes: the layout read once more, and the same as as many views.

use cpni_guard::vocabulary::Channel;
use cpni_guard_ffi::{Answer, Decisions, FieldState, Interaction, ViewResult};

use crate::fixture::{self, *};

const FIELDS: &[&str] = &["name", "ssn", "plan", "call_detail", "email"];

struct Field {
    state: FieldState,
    /// Its place in what explains it.
    decision: u32,
    answer: Answer,
    shape: u8,
    content: Vec<u8>,
}

struct Record {
    audit_index: u64,
    fields: Vec<Field>,
}

fn decision(reader: &mut Reader<'_>, names: &[String]) -> Answer {
    let field = names[usize::from(reader.u16())].clone();
    Answer { field, ..reader.decision() }
}

/// Reads an answer to its last byte: how many decisions, and each record or its code.
fn read(bytes: &[u8]) -> (usize, Vec<Result<Record, u16>>) {
    let mut reader = Reader(bytes);
    let names: Vec<_> = (0..reader.u16()).map(|_| reader.str8()).collect();
    let decisions: Vec<_> = (0..reader.u32()).map(|_| decision(&mut reader, &names)).collect();
    let count = reader.u32();
    let records = (0..count).map(|_| {
        let mut record = Reader(reader.bytes32());
        let read = if record.u8() == 0 {
            Err(record.u16())
        } else {
            let audit_index = record.u64();
            let field = |_: &String| {
                let state = record.state();
                let decision = record.u32();
                let answer = decisions[usize::try_from(decision).unwrap()].clone();
                let (shape, content) = (record.u8(), record.bytes32().to_vec());
                Field { state, decision, answer, shape, content }
            };
            Ok(Record { audit_index, fields: names.iter().map(field).collect() })
        };
        assert!(record.0.is_empty());
        read
    });
    let records = records.collect();
    assert!(reader.0.is_empty());
    (decisions.len(), records)
}

fn disclosed(record: &Record) -> usize {
    record.fields.iter().filter(|field| field.state == FieldState::Disclosed).count()
}

/// What a view and `reveal_all` give of the same record, beside what the batch gave.
fn same_as_a_view(call: &Interaction, sealed: &[u8], record: &Record, why: &Decisions) {
    let view = call.view(sealed, &request(FIELDS)).unwrap();
    let (_, _, told) = read_told(&view.told);
    let values = read_record(&view.view.reveal_all().unwrap());
    assert_eq!((record.fields.len(), told.len()), (FIELDS.len(), FIELDS.len()));
    for (at, (field, (name, shape, content))) in record.fields.iter().zip(values).enumerate() {
        assert_eq!((field.state, &field.answer), (told[at].state, &told[at].answer));
        assert_eq!((&field.answer.field, field.shape, &field.content), (&name, shape, &content));
        let explained = view.view.explain(u32::try_from(at).unwrap()).unwrap();
        assert_eq!(why.explain(field.decision).unwrap(), explained);
    }
}

#[test]
fn a_batch_gives_what_as_many_views_give() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let other = item(
        ACCOUNT,
        &[fixture::Field::Text("plan", "Basic Canary"), fixture::Field::Text("email", "dana@example.com")],
    );
    let other = carrier.guard.protect(&other).unwrap().sealed;
    let cut = &sealed[..sealed.len() - 1];
    let foreign = carrier.guard.protect(&item("acct-2", &customer_fields())).unwrap().sealed;
    carrier.contact("call-1", Channel::PhoneInbound);
    let before = carrier.open("call-1").unwrap();
    for (call, shown) in [(before, 0), (carrier.authenticated("call-2"), 3)] {
        let why = Decisions::new().unwrap();
        let events = carrier.guard.clone().audit().unwrap().size().unwrap();
        let given = list(&[&sealed, cut, &other, &foreign, &sealed]);
        let (decisions, records) = read(&call.view_batch(&given, &request(FIELDS), why.clone()).unwrap());
        let [Ok(first), Err(3001), Ok(second), foreign, Ok(third)] = records.as_slice() else {
            panic!("{:?}", records.iter().map(|record| record.as_ref().err()).collect::<Vec<_>>())
        };
        match foreign {
            Ok(record) => assert_eq!((shown, disclosed(record)), (0, 0), "withheld before it is opened"),
            Err(code) => assert!(shown > 0 && (3001..=3007).contains(code), "{code}: of another account"),
        }
        assert_eq!(disclosed(first), shown);
        assert_eq!(decisions, FIELDS.len(), "each decision once");
        let recorded = [first, second, third].map(|record| record.audit_index);
        assert!(recorded[0] >= events && recorded.is_sorted_by(|a, b| a < b), "each recorded by itself");
        for (sealed, record) in [(&sealed, first), (&other, second), (&sealed, third)] {
            same_as_a_view(&call, sealed, record, &why);
        }
    }
}

#[test]
fn nothing_is_opened_for_a_batch_that_cannot_be_read() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    let call = carrier.authenticated("call-1");
    let asked = request(FIELDS);
    let audit = carrier.guard.clone().audit().unwrap();
    let events = audit.size().unwrap();
    let given = list(&[&sealed, &sealed]);
    for len in 0..given.len() {
        assert_eq!(
            code(call.view_batch(&given[..len], &asked, Decisions::new().unwrap())),
            9302,
            "cut at {len}"
        );
    }
    let more = [&given[..], &[0]].concat();
    assert_eq!(code(call.view_batch(&more, &asked, Decisions::new().unwrap())), 9302);
    assert_eq!(code(call.view_batch(&given, &asked[1..], Decisions::new().unwrap())), 9302);
    let limit = |count| list(&vec![&[][..]; count]);
    assert_eq!(code(call.view_batch(&limit(10_001), &asked, Decisions::new().unwrap())), 9302);

    let why = Decisions::new().unwrap();
    let none = call.view_batch(&limit(0), &asked, why.clone()).unwrap();
    assert_eq!(read(&none).1.len(), 0);
    assert_eq!(code(call.view_batch(&given, &asked, why.clone())), 9308, "its places are taken");
    assert_eq!(code(why.explain(0)), 9306);
    assert_eq!(audit.size().unwrap(), events, "nothing was asked about");

    let broken = call.view_batch(&limit(10_000), &asked, Decisions::new().unwrap()).unwrap();
    assert!(read(&broken).1.iter().all(|record| matches!(record, Err(3001))), "each fails by itself");
    call.end().unwrap();
    assert_eq!(code(call.view_batch(&given, &asked, Decisions::new().unwrap())), 5003);
}

/// The decisions of a view: each once, and as the library explains them.
#[test]
fn what_a_view_says_is_what_it_explains() {
    let carrier = Carrier::new();
    let sealed = carrier.customer();
    carrier.contact("call-1", Channel::PhoneInbound);
    let names = ["name", "ssn", "plan", "call_detail", "email", "mobile"];
    let before = carrier.open("call-1").unwrap();
    for call in [before, carrier.authenticated("call-2")] {
        let seen = call.view(&sealed, &request(&names)).unwrap();
        let (audit_index, decisions, told) = read_told(&seen.told);
        let audit = carrier.guard.clone().audit().unwrap();
        assert_eq!(audit_index + 1, audit.size().unwrap());
        assert!(told.iter().map(|field| field.answer.field.as_str()).eq(names));
        for (at, field) in (0..).zip(&told) {
            assert_eq!(seen.view.explain(at).unwrap().answer, field.answer);
            assert_eq!(seen.view.reveal(at).is_ok(), field.state == FieldState::Disclosed);
        }
        let mut differ: Vec<Answer> = Vec::new();
        for field in told {
            let answer = Answer { field: String::new(), ..field.answer };
            if !differ.contains(&answer) {
                differ.push(answer);
            }
        }
        assert_eq!(decisions, differ.len(), "each once");
        assert!((2..names.len()).contains(&decisions), "{decisions}");
    }
    // Of many, the same.
    let call = carrier.authenticated("call-3");
    let many = call.view_many(&list(&[&sealed, &sealed]), &request(&names)).unwrap();
    let one = call.view(&sealed, &request(&names)).unwrap();
    for result in many {
        let ViewResult::Viewed { answer } = result else { panic!("{result:?}") };
        assert_eq!(answer.told[8..], one.told[8..], "all but the number of its event");
    }
    let given = list(&[&sealed, &sealed]);
    for len in 0..given.len() {
        assert_eq!(code(call.view_many(&given[..len], &request(&names))), 9302, "cut at {len}");
    }
}
