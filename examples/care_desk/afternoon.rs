//! The script: who asks for what, and when. What they get is the library's answer.

mod exceptions;

use cpni_guard::interaction::{PhotoIdKind, Stated};
use cpni_guard::vocabulary::{Channel, CivilDate, ContactId, DataClass, EventKind, Purpose, Role, Timestamp};
use cpni_guard::{
    Contact, Evidence, FieldRequest, FieldView, Interaction, NamedCall, PhotoId, Presented, SealedField,
    Sensitive, Stored, View,
};

use DataClass::{AccountInfo, Billing, Biographical, CallDetail, Identity, Payment, ServiceDetails, Ssn};

use crate::desk::{Desk, PLAYERS, Sealed};
use crate::failure::Failure;
use crate::folder::make_secret;
use crate::hosts::{Agent, DAY, at, clock_face, days_before};
use crate::screen::{Screen, Style};
use crate::words::{Background, Legend, TEXT_AT, channel_of, label, moment, value_column, words_of};

/// The parts of the script, as places in the carrier's table.
const DANA: usize = 0;
pub(crate) const NAMES_A_CALL: usize = 1;
const IN_THE_STORE: usize = 2;
const SUSPECT: usize = 3;
const VICTIM: usize = 4;
const ACCOMPLICE: usize = 5;
const BUSINESS: usize = 6;
const SURVIVOR: usize = 7;

/// Since when the training of one agent has lapsed.
const LAPSED_DAYS: u64 = 12;

/// What is asked for: of each row the first class that the schema has.
type Wish = &'static [&'static [DataClass]];
const ALL_FOUR: Wish =
    &[&[Identity, AccountInfo], &[ServiceDetails], &[CallDetail, Billing], &[Ssn, Biographical]];
const ALL_BUT_SSN: Wish = &[&[Identity, AccountInfo], &[ServiceDetails], &[CallDetail, Billing]];
const A_LOOK: Wish = &[&[Identity, AccountInfo], &[ServiceDetails]];
const THE_SERVICE: Wish = &[&[ServiceDetails, Billing]];
const THE_CALLS: Wish = &[&[CallDetail]];
const THE_CASE: Wish = &[&[CallDetail, ServiceDetails], &[Payment], &[Ssn]];

/// The people at work.
struct Staff {
    care: Agent,
    colleague: Agent,
    untrained: Agent,
    retail: Agent,
    fraud: Agent,
    specialist: Agent,
}

/// The script in progress.
struct Afternoon<'a> {
    desk: &'a Desk,
    screen: &'a mut Screen,
    staff: &'a Staff,
    passwords: Vec<Sensitive<String>>,
    legend: Legend,
}

/// Somebody has a customer's account open.
struct Open<'a> {
    customer: &'a Sealed,
    /// Whether there is somebody to talk to, as the agent states it.
    talks: bool,
    call: Interaction,
}

/// Plays the afternoon; gives back the rules that were met.
pub(crate) fn play(desk: &Desk, screen: &mut Screen) -> Result<Legend, Failure> {
    let trained = desk.now().plus(DAY.saturating_mul(200));
    let lapsed = days_before(desk.now(), LAPSED_DAYS);
    let staff = Staff {
        care: desk.hosts.agent("a-1017", Role::CareAgent, trained)?,
        colleague: desk.hosts.agent("a-1055", Role::CareAgent, trained)?,
        untrained: desk.hosts.agent("a-1066", Role::CareAgent, lapsed)?,
        retail: desk.hosts.agent("s-2040", Role::RetailAgent, trained)?,
        fraud: desk.hosts.agent("f-3001", Role::FraudAnalyst, trained)?,
        specialist: desk.hosts.agent("p-4002", Role::Specialist, trained)?,
    };
    let mut passwords = Vec::with_capacity(PLAYERS);
    for customer in desk.table.iter().take(PLAYERS) {
        let password = make_secret()?;
        desk.guard.import_password(&customer.account, &password)?;
        passwords.push(password);
    }
    screen.line("")?;
    screen.note(
        1,
        "The afternoon of 2026-11-23. Staff, calls and visits are a script; every decision, reason and \
         remedy below is the library's.",
    )?;
    let mut afternoon = Afternoon { desk, screen, staff: &staff, passwords, legend: Legend::default() };
    afternoon.a_caller_and_a_password()?;
    afternoon.a_call_named_unaided()?;
    afternoon.a_visit_to_the_store()?;
    afternoon.an_agent_without_a_live_contact()?;
    afternoon.a_fraud_analyst_with_a_case()?;
    afternoon.an_agent_whose_training_lapsed()?;
    afternoon.an_offer_without_approval()?;
    afternoon.a_business_customer()?;
    afternoon.an_address_is_changed()?;
    afternoon.a_copied_ciphertext()?;
    Ok(afternoon.legend)
}

