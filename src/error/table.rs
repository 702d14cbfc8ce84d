//! Every code with its name, for other languages: they hold the same table, and compare.
//!
//! A name is its enum and its variant. The test below reads the sources and fails where one of the two
//! says more than the other.

use super::ErrorCode;

impl ErrorCode {
    /// Every code of this release with its stable name, in the order of the numbers. A number that is
    /// gone is never given again.
    pub const ALL: &'static [(u16, &'static str)] = &[
        (1001, "id_empty"),
        (1002, "id_too_long"),
        (1003, "id_character"),
        (1101, "record_unknown_field"),
        (1102, "record_duplicate_field"),
        (1103, "record_wrong_shape"),
        (1104, "record_too_long"),
        (1105, "record_too_many_rows"),
        (1106, "record_empty"),
        (1107, "record_derived_field"),
        (1108, "record_row_too_long"),
        (1201, "schema_file"),
        (1202, "schema_unreadable"),
        (2001, "key_provider"),
        (2002, "key_io"),
        (2003, "key_exists"),
        (2004, "key_permissions"),
        (2005, "key_unwrap"),
        (2006, "key_format"),
        (2007, "key_parameters"),
        (2008, "key_passphrase_too_short"),
        (2009, "key_unknown_version"),
        (2010, "key_destroyed"),
        (2011, "key_not_one_active"),
        (2012, "key_random"),
        (2013, "key_password_hash"),
        (2014, "key_missing"),
        (2015, "key_subject_secret"),
        (2016, "key_no_branch"),
        (2017, "key_changed"),
        (2018, "key_not_rotated"),
        (2019, "key_still_active"),
        (2020, "key_too_many_versions"),
        (2021, "key_retired"),
        (2022, "key_in_use"),
        (2023, "key_not_surveyed"),
        (2024, "key_replaced"),
        (2025, "key_wrong_state"),
        (2101, "subject_erased"),
        (2102, "subject_missing"),
        (2103, "subject_no_store"),
        (2104, "subject_damaged"),
        (2105, "subject_not_erased"),
        (2106, "subject_outstanding"),
        (2107, "subject_no_such_column"),
        (2108, "subject_too_many_columns"),
        (2109, "subject_too_many_epochs"),
        (2110, "subject_past_delete_after"),
        (2111, "subject_delete_after"),
        (3001, "sealed_format"),
        (3002, "sealed_text"),
        (3003, "sealed_commitment"),
        (3004, "sealed_authentication"),
        (3005, "sealed_no_such_field"),
        (3006, "sealed_schema_mismatch"),
        (3007, "sealed_content"),
        (3008, "sealed_too_large"),
        (3009, "sealed_too_many_fields"),
        (3101, "token_alphabet_size"),
        (3102, "token_alphabet_character"),
        (3103, "token_alphabets_differ"),
        (3104, "token_small_domain"),
        (3105, "token_lengths"),
        (3106, "token_refused_class"),
        (3107, "token_wrong_shape"),
        (3108, "token_column_differs"),
        (3109, "token_unknown_column"),
        (3110, "token_wrong_kind"),
        (3111, "token_not_of_its_kind"),
        (3112, "token_length"),
        (3113, "token_character"),
        (3114, "token_format"),
        (3115, "token_authentication"),
        (3116, "token_version"),
        (3117, "token_rotating"),
        (3118, "token_not_rotating"),
        (3119, "token_nothing_to_rotate"),
        (3120, "token_conflict"),
        (3121, "token_not_of_this_account"),
        (3130, "token_term_bits"),
        (3131, "token_tiny_population"),
        (3132, "token_population_contradicts"),
        (3133, "token_points_at_values"),
        (3134, "token_shows_the_most_common"),
        (3135, "token_barely_filters"),
        (3136, "token_term_format"),
        (3137, "token_unknown_index"),
        (3150, "token_not_a_token"),
        (3151, "token_terms"),
        (3152, "token_unreadable"),
        (3153, "token_not_valid"),
        (4001, "policy_file"),
        (4002, "policy_unreadable"),
        (4003, "policy_duplicate_pack"),
        (4004, "policy_unknown_pack"),
        (4005, "policy_required_pack"),
        (4006, "policy_too_many_rules"),
        (4007, "policy_duplicate_rule"),
        (4008, "policy_unknown_rule"),
        (4009, "policy_clear_rule"),
        (4010, "policy_duplicate_predicate"),
        (4011, "policy_unknown_predicate"),
        (4012, "policy_bad_override"),
        (4013, "policy_never_matches"),
        (5001, "interaction_unknown_agent"),
        (5002, "interaction_directory_unavailable"),
        (5003, "interaction_ended"),
        (5004, "interaction_expired"),
        (5005, "interaction_not_on_this_channel"),
        (5006, "interaction_locked_out"),
        (5007, "interaction_password_length"),
        (5008, "interaction_no_live_contact"),
        (5009, "interaction_not_of_record"),
        (5010, "interaction_not_delivered"),
        (5011, "interaction_not_notified"),
        (5012, "interaction_no_match"),
        (5013, "interaction_questions"),
        (5014, "interaction_in_the_future"),
        (5015, "interaction_may_not_approve"),
        (5016, "interaction_notice_unreadable"),
        (5017, "interaction_consent_history_full"),
        (5020, "interaction_held_back"),
        (5021, "interaction_needs_second_person"),
        (5022, "interaction_not_counted"),
        (5030, "interaction_not_entitled"),
        (5040, "interaction_another_device"),
        (5050, "interaction_too_many_candidates"),
        (5051, "interaction_too_many_found"),
        (5052, "interaction_nothing_found"),
        (5053, "interaction_stated_values"),
        (5201, "transaction_unreadable"),
        (5202, "transaction_already_under_way"),
        (5203, "transaction_no_such_transaction"),
        (5204, "transaction_wrong_state"),
        (5205, "transaction_another_target"),
        (5206, "transaction_facts_changed"),
        (5207, "transaction_locked"),
        (5208, "transaction_frozen"),
        (5209, "transaction_not_yet"),
        (5210, "transaction_timed_out"),
        (5211, "transaction_permit_expired"),
        (5212, "transaction_permit_used"),
        (5213, "transaction_needs_approval"),
        (5214, "transaction_no_unchanged_contact"),
        (5215, "transaction_not_eligible"),
        (5216, "transaction_clock_went_back"),
        (5217, "transaction_not_authenticated"),
        (5218, "transaction_refused_by_policy"),
        (5219, "transaction_refused_by_risk"),
        (5220, "transaction_cancelled"),
        (5221, "transaction_objected"),
        (5222, "transaction_not_done"),
        (5223, "transaction_another_interaction"),
        (5224, "transaction_full"),
        (5225, "transaction_not_notified_there"),
        (5226, "transaction_port_not_held"),
        (5227, "transaction_port_rule"),
        (5228, "transaction_not_frozen"),
        (5229, "transaction_not_notified"),
        (6001, "audit_not_recorded"),
        (6002, "audit_unreadable"),
        (6003, "audit_broken"),
        (6004, "audit_format"),
        (6005, "audit_random"),
        (6006, "audit_account"),
        (6007, "audit_key_version"),
        (6008, "audit_not_proven"),
        (6009, "audit_not_signed"),
        (6010, "audit_not_kept"),
        (6020, "audit_another_tenant"),
        (6101, "proof_inclusion"),
        (6102, "proof_consistency"),
        (6103, "proof_format"),
        (6104, "proof_not_signed"),
        (6105, "proof_signature"),
        (6106, "proof_another_log"),
        (7001, "store_open"),
        (7002, "store_another_writer"),
        (7003, "store_full"),
        (7004, "store_read_only"),
        (7005, "store_busy"),
        (7006, "store_damaged"),
        (7007, "store_io"),
        (7008, "store_format"),
        (8001, "disclose_closed"),
        (8002, "disclose_not_asked_for"),
        (8003, "disclose_withheld"),
        (8004, "disclose_wrong_shape"),
        (8005, "disclose_unmatched"),
        (8006, "disclose_no_hotline_list"),
        (8501, "device_format"),
        (8502, "device_text"),
        (8503, "device_public_key"),
        (8504, "device_not_for_this_session"),
        (8505, "device_another_interaction"),
        (8506, "device_another_request"),
        (8507, "device_not_waiting"),
        (8508, "device_too_late"),
        (8509, "device_ended"),
        (8510, "device_expired"),
        (8511, "device_too_large"),
        (9001, "guard_missing"),
        (9201, "watch_file"),
        (9401, "export_sink"),
        (9402, "export_unreadable"),
        (9403, "export_another_log"),
        (9404, "export_ends_earlier"),
        (9601, "redact_list_entry"),
        (9602, "redact_too_many_patterns"),
        (9603, "redact_not_replaced"),
        (9604, "redact_document"),
        (9605, "redact_path"),
    ];

    /// The stable name of the cause: its room and what it is, `interaction_locked_out`; `None` for a
    /// code that is no error (an identifier's fault).
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Self::ALL.iter().find(|(code, _)| *code == self.0).map(|(_, name)| *name)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::error::{Error, InteractionError};

    #[test]
    fn the_table_is_what_the_sources_say() {
        let mut said = BTreeMap::new();
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/error")).unwrap() {
            let text = fs::read_to_string(entry.unwrap().path()).unwrap();
            let mut room = String::new();
            for line in text.lines() {
                if let Some(name) = line.strip_prefix("impl ").and_then(|rest| rest.strip_suffix("Error {")) {
                    room = snake(name);
                }
                let Some((variant, code)) = line
                    .trim()
                    .strip_prefix("Self::")
                    .and_then(|arm| arm.strip_suffix(','))
                    .and_then(|arm| arm.split_once(" => "))
                    .and_then(|(variant, code)| Some((variant, code.parse::<u16>().ok()?)))
                else {
                    continue;
                };
                let variant = variant.split(['(', ' ']).next().unwrap();
                let twice = said.insert(code, format!("{room}_{}", snake(variant)));
                assert_eq!(twice, None, "{code} stands for two causes");
            }
        }
        assert!(said.len() > 80, "the sources were not understood: {said:?}");
        let table: BTreeMap<_, _> =
            ErrorCode::ALL.iter().map(|(code, name)| (*code, (*name).to_owned())).collect();
        assert_eq!(table, said, "src/error/table.rs (left) is not what the sources say");
        assert!(ErrorCode::ALL.is_sorted(), "the table is not in the order of its numbers");
    }

    #[test]
    fn a_code_has_a_name() {
        assert_eq!(Error::from(InteractionError::LockedOut).code().name(), Some("interaction_locked_out"));
        assert_eq!(ErrorCode(1).name(), None);
    }

    fn snake(name: &str) -> String {
        let mut out = String::new();
        for (at, letter) in name.char_indices() {
            if letter.is_ascii_uppercase() && at > 0 {
                out.push('_');
            }
            out.push(letter.to_ascii_lowercase());
        }
        out
    }
}
