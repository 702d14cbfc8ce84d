//! Epochs of values that are to be deleted after a day (`docs/spec/subject-store-v1.md` §6).
//!
//! Rule: such a value opens with two secrets, its account's and its day's, and with neither alone.

use super::entry::{day_number, day_of};
use crate::error::SubjectError;
use crate::hazmat::Key32;
use crate::hazmat::framing::Tuple;
use crate::hazmat::kdf::Prk;
use crate::vocabulary::{CivilDate, Timestamp};

const LABEL: &str = "cpni-guard/v1/delete-after";
/// Marks an epoch with a day in it.
const DATED: u32 = 1 << 31;
/// The last epoch of an account: 15 bits are left for it beside a day.
pub(super) const MAX_EPOCH: u32 = (1 << 15) - 1;
const SECS_OF_A_DAY: u64 = 86_400;

/// A UTC day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Day(u16);

/// The epoch of a value with a date, taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dated {
    /// The account's.
    pub(super) epoch: u32,
    /// After which the value is to be deleted.
    pub(super) day: Day,
}

impl Day {
    /// `None` for a day before 1970 or past 2149-06-06.
    pub(crate) fn of(date: CivilDate) -> Option<Self> {
        let day = u16::try_from(day_number(date)).ok().map(Self)?;
        (day.date() == Some(date)).then_some(day)
    }

    /// The day that it is.
    pub(super) fn today(now: Timestamp) -> Self {
        Self(u16::try_from(now.as_secs() / SECS_OF_A_DAY).unwrap_or(u16::MAX))
    }

    /// The days before this one, at most so many, the first one first.
    pub(super) fn before(self, count: u16) -> impl Iterator<Item = Self> {
        (self.0.saturating_sub(count)..self.0).map(Self)
    }

    /// The day that the epoch of a day's row names.
    pub(super) fn of_row(epoch: u32) -> Option<Self> {
        epoch.checked_sub(DATED).and_then(|day| u16::try_from(day).ok()).map(Self)
    }

    /// The epoch in the row of the day.
    pub(super) fn row_epoch(self) -> u32 {
        DATED | u32::from(self.0)
    }

    pub(super) const fn to_be_bytes(self) -> [u8; 4] {
        [0, 0, self.0.to_be_bytes()[0], self.0.to_be_bytes()[1]]
    }

    pub(crate) fn date(self) -> Option<CivilDate> {
        day_of(self.0.into())
    }
}

impl Dated {
    /// Fails with [`SubjectError::TooManyEpochs`].
    pub(super) const fn new(epoch: u32, day: Day) -> Result<Self, SubjectError> {
        if epoch > MAX_EPOCH { Err(SubjectError::TooManyEpochs) } else { Ok(Self { epoch, day }) }
    }

    /// `None` for an epoch without a day.
    pub(crate) fn of(epoch: u32) -> Option<Self> {
        let [high, low, day @ ..] = epoch.to_be_bytes();
        let account = u32::from(u16::from_be_bytes([high, low]) & 0x7fff);
        (epoch & DATED != 0).then(|| Self { epoch: account, day: Day(u16::from_be_bytes(day)) })
    }

    /// What stands in the sealed bytes.
    pub(super) fn to_epoch(self) -> u32 {
        DATED | self.epoch << 16 | u32::from(self.day.0)
    }

    /// Fails with [`SubjectError::PastDeleteAfter`] from the end of the day on.
    pub(super) fn check(self, now: Timestamp) -> Result<(), SubjectError> {
        if Day::today(now) > self.day { Err(SubjectError::PastDeleteAfter) } else { Ok(()) }
    }

    /// The secret that the keys of the value take in.
    pub(super) fn secret(self, of_account: &Key32, of_day: &Key32) -> Key32 {
        let both = Prk::extract(LABEL.as_bytes(), &[of_account.bytes(), of_day.bytes()]);
        both.expand(Tuple::new(LABEL).with(&self.to_epoch().to_be_bytes()).as_bytes())
    }
}

/// The day after which bytes of this epoch are to be deleted, if they have one.
pub(crate) fn delete_after(epoch: u32) -> Option<CivilDate> {
    Dated::of(epoch).and_then(|dated| dated.day.date())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_with_a_day_leads_back_to_both() {
        let date = |y, m, d| CivilDate::new(y, m, d).unwrap();
        for (on, number) in
            [(date(1970, 1, 1), 0), (date(2026, 11, 30), 20_787), (date(2149, 6, 6), u16::MAX)]
        {
            let day = Day::of(on).unwrap();
            assert_eq!((day, day.date()), (Day(number), Some(on)));
            assert_eq!(Day::of_row(day.row_epoch()), Some(day));
            for epoch in [1, MAX_EPOCH] {
                let dated = Dated::new(epoch, day).unwrap();
                assert_eq!(Dated::of(dated.to_epoch()), Some(dated));
                assert_eq!(delete_after(dated.to_epoch()), Some(on));
            }
        }
        for outside in [date(1969, 12, 31), date(2149, 6, 7), date(9999, 12, 31), date(-1, 1, 1)] {
            assert_eq!(Day::of(outside), None);
        }
        assert_eq!(Dated::new(MAX_EPOCH + 1, Day(1)), Err(SubjectError::TooManyEpochs));
        for without in [0, 1, MAX_EPOCH, DATED - 1] {
            assert_eq!((Dated::of(without), Day::of_row(without)), (None, None));
        }
        assert_eq!(Day::of_row(DATED + 0x1_0000), None, "of a value, not of a row");
    }

    #[test]
    fn a_day_is_over_at_midnight_utc() {
        let dated = Dated::new(1, Day(20_787)).unwrap();
        let midnight = 20_788 * SECS_OF_A_DAY;
        assert_eq!(dated.check(Timestamp::from_secs(midnight - 1)), Ok(()));
        assert_eq!(dated.check(Timestamp::from_secs(midnight)), Err(SubjectError::PastDeleteAfter));
        let far = Dated::new(1, Day(u16::MAX)).unwrap();
        assert_eq!(far.check(Timestamp::from_secs(u64::from(u16::MAX) * SECS_OF_A_DAY)), Ok(()));
        assert_eq!(Day(2).before(9).collect::<Vec<_>>(), [Day(0), Day(1)]);
        assert_eq!(Day(20).before(2).collect::<Vec<_>>(), [Day(18), Day(19)]);
    }

    #[test]
    fn both_secrets_are_needed() {
        let key = |byte| {
            Key32::filled_by(|out| -> Result<(), core::convert::Infallible> {
                out.fill(byte);
                Ok(())
            })
        };
        let (Ok(a), Ok(b)) = (key(1), key(2));
        let dated = Dated::new(1, Day(20_787)).unwrap();
        let secret = *dated.secret(&a, &b).bytes();
        // Worked out with Python's hmac, from the specification.
        let known = "7efc861f477449143b2ae4cd7dffde4dd7b618d84712382b22a2ecc27c5df43f";
        assert_eq!(crate::vocabulary::hex(&secret), known);
        assert_ne!(dated.secret(&a, &a).bytes(), &secret);
        assert_ne!(dated.secret(&b, &b).bytes(), &secret);
        assert_ne!(dated.secret(&b, &a).bytes(), &secret);
        assert_ne!(Dated::new(2, Day(20_787)).unwrap().secret(&a, &b).bytes(), &secret);
        assert_ne!(Dated::new(1, Day(20_788)).unwrap().secret(&a, &b).bytes(), &secret);
    }
}
