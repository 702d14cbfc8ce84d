// Every code that a call can fail with. Numbers are given once and never reused, so this table only
// grows; a test compares it with the library's own, in both directions.

/// Why a call failed, by name.
///
/// The core's documentation says whose fault each is. A library that is newer than this table may fail
/// with a code that has no name here: ``CpniError/code`` is always there.
public enum ErrorCode: UInt16, CaseIterable, Sendable {
    // An id.
    /// An id: empty.
    case idEmpty = 1001
    /// An id: too long.
    case idTooLong = 1002
    /// An id: character.
    case idCharacter = 1003

    // A record.
    /// A record: unknown field.
    case recordUnknownField = 1101
    /// A record: duplicate field.
    case recordDuplicateField = 1102
    /// A record: wrong shape.
    case recordWrongShape = 1103
    /// A record: too long.
    case recordTooLong = 1104
    /// A record: too many rows.
    case recordTooManyRows = 1105
    /// A record: empty.
    case recordEmpty = 1106
    /// A record: derived field.
    case recordDerivedField = 1107
    /// A record: row too long.
    case recordRowTooLong = 1108

    // A schema.
    /// A schema: file.
    case schemaFile = 1201
    /// A schema: unreadable.
    case schemaUnreadable = 1202

    // Keys.
    /// Keys: provider.
    case keyProvider = 2001
    /// Keys: io.
    case keyIo = 2002
    /// Keys: exists.
    case keyExists = 2003
    /// Keys: permissions.
    case keyPermissions = 2004
    /// Keys: unwrap.
    case keyUnwrap = 2005
    /// Keys: format.
    case keyFormat = 2006
    /// Keys: parameters.
    case keyParameters = 2007
    /// Keys: passphrase too short.
    case keyPassphraseTooShort = 2008
    /// Keys: unknown version.
    case keyUnknownVersion = 2009
    /// Keys: destroyed.
    case keyDestroyed = 2010
    /// Keys: not one active.
    case keyNotOneActive = 2011
    /// Keys: random.
    case keyRandom = 2012
    /// Keys: password hash.
    case keyPasswordHash = 2013
    /// Keys: missing.
    case keyMissing = 2014
    /// Keys: subject secret.
    case keySubjectSecret = 2015
    /// Keys: no branch.
    case keyNoBranch = 2016
    /// Keys: changed.
    case keyChanged = 2017
    /// Keys: not rotated.
    case keyNotRotated = 2018
    /// Keys: still active.
    case keyStillActive = 2019
    /// Keys: too many versions.
    case keyTooManyVersions = 2020
    /// Keys: retired.
    case keyRetired = 2021
    /// Keys: in use.
    case keyInUse = 2022
    /// Keys: not surveyed.
    case keyNotSurveyed = 2023
    /// Keys: replaced.
    case keyReplaced = 2024
    /// Keys: wrong state.
    case keyWrongState = 2025

    // Secrets of accounts.
    /// Secrets of accounts: erased.
    case subjectErased = 2101
    /// Secrets of accounts: missing.
    case subjectMissing = 2102
    /// Secrets of accounts: no store.
    case subjectNoStore = 2103
    /// Secrets of accounts: damaged.
    case subjectDamaged = 2104
    /// Secrets of accounts: not erased.
    case subjectNotErased = 2105
    /// Secrets of accounts: outstanding.
    case subjectOutstanding = 2106
    /// Secrets of accounts: no such column.
    case subjectNoSuchColumn = 2107
    /// Secrets of accounts: too many columns.
    case subjectTooManyColumns = 2108
    /// Secrets of accounts: too many epochs.
    case subjectTooManyEpochs = 2109
    /// Subjects: past delete after.
    case subjectPastDeleteAfter = 2110
    /// Subjects: delete after.
    case subjectDeleteAfter = 2111

