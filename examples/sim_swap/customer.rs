//! The customer's own way through the same guards.

use cpni_guard::interaction::Attested;
use cpni_guard::transaction::{LockKind, NextStep};
use cpni_guard::vocabulary::Channel;
use cpni_guard::{ChangeRequest, Error, Evidence, Interaction, Sensitive};

use crate::carrier::{Carrier, LINE, PASSCODE, SIM, Screen};

pub(crate) fn afternoon(carrier: &Carrier, screen: &mut Screen) -> Result<(), Error> {
    screen.title("The customer, through the same guards");
    let change = ChangeRequest::sim_change(LINE, SIM);
    let mut web = carrier.contact("app", &carrier.own, Channel::Online, &[Attested::Passkey])?;
    let is_done = carry_out(carrier, &mut web, &change)?;
    screen.done(
        "changes the SIM in the app",
        is_done,
        "one passkey, one request: told on 4 channels before it was done; no wait, no second person",
    );
    web.set_lock(LockKind::Sim)?;
    let refused = matches!(web.request(&change)?.next, NextStep::Refused(_));
    screen.done("locks the SIM", refused, "from now on a SIM change is refused, the customer's own too");
    let removal = web.remove_lock(LockKind::Sim)?;
    screen.done("asks for the lock to go", removal.until > carrier.now(), &removal.for_customer);
    drop(web);

    // A port goes by what 52.36 names, and by the passcode that the customer set.
    carrier.minutes(10);
    let mut port = carrier.contact("porter", &carrier.own, Channel::PortInterface, &[])?;
    port.present(Evidence::PortPasscode(Sensitive::from(PASSCODE.to_owned())))?;
    let is_done = carry_out(carrier, &mut port, &ChangeRequest::port_out(LINE, "9999"))?;
    screen.done(
        "ports the number out",
        is_done,
        "one request of the new carrier with the passcode: no wait, no second person, no hold \
         (47 CFR 52.36; the interval of 52.35 is at risk where a carrier adds them)",
    );
    carrier.guard.audit().verify()?;
    Ok(())
}

/// Request, permit, execute, confirm: the customer does the first, the carrier's systems the rest.
fn carry_out(carrier: &Carrier, call: &mut Interaction, change: &ChangeRequest) -> Result<bool, Error> {
    let asked = call.request(change)?;
    if asked.next != NextStep::Execute {
        return Ok(false);
    }
    let permit = call.permit(&asked.id, change)?;
    let order = call.execute(permit, change)?;
    // Here the carrier's provisioning system does it.
    carrier.guard.transactions().confirm(&order)?;
    Ok(true)
}