impl<'a> Afternoon<'a> {
    /// Without the password; what is offered instead; a wrong password; the right one; the end.
    fn a_caller_and_a_password(&mut self) -> Result<(), Failure> {
        let Some((customer, fields)) = self.cast(at(15, 4), "A caller", DANA, ALL_FOUR)? else {
            return Ok(());
        };
        let agent = &self.staff.care;
        let contact = self.arrives(agent, "call-88231", Channel::PhoneInbound, Purpose::Support)?;
        self.says("The caller asks about the account. Nobody is authenticated yet.")?;
        let on_phone = Contact::of(contact.clone(), Channel::PhoneInbound);
        let mut open = self.opens(agent, customer, on_phone, Purpose::Support)?;
        self.asks(&mut open, &fields)?;

        self.desk.clock.set(at(15, 6));
        let birth = open.call.present(Evidence::Stated(Stated::DateOfBirth))?;
        let last4 = open.call.present(Evidence::Stated(Stated::SsnLast4))?;
        let text = format!(
            "The caller offers a date of birth ({}), and the last four digits of an SSN ({}).",
            outcome(birth),
            outcome(last4)
        );
        self.later(&text)?;
        let service = self.fields(THE_SERVICE);
        if !service.is_empty() {
            self.asks(&mut open, &service)?;
        }

        self.desk.clock.set(at(15, 8));
        let wrong = open.call.present(Evidence::password("let me guess"))?;
        let right = open.call.present(self.password_of(DANA)?)?;
        let text =
            format!("The caller gives a password: {}. Then another: {}.", outcome(wrong), outcome(right));
        self.later(&text)?;
        let view = self.asks(&mut open, &fields)?;

        self.desk.clock.set(at(15, 12));
        self.desk.hosts.contacts.end(&contact);
        open.call.end()?;
        self.later("The call ends. The agent's window still holds the view, and reads it again.")?;
        self.holds_nothing(&view)
    }

    /// What a window that was left open shows.
    fn holds_nothing(&mut self, view: &View) -> Result<(), Failure> {
        let at = value_column(view);
        for (name, field) in view.fields() {
            let FieldView::Disclosed(disclosed) = field else { continue };
            let Err(refused) = disclosed.with(|_| ()) else {
                return Err(Failure::Never("a value is readable after the end of its interaction"));
            };
            self.screen.under(&label(name), at, &format!("{refused} ({})", refused.code()), Style::Plain)?;
        }
        Ok(())
    }

    /// 47 CFR 64.2010(b), last sentence: about that call the agent may talk, and about no other.
    fn a_call_named_unaided(&mut self) -> Result<(), Failure> {
        let what = "A call that the customer names";
        let Some((customer, fields)) = self.cast(at(15, 20), what, NAMES_A_CALL, THE_CALLS)? else {
            return Ok(());
        };
        let remembered = self.desk.remembered.get(NAMES_A_CALL).and_then(|person| person.call.clone());
        let (Some((number, start)), Some(calls)) = (remembered, fields.first().copied()) else {
            return self.skips(what, "this customer remembers none");
        };
        let agent = &self.staff.colleague;
        let contact = self.arrives(agent, "call-88240", Channel::PhoneInbound, Purpose::Support)?;
        self.says("The caller does not know the password, and names a call without help.")?;
        let on_phone = Contact::of(contact.clone(), Channel::PhoneInbound);
        let mut open = self.opens(agent, customer, on_phone, Purpose::Support)?;

        // A customer says "at about ten past two", not the second.
        let about = Timestamp::from_secs(start.as_secs() / 600 * 600);
        for said in [days_before(about, 1), about] {
            let stated = Sensitive::from(number.clone());
            let named = NamedCall { number: stated, started: said, duration_secs: None };
            let answer = open.call.name_call(named, &customer.record, calls)?;
            self.says(&format!("“{number}, on {} or so”: {}.", moment(said), outcome(answer)))?;
        }
        let view = open.call.view(&customer.record, [FieldRequest::named_call(calls)])?;
        self.shows(&open, &view)?;

        self.desk.clock.set(at(15, 23));
        self.later("The caller asks for the other calls as well.")?;
        self.asks(&mut open, &fields)?;
        self.desk.hosts.contacts.end(&contact);
        Ok(open.call.end()?)
    }

