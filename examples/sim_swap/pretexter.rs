//! What the pretexter tries, in the order in which such an afternoon goes.

use std::time::Duration;

use cpni_guard::error::{InteractionError, TransactionError};
use cpni_guard::guard::Objection;
use cpni_guard::interaction::{Attested, CodeTo, ContactChannel, NoticeTarget, Stated};
use cpni_guard::transaction::{ContactChange, NextStep, RiskFact, UNLOCKS_AGENT};
use cpni_guard::vocabulary::{Action, Channel, ContactId, ContactPointId, Role};
use cpni_guard::{AgentSession, ChangeRequest, Error, Evidence, Requested, Sensitive};

use crate::carrier::{Carrier, LINE, OTHER_SIM, PASSWORD, SIM, Screen};

const ADOPTED: &str = "the rule behind it is adopted, compliance not yet required";

pub(crate) fn afternoon(carrier: &Carrier, screen: &mut Screen) -> Result<(), Error> {
    screen.title("A pretexter's afternoon. Bought of one customer: SSN, birth date, last payment");
    sim_change(carrier, screen)?;
    insider(carrier, screen)?;
    one_time_code(carrier, screen)?;
    port_out(carrier, screen)?;
    email(carrier, screen)?;
    unlocks(carrier, screen)?;
    remedy(carrier, screen)
}

fn sim_change(carrier: &Carrier, screen: &mut Screen) -> Result<(), Error> {
    let change = ChangeRequest::sim_change(LINE, OTHER_SIM);
    let mut call = carrier.contact("dana", &carrier.own, Channel::PhoneInbound, &[])?;
    for stated in [Stated::SsnLast4, Stated::DateOfBirth, Stated::RecentPayment, Stated::CallDetailQuiz] {
        call.present(Evidence::Stated(stated))?;
    }
    let asked = call.request(&change)?;
    let why = format!("{}; {ADOPTED}: 47 CFR 64.2010(h)(1)", carrier.why(&asked.decision));
    screen.stopped("asks for a SIM change with SSN, birth date, last payment, calls", refused(&asked), &why);
    screen.say(format!("the customer of the contact hears: {}", asked.for_customer()));

    // A phished password is one factor.
    call.present(Evidence::password(PASSWORD))?;
    let asked = call.request(&change)?;
    let why = format!("{}; {ADOPTED}: 47 CFR 64.2010(h)(1)", carrier.why(&asked.decision));
    screen.stopped("asks again with the phished password", refused(&asked), &why);

    // The agent clicks that the app confirmed: the carrier's systems know nothing of it.
    call.present(Evidence::Attested(Attested::AppFactor))?;
    let asked = call.request(&change)?;
    let why = "an agent's word is no second factor: what the contact source does not attest does not count \
               (library default; 47 CFR 64.2010(a), in force)";
    screen.stopped("the agent clicks \"the app confirmed\"", refused(&asked), why);
    Ok(())
}

/// A bribed agent in a contact with the honest customer: another SIM than the one that was asked for.
fn insider(carrier: &Carrier, screen: &mut Screen) -> Result<(), Error> {
    carrier.minutes(20);
    let asked_for = ChangeRequest::sim_change(LINE, SIM);
    let swapped = ChangeRequest::sim_change(LINE, OTHER_SIM);
    let mut call = carrier.contact("dana", &carrier.own, Channel::PhoneInbound, &[Attested::AppFactor])?;
    call.present(Evidence::password(PASSWORD))?;
    let asked = call.request(&asked_for)?;
    let permit = call.permit(&asked.id, &asked_for)?;
    let is_stopped = is(&call.execute(permit, &swapped), &TransactionError::AnotherTarget);
    let why = "the permit is bound to the SIM that the customer was told of (library default; E5205)";
    screen.stopped("a bribed agent puts another SIM into a customer's own request", is_stopped, why);
    call.cancel(&asked.id)
}

/// Suppose that a forged ID in a dealer's own system moved the SIM: what it is good for.
fn one_time_code(carrier: &Carrier, screen: &mut Screen) -> Result<(), Error> {
    carrier.minutes(25);
    carrier.systems.sim_moved(carrier.now());
    let mut call = carrier.contact("dana", &carrier.own, Channel::PhoneInbound, &[])?;
    let sent = call.send_one_time_code(CodeTo::NumberOfRecord);
    let is_stopped = matches!(sent, Err(Error::Interaction(InteractionError::NotOfRecord)));
    let why = "no code goes to a SIM that moved within 7 days (library default, in force; NIST SP 800-63B-4)";
    screen.stopped("a dealer moved the SIM all the same; asks for a one-time code to it", is_stopped, why);
    Ok(())
}

fn port_out(carrier: &Carrier, screen: &mut Screen) -> Result<(), Error> {
    carrier.minutes(15);
    let port = ChangeRequest::port_out(LINE, "9999");
    let mut request = carrier.contact("porter", &carrier.own, Channel::PortInterface, &[])?;
    for stated in [Stated::AccountNumber, Stated::ZipCode] {
        request.present(Evidence::Stated(stated))?;
    }
    let asked = request.request(&port)?;
    let why = format!("{}; 52.36 lets it be asked for: the end user set it", carrier.why(&asked.decision));
    screen.stopped("a port request with number, account number and ZIP code", refused(&asked), &why);
    let mut is_locked = false;
    for guess in 0..6_u32 {
        let guess = Evidence::PortPasscode(Sensitive::from(format!("{guess:06}")));
        is_locked |= matches!(request.present(guess), Err(Error::Interaction(InteractionError::LockedOut)));
    }
    let why = "attempts are counted over all channels: 5 in 15 minutes (library default, in force)";
    screen.stopped("guesses the passcode", is_locked, why);
    Ok(())
}

