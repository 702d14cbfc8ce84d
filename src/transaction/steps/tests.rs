use super::*;
use crate::transaction::contacts::CONTACT_LOOK_BACK_DAYS;

const DAY: u64 = 86_400;
const NOW: Timestamp = Timestamp::from_secs(1_795_446_240);

fn later(secs: u64) -> Timestamp {
    NOW.plus(Duration::from_secs(secs))
}

fn id(number: u8) -> TransactionId {
    TransactionId::from_bytes([number; 16])
}

fn transaction(number: u8, state: State) -> Transaction {
    Transaction {
        id: id(number),
        action: Action::SimChange,
        state,
        line: [number; 32],
        target: [7; 32],
        facts: [8; 32],
        requested: NOW,
        not_before: NOW,
        ends: later(DAY),
        second_person: false,
        suppressed: false,
        waits: false,
        interaction: [1; 16],
        nonce: [0; 16],
        permit_ends: Timestamp::default(),
        agent: AgentId::new("dana").unwrap(),
        approver: None,
        notified: vec![NoticeTarget::number_of_record()],
        brings: None,
    }
}

fn stated(number: u8) -> Stated {
    Stated {
        action: Action::SimChange,
        line: [number; 32],
        target: [7; 32],
        facts: [8; 32],
        interaction: Some([1; 16]),
    }
}

fn point(name: &str) -> ContactPoint {
    ContactPoint {
        id: ContactPointId::new(name).unwrap(),
        channel: ContactChannel::Email,
        since: Timestamp::from_secs(NOW.as_secs() - 400 * DAY),
        from_the_beginning: false,
    }
}

/// The table of the specification: which events each state takes.
#[test]
fn every_state_takes_the_events_of_the_table_and_no_other() {
    type Event = (&'static str, fn(&mut Account) -> bool, &'static [State]);
    let stoppable = &[State::Requested, State::Decided, State::Notified, State::Waiting, State::Permitted];
    let events: [Event; 10] = [
        ("decide", |one| one.decide(&id(1)).is_ok(), &[State::Requested]),
        ("refuse", |one| one.refuse(&id(1)).is_ok(), &[State::Requested, State::Decided]),
        (
            "notify",
            |one| {
                let told = [NoticeTarget::number_of_record()];
                one.notify(&id(1), &told, false, Waits::default(), [8; 32], NOW).is_ok()
            },
            &[State::Decided],
        ),
        (
            "approve",
            |one| {
                let shown = (Action::SimChange, [1; 32], [7; 32]);
                one.approve(&id(1), shown, &AgentId::new("sue").unwrap()).is_ok()
            },
            &[State::Waiting],
        ),
        (
            "permit",
            |one| one.permit(&id(1), &stated(1), [5; 16], NOW).is_ok(),
            // In 5 its permit is past its end here.
            &[State::Notified, State::Waiting, State::Permitted],
        ),
        (
            "execute",
            |one| {
                one.transactions[0].permit_ends = later(60);
                one.execute(&id(1), &stated(1), &[0; 16], NOW).is_ok()
            },
            &[State::Permitted],
        ),
        ("finish", |one| one.finish(&id(1), None, true, NOW).is_ok(), &[State::Executing]),
        ("cancel", |one| one.cancel(&id(1)).is_ok(), stoppable),
        ("object", |one| one.object(&id(1), &NoticeTarget::number_of_record(), true).is_ok(), stoppable),
        ("reverse", |one| one.reverse(&id(1), NOW).is_ok(), &[State::Confirmed]),
    ];
    for (name, event, from) in events {
        for state in State::ALL {
            let mut account = Account { transactions: vec![transaction(1, *state)], ..Account::default() };
            let before = account.clone();
            let taken = event(&mut account);
            assert_eq!(taken, from.contains(state), "{name} in {state}");
            if !taken && name != "execute" {
                assert_eq!(account, before, "{name} in {state} changed something");
            }
        }
    }
    // Time and fraud end what can be stopped, and nothing else.
    for state in State::ALL {
        let account = || Account { transactions: vec![transaction(1, *state)], ..Account::default() };
        assert_eq!(account().expire(later(DAY)).len(), usize::from(state.is_stoppable()), "{state}");
        assert_eq!(account().expire(Timestamp::from_micros(later(DAY).as_micros() - 1)).len(), 0);
        assert_eq!(account().freeze(NOW).len(), usize::from(state.is_stoppable()), "{state}");
    }
}

#[test]
fn one_of_a_line_is_under_way() {
    for state in State::ALL {
        let mut account = Account { transactions: vec![transaction(1, *state)], ..Account::default() };
        let again = Transaction { id: id(2), ..transaction(1, State::Requested) };
        let expected = if state.is_open() { Err(TransactionError::AlreadyUnderWay) } else { Ok(()) };
        assert_eq!(account.request(again), expected, "{state}");
    }
}

