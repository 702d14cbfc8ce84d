// Vault tokens, for what leaves the carrier, and columns of tokens.

import CpniGuardFFI
import Foundation

/// What a vault token is good for, and for nothing that is not said: until when, for which purposes, how often.
public typealias TokenTerms = CpniGuardFFI.TokenTerms
/// How far entries of the vault were sealed anew.
public typealias ResealedTokens = CpniGuardFFI.ResealedTokens
/// The characters of a value or of a token.
public typealias Alphabet = CpniGuardFFI.Alphabet
/// A registered column, and the key versions of its tokens.
public typealias ColumnStatus = CpniGuardFFI.ColumnStatus

/// A vault token: what stands for a value that leaves the carrier. Who has it may ask for its value, so it prints
/// nothing; its text is to be handed out.
public struct VaultToken: Sendable {
    let raw: CpniGuardFFI.VaultToken

    /// A token from its text, in lower or in upper case. That it was ever issued, and is still good, this does not say.
    ///
    /// - Throws: ``ErrorCode/tokenNotAToken``: it was mistyped, or is something else.
    public init(text: String) throws(CpniError) {
        raw = try cpni { try CpniGuardFFI.VaultToken.fromText(text: text) }
    }

    init(_ raw: CpniGuardFFI.VaultToken) {
        self.raw = raw
    }

    /// The text to hand out: 38 characters, with a checksum.
    public var text: String {
        get throws(CpniError) { try cpni { try raw.text() } }
    }

    /// The class of the value that it stands for.
    public var dataClass: DataClass {
        get throws(CpniError) { try cpni { try raw.dataClass() } }
    }
}

extension Guard {
    /// Makes a token for a field of an account. The value is sealed anew inside the library, and nobody sees it. Recorded.
    /// For the back end; not for an agent's tool.
    ///
    /// - Throws: ``ErrorCode/tokenRefusedClass`` for secrets, ``ErrorCode/tokenWrongShape`` for lists of calls,
    ///   ``ErrorCode/tokenTerms``; sealed bytes that do not open (3001 to 3007); ``ErrorCode/auditNotRecorded``.
    public func issueToken(
        account: String, _ stored: Stored, field: String, terms: TokenTerms
    ) throws(CpniError) -> VaultToken {
        let request = try stored.request([FieldRequest(field)])
        return VaultToken(
            try cpni {
                try raw.issueToken(account: account, sealed: stored.sealed, request: request, terms: terms)
            })
    }

    /// Revokes a token, for ever. `false`: it was not in the vault. Recorded.
    ///
    /// - Throws: ``ErrorCode/auditNotRecorded``, the store (7001 to 7008): it may still be good.
    public func revokeToken(_ token: VaultToken) throws(CpniError) -> Bool {
        try cpni { try raw.revokeToken(token: token.raw) }
    }

    /// Revokes all tokens of an account. How many there were. Recorded.
    ///
    /// - Throws: As ``revokeToken(_:)``.
    public func revokeTokens(of account: String) throws(CpniError) -> UInt64 {
        try cpni { try raw.revokeTokensOf(account: account) }
    }

    /// Takes at most so many tokens out of the vault that have expired or are used up. How many.
    ///
    /// - Throws: The store (7001 to 7008).
    public func sweepTokens(limit: UInt32) throws(CpniError) -> UInt64 {
        try cpni { try raw.sweepTokens(limit: limit) }
    }

    /// Seals at most so many entries of the vault anew that are under older versions of the data root. Call it until it
    /// moves none. The tokens stay as they are.
    ///
    /// - Throws: The store (7001 to 7008): what was moved by then stays moved.
    public func resealTokens(limit: UInt32) throws(CpniError) -> ResealedTokens {
        try cpni { try raw.resealTokens(limit: limit) }
    }

    /// How many entries of the vault need each version of the data root.
    ///
    /// - Throws: The store (7001 to 7008).
    public func tokenVersions() throws(CpniError) -> [UInt32: UInt64] {
        try cpni { try raw.tokenVersions() }.byVersion
    }
}

