//! Views for an agent's machine: decided, recorded and opened as any view, then sealed for the
//! device session that asked. The values are wiped here before the reply leaves.

use crate::audit::EventFacts;
use crate::device::{DeviceDecision, DeviceReason, DeviceReply, DeviceRequest, ReplyContext, ReplySealer};
use crate::disclose::View;
use crate::envelope::Stored;
use crate::error::{Error, InteractionError, SealedError};
use crate::hazmat::framing::Tuple;
use crate::hazmat::hash;
use crate::policy::Decision;
use crate::vocabulary::{BasisId, DataClass, EventKind, FieldName, Timestamp};

use super::interaction::{FieldRequest, Interaction};

/// Rules of a decision that travel.
const REASONS: usize = 32;

impl Interaction {
    /// As [`Interaction::view`], sealed for the device session that made `request`: nobody else opens
    /// it, and the session opens it once. The first request binds the interaction to its session; one
    /// of another session is refused and recorded.
    ///
    /// The values are in plain text in this process while they are sealed, as in any view, and are wiped
    /// before this returns. The reply ends with the interaction's time, as it stands now.
    ///
    /// # Errors
    /// As [`Interaction::view`], and [`InteractionError::AnotherDevice`];
    /// [`DeviceError::PublicKey`](crate::error::DeviceError::PublicKey): nothing is decided then;
    /// [`DeviceError::TooLarge`](crate::error::DeviceError::TooLarge): recorded as not carried out.
    pub fn view_for_device<'s, 'r, R: Into<FieldRequest<'r>>>(
        &mut self,
        sealed: impl Into<Stored<'s>>,
        fields: impl IntoIterator<Item = R>,
        request: &DeviceRequest,
    ) -> Result<DeviceReply, Error> {
        let now = self.session.refresh()?;
        let mut announced = self.event(EventKind::DeviceAsked, now);
        announced.basis = Some(BasisId::new(request.fingerprint())?);
        if self.device.is_some_and(|bound| bound != *request.public_key()) {
            return self.refuse_device(announced);
        }
        let sealer = ReplySealer::make(request, self.reply_context(now))?;
        self.device = Some(*request.public_key());
        let view = self.look(&sealed.into(), fields, now, Some(announced))?;
        let reply = self.seal_view(sealer, &view);
        view.close();
        self.refuse_if_failed(reply)
    }

    fn refuse_device(&self, mut announced: EventFacts) -> Result<DeviceReply, Error> {
        let refused = Error::from(InteractionError::AnotherDevice);
        announced.cause = refused.code().get();
        self.record(announced)?;
        Err(refused)
    }

    fn reply_context(&self, now: Timestamp) -> ReplyContext<'_> {
        let (session, audit) = (&self.session, &self.guard.0.audit);
        // The pseudonym is a keyed one; hashed with the interaction, two sessions are not linked by it.
        let account_ref = Tuple::new("cpni-guard/v1/device-session/account")
            .with(session.id())
            .with(&audit.derive_pseudonym(session.account()));
        ReplyContext {
            interaction: *session.id(),
            account_ref: hash::sha256(account_ref.as_bytes()),
            agent: &session.agent().id,
            sealed_at: now,
            expires: session.liveness().expires(),
        }
    }

    fn seal_view(&self, sealer: ReplySealer, view: &View) -> Result<DeviceReply, Error> {
        let decided = view.fields().map(|(name, field)| {
            let spec = self.guard.schema().field(name.as_str()).ok_or(SealedError::SchemaMismatch)?;
            Ok((name.clone(), device_decision(spec.class(), field.decision())))
        });
        let fields = decided.collect::<Result<Vec<(FieldName, DeviceDecision)>, Error>>()?;
        Ok(view.with_values(|values| sealer.seal(view.audit_index(), &fields, values))??)
    }
}

/// What travels of a decision.
fn device_decision(class: DataClass, decision: &Decision) -> DeviceDecision {
    DeviceDecision {
        class,
        scope: decision.scope(),
        outcome: decision.outcome(),
        form: decision.form(),
        because: decision.because(),
        obligations: decision.obligations(),
        for_agent: decision.for_agent().into(),
        reasons: decision
            .reasons()
            .take(REASONS)
            .map(|reason| DeviceReason {
                rule: reason.rule.clone(),
                title: reason.title.into(),
                cite: reason.cite.into(),
                certainty: reason.certainty.name().into(),
            })
            .collect(),
        remedies: decision.remedies(),
    }
}
