//! What a mask stands for, and how much of it may ever be shown: the table of the room.

use crate::classify::FieldSpec;
use crate::vocabulary::{DataClass, IdentifierKind, codes};

codes! {
    /// What a mask stands for: finer than a class, because two kinds of one class show different parts.
    ///
    /// | Kind | Part that a masked view shows | Most that may be asked for |
    /// |---|---|---|
    /// | `card` | last 4 digits | last 4 |
    /// | `phone` | last 2 digits | last 4 |
    /// | `imei`, `meid`, `iccid`, `imsi`, `eid` | last 4 digits of the normal form | last 4 |
    /// | `email` | first letter | that |
    /// | `name` | first letter, if it is one of A to Z | that |
    /// | `address` | city and state | that |
    /// | every other | nothing | nothing |
    ///
    /// An SSN shows nothing, because its last four digits are "readily available biographical information" of
    /// their own (47 CFR 64.2003(m)); an account number, because any component of it is "account information"
    /// (64.2003(a)); a call, because number, time, place and duration are each "call detail information"
    /// (64.2003(d)). The other lines are our default. `docs/redaction.md` has the reasons.
    MaskKind {
        /// A Social Security number or its last four digits.
        Ssn = 1, "ssn";
        /// A taxpayer's number that looks like an SSN. [`MaskKind::of`] never says so: that a customer has one
        /// says something about the customer.
        Itin = 2, "itin";
        /// A telephone number.
        Phone = 3, "phone";
        /// A payment card number.
        Card = 4, "card";
        /// An IMEI.
        Imei = 5, "imei";
        /// The number of a SIM card.
        Iccid = 6, "iccid";
        /// The subscriber's number in mobile networks.
        Imsi = 7, "imsi";
        /// The number of an eSIM chip.
        Eid = 8, "eid";
        /// A MEID.
        Meid = 9, "meid";
        /// An e-mail address.
        Email = 10, "email";
        /// An address on the Internet.
        Ip = 11, "ip";
        /// An account number.
        Account = 12, "account";
        /// A password, PIN, answer or code.
        Secret = 13, "secret";
        /// A date of birth.
        BirthDate = 14, "birth_date";
        /// A customer's name.
        Name = 15, "name";
        /// A postal address.
        Address = 16, "address";
        /// Life history other than a date of birth.
        Biographical = 17, "biographical";
        /// A driver's licence, passport or tax number.
        GovernmentId = 18, "government_id";
        /// Other account information.
        AccountInfo = 19, "account_info";
        /// An amount of money: "the bill's amount" is account information (47 CFR 64.2003(a)).
        Amount = 20, "amount";
        /// Means and history of payment, other than a card number.
        Payment = 21, "payment";
        /// What the customer subscribes to.
        Service = 22, "service";
        /// Another identifier of a device.
        DeviceId = 23, "device_id";
        /// Calls, one or many: how many there are does not show.
        CallDetail = 24, "call_detail";
        /// A place.
        Location = 25, "location";
        /// What a directory publishes.
        Listing = 26, "listing";
        /// What is not told: it may be a survivor's (47 U.S.C. 345) or a field that nobody classified, and the
        /// two look alike. It has no label.
        Untold = 27, "untold";
    }
}

/// The part of a value that a kind may show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Nothing of it, ever.
    Nothing,
    /// The last characters of the identifier's normal form.
    Last {
        /// The kind of identifier.
        of: IdentifierKind,
        /// How many a masked view shows.
        usual: u8,
    },
    /// The first letter of a name.
    Initial,
    /// The first letter of a mailbox.
    Mailbox,
    /// City and state.
    CityAndState,
}

impl MaskKind {
    /// The kind of a field. A survivor's field is [`MaskKind::Untold`], whatever identifier it holds.
    #[must_use]
    pub const fn of_field(spec: &FieldSpec) -> Self {
        Self::of(spec.class(), spec.kind())
    }