extension Interaction {
    /// Asks to see what a vault token stands for: a view of one field, decided, watched and recorded as any.
    ///
    /// - Throws: ``ErrorCode/tokenNotValid``: unknown, expired, used up, revoked, of another account or for another
    ///   purpose, and the answer says no more; as ``view(_:_:)``.
    public func detokenise(_ token: VaultToken) throws(CpniError) -> DisclosedView {
        try DisclosedView(try cpni { try raw.detokenise(token: token.raw) }, in: self)
    }

    /// The way back from a token of a column: a view of the field that it stands for, out of sealed bytes of this account,
    /// if it is the token of the account's own value.
    ///
    /// - Throws: ``ErrorCode/tokenNotOfThisAccount``, which counts as a comparison; as ``view(_:_:)``.
    public func viewToken<Token: ColumnToken>(
        _ stored: Stored, _ column: TokenColumn<Token>, _ token: Token
    ) throws(CpniError) -> DisclosedView {
        let request = try stored.request([])
        let answer = try cpni {
            try raw.viewToken(
                sealed: stored.sealed, request: request, column: column.name, kind: Token.kind, token: Data(token.text.utf8))
        }
        return try DisclosedView(answer, in: self)
    }
}

/// A token of a column, as it was stored. It looks like the value that it stands for, so it prints nothing.
public protocol ColumnToken: Sendable, Hashable {
    /// To be stored or compared.
    var text: String { get }
    /// A token as it was stored.
    init(text: String)
    /// Which kind.
    static var kind: TokenKind { get }
}

/// Of which kind tokens are.
public typealias TokenKind = CpniGuardFFI.TokenKind

/// A format-preserving token. Any text of the right form is a token of something.
public struct FormatToken: ColumnToken {
    public let text: String
    public static var kind: TokenKind { .format }

    public init(text: String) {
        self.text = text
    }
}

/// A deterministic sealed token.
public struct SealedToken: ColumnToken {
    public let text: String
    public static var kind: TokenKind { .sealed }

    public init(text: String) {
        self.text = text
    }

    /// The key version that it says of itself: which rows are old.
    ///
    /// - Throws: ``ErrorCode/tokenFormat`` if it is no token.
    public func keyVersion() throws(CpniError) -> UInt32 {
        try cpni { try sealedTokenVersion(token: text) }
    }
}

/// A registered column of tokens. Making tokens is for the back end: who may choose the values has an oracle.
public struct TokenColumn<Token: ColumnToken>: Sendable {
    let raw: CpniGuardFFI.Guard
    /// Its name.
    public let name: String

    /// The tokens of values, each with a result of its own.
    ///
    /// - Throws: The store (7001 to 7008), ``ErrorCode/bindingLayout`` for more than 10,000.
    public func tokenise(_ values: [String]) throws(CpniError) -> [Result<Token, CpniError>] {
        let values = try TokenColumn.list(values)
        return try results(try cpni { try values.withData { try raw.tokenise(column: name, kind: Token.kind, values: $0) } }) {
            Token(text: $0)
        }
    }

    /// The token of one value.
    ///
    /// - Throws: What is wrong with it (3111 to 3113); as ``tokenise(_:)``.
    public func tokenise(_ value: String) throws(CpniError) -> Token {
        guard let token = try tokenise([value]).first else { throw CpniError(.bindingLayout) }
        return try token.get()
    }

    /// The tokens that a value may have: the current one, and while the column's tokens are replaced the previous one.
    /// Whatever row has one of them has the value.
    ///
    /// - Throws: As ``tokenise(_:)``.
    public func tokens(of value: String) throws(CpniError) -> [Token] {
        let value = try WipedBytes { (out) throws(CpniError) in out.text(value) }
        let tokens = try cpni { try value.withData { try raw.tokensOf(column: name, kind: Token.kind, value: $0) } }
        return try results(tokens) { Token(text: $0) }.map { (token) throws(CpniError) in try token.get() }
    }