    // Sealed bytes.
    /// Sealed bytes: format.
    case sealedFormat = 3001
    /// Sealed bytes: text.
    case sealedText = 3002
    /// Sealed bytes: commitment.
    case sealedCommitment = 3003
    /// Sealed bytes: authentication.
    case sealedAuthentication = 3004
    /// Sealed bytes: no such field.
    case sealedNoSuchField = 3005
    /// Sealed bytes: schema mismatch.
    case sealedSchemaMismatch = 3006
    /// Sealed bytes: content.
    case sealedContent = 3007
    /// Sealed bytes: too large.
    case sealedTooLarge = 3008
    /// Sealed bytes: too many fields.
    case sealedTooManyFields = 3009

    // Tokens.
    /// Tokens: alphabet size.
    case tokenAlphabetSize = 3101
    /// Tokens: alphabet character.
    case tokenAlphabetCharacter = 3102
    /// Tokens: alphabets differ.
    case tokenAlphabetsDiffer = 3103
    /// Tokens: small domain.
    case tokenSmallDomain = 3104
    /// Tokens: lengths.
    case tokenLengths = 3105
    /// Tokens: refused class.
    case tokenRefusedClass = 3106
    /// Tokens: wrong shape.
    case tokenWrongShape = 3107
    /// Tokens: column differs.
    case tokenColumnDiffers = 3108
    /// Tokens: unknown column.
    case tokenUnknownColumn = 3109
    /// Tokens: wrong kind.
    case tokenWrongKind = 3110
    /// Tokens: not of its kind.
    case tokenNotOfItsKind = 3111
    /// Tokens: length.
    case tokenLength = 3112
    /// Tokens: character.
    case tokenCharacter = 3113
    /// Tokens: format.
    case tokenFormat = 3114
    /// Tokens: authentication.
    case tokenAuthentication = 3115
    /// Tokens: version.
    case tokenVersion = 3116
    /// Tokens: rotating.
    case tokenRotating = 3117
    /// Tokens: not rotating.
    case tokenNotRotating = 3118
    /// Tokens: nothing to rotate.
    case tokenNothingToRotate = 3119
    /// Tokens: conflict.
    case tokenConflict = 3120
    /// Tokens: not of this account.
    case tokenNotOfThisAccount = 3121
    /// Tokens and indexes: term bits.
    case tokenTermBits = 3130
    /// Tokens and indexes: tiny population.
    case tokenTinyPopulation = 3131
    /// Tokens and indexes: population contradicts.
    case tokenPopulationContradicts = 3132
    /// Tokens and indexes: points at values.
    case tokenPointsAtValues = 3133
    /// Tokens and indexes: shows the most common.
    case tokenShowsTheMostCommon = 3134
    /// Tokens and indexes: barely filters.
    case tokenBarelyFilters = 3135
    /// Tokens and indexes: term format.
    case tokenTermFormat = 3136
    /// Tokens and indexes: unknown index.
    case tokenUnknownIndex = 3137
    /// Tokens: not a token.
    case tokenNotAToken = 3150
    /// Tokens: terms.
    case tokenTerms = 3151
    /// Tokens: unreadable.
    case tokenUnreadable = 3152
    /// Tokens: not valid.
    case tokenNotValid = 3153

    // Policy files.
    /// Policy files: file.
    case policyFile = 4001
    /// Policy files: unreadable.
    case policyUnreadable = 4002
    /// Policy files: duplicate pack.
    case policyDuplicatePack = 4003
    /// Policy files: unknown pack.
    case policyUnknownPack = 4004
    /// Policy files: required pack.
    case policyRequiredPack = 4005
    /// Policy files: too many rules.
    case policyTooManyRules = 4006
    /// Policy files: duplicate rule.
    case policyDuplicateRule = 4007
    /// Policy files: unknown rule.
    case policyUnknownRule = 4008
    /// Policy files: clear rule.
    case policyClearRule = 4009
    /// Policy files: duplicate predicate.
    case policyDuplicatePredicate = 4010
    /// Policy files: unknown predicate.
    case policyUnknownPredicate = 4011
    /// Policy files: bad override.
    case policyBadOverride = 4012
    /// Policy files: never matches.
    case policyNeverMatches = 4013

