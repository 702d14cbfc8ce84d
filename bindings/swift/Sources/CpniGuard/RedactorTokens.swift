// Tokens in place of what a redactor finds: the text has the token, and the guard the keys.

import CpniGuardFFI

extension Redactor {
    /// The same redactor with blind tokens in place of these kinds; of none: of all that have nothing of their own. The
    /// same value of the same kind has the same token within the tenant, `[SSN:hkbnpaoedcjmfigl]`, and none leads back.
    /// Secrets and birth dates get their label.
    ///
    /// Whoever may redact texts of their own choice can find the value of a token by trial: for the back end.
    ///
    /// - Throws: ``ErrorCode/bindingClosed``.
    public func withBlindTokens(_ owner: Guard, _ kinds: [TextKind] = []) throws(CpniError) -> Redactor {
        Redactor(try cpni { try raw.withBlindTokens(guard: owner.raw, kinds: kinds) })
    }

    /// The same redactor with vault tokens in place of these kinds, for texts of one account; of none: of all that have
    /// nothing of their own. Each finding gets one of its own, on record, and ``Interaction/detokenise(_:)`` leads back to
    /// it. A value is sealed as the first field of the schema that holds its kind; where there is none the text is
    /// dropped. Secrets get their label.
    ///
    /// - Throws: ``ErrorCode/tokenTerms``, ``ErrorCode/bindingClosed``.
    public func withVaultTokens(
        _ owner: Guard, account: String, terms: TokenTerms, _ kinds: [TextKind] = []
    ) throws(CpniError) -> Redactor {
        Redactor(
            try cpni {
                try raw.withVaultTokens(guard: owner.raw, account: account, terms: terms, kinds: kinds)
            })
    }
}
