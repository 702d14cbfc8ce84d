//! Signed-in customers: a token that nobody guesses, and behind it one interaction of the library.
//!
//! Rules: a token is drawn after the password matched, and none that a caller brings is taken; a session ends at
//! its sign-out, after the library's time limits, and when the account's SIM moved.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cpni_guard::vocabulary::Timestamp;
use cpni_guard::{AccountId, Interaction};

use crate::data::make_reference;
use crate::identity::Identity;
use crate::refusal::Refusal;

/// Sessions at once. Library default of this sample.
const MAX_SESSIONS: usize = 10_000;
/// Sessions of one account at once; the oldest ends where one more begins.
const MAX_OF_ACCOUNT: usize = 5;
/// After so long without a request, in seconds: the library's own limit for an interaction.
const IDLE: u64 = 15 * 60;

/// A signed-in customer.
pub(crate) struct Signed {
    /// The name under which library and audit log know the session; not the token.
    pub(crate) name: String,
    pub(crate) account: AccountId,
    interaction: Mutex<Interaction>,
    used: Mutex<Timestamp>,
}

/// The sessions of this process, by token.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<HashMap<String, Arc<Signed>>>);

impl Signed {
    /// The interaction: one request of a session at a time.
    pub(crate) fn interaction(&self) -> MutexGuard<'_, Interaction> {
        self.interaction.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn used(&self) -> MutexGuard<'_, Timestamp> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sessions {
    /// Begins a session. Gives its token.
    pub(crate) fn begin(
        &self,
        identity: &Identity,
        (name, account): (String, AccountId),
        interaction: Interaction,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let token = make_reference()?;
        let signed = Signed { name, account, interaction: Mutex::new(interaction), used: Mutex::new(now) };
        let mut sessions = self.sessions();
        if sessions.len() >= MAX_SESSIONS {
            identity.leave(&signed.name);
            return Err(Refusal::Busy);
        }
        let of_account = sessions.iter().filter(|(_, other)| other.account == signed.account);
        let mut own: Vec<_> = of_account.map(|(token, other)| (*other.used(), token.clone())).collect();
        own.sort();
        let too_many = own.len().saturating_add(1).saturating_sub(MAX_OF_ACCOUNT);
        let ended: Vec<_> = own.iter().take(too_many).map(|(_, oldest)| sessions.remove(oldest)).collect();
        sessions.insert(token.clone(), Arc::new(signed));
        drop(sessions);
        ended.into_iter().for_each(|oldest| end(oldest, identity));
        Ok(token)
    }

    /// The session of a token. Counts as use of it.
    pub(crate) fn get(&self, token: &str, now: Timestamp) -> Option<Arc<Signed>> {
        let signed = self.sessions().get(token).cloned()?;
        *signed.used() = now;
        Some(signed)
    }

    /// Ends the session of a token.
    pub(crate) fn end(&self, token: &str, identity: &Identity) {
        let ended = self.sessions().remove(token);
        end(ended, identity);
    }

    /// Ends every session of an account.
    pub(crate) fn end_of(&self, account: &AccountId, identity: &Identity) {
        self.end_where(identity, |signed| signed.account == *account);
    }

    /// Ends those that nobody used lately.
    pub(crate) fn sweep(&self, identity: &Identity, now: Timestamp) {
        self.end_where(identity, |signed| is_idle(*signed.used(), now));
    }

    fn end_where(&self, identity: &Identity, over: impl Fn(&Signed) -> bool) {
        let ended: Vec<_> = self.sessions().extract_if(|_, signed| over(signed)).collect();
        ended.into_iter().for_each(|(_, signed)| end(Some(signed), identity));
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Arc<Signed>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The library's interaction ends with the contact: also one that is in a request right now, at its next step.
fn end(signed: Option<Arc<Signed>>, identity: &Identity) {
    signed.iter().for_each(|signed| identity.leave(&signed.name));
}

/// One that is used while the sweep looks was used after `now`: it is not idle. A clock that goes back is the library's to
/// see, which then ends the interaction.
fn is_idle(used: Timestamp, now: Timestamp) -> bool {
    now.since(used).is_some_and(|idle| idle.as_secs() >= IDLE)
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sessions(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_idle_after_so_long_and_not_while_it_is_used() {
        let at = Timestamp::from_secs;
        assert!(is_idle(at(1_000), at(1_000 + IDLE)));
        assert!(!is_idle(at(1_000), at(1_000 + IDLE - 1)));
        assert!(!is_idle(at(1_001), at(1_000)), "used between the look at the clock and at the session");
    }
}
