package dev.cpniguard

import dev.cpniguard.ffi.TokenTerms as FfiTerms

/**
 * The same redactor with blind tokens in place of these kinds; of none: of all that have nothing of their own. The same value
 * of the same kind has the same token within the tenant, `[SSN:hkbnpaoedcjmfigl]`, and none leads back. Secrets and birth
 * dates get their label. Once the guard is closed a text in which one is needed is dropped:
 * [ErrorCode.REDACT_NOT_REPLACED].
 *
 * Whoever may redact texts of their own choice can find the value of a token by trial: for the back end.
 */
public fun Redactor.withBlindTokens(guard: Guard, vararg kinds: TextKind): Redactor =
    Redactor(calling { ffi.withBlindTokens(guard.ffi, kinds.toList()) })

/**
 * The same redactor with vault tokens in place of these kinds, for texts of one account; of none: of all that have nothing of
 * their own. Each finding gets one of its own, on record, and `Interaction.detokenise` leads back to it. A value is sealed
 * as the first field of the schema that holds its kind; where there is none the text is dropped. Secrets get their label.
 */
public fun Redactor.withVaultTokens(
    guard: Guard,
    account: String,
    terms: TokenTerms,
    vararg kinds: TextKind,
): Redactor = Redactor(
    calling {
        val good = FfiTerms(terms.expires.micros(), terms.purposes.toList(), terms.uses)
        ffi.withVaultTokens(guard.ffi, account, good, kinds.toList())
    },
)