    // An interaction.
    /// An interaction: unknown agent.
    case interactionUnknownAgent = 5001
    /// An interaction: directory unavailable.
    case interactionDirectoryUnavailable = 5002
    /// An interaction: ended.
    case interactionEnded = 5003
    /// An interaction: expired.
    case interactionExpired = 5004
    /// An interaction: not on this channel.
    case interactionNotOnThisChannel = 5005
    /// An interaction: locked out.
    case interactionLockedOut = 5006
    /// An interaction: password length.
    case interactionPasswordLength = 5007
    /// An interaction: no live contact.
    case interactionNoLiveContact = 5008
    /// An interaction: not of record.
    case interactionNotOfRecord = 5009
    /// An interaction: not delivered.
    case interactionNotDelivered = 5010
    /// An interaction: not notified.
    case interactionNotNotified = 5011
    /// An interaction: no match.
    case interactionNoMatch = 5012
    /// An interaction: questions.
    case interactionQuestions = 5013
    /// An interaction: in the future.
    case interactionInTheFuture = 5014
    /// An interaction: may not approve.
    case interactionMayNotApprove = 5015
    /// An interaction: notice unreadable.
    case interactionNoticeUnreadable = 5016
    /// An interaction: consent history full.
    case interactionConsentHistoryFull = 5017
    /// An interaction: held back.
    case interactionHeldBack = 5020
    /// An interaction: needs second person.
    case interactionNeedsSecondPerson = 5021
    /// An interaction: not counted.
    case interactionNotCounted = 5022
    /// An interaction: not entitled.
    case interactionNotEntitled = 5030
    /// An interaction: another device.
    case interactionAnotherDevice = 5040
    /// An interaction: too many candidates.
    case interactionTooManyCandidates = 5050
    /// An interaction: too many found.
    case interactionTooManyFound = 5051
    /// An interaction: nothing found.
    case interactionNothingFound = 5052
    /// An interaction: stated values.
    case interactionStatedValues = 5053

    // Transactions.
    /// A transaction: unreadable.
    case transactionUnreadable = 5201
    /// A transaction: already under way.
    case transactionAlreadyUnderWay = 5202
    /// A transaction: no such transaction.
    case transactionNoSuchTransaction = 5203
    /// A transaction: wrong state.
    case transactionWrongState = 5204
    /// A transaction: another target.
    case transactionAnotherTarget = 5205
    /// A transaction: facts changed.
    case transactionFactsChanged = 5206
    /// A transaction: locked.
    case transactionLocked = 5207
    /// A transaction: frozen.
    case transactionFrozen = 5208
    /// A transaction: not yet.
    case transactionNotYet = 5209
    /// A transaction: timed out.
    case transactionTimedOut = 5210
    /// A transaction: permit expired.
    case transactionPermitExpired = 5211
    /// A transaction: permit used.
    case transactionPermitUsed = 5212
    /// A transaction: needs approval.
    case transactionNeedsApproval = 5213
    /// A transaction: no unchanged contact.
    case transactionNoUnchangedContact = 5214
    /// A transaction: not eligible.
    case transactionNotEligible = 5215
    /// A transaction: clock went back.
    case transactionClockWentBack = 5216
    /// A transaction: not authenticated.
    case transactionNotAuthenticated = 5217
    /// A transaction: refused by policy.
    case transactionRefusedByPolicy = 5218
    /// A transaction: refused by risk.
    case transactionRefusedByRisk = 5219
    /// A transaction: cancelled.
    case transactionCancelled = 5220
    /// A transaction: objected.
    case transactionObjected = 5221
    /// A transaction: not done.
    case transactionNotDone = 5222
    /// A transaction: another interaction.
    case transactionAnotherInteraction = 5223
    /// A transaction: full.
    case transactionFull = 5224
    /// A transaction: not notified there.
    case transactionNotNotifiedThere = 5225
    /// A transaction: port not held.
    case transactionPortNotHeld = 5226
    /// A transaction: port rule.
    case transactionPortRule = 5227
    /// A transaction: not frozen.
    case transactionNotFrozen = 5228
    /// A transaction: not notified.
    case transactionNotNotified = 5229

