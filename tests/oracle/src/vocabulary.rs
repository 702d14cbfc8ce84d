//! The words of pack files, once more: what a class, a role and an unknown fact are to the oracle.
//! `tests` compares the lists with the library's, so that a word added there is added here.

/// Classes with their labels.
pub const CLASSES: [(&str, &[&str]); 16] = [
    ("identity", &["pii"]),
    ("address", &["pii", "rabi"]),
    ("biographical", &["pii", "rabi"]),
    ("ssn", &["gov_id", "rabi"]),
    ("ssn_last4", &["gov_id_partial", "rabi"]),
    ("other_government_id", &["gov_id"]),
    ("account_info", &["account_info"]),
    ("billing", &["account_info", "cpni"]),
    ("service_details", &["cpni"]),
    ("device_id", &["device_subscriber_id", "cpni"]),
    ("call_detail", &["cpni", "call_detail"]),
    ("location", &["location", "cpni"]),
    ("payment", &["payment", "recent_payment"]),
    ("auth_secret", &["auth_secret"]),
    ("directory_listing", &["sli"]),
    ("survivor", &["survivor_confidential"]),
];

/// Roles, and on whose behalf they ask.
pub const ROLES: [(&str, &str); 16] = [
    ("care_agent", "carrier"),
    ("retail_agent", "carrier"),
    ("specialist", "carrier"),
    ("vendor_agent", "carrier"),
    ("virtual_agent", "carrier"),
    ("fraud_analyst", "carrier"),
    ("billing_analyst", "carrier"),
    ("analyst", "carrier"),
    ("marketer", "carrier"),
    ("joint_venture_partner", "third_party"),
    ("location_partner", "third_party"),
    ("third_party_app", "third_party"),
    ("public_safety", "third_party"),
    ("port_system", "third_party"),
    ("customer", "customer"),
    ("anonymous", "customer"),
];

pub const OPS: [&str; 5] = ["view", "verify", "send", "act", "search"];

pub const ACTIONS: [&str; 12] = [
    "create_online_account",
    "create_password",
    "reset_password",
    "change_email_of_record",
    "change_address_of_record",
    "sim_change",
    "port_out",
    "unlock_handset",
    "outbound_approval_request",
    "take_payment_card",
    "change_backup_answer",
    "change_number_of_record",
];

pub const DESTINATIONS: [&str; 1] = ["address_of_record"];

pub const SCOPES: [&str; 2] = ["whole", "named_call"];

/// From the least to the most.
pub const FORMS: [&str; 4] = ["match", "token", "masked", "full"];

pub const CHANNELS: [&str; 7] =
    ["phone_inbound", "phone_callback", "online", "retail", "back_office", "batch", "port_interface"];

pub const PURPOSES: [&str; 18] = [
    "none",
    "support",
    "billing",
    "fraud",
    "emergency",
    "credit_check",
    "line_separation",
    "customer_directed",
    "third_party_service",
    "market_same_category",
    "market_new_category",
    "market_unrelated_product",
    "track_competitor_calls",
    "aggregate",
    "provide",
    "collect",
    "directory",
    "legal",
];

pub const EVIDENCE: [&str; 33] = [
    "password",
    "password_failed",
    "backup",
    "backup_failed",
    "passkey",
    "app_factor",
    "otp_number_of_record",
    "otp_address_of_record",
    "callback_number_of_record",
    "callback_contact_number",
    "photo_id",
    "photo_id_expired",
    "photo_id_name_mismatch",
    "business_contract",
    "line_separation_verified",
    "call_named_unaided",
    "call_named_with_help",
    "caller_id",
    "ssn_verified",
    "ssn_last4",
    "date_of_birth",
    "mothers_maiden_name",
    "home_address",
    "full_name",
    "zip_code",
    "account_number",
    "account_number_last4",
    "bill_amount",
    "recent_payment",
    "call_detail_quiz",
    "partner_asserted_consent",
    "port_passcode",
    "port_passcode_failed",
];

/// Facts of the account, and whether they are assumed where they are unknown.
pub const ACCOUNT: [(&str, bool); 21] = [
    ("address_of_record", false),
    ("owned_by_requester", false),
    ("written_request", false),
    ("service_initiation", false),
    ("survivor", false),
    ("survivor_unreadable", true),
    ("business", false),
    ("dedicated_representative", false),
    ("cpni_contract", false),
    ("sim_lock", true),
    ("port_lock", true),
    ("port_passcode_set", true),
    ("sim_changed_recently", true),
    ("opt_in", false),
    ("opt_out_matured", false),
    ("opted_out", true),
    ("one_time_oral_approval", false),
    ("simple_port", true),
    ("password_set", false),
    ("hotline_list_fresh", false),
    ("location_opt_in", false),
];

/// Facts of the agent. None is assumed.
pub const AGENT: [&str; 7] = [
    "training_current",
    "in_united_states",
    "live_contact",
    "open_case",
    "supervisor_approval",
    "legal_review",
    "group_large_enough",
];

#[cfg(test)]
mod tests {
    use cpni_guard::policy::{AccountFact, AgentFact};
    use cpni_guard::vocabulary::{
        Action, Channel, DataClass, Destination, EvidenceKind, Form, Op, Purpose, Role, Scope,
    };

    use super::*;

    fn same<T: Copy>(ours: impl IntoIterator<Item = &'static str>, all: &[T], name: fn(T) -> &'static str) {
        assert!(ours.into_iter().eq(all.iter().map(|value| name(*value))));
    }

    #[test]
    fn the_words_are_the_librarys() {
        same(CLASSES.map(|(class, _)| class), DataClass::ALL, DataClass::name);
        same(ROLES.map(|(role, _)| role), Role::ALL, Role::name);
        same(OPS, Op::ALL, Op::name);
        same(ACTIONS, Action::ALL, Action::name);
        same(DESTINATIONS, Destination::ALL, Destination::name);
        same(SCOPES, Scope::ALL, Scope::name);
        same(FORMS, Form::ALL, Form::name);
        same(CHANNELS, Channel::ALL, Channel::name);
        same(PURPOSES, Purpose::ALL, Purpose::name);
        same(EVIDENCE, EvidenceKind::ALL, EvidenceKind::name);
        same(ACCOUNT.map(|(fact, _)| fact), AccountFact::ALL, AccountFact::name);
        assert_eq!(AGENT[crate::request::APPROVAL], AgentFact::SupervisorApproval.name());
        same(AGENT, AgentFact::ALL, AgentFact::name);
    }
}