#[test]
fn where_64_are_kept_the_oldest_that_was_not_done_goes() {
    let full = |state: fn(u8) -> State| Account {
        transactions: (0..64).map(|number| transaction(number, state(number))).collect(),
        ..Account::default()
    };
    let mut account = full(|number| if number < 3 { State::Confirmed } else { State::Refused });
    account.request(transaction(99, State::Requested)).unwrap();
    assert!(account.find(&id(0)).is_ok() && account.find(&id(3)).is_err(), "done ones are kept longer");
    let mut account = full(|_| State::Confirmed);
    account.request(transaction(99, State::Requested)).unwrap();
    assert!(account.find(&id(0)).is_err() && account.transactions.len() == 64);
    let mut account = full(|_| State::Executing);
    assert_eq!(account.request(transaction(99, State::Requested)), Err(TransactionError::Full));
}

#[test]
fn what_is_not_told_and_not_suppressed_is_not_notified() {
    let mut account = Account { transactions: vec![transaction(1, State::Decided)], ..Account::default() };
    let told = [NoticeTarget::number_of_record()];
    let none = account.notify(&id(1), &[], false, Waits::default(), [0; 32], NOW);
    assert_eq!(none, Err(TransactionError::NotNotified));
    let both = account.notify(&id(1), &told, true, Waits::default(), [0; 32], NOW);
    assert_eq!(both, Err(TransactionError::NotNotified));
    account.notify(&id(1), &[], true, Waits::default(), [0; 32], NOW).unwrap();
    assert_eq!(account.find(&id(1)).unwrap().state, State::Notified);
}

#[test]
fn a_permit_ends_with_its_transaction() {
    let mut account = Account { transactions: vec![transaction(1, State::Notified)], ..Account::default() };
    let just_before = Timestamp::from_micros(later(DAY).as_micros() - 1);
    assert_eq!(account.permit(&id(1), &stated(1), [5; 16], just_before), Ok(later(DAY)));
    let mut account = Account { transactions: vec![transaction(1, State::Notified)], ..Account::default() };
    assert_eq!(account.permit(&id(1), &stated(1), [5; 16], NOW), Ok(NOW.plus(PERMIT_LIFE)));
}

#[test]
fn the_first_telling_is_believed_and_later_ones_count_from_then() {
    let mut account = Account::default();
    account.set_points(&[point("mail-1")], NOW).unwrap();
    account.set_points(&[point("mail-1"), point("mail-2")], later(60)).unwrap();
    let since: Vec<_> = account.points.iter().map(|point| point.since).collect();
    assert_eq!(since, [point("mail-1").since, later(60)], "nobody back-dates a new address");
    account.set_points(&[ContactPoint { from_the_beginning: true, ..point("mail-3") }], later(120)).unwrap();
    let until: Vec<_> = account.points.iter().map(|point| point.until).collect();
    assert_eq!(until, [Some(later(120)), Some(later(120)), None]);
    assert_eq!(account.points[2].origin, PointOrigin::Host, "the beginning of service is over");
    // The same again changes nothing; one from the future is there from now.
    let before = account.clone();
    account.set_points(&[point("mail-3")], later(180)).unwrap();
    assert_eq!(account, before);
    let mut account = Account::default();
    account.set_points(&[ContactPoint { since: later(DAY), ..point("mail-1") }], NOW).unwrap();
    assert_eq!(account.points[0].since, NOW);
}

#[test]
fn many_changes_push_no_old_contact_point_out() {
    let mut account = Account::default();
    account.set_points(&[point("mail-0")], NOW).unwrap();
    let mut refused = false;
    for number in 1..100 {
        let told = account.set_points(&[point(&format!("mail-{number}"))], later(number));
        refused |= told == Err(TransactionError::Full);
    }
    assert!(refused && account.points.len() == MAX_CONTACT_POINTS);
    assert_eq!(account.points[0].id.as_str(), "mail-0", "the customer's own is still told");
    let days = u64::try_from(CONTACT_LOOK_BACK_DAYS).unwrap();
    account.set_points(&[point("mail-new")], later((days + 1) * DAY)).unwrap();
    assert!(account.points.iter().all(|point| point.id.as_str() != "mail-0"), "its day is past");
}

#[test]
fn a_contact_change_that_was_done_replaces_and_its_reversal_ends_it() {
    let brings = Some((ContactChannel::Email, ContactPointId::new("mail-2").unwrap()));
    let change =
        Transaction { action: Action::ChangeEmailOfRecord, brings, ..transaction(1, State::Executing) };
    let mut account = Account { transactions: vec![change.clone()], ..Account::default() };
    account.set_points(&[point("mail-1")], NOW).unwrap();
    account.finish(&id(1), None, true, later(60)).unwrap();
    assert_eq!(account.points[0].until, Some(later(60)));
    assert_eq!(account.points[1].origin, PointOrigin::Transaction(id(1)));
    account.reverse(&id(1), later(90)).unwrap();
    assert_eq!(account.points[1].until, Some(later(90)));
    // Of a host that told no points nothing is kept: its address on file has its own age.
    let mut account = Account { transactions: vec![change], ..Account::default() };
    account.finish(&id(1), None, true, later(60)).unwrap();
    assert!(account.points.is_empty());
}
