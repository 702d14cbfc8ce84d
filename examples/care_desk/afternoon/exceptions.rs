//! Three more contacts: marketing, a business customer, and changes of address.

use cpni_guard::interaction::Attested;
use cpni_guard::vocabulary::{Action, ContactPointId, ScriptVersion};

use super::*;

impl Afternoon<'_> {
    /// 47 CFR 64.2005(b), 64.2008(f): services of another category are offered with approval only.
    pub(super) fn an_offer_without_approval(&mut self) -> Result<(), Failure> {
        let what = "An offer without approval";
        let Some((customer, fields)) = self.cast(at(17, 5), what, DANA, THE_SERVICE)? else {
            return Ok(());
        };
        let (agent, purpose) = (&self.staff.care, Purpose::MarketNewCategory);
        let contact = self.arrives(agent, "call-88263", Channel::PhoneInbound, purpose)?;
        let on_phone = Contact::of(contact.clone(), Channel::PhoneInbound);
        let mut open = self.opens(agent, customer, on_phone, purpose)?;
        let right = open.call.present(self.password_of(DANA)?)?;
        self.says(&format!("The caller gives the password: {}.", outcome(right)))?;
        self.says("The agent would like to offer home internet that suits the plan.")?;
        self.asks(&mut open, &fields)?;

        self.desk.clock.set(at(17, 6));
        open.call.record_oral_approval(
            ContactPointId::new("recording-88263")?,
            ScriptVersion::new("offer-notice-2")?,
        )?;
        self.later(
            "The caller says yes, for this call; the recording and the script that was read are the proof.",
        )?;
        self.asks(&mut open, &fields)?;
        self.desk.hosts.contacts.end(&contact);
        open.call.end()?;

        self.desk.clock.set(at(17, 9));
        let contact = self.arrives(agent, "call-88264", Channel::PhoneInbound, purpose)?;
        let on_phone = Contact::of(contact.clone(), Channel::PhoneInbound);
        let mut open = self.opens(agent, customer, on_phone, purpose)?;
        let right = open.call.present(self.password_of(DANA)?)?;
        self.says(&format!("The next call; the caller gives the password: {}.", outcome(right)))?;
        self.asks(&mut open, &fields)?;
        self.desk.hosts.contacts.end(&contact);
        Ok(open.call.end()?)
    }

    /// 47 CFR 64.2010(g): authenticated as the contract says, where a representative is dedicated to
    /// the customer.
    pub(super) fn a_business_customer(&mut self) -> Result<(), Failure> {
        let what = "A business customer";
        let Some((customer, fields)) = self.cast(at(17, 15), what, BUSINESS, THE_SERVICE)? else {
            return Ok(());
        };
        let accounts = &self.desk.hosts.accounts;
        accounts.change(&customer.account, |facts| {
            (facts.business, facts.cpni_contract) = (Some(true), Some(true));
            facts.dedicated_representative = Some(false);
        });
        let agent = &self.staff.colleague;
        let contact = self.arrives(agent, "call-88266", Channel::PhoneInbound, Purpose::Support)?;
        let on_phone = Contact::of(contact.clone(), Channel::PhoneInbound);
        let mut open = self.opens(agent, customer, on_phone, Purpose::Support)?;
        self.desk.hosts.attests(&contact, Channel::PhoneInbound, agent, Attested::BusinessContract);
        open.call.present(Evidence::Attested(Attested::BusinessContract))?;
        self.says("The caller is authenticated as the company's contract lays down.")?;
        self.says("No representative is dedicated to the company: the consumers' rules hold.")?;
        self.asks(&mut open, &fields)?;

        self.desk.clock.set(at(17, 18));
        accounts.change(&customer.account, |facts| facts.dedicated_representative = Some(true));
        self.later("The company's representative is entered in the carrier's system.")?;
        self.asks(&mut open, &fields)?;
        self.desk.hosts.contacts.end(&contact);
        Ok(open.call.end()?)
    }

    /// 47 CFR 64.2010(f): a notice protects from a hijacker, and may reach an abuser.
    pub(super) fn an_address_is_changed(&mut self) -> Result<(), Failure> {
        let what = "Changes of address";
        let Some((customer, _)) = self.cast(at(17, 25), what, DANA, A_LOOK)? else { return Ok(()) };
        let agent = &self.staff.care;
        let contact = self.arrives(agent, "call-88268", Channel::PhoneInbound, Purpose::Support)?;
        let on_phone = Contact::of(contact.clone(), Channel::PhoneInbound);
        let mut open = self.opens(agent, customer, on_phone, Purpose::Support)?;
        let right = open.call.present(self.password_of(DANA)?)?;
        self.says(&format!("The caller moves, and gives the password: {}.", outcome(right)))?;
        self.acts(&mut open)?;
        self.desk.hosts.contacts.end(&contact);
        open.call.end()?;

        let Some((customer, _)) = self.cast(at(17, 35), what, SURVIVOR, A_LOOK)? else { return Ok(()) };
        self.desk.hosts.accounts.change(&customer.account, |facts| facts.survivor = Some(true));
        let contact = self.arrives(agent, "call-88270", Channel::PhoneInbound, Purpose::Support)?;
        let on_phone = Contact::of(contact.clone(), Channel::PhoneInbound);
        let mut open = self.opens(agent, customer, on_phone, Purpose::Support)?;
        let right = open.call.present(self.password_of(SURVIVOR)?)?;
        self.says(&format!(
            "A line-separation request concerns this account. The caller gives the password: {}.",
            outcome(right)
        ))?;
        self.acts(&mut open)?;
        self.desk.hosts.contacts.end(&contact);
        open.call.end()?;

        self.desk.clock.set(at(17, 40));
        let agent = &self.staff.specialist;
        let contact = self.arrives(agent, "call-88271", Channel::PhoneInbound, Purpose::LineSeparation)?;
        let on_phone = Contact::of(contact.clone(), Channel::PhoneInbound);
        let mut open = self.opens(agent, customer, on_phone, Purpose::LineSeparation)?;
        self.desk.hosts.attests(&contact, Channel::PhoneInbound, agent, Attested::LineSeparationVerified);
        open.call.present(Evidence::Attested(Attested::LineSeparationVerified))?;
        self.says("Passed to a specialist. Two people have verified the line-separation request.")?;
        self.acts(&mut open)?;
        self.desk.hosts.contacts.end(&contact);
        open.call.end()?;

        self.desk.clock.set(at(17, 45));
        self.later("The carrier's worker hands over the notices that are queued.")?;
        let queue = self.desk.guard.notices();
        for notice in queue.pending(10)?.into_iter().flatten() {
            let of_record = notice.notice.address.as_ref().is_some_and(|address| address.of_record);
            let to = if of_record { "the address of record, as it was" } else { "the number of record" };
            self.says(&format!("{}, to {to}.", words_of(notice.notice.action.name())))?;
            queue.done(&notice.id)?;
        }
        Ok(())
    }

    /// Asks whether the address of record may be changed.
    fn acts(&mut self, open: &mut Open<'_>) -> Result<(), Failure> {
        let action = Action::ChangeAddressOfRecord;
        let decision = open.call.decide(action)?;
        let background = self.background(open);
        self.legend.show_action(action, &decision, &background, self.screen)
    }
}
