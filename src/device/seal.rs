//! The back end's side: a decided, recorded and opened view, sealed for a device session.

use super::decision::DeviceDecision;
use super::request::{DeviceReply, DeviceRequest};
use super::v1::{self, Header};
use crate::classify::FieldValue;
use crate::error::{DeviceError, Error, KeyError};
use crate::hazmat::hpke::{NotSealed, Sender};
use crate::vocabulary::{AgentId, FieldName, Timestamp};

/// What a reply is bound to, beside the session and the request.
pub(crate) struct ReplyContext<'c> {
    pub(crate) interaction: [u8; 16],
    /// Says which replies are about the same account in this interaction, and not which account.
    pub(crate) account_ref: [u8; 32],
    pub(crate) agent: &'c AgentId,
    pub(crate) sealed_at: Timestamp,
    /// When the interaction ends by itself, as of now.
    pub(crate) expires: Timestamp,
}

/// Seals one reply. Made before anything is decided, because the request may be refused.
#[derive(Debug)]
pub(crate) struct ReplySealer {
    header: Vec<u8>,
    sender: Sender,
}

impl ReplySealer {
    /// Draws the key of the reply.
    ///
    /// Fails with [`DeviceError::PublicKey`] for a public key of low order.
    pub(crate) fn make(request: &DeviceRequest, context: ReplyContext<'_>) -> Result<Self, Error> {
        Self::with(request, context, |info| Sender::make(&request.public, info))
    }

    fn with(
        request: &DeviceRequest,
        context: ReplyContext<'_>,
        sender: impl FnOnce(&[u8]) -> Result<Sender, NotSealed>,
    ) -> Result<Self, Error> {
        let header = Header {
            number: request.number,
            interaction: context.interaction,
            account_ref: context.account_ref,
            sealed_at: context.sealed_at,
            expires: context.expires,
            agent: context.agent.clone(),
        }
        .write();
        match sender(v1::info(&header).as_bytes()) {
            Ok(sender) => Ok(Self { header, sender }),
            Err(NotSealed::Random) => Err(KeyError::Random.into()),
            Err(NotSealed::PublicKey) => Err(DeviceError::PublicKey.into()),
        }
    }

    #[cfg(test)]
    pub(super) fn with_seed_for_testing(
        request: &DeviceRequest,
        context: ReplyContext<'_>,
        seed: [u8; 32],
    ) -> Result<Self, Error> {
        Self::with(request, context, |info| Sender::with_seed_for_testing(&request.public, info, seed))
    }

    /// Seals the decisions, and the values of the fields that are given out.
    ///
    /// Fails with [`DeviceError::TooLarge`] if the reply would be longer than the format allows.
    pub(crate) fn seal(
        self,
        audit_index: u64,
        fields: &[(FieldName, DeviceDecision)],
        values: &[(FieldName, FieldValue)],
    ) -> Result<DeviceReply, DeviceError> {
        let plain = v1::Plain { audit_index, fields, values };
        // One buffer of the final size: the plaintext becomes the ciphertext where it stands.
        let (mut reply, starts) = plain.write_behind(&self.header, self.sender.enc())?;
        // EXPOSE: sealed here.
        let (_, body) = reply.expose_mut().split_at_mut_checked(starts).unwrap_or_default();
        let too_large = DeviceError::TooLarge { len: body.len(), max: v1::MAX_REPLY_LEN };
        let tag = self.sender.seal(body).ok_or(too_large)?;
        // EXPOSE: it is ciphertext now.
        let mut reply = core::mem::take(reply.expose_mut());
        reply.extend_from_slice(&tag);
        Ok(DeviceReply::new(reply))
    }

    #[cfg(test)]
    pub(super) fn seal_raw_for_testing(self, mut plain: Vec<u8>) -> DeviceReply {
        let enc = *self.sender.enc();
        let tag = self.sender.seal(&mut plain).unwrap();
        DeviceReply::new([&self.header[..], &enc, &plain, &tag].concat())
    }
}