    /// Begins to replace the tokens by tokens of the active key version, which new ones have from now on. Recorded.
    ///
    /// - Throws: ``ErrorCode/tokenNothingToRotate``: rotate the branch `token` first; ``ErrorCode/tokenRotating``.
    public func rotate() throws(CpniError) -> ColumnStatus {
        try cpni { try raw.rotateColumn(column: name) }
    }

    /// The new tokens for old ones, without a value being given out. A format-preserving token says nothing of its version:
    /// write the new ones into a second column, or a row that is converted twice is lost.
    ///
    /// - Throws: ``ErrorCode/tokenNotRotating``; as ``tokenise(_:)``.
    public func replace(_ tokens: [Token]) throws(CpniError) -> [Result<Token, CpniError>] {
        let tokens = try TokenColumn.list(tokens.map(\.text))
        let replaced = try cpni { try tokens.withData { try raw.replaceTokens(column: name, kind: Token.kind, tokens: $0) } }
        return try results(replaced) { Token(text: $0) }
    }

    /// Says that no token of the previous key version is left, copies and exports included. Recorded.
    ///
    /// - Throws: ``ErrorCode/tokenNotRotating``.
    public func confirm() throws(CpniError) -> ColumnStatus {
        try cpni { try raw.confirmColumn(column: name) }
    }

    private static func list(_ texts: [String]) throws(CpniError) -> WipedBytes {
        try WipedBytes.list(texts) { (text, out) throws(CpniError) in
            try out.part32 { (out) throws(CpniError) in out.text(text) }
        }
    }
}

extension Guard {
    /// Registers a column of format-preserving tokens (FF1), at each start before it is used.
    ///
    /// - Parameters:
    ///   - alphabet: The characters of the normal form of the field's kind.
    ///   - lengths: How many of them.
    ///   - writtenIn: The characters of tokens, where they shall not look like a live number.
    /// - Throws: What has no tokens: secrets, last four digits, fewer than a million values (3101 to 3108).
    public func registerFormatColumn(
        _ name: String, field: String, alphabet: Alphabet, lengths: ClosedRange<UInt32>, writtenIn: Alphabet? = nil
    ) throws(CpniError) -> TokenColumn<FormatToken> {
        let form = TokenForm.format(
            alphabet: alphabet, shortest: lengths.lowerBound, longest: lengths.upperBound, writtenIn: writtenIn)
        return try register(name, field, form)
    }

    /// Registers a column of deterministic sealed tokens (AES-SIV), at each start before it is used.
    ///
    /// - Throws: As ``registerFormatColumn(_:field:alphabet:lengths:writtenIn:)``.
    public func registerSealedColumn(_ name: String, field: String) throws(CpniError) -> TokenColumn<SealedToken> {
        try register(name, field, .sealed)
    }

    /// The registered columns of tokens by name, with their key versions.
    ///
    /// - Throws: The store (7001 to 7008).
    public func tokenColumns() throws(CpniError) -> [ColumnStatus] {
        try cpni { try raw.tokenColumns() }
    }

    private func register<Token>(_ name: String, _ field: String, _ form: TokenForm) throws(CpniError) -> TokenColumn<Token> {
        _ = try cpni { try raw.registerColumn(column: CpniGuardFFI.TokenColumn(name: name, field: field, form: form)) }
        return TokenColumn(raw: raw, name: name)
    }
}

extension DisclosedView {
    convenience init(_ answer: ViewAnswer, in interaction: Interaction) throws(CpniError) {
        let answers = try cpni { try answer.told.withUnsafeBytes { try Answers($0) } }
        self.init(answer.view, answers, in: interaction)
    }
}

extension [VersionCount] {
    var byVersion: [UInt32: UInt64] { Dictionary(map { ($0.version, $0.count) }, uniquingKeysWith: +) }
}