    /// A photo ID counts while it is valid, in the name on the account (47 CFR 64.2003(r)).
    fn a_visit_to_the_store(&mut self) -> Result<(), Failure> {
        let what = "A visit with a photo ID";
        let Some((customer, fields)) = self.cast(at(15, 40), what, IN_THE_STORE, ALL_BUT_SSN)? else {
            return Ok(());
        };
        let name = self.desk.remembered.get(IN_THE_STORE).and_then(|person| person.name.as_ref());
        let (Some(name), Some(name_field)) = (name, self.desk.field_of(Identity)) else {
            return self.skips(what, "the schema has no field of class identity");
        };
        let agent = &self.staff.retail;
        let contact = self.arrives(agent, "visit-512", Channel::Retail, Purpose::Support)?;
        self.says("A customer comes to the counter.")?;
        let in_store = Contact::of(contact.clone(), Channel::Retail);
        let mut open = self.opens(agent, customer, in_store, Purpose::Support)?;
        for (minute, kind, expires) in [
            (41, PhotoIdKind::DriversLicence, CivilDate::new(2026, 10, 31)),
            (44, PhotoIdKind::Passport, CivilDate::new(2031, 5, 31)),
        ] {
            self.desk.clock.set(at(15, minute));
            let expires = expires.ok_or(Failure::Never("the calendar lacks a day of the script"))?;
            // EXPOSE: the customer's own papers; the agent reads the name from them.
            let id = PhotoId { kind, expires, name: Sensitive::from(name.expose().clone()) };
            let answer = open.call.show_photo_id(&id, &customer.record, name_field)?;
            let text = format!("The customer shows a {kind}, valid to {expires}: {}.", outcome(answer));
            self.later(&text)?;
            self.asks(&mut open, &fields)?;
        }
        self.desk.hosts.contacts.end(&contact);
        Ok(open.call.end()?)
    }

    /// Nobody opens an account out of curiosity, nor by typing somebody else's contact.
    fn an_agent_without_a_live_contact(&mut self) -> Result<(), Failure> {
        let Some((customer, fields)) = self.cast(at(16, 5), "An agent without a contact", DANA, A_LOOK)?
        else {
            return Ok(());
        };
        let (agent, colleague) = (&self.staff.care, &self.staff.colleague);
        self.heads(agent, "no contact", Purpose::Support)?;
        self.says("The agent looks an account up. Nobody is calling.")?;
        let mut open = self.opens(agent, customer, Contact::None, Purpose::Support)?;
        self.asks(&mut open, &fields)?;
        open.call.end()?;

        self.desk.clock.set(at(16, 9));
        let theirs = self.desk.hosts.contact("call-88251", Channel::PhoneInbound, colleague)?;
        self.heads(agent, "call-88251 · inbound call", Purpose::Support)?;
        self.says(&format!("The agent types a colleague's contact: this call is {}'s.", colleague.id))?;
        let stated = Contact::of(theirs.clone(), Channel::PhoneInbound);
        let mut open = self.opens(agent, customer, stated, Purpose::Support)?;
        self.asks(&mut open, fields.get(..1).unwrap_or_default())?;
        self.desk.hosts.contacts.end(&theirs);
        Ok(open.call.end()?)
    }

    /// Work without the customer, under a case that is the analyst's own.
    fn a_fraud_analyst_with_a_case(&mut self) -> Result<(), Failure> {
        let Some((customer, fields)) = self.cast(at(16, 30), "A fraud case", SUSPECT, THE_CASE)? else {
            return Ok(());
        };
        let agent = &self.staff.fraud;
        self.heads(agent, "case-7781 · back office", Purpose::Fraud)?;
        let case = self.desk.hosts.case("case-7781", agent)?;
        self.says("The analyst has an open case about this account.")?;
        let stated = Contact::of(case, Channel::BackOffice);
        let mut open = self.opens(agent, customer, stated, Purpose::Fraud)?;
        self.asks(&mut open, &fields)?;
        Ok(open.call.end()?)
    }

