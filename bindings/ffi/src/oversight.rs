//! Questions of the officers: what the log holds of a period, whose data an incident touched; and what
//! the watch tells.

use std::fmt;
use std::sync::Arc;

use cpni_guard::guard::ScopeMode;
use cpni_guard::oversight::report::CarrierRecords;
use cpni_guard::oversight::scope::{Accesses, Affected, Reach, Scope, Selection, SsnReach};
use cpni_guard::oversight::watch::{Alarm, Response};
use cpni_guard::vocabulary::{AgentId, ClassSet, DataClass, EmployerId, SiteId, Timestamp};
use cpni_guard::{AgentSession, EvidenceReport, EvidenceRequest, Period};

use crate::error::{CpniError, call};
use crate::guard::Guard;

/// What the watch tells the host.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AlarmFacts {
    /// When, in microseconds since 1970.
    pub at_micros: u64,
    /// The rule that tripped.
    pub rule: String,
    /// What follows.
    pub response: Response,
    /// The agent; nothing: one whom the directory does not know.
    pub agent: Option<String>,
    /// Who employs the agent.
    pub employer: Option<String>,
    /// Where the agent sits.
    pub site: Option<String>,
    /// The interaction: 16 bytes.
    pub interaction: Vec<u8>,
    /// The pseudonym of the account: 32 bytes, as audit events carry it.
    pub account: Vec<u8>,
    /// The number of the audit event that records it, from 0.
    pub audit_index: u64,
}

impl From<&Alarm> for AlarmFacts {
    fn from(alarm: &Alarm) -> Self {
        Self {
            at_micros: alarm.at.as_micros(),
            rule: alarm.rule.to_string(),
            response: alarm.response,
            agent: alarm.agent.as_ref().map(ToString::to_string),
            employer: alarm.employer.as_ref().map(ToString::to_string),
            site: alarm.site.as_ref().map(ToString::to_string),
            interaction: alarm.interaction.to_vec(),
            account: alarm.account.to_vec(),
            audit_index: alarm.audit_index,
        }
    }
}

/// Numbers of the period that the carrier's own records hold. Nothing: not given, not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct CarrierNumbers {
    /// Breaches on record (64.2011).
    pub breaches: Option<u64>,
    /// Customers' complaints of improper access by employees (64.2009(e)).
    pub complaints_of_access_by_employees: Option<u64>,
    /// Customers' complaints of disclosure to individuals who are not entitled.
    pub complaints_of_disclosure: Option<u64>,
    /// Customers' complaints of improper access to information online.
    pub complaints_of_online_access: Option<u64>,
    /// Actions taken against data brokers.
    pub actions_against_data_brokers: Option<u64>,
}

/// An evidence report, as data and as a page. It names agents.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct EvidencePages {
    /// As JSON.
    pub json: String,
    /// As one page that stands alone and prints.
    pub html: String,
}

/// Which accesses belong to an incident: all, narrowed by each list that names something.
#[derive(Debug, Clone, PartialEq, Eq, Default, uniffi::Record)]
pub struct IncidentAccesses {
    /// By these agents.
    pub agents: Vec<String>,
    /// By agents of these employers.
    pub employers: Vec<String>,
    /// By agents who sat at these sites then.
    pub sites: Vec<String>,
    /// In these interactions, 16 bytes each.
    pub interactions: Vec<Vec<u8>>,
    /// Under these versions of the audit root.
    pub key_versions: Vec<u32>,
    /// From then on, in microseconds since 1970.
    pub from_micros: Option<u64>,
    /// Up to before then.
    pub until_micros: Option<u64>,
}

/// How much of an account an incident touched.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct AffectedAccount {
    /// The pseudonym: 32 bytes.
    pub pseudonym: Vec<u8>,
    /// How far its data got out, at worst.
    pub reach: Reach,
    /// How much of the SSN got out, at worst.
    pub ssn: Option<SsnReach>,
    /// The classes that were given out in some form.
    pub given: Vec<DataClass>,
    /// The classes of stolen data whose keys are safe.
    pub encrypted: Vec<DataClass>,
    /// The classes of stolen data whose keys were lost as well, or may have been.
    pub decryptable: Vec<DataClass>,
    /// The first of the events, in microseconds since 1970.
    pub first_micros: Option<u64>,
    /// The last of them.
    pub last_micros: Option<u64>,
    /// Number of events that gave something out or withheld it.
    pub events: u64,
    /// How many events say that the one before could not be carried out.
    pub not_carried_out: u64,
}

/// Whose data an incident touched. An object, because it names accounts.
#[derive(uniffi::Object)]
pub struct BreachScope(pub(crate) Scope);

#[uniffi::export]
impl Guard {
    /// What the audit log holds of a period, for the certificate of 47 CFR 64.2009(e). It reports; the
    /// officer certifies. `checkpoint`: the signed note that was kept outside, if there is one.
    ///
    /// # Errors
    /// 9306 if nothing lies between the times; 6102 to 6106 for the note; 9301.
    pub fn evidence_report(
        &self,
        from_micros: u64,
        until_micros: u64,
        carrier: Option<CarrierNumbers>,
        checkpoint: Option<String>,
    ) -> Result<EvidencePages, CpniError> {
        call(|| {
            let guard = self.core()?;
            let (from, until) = (Timestamp::from_micros(from_micros), Timestamp::from_micros(until_micros));
            let period = Period::new(from, until).ok_or(CpniError::NO_SUCH_PLACE)?;
            let mut request = EvidenceRequest::from(period);
            if let Some(carrier) = carrier {
                request.carrier = CarrierRecords {
                    breaches: carrier.breaches,
                    complaints_of_access_by_employees: carrier.complaints_of_access_by_employees,
                    complaints_of_disclosure: carrier.complaints_of_disclosure,
                    complaints_of_online_access: carrier.complaints_of_online_access,
                    actions_against_data_brokers: carrier.actions_against_data_brokers,
                };
            }
            let key = guard.audit().verifying_key();
            let outside = checkpoint.map(|note| cpni_guard::audit::Checkpoint::open(&note, &key));
            request.checkpoint = outside.transpose()?;
            let report: EvidenceReport = guard.evidence_report(request);
            Ok(EvidencePages { json: report.to_json(), html: report.to_html() })
        })
    }

