//! Enumerations with stable codes and the names that files use.

use core::fmt;

/// Declares an enumeration whose variants have a stable code and a name in files.
macro_rules! codes {
    (
        $(#[$meta:meta])*
        $name:ident { $( $(#[$variant_meta:meta])* $variant:ident = $code:literal, $text:literal; )+ }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name { $( $(#[$variant_meta])* $variant = $code, )+ }

        impl $name {
            /// Every value, in the order of the codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code that is written to sealed bytes and audit records.
            #[must_use]
            pub const fn code(self) -> u8 {
                self as u8
            }

            /// The value with this code, if there is one.
            #[must_use]
            pub const fn from_code(code: u8) -> Option<Self> {
                match code { $( $code => Some(Self::$variant), )+ _ => None }
            }

            /// The name in schema, policy and case files.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $text, )+ }
            }

            /// The value with this name, if there is one.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $( $text => Some(Self::$variant), )+ _ => None }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.name())
            }
        }

        /// As its name.
        impl ::serde::Serialize for $name {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
    };
}

pub(crate) use codes;

codes! {
    /// What a field holds. A field has exactly one class; a class has [`Label`]s, and rules may
    /// name either.
    DataClass {
        /// Who the customer is: names.
        Identity = 1, "identity";
        /// A postal address.
        Address = 2, "address";
        /// Life history other than the SSN and the address: date of birth, mother's maiden name.
        Biographical = 3, "biographical";
        /// A Social Security number. Not CPNI (47 U.S.C. 201(b) is the hook), but "readily
        /// available biographical information" in 47 CFR 64.2003.
        Ssn = 4, "ssn";
        /// The last four digits of an SSN: a forbidden authenticator of their own.
        SsnLast4 = 5, "ssn_last4";
        /// A driver's licence, passport or tax number.
        OtherGovernmentId = 6, "other_government_id";
        /// "Account information" of 47 CFR 64.2003(a): account number or any part, telephone number.
        AccountInfo = 7, "account_info";
        /// Bill amounts and lines (47 U.S.C. 222(h)(1)(B)).
        Billing = 8, "billing";
        /// Plan, features, number of lines, usage totals: CPNI that is not call detail.
        ServiceDetails = 9, "service_details";
        /// IMEI, ICCID, IMSI, EID, MEID; CPNI by default (interpretation: "technical configuration").
        DeviceId = 10, "device_id";
        /// "Call detail information" of 47 CFR 64.2003(d).
        CallDetail = 11, "call_detail";
        /// Live or historic location (47 U.S.C. 222(f)).
        Location = 12, "location";
        /// Means and history of payment.
        Payment = 13, "payment";
        /// Passwords, PINs, back-up answers, codes.
        AuthSecret = 14, "auth_secret";
        /// "Subscriber list information" of 47 U.S.C. 222(h)(3): only what is really published.
        DirectoryListing = 15, "directory_listing";
        /// Anything in a line-separation request (47 U.S.C. 345).
        Survivor = 16, "survivor";
    }
}

codes! {
    /// Which kind of identifier a field holds. The class says how a field is protected, the kind
    /// how its value is spelled and checked.
    IdentifierKind {
        /// A Social Security number, or a number that looks like one (ITIN, ATIN, IRSN).
        Ssn = 1, "ssn";
        /// A telephone number of the North American Numbering Plan.
        Nanp = 2, "nanp";
        /// An IMEI of 14 or 15 digits, or an IMEISV of 16 (3GPP TS 23.003).
        Imei = 3, "imei";
        /// A MEID, in hexadecimal or decimal.
        Meid = 4, "meid";
        /// The number of a SIM card (ITU-T E.118).
        Iccid = 5, "iccid";
        /// The subscriber's number in mobile networks (ITU-T E.212).
        Imsi = 6, "imsi";
        /// The number of an eSIM chip (GSMA SGP.02, SGP.29).
        Eid = 7, "eid";
        /// A payment card number (ISO/IEC 7812-1).
        Pan = 8, "pan";
        /// The carrier's account number, of a pattern that the carrier states.
        AccountNumber = 9, "account_number";
        /// An e-mail address.
        Email = 10, "email";
    }
}

codes! {
    /// What a customer approves of, or takes back.
    ConsentScope {
        /// Uses of CPNI (47 CFR 64.2007(b)). Not location.
        Cpni = 1, "cpni";
        /// Call location: "express prior authorization" (47 U.S.C. 222(f)).
        Location = 2, "location";
    }
}

codes! {
    /// The shape of a field: one value, or a list of rows.
    Shape {
        /// One text.
        Value = 1, "value";
        /// A list of calls.
        Calls = 2, "calls";
    }
}

codes! {
    /// Who started a call ("outbound" and "inbound" of 47 CFR 64.2003(d)).
    CallDirection {
        /// The customer called.
        Outbound = 1, "outbound";
        /// The customer was called.
        Inbound = 2, "inbound";
    }
}

codes! {
    /// A legal property that several classes share.
    Label {
        /// Personally identifiable information.
        Pii = 1, "pii";
        /// "Readily available biographical information", 47 CFR 64.2003(m).
        Rabi = 2, "rabi";
        /// A government-issued identifier.
        GovId = 3, "gov_id";
        /// A part of a government-issued identifier.
        GovIdPartial = 4, "gov_id_partial";
        /// "Account information", 47 CFR 64.2003(a).
        AccountInfo = 5, "account_info";
        /// Customer proprietary network information, 47 U.S.C. 222(h)(1).
        Cpni = 6, "cpni";
        /// "Call detail information", 47 CFR 64.2003(d).
        CallDetail = 7, "call_detail";
        /// Location, 47 U.S.C. 222(f).
        Location = 8, "location";
        /// Means of payment.
        Payment = 9, "payment";
        /// Recent payment information, 47 CFR 64.2010(h)(1).
        RecentPayment = 10, "recent_payment";
        /// A secret that authenticates the customer.
        AuthSecret = 11, "auth_secret";
        /// Subscriber list information, 47 U.S.C. 222(h)(3).
        Sli = 12, "sli";
        /// Confidential under 47 U.S.C. 345.
        SurvivorConfidential = 13, "survivor_confidential";
        /// An identifier of a device or of a subscriber in the network.
        DeviceSubscriberId = 14, "device_subscriber_id";
    }
}

/// A set of [`Label`]s.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Labels(u32);

impl Labels {
    const fn of(labels: &[Label]) -> Self {
        let mut bits = 0;
        let mut rest = labels;
        while let [first, tail @ ..] = rest {
            bits |= 1 << first.code();
            rest = tail;
        }
        Self(bits)
    }

    /// Whether `label` is in the set.
    #[must_use]
    pub const fn contains(self, label: Label) -> bool {
        self.0 & (1 << label.code()) != 0
    }

    /// The labels of the set, in the order of their codes.
    pub fn iter(self) -> impl Iterator<Item = Label> {
        Label::ALL.iter().copied().filter(move |label| self.contains(*label))
    }
}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

impl DataClass {
    /// The labels of the class.
    #[must_use]
    pub const fn labels(self) -> Labels {
        use Label as L;
        Labels::of(match self {
            Self::Identity => &[L::Pii],
            Self::Address | Self::Biographical => &[L::Pii, L::Rabi],
            Self::Ssn => &[L::GovId, L::Rabi],
            Self::SsnLast4 => &[L::GovIdPartial, L::Rabi],
            Self::OtherGovernmentId => &[L::GovId],
            Self::AccountInfo => &[L::AccountInfo],
            Self::Billing => &[L::AccountInfo, L::Cpni],
            Self::ServiceDetails => &[L::Cpni],
            Self::DeviceId => &[L::DeviceSubscriberId, L::Cpni],
            Self::CallDetail => &[L::Cpni, L::CallDetail],
            Self::Location => &[L::Location, L::Cpni],
            Self::Payment => &[L::Payment, L::RecentPayment],
            Self::AuthSecret => &[L::AuthSecret],
            Self::DirectoryListing => &[L::Sli],
            Self::Survivor => &[L::SurvivorConfidential],
        })
    }
}

codes! {
    /// What is asked for.
    Op {
        /// Show a value to the person who asks.
        View = 1, "view";
        /// Say whether what the customer stated matches, and nothing else.
        Verify = 2, "verify";
        /// Send a value to a [`Destination`], not to the person who asks.
        Send = 3, "send";
        /// Change something: an [`Action`].
        Act = 4, "act";
        /// Find accounts by an identifier.
        Search = 5, "search";
    }
}

codes! {
    /// What an [`Op::Act`] would change.
    Action {
        /// Open an online account for an existing customer.
        CreateOnlineAccount = 1, "create_online_account";
        /// Establish a password.
        CreatePassword = 2, "create_password";
        /// Replace a forgotten password.
        ResetPassword = 3, "reset_password";
        /// Change the electronic address of record.
        ChangeEmailOfRecord = 4, "change_email_of_record";
        /// Change the postal address of record.
        ChangeAddressOfRecord = 5, "change_address_of_record";
        /// Move the service to another SIM or eSIM profile.
        SimChange = 6, "sim_change";
        /// Port the number to another carrier.
        PortOut = 7, "port_out";
        /// Release a handset from its network lock.
        UnlockHandset = 8, "unlock_handset";
        /// Ask customers, in an outbound campaign, to approve a use of their CPNI.
        OutboundApprovalRequest = 9, "outbound_approval_request";
        /// Take a payment card number.
        TakePaymentCard = 10, "take_payment_card";
    }
}

codes! {
    /// Where an [`Op::Send`] goes.
    Destination {
        /// The "address of record" of 47 CFR 64.2003(b): on the account for at least 30 days.
        AddressOfRecord = 1, "address_of_record";
    }
}

codes! {
    /// How much of a value is given out. Ordered: a later form gives more.
    Form {
        /// Match or no match of a value that the asker supplies.
        Match = 1, "match";
        /// A token in place of the value.
        Token = 2, "token";
        /// A mask: nothing, or the part that `redact::MaskKind` allows.
        Masked = 3, "masked";
        /// The value.
        Full = 4, "full";
    }
}

codes! {
    /// Which rows of a field are meant.
    Scope {
        /// The whole field.
        Whole = 1, "whole";
        /// Only the call that the customer named unaided (47 CFR 64.2010(b), last sentence).
        NamedCall = 2, "named_call";
    }
}

codes! {
    /// Where the request comes in.
    Channel {
        /// A call that the customer started.
        PhoneInbound = 1, "phone_inbound";
        /// A call that the carrier placed back to the customer.
        PhoneCallback = 2, "phone_callback";
        /// Web, app, API or chat.
        Online = 3, "online";
        /// A carrier's retail location.
        Retail = 4, "retail";
        /// Work on an account without the customer.
        BackOffice = 5, "back_office";
        /// A job over many accounts.
        Batch = 6, "batch";
        /// The interface between carriers for number porting.
        PortInterface = 7, "port_interface";
    }
}

codes! {
    /// On whose behalf somebody asks. Derived from the [`Role`].
    Requester {
        /// The customer, or nobody known yet.
        Customer = 1, "customer";
        /// The carrier or somebody who works for it.
        Carrier = 2, "carrier";
        /// Anybody else.
        ThirdParty = 3, "third_party";
    }
}

codes! {
    /// What the person or system that asks is, as the host's agent directory says.
    Role {
        /// Call-centre agent.
        CareAgent = 1, "care_agent";
        /// Agent at a retail location.
        RetailAgent = 2, "retail_agent";
        /// Agent with special training (survivors, fraud victims).
        Specialist = 3, "specialist";
        /// Agent of a vendor.
        VendorAgent = 4, "vendor_agent";
        /// Chat bot or voice bot.
        VirtualAgent = 5, "virtual_agent";
        /// Works on fraud cases.
        FraudAnalyst = 6, "fraud_analyst";
        /// Works on bills.
        BillingAnalyst = 7, "billing_analyst";
        /// Works on aggregates.
        Analyst = 8, "analyst";
        /// Runs campaigns.
        Marketer = 9, "marketer";
        /// A joint-venture partner or independent contractor.
        JointVenturePartner = 10, "joint_venture_partner";
        /// A location-based service.
        LocationPartner = 11, "location_partner";
        /// An application that the customer uses.
        ThirdPartyApp = 12, "third_party_app";
        /// Emergency services.
        PublicSafety = 13, "public_safety";
        /// The porting interface of another carrier.
        PortSystem = 14, "port_system";
        /// The customer.
        Customer = 15, "customer";
        /// Nobody known yet.
        Anonymous = 16, "anonymous";
    }
}

impl Role {
    /// Whether it is a person at work for the carrier, a vendor or a partner. Bots, customers and systems
    /// serve many accounts, or one, by their nature.
    #[must_use]
    pub const fn is_staff(self) -> bool {
        match self {
            Self::CareAgent
            | Self::RetailAgent
            | Self::Specialist
            | Self::VendorAgent
            | Self::FraudAnalyst
            | Self::BillingAnalyst
            | Self::Analyst
            | Self::Marketer
            | Self::JointVenturePartner => true,
            Self::VirtualAgent
            | Self::LocationPartner
            | Self::ThirdPartyApp
            | Self::PublicSafety
            | Self::PortSystem
            | Self::Customer
            | Self::Anonymous => false,
        }
    }

    /// On whose behalf somebody in this role asks.
    #[must_use]
    pub const fn requester(self) -> Requester {
        match self {
            Self::CareAgent
            | Self::RetailAgent
            | Self::Specialist
            | Self::VendorAgent
            | Self::VirtualAgent
            | Self::FraudAnalyst
            | Self::BillingAnalyst
            | Self::Analyst
            | Self::Marketer => Requester::Carrier,
            Self::Customer | Self::Anonymous => Requester::Customer,
            Self::JointVenturePartner
            | Self::LocationPartner
            | Self::ThirdPartyApp
            | Self::PublicSafety
            | Self::PortSystem => Requester::ThirdParty,
        }
    }
}

codes! {
    /// Why it is asked for (47 U.S.C. 222(c)(1): a use needs a permitted purpose).
    Purpose {
        /// No purpose given: nothing is permitted for it.
        None = 1, "none";
        /// The customer asked for help with the service.
        Support = 2, "support";
        /// Initiate, render, bill (222(d)(1)).
        Billing = 3, "billing";
        /// Protect the carrier's rights or users against fraud (222(d)(2)).
        Fraud = 4, "fraud";
        /// Emergency services (222(d)(4)).
        Emergency = 5, "emergency";
        /// A credit check that the customer asked for.
        CreditCheck = 6, "credit_check";
        /// A line separation (47 U.S.C. 345).
        LineSeparation = 7, "line_separation";
        /// The customer's written request to disclose to a designated person (222(c)(2)).
        CustomerDirected = 8, "customer_directed";
        /// A service of a third party.
        ThirdPartyService = 9, "third_party_service";
        /// Marketing within a category already taken (47 CFR 64.2005(a)).
        MarketSameCategory = 10, "market_same_category";
        /// Marketing another communications-related service (64.2007(b)).
        MarketNewCategory = 11, "market_new_category";
        /// Marketing anything else.
        MarketUnrelatedProduct = 12, "market_unrelated_product";
        /// Tracking customers who call competitors (64.2005(b)(2)).
        TrackCompetitorCalls = 13, "track_competitor_calls";
        /// Aggregate customer information (222(c)(3), (h)(2)).
        Aggregate = 14, "aggregate";
        /// Provide the service (222(c)(1)).
        Provide = 15, "provide";
        /// Collect for the service (222(d)(1)).
        Collect = 16, "collect";
        /// Publish a directory (222(e)).
        Directory = 17, "directory";
        /// Required by law (222(c)(1)).
        Legal = 18, "legal";
    }
}

codes! {
    /// What was shown to establish who the customer is. What a kind proves, and where, is policy.
    EvidenceKind {
        /// The account password, correct.
        Password = 1, "password";
        /// A wrong password.
        PasswordFailed = 2, "password_failed";
        /// The back-up answer, correct.
        Backup = 3, "backup";
        /// A wrong back-up answer.
        BackupFailed = 4, "backup_failed";
        /// A passkey assertion.
        Passkey = 5, "passkey";
        /// A factor in the carrier's app.
        AppFactor = 6, "app_factor";
        /// A one-time code sent to the telephone number of record.
        OtpNumberOfRecord = 7, "otp_number_of_record";
        /// A one-time code sent to the address of record.
        OtpAddressOfRecord = 8, "otp_address_of_record";
        /// The carrier called the telephone number of record, says its telephony.
        CallbackNumberOfRecord = 9, "callback_number_of_record";
        /// The carrier called a number that is only contact information.
        CallbackContactNumber = 10, "callback_contact_number";
        /// A valid photo ID whose name matches the account (47 CFR 64.2003(r), 64.2010(d)).
        PhotoId = 11, "photo_id";
        /// A photo ID that has expired.
        PhotoIdExpired = 12, "photo_id_expired";
        /// A photo ID in another name.
        PhotoIdNameMismatch = 13, "photo_id_name_mismatch";
        /// The authentication that a business contract lays down (64.2010(g)).
        BusinessContract = 14, "business_contract";
        /// A verified line-separation request (47 U.S.C. 345).
        LineSeparationVerified = 15, "line_separation_verified";
        /// The customer named a call without help (64.2010(b), last sentence).
        CallNamedUnaided = 16, "call_named_unaided";
        /// The customer named a call, but was helped.
        CallNamedWithHelp = 17, "call_named_with_help";
        /// The calling number matches.
        CallerId = 18, "caller_id";
        /// The whole SSN, correct.
        SsnVerified = 19, "ssn_verified";
        /// The last four digits of the SSN.
        SsnLast4 = 20, "ssn_last4";
        /// Date of birth.
        DateOfBirth = 21, "date_of_birth";
        /// Mother's maiden name.
        MothersMaidenName = 22, "mothers_maiden_name";
        /// Home address.
        HomeAddress = 23, "home_address";
        /// Full name.
        FullName = 24, "full_name";
        /// ZIP code.
        ZipCode = 25, "zip_code";
        /// Account number.
        AccountNumber = 26, "account_number";
        /// A part of the account number.
        AccountNumberLast4 = 27, "account_number_last4";
        /// The amount of a bill.
        BillAmount = 28, "bill_amount";
        /// A recent payment.
        RecentPayment = 29, "recent_payment";
        /// Questions about call detail.
        CallDetailQuiz = 30, "call_detail_quiz";
        /// A partner says that the customer consented.
        PartnerAssertedConsent = 31, "partner_asserted_consent";
        /// The customer-set port-out passcode, correct.
        PortPasscode = 32, "port_passcode";
        /// A wrong port-out passcode.
        PortPasscodeFailed = 33, "port_passcode_failed";
    }
}

codes! {
    /// Who established a piece of evidence. What an agent says proves little.
    EstablishedBy {
        /// This library compared it itself.
        Library = 1, "library";
        /// A system of the host's (telephony, identity provider) says so.
        HostSystem = 2, "host_system";
        /// The agent says so.
        Agent = 3, "agent";
    }
}

codes! {
    /// What was decided about a field or an action.
    Outcome {
        /// The value is given out; for an action: it may proceed.
        Disclose = 1, "disclose";
        /// A part of the value, or another form of it, is given out.
        DiscloseLimited = 2, "disclose_limited";
        /// Only match or no match is given out.
        VerifyOnly = 3, "verify_only";
        /// Nothing is given out.
        Withhold = 4, "withhold";
    }
}

codes! {
    /// Why something is withheld.
    WithheldBecause {
        /// A rule forbids it.
        Forbidden = 1, "forbidden";
        /// No grant permits it.
        NotGranted = 2, "not_granted";
        /// A fact that a rule needs is unknown and took its least privileged value.
        FactsMissing = 3, "facts_missing";
        /// Both answers can hurt somebody: a human decides.
        Held = 4, "held";
    }
}

codes! {
    /// A duty that comes with a decision.
    Obligation {
        /// Keep an audit record.
        Audit = 1, "audit";
        /// Tell the customer of the change (47 CFR 64.2010(f)(1)).
        NotifyChange = 2, "notify_change";
        /// Tell the customer before it is done (64.2010(h)(3), 52.37(c)).
        NotifyBefore = 3, "notify_before";
        /// Send no notice of the change (64.2010(f)(2)).
        SuppressChangeNotice = 4, "suppress_change_notice";
        /// Record the disclosure to a third party (64.2009(c)).
        RecordDisclosure = 5, "record_disclosure";
        /// Record the campaign (64.2009(c)).
        RecordCampaign = 6, "record_campaign";
        /// The approval ends with the contact (64.2008(f)).
        ExpireAtContactEnd = 7, "expire_at_contact_end";
        /// Leave out calls to covered hotlines (64.6408).
        OmitCoveredHotlines = 8, "omit_covered_hotlines";
        /// Count the SIM change request (64.2010(h)(8)).
        CountSimChange = 9, "count_sim_change";
        /// Tell the carrier's security people.
        Alert = 10, "alert";
        /// A human decides.
        HoldForHuman = 11, "hold_for_human";
    }
}

/// A set of [`Obligation`]s.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Obligations(u32);

impl Obligations {
    /// The set of these.
    #[must_use]
    pub const fn of(obligations: &[Obligation]) -> Self {
        let mut bits = 0;
        let mut rest = obligations;
        while let [first, tail @ ..] = rest {
            bits |= 1 << first.code();
            rest = tail;
        }
        Self(bits)
    }

    /// The set with these bits; `None` if a bit stands for no obligation.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Option<Self> {
        if bits & !Self::of(Obligation::ALL).0 == 0 { Some(Self(bits)) } else { None }
    }

    /// One bit per obligation, the bit of its code: the form in audit records.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether `obligation` is in the set.
    #[must_use]
    pub const fn contains(self, obligation: Obligation) -> bool {
        self.0 & (1 << obligation.code()) != 0
    }

    /// The obligations, in the order of their codes.
    pub fn iter(self) -> impl Iterator<Item = Obligation> {
        Obligation::ALL.iter().copied().filter(move |obligation| self.contains(*obligation))
    }

    /// What is in this set or in the other.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for Obligations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// A set of [`DataClass`]es.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassSet(u32);

impl ClassSet {
    /// The set of these.
    #[must_use]
    pub fn of(classes: impl IntoIterator<Item = DataClass>) -> Self {
        classes.into_iter().fold(Self::default(), |set, class| set.with(Self(1 << class.code())))
    }

    /// The set with these bits; `None` if a bit stands for no class.
    #[must_use]
    pub fn from_bits(bits: u32) -> Option<Self> {
        (bits & !Self::of(DataClass::ALL.iter().copied()).0 == 0).then_some(Self(bits))
    }

    /// One bit per class, the bit of its code.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether nothing is in the set.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether `class` is in the set.
    #[must_use]
    pub const fn contains(self, class: DataClass) -> bool {
        self.0 & (1 << class.code()) != 0
    }

    /// The classes, in the order of their codes.
    pub fn iter(self) -> impl Iterator<Item = DataClass> {
        DataClass::ALL.iter().copied().filter(move |class| self.contains(*class))
    }

    /// What is in this set or in the other.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for ClassSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

codes! {
    /// Something that would lawfully make a refused request succeed.
    Remedy {
        /// The customer gives the account password.
        ProvidePassword = 1, "provide_password";
        /// The customer establishes a (new) password.
        EstablishPassword = 2, "establish_password";
        /// Send it to the address of record.
        SendToAddressOfRecord = 3, "send_to_address_of_record";
        /// Call the customer at the telephone number of record.
        CallBackNumberOfRecord = 4, "call_back_number_of_record";
        /// The customer shows a valid photo ID at a retail location.
        ShowValidPhotoId = 5, "show_valid_photo_id";
        /// The customer removes the lock.
        CustomerRemovesLock = 6, "customer_removes_lock";
        /// Obtain the customer's opt-in approval; for location, the express authorization with it.
        ObtainOptIn = 7, "obtain_opt_in";
        /// A supervisor approves.
        SupervisorApproval = 8, "supervisor_approval";
        /// The agent renews the training.
        RenewTraining = 9, "renew_training";
        /// Transfer to an agent in the United States.
        TransferToUsAgent = 10, "transfer_to_us_agent";
        /// The customer presents a second factor.
        PresentSecondFactor = 11, "present_second_factor";
        /// Send a one-time code and take it.
        SendOneTimeCode = 12, "send_one_time_code";
        /// Open the account from a live contact of one's own, or with a case.
        OpenLiveContact = 13, "open_live_contact";
        /// The customer names the call without help.
        NameTheCall = 14, "name_the_call";
        /// The customer approves orally, for this contact (47 CFR 64.2008(f)).
        AskOralApproval = 15, "ask_oral_approval";
    }
}

impl Remedy {
    /// What an agent would do, in words that follow "you could": a phrase without a full stop.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::ProvidePassword => "ask for the account password",
            Self::EstablishPassword => "set up a password with the customer",
            Self::SendToAddressOfRecord => "send it to the address of record",
            Self::CallBackNumberOfRecord => "call the number of record back",
            Self::ShowValidPhotoId => "ask for a valid photo ID",
            Self::CustomerRemovesLock => "have the customer remove the lock",
            Self::ObtainOptIn => "obtain the customer's opt-in",
            Self::SupervisorApproval => "have a supervisor approve it",
            Self::RenewTraining => "renew the agent's training",
            Self::TransferToUsAgent => "transfer to an agent in the United States",
            Self::PresentSecondFactor => "ask for a second factor",
            Self::SendOneTimeCode => "send a one-time code to the number of record",
            Self::OpenLiveContact => "open it from one's own contact or case",
            Self::NameTheCall => "have the caller name one call without help",
            Self::AskOralApproval => "ask the customer for approval, for this contact only",
        }
    }

    /// Whether it has to be in place before anything is said to a customer.
    pub(crate) const fn comes_first(self) -> bool {
        match self {
            Self::OpenLiveContact | Self::RenewTraining | Self::TransferToUsAgent => true,
            Self::ProvidePassword
            | Self::EstablishPassword
            | Self::SendToAddressOfRecord
            | Self::CallBackNumberOfRecord
            | Self::ShowValidPhotoId
            | Self::CustomerRemovesLock
            | Self::ObtainOptIn
            | Self::SupervisorApproval
            | Self::PresentSecondFactor
            | Self::SendOneTimeCode
            | Self::NameTheCall
            | Self::AskOralApproval => false,
        }
    }
}

codes! {
    /// What an audit event tells of.
    EventKind {
        /// The log begins. Always and only its first event.
        Genesis = 1, "genesis";
        /// An agent opened an account.
        InteractionOpened = 2, "interaction_opened";
        /// Something was shown to establish who the customer is.
        EvidencePresented = 3, "evidence_presented";
        /// A view was decided and, where allowed, is disclosed next.
        Viewed = 4, "viewed";
        /// What the event before decided could not be carried out: nothing was given out. The cause says why.
        NotCarriedOut = 5, "not_carried_out";
        /// The interaction ended.
        InteractionEnded = 6, "interaction_ended";
        /// The host set a secret of an account: password, back-up answer, port-out passcode.
        SecretImported = 7, "secret_imported";
        /// A verification was decided and, where allowed, is compared next.
        Verified = 8, "verified";
        /// A sending to the customer was decided and, where allowed, goes out next.
        Sent = 9, "sent";
        /// An action was decided. Carrying it out is the host's.
        Decided = 10, "decided";
        /// A one-time code was made for the customer, or refused: the cause says why.
        CodeSent = 11, "code_sent";
        /// The customer is called back at the telephone number of record.
        CalledBack = 12, "called_back";
        /// The host told facts about an account.
        FactsChanged = 13, "facts_changed";
        /// A notice, an approval or an objection of the customer was added to the history.
        ConsentRecorded = 14, "consent_recorded";
        /// A second person approved, or may not; the actor is that person.
        Approved = 15, "approved";
        /// The guard was built with a rule switched off; the basis names the rule.
        RuleOverridden = 16, "rule_overridden";
        /// A notice to the customer was queued: it was durable before this event (64.2010(f)(1)).
        NoticeQueued = 17, "notice_queued";
        /// The host's worker says that a notice was handed over. It leaves the queue next.
        NoticeHandedOver = 18, "notice_handed_over";
        /// A notice could not be handed over, or does not open. It stays in the queue.
        NoticeNotHandedOver = 19, "notice_not_handed_over";
        /// The host gave a notice up. It leaves the queue next.
        NoticeDiscarded = 20, "notice_discarded";
        /// This log begins in the place of an earlier one that was refused and set aside.
        Reanchored = 21, "reanchored";
        /// A rule of the watch tripped; the basis names it, the actor is whose doing it was.
        WatchTripped = 22, "watch_tripped";
        /// Refused by the watch before it was decided. The cause says why.
        WatchRefused = 23, "watch_refused";
        /// A second person lifted what the watch holds against an agent; the actor is that person, the
        /// basis the agent's id.
        WatchLifted = 24, "watch_lifted";
        /// Somebody asked which accounts an incident touched, by name; the basis is the digest of what was
        /// selected. The cause says if it was refused.
        ScopeAsked = 30, "scope_asked";
        /// Somebody asked for the name of the account of one event; the basis is its number. The cause
        /// says if it was refused.
        AccountNamed = 31, "account_named";
        /// The view in the next event is sealed for a device session, whose public key the basis is. With
        /// a cause: refused, and no view follows.
        DeviceAsked = 40, "device_asked";
        /// The root keys change next, or which of them a column of tokens has; the basis says how. With a cause:
        /// they did not, or it is not known.
        KeysChanged = 50, "keys_changed";
        /// Sealed bytes were sealed again under the active key and are given back next: a batch; the basis
        /// says how many.
        Resealed = 51, "resealed";
        /// A search was decided; where it was allowed, the host gets its terms next. The basis is the index.
        Searched = 54, "searched";
        /// An account is erased: nothing of it that is sealed under its secret opens again.
        AccountErased = 55, "account_erased";
        /// A step of an erasure after its beginning; the basis says which.
        ErasureContinued = 56, "erasure_continued";
        /// An erased account may have a secret again, a new one. What was erased stays so.
        AccountReadmitted = 57, "account_readmitted";
        /// A search found this account, whose id comes out next. With a cause: none, too many, or a
        /// candidate that does not open.
        AccountFound = 58, "account_found";
        /// The back end had a vault token made for a field of the account; the basis is the token's reference.
        TokenIssued = 60, "token_issued";
        /// The view in the next event is of what a vault token stands for; the basis is its reference. With
        /// a cause: it is not valid here, and no view follows.
        TokenPresented = 61, "token_presented";
        /// The back end revoked a vault token, the basis, or without one all of the account's.
        TokenRevoked = 62, "token_revoked";
        /// The back end had plain columns compared with the sealed ones beside them; the basis says how many
        /// were the same.
        ColumnsCompared = 63, "columns_compared";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_names_lead_back_to_the_same_class() {
        assert_eq!(DataClass::ALL.len(), 16);
        for (index, class) in DataClass::ALL.iter().enumerate() {
            assert_eq!(usize::from(class.code()), index + 1);
            assert_eq!(DataClass::from_code(class.code()), Some(*class));
            assert_eq!(DataClass::from_name(class.name()), Some(*class));
        }
        assert_eq!(DataClass::from_code(0), None);
        assert_eq!(DataClass::from_code(17), None);
        assert_eq!(DataClass::from_name("SSN"), None);
    }

    #[test]
    fn kinds_shapes_and_directions_keep_their_codes() {
        let kinds: Vec<_> = IdentifierKind::ALL.iter().map(|kind| (kind.code(), kind.name())).collect();
        let expected = [
            (1, "ssn"),
            (2, "nanp"),
            (3, "imei"),
            (4, "meid"),
            (5, "iccid"),
            (6, "imsi"),
            (7, "eid"),
            (8, "pan"),
            (9, "account_number"),
            (10, "email"),
        ];
        assert_eq!(kinds, expected);
        assert_eq!((Shape::Value.code(), Shape::Calls.code()), (1, 2));
        assert_eq!((Shape::from_code(0), Shape::from_code(3)), (None, None));
        assert_eq!((ConsentScope::Cpni.code(), ConsentScope::Location.code()), (1, 2));
        assert_eq!((CallDirection::Outbound.code(), CallDirection::Inbound.code()), (1, 2));
    }

    #[test]
    fn sets_of_obligations_lead_back_to_their_bits() {
        let all = Obligations::of(Obligation::ALL);
        assert_eq!(Obligations::from_bits(all.bits()), Some(all));
        assert_eq!(all.iter().count(), Obligation::ALL.len());
        // Bit 0 and the bit after the last code stand for nothing.
        assert_eq!(Obligations::from_bits(1), None);
        assert_eq!(Obligations::from_bits(1 << (Obligation::ALL.len() + 1)), None);
    }

    #[test]
    fn sets_of_classes_lead_back_to_their_bits() {
        let all = ClassSet::of(DataClass::ALL.iter().copied());
        assert_eq!((all.bits(), ClassSet::from_bits(all.bits())), (0x1_fffe, Some(all)));
        assert_eq!((ClassSet::from_bits(1), ClassSet::from_bits(1 << 17)), (None, None));
        let some = ClassSet::of([DataClass::Survivor, DataClass::Identity]);
        assert!(some.iter().eq([DataClass::Identity, DataClass::Survivor]) && !some.is_empty());
        assert!(!some.contains(DataClass::Ssn) && some.with(all) == all);
    }

    #[test]
    fn call_detail_is_cpni_and_an_ssn_is_not() {
        assert!(DataClass::CallDetail.labels().contains(Label::Cpni));
        assert!(!DataClass::Ssn.labels().contains(Label::Cpni));
        assert!(DataClass::SsnLast4.labels().contains(Label::Rabi));
        assert_eq!(DataClass::Billing.labels().iter().count(), 2);
    }
}