/// With the password and a stolen handset that has the app: an e-mail address, to hear of what comes next.
fn email(carrier: &Carrier, screen: &mut Screen) -> Result<(), Error> {
    carrier.minutes(20);
    let transactions = carrier.guard.transactions();
    let email =
        ChangeRequest::contact(ContactChange::Email, ContactPointId::new("mail-9")?, "mallory@example.com");
    let mut call = carrier.contact("dana", &carrier.own, Channel::PhoneInbound, &[Attested::AppFactor])?;
    call.present(Evidence::password(PASSWORD))?;
    let asked = call.request(&email)?;
    let told: Vec<_> = asked.notified.iter().map(|target| target.channel.name()).collect();
    let waits = matches!(asked.next, NextStep::Wait { .. });
    // The number of record is on the pretexter's SIM by now: it hears of nothing.
    let is_stopped = waits && told == ["email", "post", "app"];
    let why = format!(
        "it waits a day, as the SIM moved lately (risk-account-after-sim-change, library default); told, as \
         they were before: {}; not the number, which the SIM took along (47 CFR 64.2010(f)(1), in force)",
        told.join(", ")
    );
    screen.stopped("changes the e-mail address, with password and a stolen handset", is_stopped, &why);
    let old = NoticeTarget { channel: ContactChannel::Email, id: Some(ContactPointId::new("mail-1")?) };
    let objected = transactions.object(&carrier.own, &asked.id, &old)?;
    carrier.wait(Duration::from_secs(24 * 3600));
    let is_stopped = objected == Objection::Stopped
        && is(&transactions.permit(&carrier.own, &asked.id, &email), &TransactionError::WrongState);
    let why =
        "the customer answered the notice: an objection of anybody who was told stops it (library default)";
    screen.stopped("comes back after the wait", is_stopped, why);
    Ok(())
}

fn unlocks(carrier: &Carrier, screen: &mut Screen) -> Result<(), Error> {
    carrier.minutes(5);
    let mut call = carrier.contact("dana", &carrier.own, Channel::PhoneInbound, &[])?;
    call.present(Evidence::Stated(Stated::FullName))?;
    call.present(Evidence::Stated(Stated::SsnLast4))?;
    let asked = call.request(&ChangeRequest::unlock_handset("001017000000003"))?;
    let why = carrier.why(&asked.decision);
    screen.stopped("types unlock requests with name and last four of the SSN", refused(&asked), &why);

    // And with passwords that were bought: in bulk.
    carrier.sign_in("max", Role::CareAgent)?;
    let mut through = 0;
    let mut by = String::new();
    for number in 0..40_u32 {
        let account = carrier.customer(number)?;
        let unlock = ChangeRequest::unlock_handset(format!("0010170000{number:05}"));
        let opened = carrier.contact("max", &account, Channel::PhoneInbound, &[]);
        let asked = opened.and_then(|mut call| {
            call.present(Evidence::password(PASSWORD))?;
            call.request(&unlock)
        });
        match asked {
            Ok(asked) if asked.next == NextStep::Execute => through += 1,
            Ok(asked) => {
                let by_risk = asked.risk.contains(RiskFact::AttemptsAgent);
                let limit = UNLOCKS_AGENT.max;
                by = format!("{limit} a day for one agent (risk-unlocks-by-agent): {by_risk}");
                break;
            }
            Err(Error::Interaction(
                cause @ (InteractionError::HeldBack | InteractionError::NeedsSecondPerson),
            )) => {
                by = format!("the watch, after {through}: {cause}");
                break;
            }
            Err(other) => return Err(other),
        }
    }
    let why =
        format!("{by} (library default; the decree of 2015, DA 15-399, was 577 a day for each of three)");
    screen.stopped(
        "unlocks 40 handsets with passwords that were bought",
        through < 40 && !by.is_empty(),
        &why,
    );
    Ok(())
}

fn remedy(carrier: &Carrier, screen: &mut Screen) -> Result<(), Error> {
    carrier.minutes(30);
    let transactions = carrier.guard.transactions();
    let (case, by) = (ContactId::new("fraud-7")?, AgentSession::new("fay"));
    let since = cpni_guard::vocabulary::Timestamp::from_secs(0);
    let report = transactions.report_fraud(&carrier.own, &case, since, &by)?;
    screen.say(format!(
        "the customer calls: the account is frozen, {} changes are listed with who, when and on which evidence",
        report.changes.len()
    ));
    carrier.minutes(90);
    transactions.remedied(&carrier.own, &case, &by)?;
    let sim = transactions.sim_statistics(&(since..carrier.now().plus(Duration::from_secs(1))))?;
    screen.say(format!(
        "records of 47 CFR 64.2010(h)(8) ({ADOPTED}): {} requests, {} carried out, {} not; remedied in {} minutes",
        sim.requests,
        sim.successful,
        sim.failed,
        sim.average_remedy.unwrap_or_default().as_secs() / 60
    ));
    carrier.guard.audit().verify()?;
    screen.say(format!("the audit log verifies: {} events", carrier.guard.audit().size()));
    Ok(())
}

fn refused(asked: &Requested) -> bool {
    matches!(asked.next, NextStep::Refused(_))
        && asked.notified.is_empty()
        && matches!(asked.action, Action::SimChange | Action::PortOut | Action::UnlockHandset)
}

fn is<T>(result: &Result<T, Error>, cause: &TransactionError) -> bool {
    matches!(result, Err(Error::Transaction(found)) if found == cause)
}