    /// Whose data an incident touched, with the names of the accounts, from this guard's log. That it
    /// was asked is recorded first. `prove`: every event is read and hashed; else the index is believed.
    ///
    /// # Errors
    /// 5030 if the agent is no breach officer of this guard; 5001, 5002; 6001 to 6010; 9301, 9302.
    pub fn breach_scope(
        &self,
        officer_session: String,
        accesses: IncidentAccesses,
        prove: bool,
    ) -> Result<Arc<BreachScope>, CpniError> {
        call(|| {
            let selection = Selection::of(accesses.core()?);
            let mode = if prove { ScopeMode::Prove } else { ScopeMode::Index };
            let officer = AgentSession::new(officer_session);
            Ok(Arc::new(BreachScope(self.core()?.breach_scope(&officer, &selection, mode, &[])?)))
        })
    }

    /// The account of one event of the log, as UTF-8; nothing where it is about none. For an alarm, or an
    /// answer of `seen_by`. That it was asked is recorded first; more than a few names are one question
    /// to `breach_scope`.
    ///
    /// # Errors
    /// 5030 if the agent is no breach officer of this guard; 5001, 5002; 6001 to 6010; 9301.
    pub fn name_account(&self, officer_session: String, event: u64) -> Result<Option<Vec<u8>>, CpniError> {
        call(|| {
            let named = self.core()?.name_account(&AgentSession::new(officer_session), event)?;
            // EXPOSE: the guard gave the name to an officer whom the host entitled, and recorded it.
            Ok(named.map(|account| account.expose().as_bytes().to_vec()))
        })
    }
}

#[uniffi::export]
impl BreachScope {
    /// The accounts, in the order of their pseudonyms.
    ///
    /// # Errors
    /// Never.
    pub fn accounts(&self) -> Result<Vec<AffectedAccount>, CpniError> {
        call(|| Ok(self.0.accounts().map(affected).collect()))
    }

    /// The name of the account at this place, as UTF-8; nothing where it could not be opened.
    ///
    /// # Errors
    /// 9306.
    pub fn name(&self, at: u32) -> Result<Option<Vec<u8>>, CpniError> {
        call(|| {
            let at = usize::try_from(at).map_err(|_| CpniError::NO_SUCH_PLACE)?;
            let account = self.0.accounts().nth(at).ok_or(CpniError::NO_SUCH_PLACE)?;
            // EXPOSE: the guard gave the names to an officer whom the host entitled, and recorded it.
            Ok(account.name().map(|name| name.expose().as_bytes().to_vec()))
        })
    }

    /// Whether these are all: the log has no gap. If it is not, more accounts may be affected.
    ///
    /// # Errors
    /// Never.
    pub fn is_exact(&self) -> Result<bool, CpniError> {
        call(|| Ok(self.0.is_exact()))
    }
}

/// Silent.
impl fmt::Debug for BreachScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BreachScope(..)")
    }
}

impl IncidentAccesses {
    pub(crate) fn core(self) -> Result<Accesses, CpniError> {
        let agents = self.agents.into_iter().map(AgentId::new).collect::<Result<Vec<_>, _>>()?;
        let employers = self.employers.into_iter().map(EmployerId::new).collect::<Result<Vec<_>, _>>()?;
        let sites = self.sites.into_iter().map(SiteId::new).collect::<Result<Vec<_>, _>>()?;
        let interaction = |bytes: Vec<u8>| bytes.try_into().map_err(|_| CpniError::LAYOUT);
        let interactions =
            self.interactions.into_iter().map(interaction).collect::<Result<Vec<[u8; 16]>, _>>()?;
        let accesses = Accesses::all()
            .by_agents(agents)
            .by_employers(employers)
            .at_sites(sites)
            .in_interactions(interactions)
            .under_key_versions(self.key_versions);
        Ok(match (self.from_micros, self.until_micros) {
            (None, None) => accesses,
            (from, until) => {
                let from = Timestamp::from_micros(from.unwrap_or(0));
                accesses.within(from..Timestamp::from_micros(until.unwrap_or(u64::MAX)))
            }
        })
    }
}

fn affected(account: &Affected) -> AffectedAccount {
    let given: ClassSet = account.classes().given();
    AffectedAccount {
        pseudonym: account.pseudonym().to_vec(),
        reach: account.reach(),
        ssn: account.ssn(),
        given: given.iter().collect(),
        encrypted: account.encrypted().iter().collect(),
        decryptable: account.decryptable().iter().collect(),
        first_micros: account.times().map(|(first, _)| first.as_micros()),
        last_micros: account.times().map(|(_, last)| last.as_micros()),
        events: account.events(),
        not_carried_out: account.not_carried_out(),
    }
}
