//! The carrier's other systems, as stand-ins: what is known of accounts, which hotlines there are, and who
//! sends to customers. In production these answers come from yours.

use std::collections::HashMap;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use cpni_guard::error::HostError;
use cpni_guard::interaction::{
    AccountFactSource, AccountFacts, AddressOnFile, CodeTo, HotlineList, SimChange,
};
use cpni_guard::transaction::{HostRisk, RiskSource};
use cpni_guard::vocabulary::{Clock, ContactPointId, Timestamp};
use cpni_guard::{AccountId, ChangeRequest, Delivery, Error, Sensitive, View};

/// For how long a sample customer has been one, with the same e-mail address.
const SAMPLE_AGE: Duration = Duration::from_secs(900 * 24 * 3600);

/// What the carrier's systems know, and its outbox.
pub(crate) struct Carrier {
    facts: RwLock<HashMap<AccountId, AccountFacts>>,
    outbox: Mutex<File>,
    clock: Arc<dyn Clock>,
    opened: Timestamp,
}

impl Carrier {
    /// `outbox` is where what goes to customers is written, one line a message: there is no mail here.
    pub(crate) fn new(folder: &Path, clock: Arc<dyn Clock>) -> std::io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let outbox = Mutex::new(options.open(folder.join("outbox.txt"))?);
        let now = clock.now();
        let opened = Timestamp::from_secs(now.as_secs().saturating_sub(SAMPLE_AGE.as_secs()));
        Ok(Self { facts: RwLock::default(), outbox, clock, opened })
    }

    pub(crate) fn add(&self, account: &AccountId) -> Result<(), Error> {
        let facts = AccountFacts {
            address: Some(AddressOnFile { id: ContactPointId::new("mail")?, since: self.opened }),
            sim_change: Some(SimChange::Never),
            business: Some(false),
            survivor: Some(false),
            // The library keeps the customers' locks; this carrier has none beside them.
            sim_lock: Some(false),
            port_lock: Some(false),
            simple_port: Some(true),
            ..AccountFacts::default()
        };
        self.facts.write().unwrap_or_else(PoisonError::into_inner).insert(account.clone(), facts);
        Ok(())
    }

    pub(crate) fn sim_moved(&self, account: &AccountId) {
        let at = SimChange::At(self.clock.now());
        let mut facts = self.facts.write().unwrap_or_else(PoisonError::into_inner);
        facts.entry(account.clone()).or_default().sim_change = Some(at);
    }

    /// Hands a message over. `false`: it could not be written, and is to come again.
    pub(crate) fn deliver(&self, line: &str) -> bool {
        let mut outbox = self.outbox.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(outbox, "{line}").and_then(|()| outbox.flush()).is_ok()
    }
}

impl AccountFactSource for Carrier {
    fn account_facts(&self, account: &AccountId) -> Result<AccountFacts, HostError> {
        // Of an account that is none, nothing is known: the least.
        Ok(self.facts.read().map_err(|_| HostError)?.get(account).cloned().unwrap_or_default())
    }
}

impl RiskSource for Carrier {
    fn risk(&self, _: &AccountId, _: &ChangeRequest) -> Result<HostRisk, HostError> {
        let account_opened = Some(self.opened);
        Ok(HostRisk { new_device: Some(false), device: None, account_opened, unlock_eligible: None })
    }
}

impl Delivery for Carrier {
    fn send(&self, _: &AccountId, _: &ContactPointId, _: &View) -> Result<(), HostError> {
        Err(HostError)
    }

    fn send_code(
        &self,
        account: &AccountId,
        _: CodeTo,
        _: Option<&ContactPointId>,
        code: &Sensitive<String>,
    ) -> Result<(), HostError> {
        // EXPOSE: the code is on its way to the customer.
        let sent = self.deliver(&format!("{} code {}", account.expose(), code.expose()));
        sent.then_some(()).ok_or(HostError)
    }

    fn call_back(&self, _: &AccountId) -> Result<(), HostError> {
        Err(HostError)
    }
}

/// A list that was released ten days ago, with one number that belongs to nobody.
impl HotlineList for Carrier {
    fn released(&self) -> Result<Timestamp, HostError> {
        Ok(Timestamp::from_secs(self.clock.now().as_secs().saturating_sub(10 * 24 * 3600)))
    }

    fn contains(&self, number: &str) -> bool {
        number == "8005550199"
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carrier(..)")
    }
}
