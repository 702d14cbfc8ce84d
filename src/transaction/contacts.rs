//! Where notices go: to the contact points as they were before recent changes.
//!
//! Rules: a point that came lately is not told of anything, so that nobody who brought one in is the
//! only one to hear of what they do next; one that went lately is still told. The first telling of an
//! account's points is believed as it is; what is told later counts from then.

use crate::interaction::{AccountFacts, ContactChannel, NoticeTarget, SimChange};
use crate::vocabulary::{CivilDate, ContactPointId, Timestamp};

use super::kind::TransactionId;

/// For so many days a contact point, a SIM or a number that changed is not told of anything, and one that
/// went is. Library default, at the least the 30 days of an address of record: 47 CFR 64.2003(b), 64.2010(f)(1).
/// Counted in UTC civil days; on day 30 it is told.
pub const CONTACT_LOOK_BACK_DAYS: i64 = 30;
/// Contact points of an account, with those that went lately.
pub const MAX_CONTACT_POINTS: usize = 32;

/// A contact point as the host tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactPoint {
    /// The host's id of it. Not the address.
    pub id: ContactPointId,
    /// How it is reached. The telephone number of record needs no telling: it is always there.
    pub channel: ContactChannel,
    /// Since when the account has it.
    pub since: Timestamp,
    /// Whether it is there since the service began (64.2010(f)(1): that was no change).
    pub from_the_beginning: bool,
}

/// What brought a contact point in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PointOrigin {
    ServiceInitiation,
    Host,
    Transaction(TransactionId),
}

/// A contact point as it is kept, also after it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KnownPoint {
    pub(crate) id: ContactPointId,
    pub(crate) channel: ContactChannel,
    pub(crate) origin: PointOrigin,
    pub(crate) since: Timestamp,
    pub(crate) until: Option<Timestamp>,
}

impl KnownPoint {
    /// Whether it is told: it was there before every change of the last days.
    fn is_as_it_was(&self, now: Timestamp) -> bool {
        let came = match self.origin {
            PointOrigin::ServiceInitiation => self.since <= now,
            PointOrigin::Host | PointOrigin::Transaction(_) => is_old(self.since, now),
        };
        came && self.until.is_none_or(|until| !is_old(until, now))
    }

    /// Whether it came or went lately.
    fn changed_lately(&self, now: Timestamp) -> bool {
        let came = self.origin != PointOrigin::ServiceInitiation && !is_old(self.since, now);
        came || self.until.is_some_and(|until| !is_old(until, now))
    }
}

/// What decides about contact points.
pub(crate) struct Contacts<'c> {
    pub(crate) points: &'c [KnownPoint],
    /// When SIM or number last changed by a transaction.
    pub(crate) number_changed: Option<Timestamp>,
    /// What the host says of the account.
    pub(crate) host: &'c AccountFacts,
}

impl Contacts<'_> {
    /// One target for each channel, the oldest point of it; `None`: nobody can be told who has to be.
    pub(crate) fn targets(&self, now: Timestamp) -> Option<Vec<NoticeTarget>> {
        let mut targets = Vec::new();
        // Whether 64.2010(f)(1) names where one of them goes.
        let mut is_of_the_rule = false;
        if self.number_is_as_it_was(now) {
            targets.push(NoticeTarget::number_of_record());
            is_of_the_rule = true;
        }
        let known = self.known(now);
        for channel in
            ContactChannel::ALL.iter().filter(|channel| **channel != ContactChannel::NumberOfRecord)
        {
            let of_it = known.iter().filter(|point| point.channel == *channel && point.is_as_it_was(now));
            let Some(oldest) = of_it.min_by_key(|point| point.since) else { continue };
            is_of_the_rule |= channel.is_of_the_rule() && is_old(oldest.since, now);
            targets.push(NoticeTarget { channel: *channel, id: Some(oldest.id.clone()) });
        }
        is_of_the_rule.then_some(targets)
    }

    /// Whether a contact point, or the address on file, came or went lately. Unknown counts as changed.
    pub(crate) fn changed_lately(&self, now: Timestamp) -> bool {
        if self.points.is_empty() {
            return self.host.address.as_ref().is_none_or(|address| !is_old(address.since, now));
        }
        self.points.iter().any(|point| point.changed_lately(now))
    }

    /// Neither SIM nor number changed lately. Unknown is changed.
    fn number_is_as_it_was(&self, now: Timestamp) -> bool {
        let by_us = self.number_changed.is_none_or(|changed| is_old(changed, now));
        by_us
            && match self.host.sim_change {
                None => false,
                Some(SimChange::Never) => true,
                Some(SimChange::At(at)) => is_old(at, now),
            }
    }

    /// The points that were told; of a host that told none, the address on file.
    fn known(&self, now: Timestamp) -> Vec<KnownPoint> {
        if !self.points.is_empty() {
            return self.points.to_vec();
        }
        let address = self.host.address.iter().filter(|address| address.since <= now);
        address
            .map(|address| KnownPoint {
                id: address.id.clone(),
                channel: ContactChannel::Address,
                origin: PointOrigin::Host,
                since: address.since,
                until: None,
            })
            .collect()
    }
}