    /// The kind of what a field of a class holds, with the kind of identifier in it.
    #[must_use]
    pub const fn of(class: DataClass, identifier: Option<IdentifierKind>) -> Self {
        use DataClass as C;
        match (class, identifier) {
            (C::Survivor, _) => Self::Untold,
            (C::AuthSecret, _) => Self::Secret,
            (C::Ssn | C::SsnLast4, _) | (_, Some(IdentifierKind::Ssn)) => Self::Ssn,
            (C::CallDetail, _) => Self::CallDetail,
            (_, Some(IdentifierKind::Nanp)) => Self::Phone,
            (_, Some(IdentifierKind::Imei)) => Self::Imei,
            (_, Some(IdentifierKind::Meid)) => Self::Meid,
            (_, Some(IdentifierKind::Iccid)) => Self::Iccid,
            (_, Some(IdentifierKind::Imsi)) => Self::Imsi,
            (_, Some(IdentifierKind::Eid)) => Self::Eid,
            (_, Some(IdentifierKind::Pan)) => Self::Card,
            (_, Some(IdentifierKind::AccountNumber)) => Self::Account,
            (_, Some(IdentifierKind::Email)) => Self::Email,
            (C::Identity, None) => Self::Name,
            (C::Address, None) => Self::Address,
            (C::Biographical, None) => Self::Biographical,
            (C::OtherGovernmentId, None) => Self::GovernmentId,
            (C::AccountInfo, None) => Self::AccountInfo,
            (C::Billing, None) => Self::Amount,
            (C::ServiceDetails, None) => Self::Service,
            (C::DeviceId, None) => Self::DeviceId,
            (C::Location, None) => Self::Location,
            (C::Payment, None) => Self::Payment,
            (C::DirectoryListing, None) => Self::Listing,
        }
    }

    /// What stands for the kind in a text: `[SSN]`, `[PHONE]`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ssn => "[SSN]",
            Self::Itin => "[ITIN]",
            Self::Phone => "[PHONE]",
            Self::Card => "[CARD]",
            Self::Imei => "[IMEI]",
            Self::Iccid => "[ICCID]",
            Self::Imsi => "[IMSI]",
            Self::Eid => "[EID]",
            Self::Meid => "[MEID]",
            Self::Email => "[EMAIL]",
            Self::Ip => "[IP]",
            Self::Account => "[ACCOUNT]",
            Self::Secret => "[SECRET]",
            Self::BirthDate => "[BIRTH DATE]",
            Self::Name => "[NAME]",
            Self::Address => "[ADDRESS]",
            Self::Biographical => "[BIOGRAPHICAL]",
            Self::GovernmentId => "[GOVERNMENT ID]",
            Self::AccountInfo => "[ACCOUNT INFO]",
            Self::Amount => "[AMOUNT]",
            Self::Payment => "[PAYMENT]",
            Self::Service => "[SERVICE]",
            Self::DeviceId => "[DEVICE ID]",
            Self::CallDetail => "[CALL DETAIL]",
            Self::Location => "[LOCATION]",
            Self::Listing => "[LISTING]",
            Self::Untold => super::mask::DOTS,
        }
    }

    /// Whether a masked view of it shows a part. If not, the value is not even opened.
    #[must_use]
    pub const fn shows_a_part(self) -> bool {
        !matches!(self.part(), Part::Nothing)
    }

    /// The table.
    pub(super) const fn part(self) -> Part {
        const fn last_four(of: IdentifierKind) -> Part {
            Part::Last { of, usual: 4 }
        }
        match self {
            // Two tell a customer's lines apart, and leave a hundred million numbers.
            Self::Phone => Part::Last { of: IdentifierKind::Nanp, usual: 2 },
            Self::Card => last_four(IdentifierKind::Pan),
            Self::Imei => last_four(IdentifierKind::Imei),
            Self::Iccid => last_four(IdentifierKind::Iccid),
            Self::Imsi => last_four(IdentifierKind::Imsi),
            Self::Eid => last_four(IdentifierKind::Eid),
            Self::Meid => last_four(IdentifierKind::Meid),
            Self::Email => Part::Mailbox,
            Self::Name => Part::Initial,
            Self::Address => Part::CityAndState,
            Self::Ssn
            | Self::Itin
            | Self::Ip
            | Self::Account
            | Self::Secret
            | Self::BirthDate
            | Self::Biographical
            | Self::GovernmentId
            | Self::AccountInfo
            | Self::Amount
            | Self::Payment
            | Self::Service
            | Self::DeviceId
            | Self::CallDetail
            | Self::Location
            | Self::Listing
            | Self::Untold => Part::Nothing,
        }
    }
}