    /// 47 CFR 64.2009(b).
    fn an_agent_whose_training_lapsed(&mut self) -> Result<(), Failure> {
        let Some((customer, fields)) = self.cast(at(16, 50), "Lapsed training", DANA, THE_SERVICE)? else {
            return Ok(());
        };
        let agent = &self.staff.untrained;
        let contact = self.arrives(agent, "call-88260", Channel::PhoneInbound, Purpose::Support)?;
        let on_phone = Contact::of(contact.clone(), Channel::PhoneInbound);
        let mut open = self.opens(agent, customer, on_phone, Purpose::Support)?;
        let right = open.call.present(self.password_of(DANA)?)?;
        self.says(&format!("The caller gives the password: {}.", outcome(right)))?;
        self.says(&format!("The agent's training lapsed {LAPSED_DAYS} days ago."))?;
        self.asks(&mut open, &fields)?;
        self.desk.hosts.contacts.end(&contact);
        Ok(open.call.end()?)
    }

    /// Whoever writes to the carrier's database still cannot move a ciphertext.
    fn a_copied_ciphertext(&mut self) -> Result<(), Failure> {
        let what = "A copied ciphertext";
        let Some((accomplice, fields)) = self.cast(at(17, 50), what, ACCOMPLICE, ALL_BUT_SSN)? else {
            return Ok(());
        };
        let Some(victim) = self.desk.table.get(VICTIM) else { return Ok(()) };
        let agent = &self.staff.care;
        let contact = self.arrives(agent, "call-88274", Channel::PhoneInbound, Purpose::Support)?;
        self.says(
            "An insider who can write to the database has copied another customer's ciphertext over \
             that of an accomplice, who calls.",
        )?;
        let on_phone = Contact::of(contact.clone(), Channel::PhoneInbound);
        let mut open = self.opens(agent, accomplice, on_phone, Purpose::Support)?;
        let right = open.call.present(self.password_of(ACCOMPLICE)?)?;
        self.says(&format!("The accomplice gives the password of the account: {}.", outcome(right)))?;

        self.refuses("The agent opens the copied row", &mut open, &victim.record, &fields)?;
        let columns = fields
            .last()
            .and_then(|name| Some((name, accomplice.record.field(name)?, victim.record.field(name)?)));
        if let Some((name, own, theirs)) = columns {
            // The forger has read docs/spec/sealed-v1.md, section 5: a header of 44 bytes names the key.
            let header = own.as_bytes().iter().take(44);
            let bytes: Vec<u8> = header.chain(theirs.as_bytes().iter().skip(44)).copied().collect();
            let forged = SealedField::from_bytes(bytes)?;
            let what = format!(
                "The agent opens {}, spliced behind the header of the accomplice's own",
                words_of(name)
            );
            self.refuses(&what, &mut open, &forged, &[*name])?;
        }
        self.desk.hosts.contacts.end(&contact);
        Ok(open.call.end()?)
    }