    // The audit log.
    /// The audit log: not recorded.
    case auditNotRecorded = 6001
    /// The audit log: unreadable.
    case auditUnreadable = 6002
    /// The audit log: broken.
    case auditBroken = 6003
    /// The audit log: format.
    case auditFormat = 6004
    /// The audit log: random.
    case auditRandom = 6005
    /// The audit log: account.
    case auditAccount = 6006
    /// The audit log: key version.
    case auditKeyVersion = 6007
    /// The audit log: not proven.
    case auditNotProven = 6008
    /// The audit log: not signed.
    case auditNotSigned = 6009
    /// The audit log: not kept.
    case auditNotKept = 6010
    /// The audit log: another tenant.
    case auditAnotherTenant = 6020

    // A proof.
    /// A proof: inclusion.
    case proofInclusion = 6101
    /// A proof: consistency.
    case proofConsistency = 6102
    /// A proof: format.
    case proofFormat = 6103
    /// A proof: not signed.
    case proofNotSigned = 6104
    /// A proof: signature.
    case proofSignature = 6105
    /// A proof: another log.
    case proofAnotherLog = 6106

    // The store.
    /// The store: open.
    case storeOpen = 7001
    /// The store: another writer.
    case storeAnotherWriter = 7002
    /// The store: full.
    case storeFull = 7003
    /// The store: read only.
    case storeReadOnly = 7004
    /// The store: busy.
    case storeBusy = 7005
    /// The store: damaged.
    case storeDamaged = 7006
    /// The store: io.
    case storeIo = 7007
    /// The store: format.
    case storeFormat = 7008

    // A disclosure.
    /// A disclosure: closed.
    case discloseClosed = 8001
    /// A disclosure: not asked for.
    case discloseNotAskedFor = 8002
    /// A disclosure: withheld.
    case discloseWithheld = 8003
    /// A disclosure: wrong shape.
    case discloseWrongShape = 8004
    /// A disclosure: unmatched.
    case discloseUnmatched = 8005
    /// A disclosure: no hotline list.
    case discloseNoHotlineList = 8006

    // A device session.
    /// A device session: format.
    case deviceFormat = 8501
    /// A device session: text.
    case deviceText = 8502
    /// A device session: public key.
    case devicePublicKey = 8503
    /// A device session: not for this session.
    case deviceNotForThisSession = 8504
    /// A device session: another interaction.
    case deviceAnotherInteraction = 8505
    /// A device session: another request.
    case deviceAnotherRequest = 8506
    /// A device session: not waiting.
    case deviceNotWaiting = 8507
    /// A device session: too late.
    case deviceTooLate = 8508
    /// A device session: ended.
    case deviceEnded = 8509
    /// A device session: expired.
    case deviceExpired = 8510
    /// A device session: too large.
    case deviceTooLarge = 8511

    // The guard.
    /// The guard: missing.
    case guardMissing = 9001

    // Watch rules.
    /// Watch rules: file.
    case watchFile = 9201

    // This binding.
    /// This binding: closed.
    case bindingClosed = 9301
    /// This binding: layout.
    case bindingLayout = 9302
    /// This binding: not text.
    case bindingNotText = 9303
    /// This binding: busy.
    case bindingBusy = 9304
    /// This binding: panic.
    case bindingPanic = 9305
    /// This binding: no such place.
    case bindingNoSuchPlace = 9306
    /// This binding: not a day.
    case bindingNotADay = 9307
    /// This binding: used up.
    case bindingUsedUp = 9308
    /// This binding: pattern.
    case bindingPattern = 9309

    // An export.
    /// An export: sink.
    case exportSink = 9401
    /// An export: unreadable.
    case exportUnreadable = 9402
    /// An export: another log.
    case exportAnotherLog = 9403
    /// An export: ends earlier.
    case exportEndsEarlier = 9404
    /// Redaction: list entry.
    case redactListEntry = 9601
    /// Redaction: too many patterns.
    case redactTooManyPatterns = 9602
    /// Redaction: not replaced.
    case redactNotReplaced = 9603
    /// Redaction: document.
    case redactDocument = 9604
    /// Redaction: path.
    case redactPath = 9605

    /// The name that every language uses: `interaction_locked_out`.
    public var name: String {
        // `interactionLockedOut` as the library writes it.
        String(describing: self).reduce(into: "") { name, letter in
            if letter.isUppercase { name.append("_") }
            name.append(contentsOf: letter.lowercased())
        }
    }
}