/// Whether that was so many days ago that it counts as it is. The future is not.
pub(super) fn is_old(at: Timestamp, now: Timestamp) -> bool {
    days_between(at, now).is_some_and(|days| days >= CONTACT_LOOK_BACK_DAYS)
}

fn days_between(at: Timestamp, now: Timestamp) -> Option<i64> {
    let (at, now): (CivilDate, CivilDate) = (at.utc_date()?, now.utc_date()?);
    Some(now.days_since(at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interaction::{AddressOnFile, SimChange};

    const DAY: u64 = 86_400;
    /// 2026-11-23, the last second.
    const NOW: Timestamp = Timestamp::from_secs(1_795_392_000 + DAY - 1);

    fn days_ago(days: u64) -> Timestamp {
        Timestamp::from_secs(1_795_392_000 - days * DAY)
    }

    fn point(id: &str, channel: ContactChannel, days: u64) -> KnownPoint {
        let id = ContactPointId::new(id).unwrap();
        KnownPoint { id, channel, origin: PointOrigin::Host, since: days_ago(days), until: None }
    }

    fn host(sim: Option<SimChange>) -> AccountFacts {
        AccountFacts { sim_change: sim, ..AccountFacts::default() }
    }

    fn told(points: &[KnownPoint], host: &AccountFacts) -> Option<Vec<String>> {
        let contacts = Contacts { points, number_changed: None, host };
        let name =
            |target: NoticeTarget| target.id.map_or_else(|| "number".to_owned(), |id| id.as_str().to_owned());
        contacts.targets(NOW).map(|targets| targets.into_iter().map(name).collect())
    }

    #[test]
    fn a_point_is_told_from_day_30_and_until_day_30_after_it_went() {
        let never = host(Some(SimChange::Never));
        let email = |days| point("mail-1", ContactChannel::Email, days);
        assert_eq!(told(&[email(30)], &never).unwrap(), ["number", "mail-1"]);
        assert_eq!(told(&[email(29)], &never).unwrap(), ["number"]);
        let gone = |days| KnownPoint { until: Some(days_ago(days)), ..email(200) };
        assert_eq!(told(&[gone(29)], &never).unwrap(), ["number", "mail-1"]);
        assert_eq!(told(&[gone(30)], &never).unwrap(), ["number"]);
        // One that lies in the future is no point.
        let future = KnownPoint { since: NOW.plus(core::time::Duration::from_secs(DAY)), ..email(1) };
        assert_eq!(told(&[future], &never).unwrap(), ["number"]);
    }

    #[test]
    fn the_number_is_told_from_day_30_after_a_sim_change() {
        let changed = |days| host(Some(SimChange::At(days_ago(days))));
        let email = [point("mail-1", ContactChannel::Email, 90)];
        assert_eq!(told(&email, &changed(30)).unwrap(), ["number", "mail-1"]);
        assert_eq!(told(&email, &changed(29)).unwrap(), ["mail-1"]);
        assert_eq!(told(&email, &host(None)).unwrap(), ["mail-1"], "unknown is changed");
        assert_eq!(told(&[], &changed(29)), None);
        let never = host(Some(SimChange::Never));
        let by_us = |days| {
            Contacts { points: &email, number_changed: Some(days_ago(days)), host: &never }.targets(NOW)
        };
        assert_eq!((by_us(30).unwrap().len(), by_us(29).unwrap().len()), (2, 1));
    }

    #[test]
    fn each_channel_is_told_once_at_its_oldest_point_and_an_app_never_alone() {
        let never = host(Some(SimChange::Never));
        let points = [
            point("mail-2", ContactChannel::Email, 40),
            point("mail-1", ContactChannel::Email, 400),
            point("app-1", ContactChannel::App, 60),
            point("post-1", ContactChannel::Post, 60),
        ];
        assert_eq!(told(&points, &never).unwrap(), ["number", "mail-1", "post-1", "app-1"]);
        assert_eq!(told(&points[2..3], &host(None)), None);
    }

    #[test]
    fn what_is_there_from_the_beginning_is_told_beside_the_number_and_not_alone() {
        let young = KnownPoint {
            origin: PointOrigin::ServiceInitiation,
            ..point("mail-1", ContactChannel::Email, 5)
        };
        assert_eq!(
            told(core::slice::from_ref(&young), &host(Some(SimChange::Never))).unwrap(),
            ["number", "mail-1"]
        );
        assert_eq!(told(&[young], &host(None)), None, "it is no address of record yet");
    }

    #[test]
    fn a_host_without_points_has_its_address_on_file() {
        let address = |days| {
            let id = ContactPointId::new("post-9").unwrap();
            let address = Some(AddressOnFile { id, since: days_ago(days) });
            AccountFacts { address, sim_change: Some(SimChange::Never), ..AccountFacts::default() }
        };
        assert_eq!(told(&[], &address(30)).unwrap(), ["number", "post-9"]);
        assert_eq!(told(&[], &address(29)).unwrap(), ["number"]);
        let lately =
            |host: &AccountFacts| Contacts { points: &[], number_changed: None, host }.changed_lately(NOW);
        assert!(!lately(&address(30)) && lately(&address(29)) && lately(&host(None)));
    }
}