    /// A view of bytes that are not this account's.
    fn refuses<'s>(
        &mut self,
        what: &str,
        open: &mut Open<'_>,
        copied: impl Into<Stored<'s>>,
        fields: &[&str],
    ) -> Result<(), Failure> {
        match open.call.view(copied, fields.iter().copied()) {
            Ok(view) if view.fields().any(|(_, field)| matches!(field, FieldView::Disclosed(_))) => {
                Err(Failure::Never("a ciphertext opened in another account"))
            }
            Ok(view) => self.shows(open, &view),
            Err(refused) => {
                self.says(&format!("{what}. Refused: {refused} ({}).", refused.code()))?;
                let last = self.desk.guard.audit().size().saturating_sub(1);
                for entry in self.desk.guard.audit().entries(last..last.saturating_add(1)) {
                    let (index, event) = entry?;
                    let kind = words_of(event.facts.kind.name());
                    if event.facts.kind != EventKind::NotCarriedOut {
                        return Err(Failure::Never("a refused ciphertext left no record"));
                    }
                    self.screen.under(
                        "",
                        TEXT_AT,
                        &format!("recorded as event {index} · {kind}"),
                        Style::Dim,
                    )?;
                }
                Ok(())
            }
        }
    }

    /// The customer with this part and the fields that the schema has. Otherwise says what is left out.
    fn cast(
        &mut self,
        time: Timestamp,
        what: &str,
        part: usize,
        wish: Wish,
    ) -> Result<Option<(&'a Sealed, Vec<&'a str>)>, Failure> {
        self.desk.clock.set(time);
        let fields = self.fields(wish);
        match self.desk.table.get(part) {
            Some(customer) if !fields.is_empty() => return Ok(Some((customer, fields))),
            Some(_) => {
                let classes: Vec<_> =
                    wish.iter().flat_map(|row| row.iter()).map(|class| class.name()).collect();
                self.skips(what, &format!("the schema has no field of class {}", classes.join(" or ")))?;
            }
            None => self.skips(what, &format!("there is no customer {}", part + 1))?,
        }
        Ok(None)
    }

    /// The fields that the schema has for a wish.
    fn fields(&self, wish: Wish) -> Vec<&'a str> {
        let desk = self.desk;
        wish.iter().filter_map(|row| row.iter().find_map(|class| desk.field_of(*class))).collect()
    }

    fn password_of(&self, part: usize) -> Result<Evidence, Failure> {
        let password = self.passwords.get(part).ok_or(Failure::Never("this part has no password"))?;
        // EXPOSE: the customer says it; the evidence takes it over and wipes it.
        Ok(Evidence::password(password.expose().as_str()))
    }

    fn opens(
        &self,
        agent: &Agent,
        customer: &'a Sealed,
        contact: Contact,
        purpose: Purpose,
    ) -> Result<Open<'a>, Failure> {
        let talks = matches!(contact, Contact::Of { channel, .. } if channel != Channel::BackOffice);
        let call = self.desk.guard.interaction(agent.session(), &customer.account, contact, purpose)?;
        Ok(Open { customer, talks, call })
    }

    fn asks(&mut self, open: &mut Open<'_>, fields: &[&str]) -> Result<View, Failure> {
        let view = open.call.view(&open.customer.record, fields.iter().copied())?;
        self.shows(open, &view)?;
        Ok(view)
    }

    fn shows(&mut self, open: &Open<'_>, view: &View) -> Result<(), Failure> {
        let background = self.background(open);
        self.legend.show(view, &background, self.screen)
    }

    /// What an explanation needs.
    fn background(&self, open: &Open<'_>) -> Background<'a> {
        let Desk { guard, hosts, .. } = self.desk;
        let days_on_file = hosts.accounts.days_on_file(&open.customer.account, self.desk.now());
        Background { guard, days_on_file, talks: open.talks }
    }

    /// A contact comes in: it begins in the carrier's telephony, and on the screen.
    fn arrives(
        &mut self,
        agent: &Agent,
        contact: &str,
        channel: Channel,
        purpose: Purpose,
    ) -> Result<ContactId, Failure> {
        self.heads(agent, &format!("{contact} · {}", channel_of(channel)), purpose)?;
        self.desk.hosts.contact(contact, channel, agent)
    }

    /// The time and who asks, from where, and why.
    fn heads(&mut self, agent: &Agent, contact: &str, purpose: Purpose) -> Result<(), Failure> {
        let role = words_of(agent.role.name());
        self.screen.line("")?;
        self.screen.under(
            &self.time(),
            TEXT_AT,
            &format!("{}, {role} · {contact} · {}", agent.id, words_of(purpose.name())),
            Style::Bold,
        )
    }

    /// The same contact, some minutes later.
    fn later(&mut self, text: &str) -> Result<(), Failure> {
        self.screen.line("")?;
        self.screen.under(&self.time(), TEXT_AT, text, Style::Plain)
    }

    /// The time, at the left of a line.
    fn time(&self) -> String {
        format!(" {}", clock_face(self.desk.now()))
    }

    fn says(&mut self, text: &str) -> Result<(), Failure> {
        self.screen.note(TEXT_AT, text)
    }

    fn skips(&mut self, what: &str, why: &str) -> Result<(), Failure> {
        self.screen.line("")?;
        self.screen.under(&self.time(), TEXT_AT, &format!("{what}: left out, {why}"), Style::Dim)
    }
}

/// What the agent learns of evidence.
const fn outcome(presented: Presented) -> &'static str {
    match presented {
        Presented::Match => "match",
        Presented::NoMatch => "no match",
        Presented::Noted => "noted, it proves nothing",
    }
}
