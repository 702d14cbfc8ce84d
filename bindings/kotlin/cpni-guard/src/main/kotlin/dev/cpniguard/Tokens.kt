package dev.cpniguard

import dev.cpniguard.ffi.TokenForm
import dev.cpniguard.ffi.TokenKind
import java.nio.CharBuffer
import java.time.Instant
import dev.cpniguard.ffi.Alphabet as FfiAlphabet
import dev.cpniguard.ffi.TokenColumn as FfiColumn
import dev.cpniguard.ffi.TokenTerms as FfiTerms
import dev.cpniguard.ffi.VaultToken as FfiVaultToken

public typealias ColumnStatus = dev.cpniguard.ffi.ColumnStatus
public typealias ResealedTokens = dev.cpniguard.ffi.ResealedTokens

/**
 * A vault token: what stands for a value that leaves the carrier. Who has it may ask for its value, so it prints
 * nothing; its text is to be handed out.
 */
public class VaultToken internal constructor(internal val ffi: FfiVaultToken) : AutoCloseable {
    /** The text to hand out: 38 characters, with a checksum. */
    public fun toText(): String = calling { ffi.text() }

    /** The class of the value that it stands for. */
    public fun dataClass(): DataClass = calling { ffi.dataClass() }

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "VaultToken(..)"

    public companion object {
        /**
         * A token from its text, in lower or in upper case; [ErrorCode.TOKEN_NOT_A_TOKEN]: it was mistyped, or is
         * something else. That it was ever issued, and is still good, this does not say.
         */
        @JvmStatic
        public fun ofText(text: String): VaultToken = VaultToken(calling { FfiVaultToken.fromText(text) })
    }
}

/**
 * What a vault token is good for, and for nothing that is not said.
 *
 * @property expires until when: 366 days at most.
 * @property purposes for which purposes: at least one.
 * @property uses how often, at least once; `null`: as often as is asked.
 */
public data class TokenTerms(val expires: Instant, val purposes: Set<Purpose>, val uses: UInt? = null)

/**
 * Makes a token for a field of an account. The value is sealed anew inside the library, and nobody sees it. Recorded.
 * For the back end; not for an agent's tool.
 */
public fun Guard.issueToken(account: String, stored: Stored, field: String, terms: TokenTerms): VaultToken = calling {
    stored.request(listOf(field), false) { request ->
        stored.bytes.lend { bytes ->
            VaultToken(
                ffi.issueToken(account, bytes, request, FfiTerms(terms.expires.micros(), terms.purposes.toList(), terms.uses)),
            )
        }
    }
}

/** Revokes a token, for ever. `false`: it was not in the vault. Recorded. */
public fun Guard.revokeToken(token: VaultToken): Boolean = calling { ffi.revokeToken(token.ffi) }

/** Revokes all tokens of an account. How many there were. Recorded. */
public fun Guard.revokeTokensOf(account: String): ULong = calling { ffi.revokeTokensOf(account) }

/** Takes at most so many tokens out of the vault that have expired or are used up. How many. */
public fun Guard.sweepTokens(limit: UInt): ULong = calling { ffi.sweepTokens(limit) }

/**
 * Seals at most so many entries of the vault anew that are under older versions of the data root. Call it until it moves
 * none. The tokens stay as they are.
 */
public fun Guard.resealTokens(limit: UInt): ResealedTokens = calling { ffi.resealTokens(limit) }

/** How many entries of the vault need each version of the data root. */
public fun Guard.tokenVersions(): Map<UInt, ULong> = calling { ffi.tokenVersions() }.associate { it.version to it.count }

/** The characters of a value or of a token. */
public sealed class Alphabet(internal val ffi: FfiAlphabet) {
    /** `0` to `9`. */
    public object Digits : Alphabet(FfiAlphabet.Digits)

    /** `A` to `Z`. */
    public object Letters : Alphabet(FfiAlphabet.Letters)

    /** `0` to `9`, then `A` to `Z`. */
    public object DigitsAndLetters : Alphabet(FfiAlphabet.DigitsAndLetters)

    /** Ten letters, for tokens of digits that nobody takes for a number. */
    public object TenLetters : Alphabet(FfiAlphabet.TenLetters)

    /** These, in this order: 2 to 94 different visible characters of ASCII. */
    public class Of(characters: String) : Alphabet(FfiAlphabet.Of(characters))

    override fun toString(): String = javaClass.simpleName
}

/** A token of a column. It looks like the value that it stands for, so it prints nothing. */
public sealed class Token(
    /** To be stored or compared. */
    public val text: String,
) {
    override fun equals(other: Any?): Boolean = other is Token && javaClass == other.javaClass && text == other.text

    override fun hashCode(): Int = text.hashCode()

    override fun toString(): String = "${javaClass.simpleName}(..)"
}

/** A format-preserving token, as it was stored. Any text of the right form is a token of something. */
public class FormatToken(text: String) : Token(text)

/** A deterministic sealed token, as it was stored. */
public class SealedToken(text: String) : Token(text) {
    /** The key version that it says of itself: which rows are old. [ErrorCode.TOKEN_FORMAT] if it is no token. */
    public fun keyVersion(): UInt = calling { dev.cpniguard.ffi.sealedTokenVersion(text) }
}

/**
 * A registered column of tokens. Making tokens is for the back end: who may choose the values has an oracle.
 *
 * @property name of the column.
 */
public class TokenColumn<T : Token> internal constructor(
    private val guard: Guard,
    public val name: String,
    internal val kind: TokenKind,
    private val token: (String) -> T,
) {
    /** The tokens of values, each with a result of its own. The characters stay yours to overwrite. */
    public fun tokenise(values: List<CharArray>): List<Each<T>> = calling {
        values.lendEach({ it.sized { text(CharBuffer.wrap(this@lendEach)) } }) { guard.ffi.tokenise(name, kind, it) }
            .asResults(token)
    }

    /** The token of one value. */
    public fun tokenise(value: CharArray): T = tokenise(listOf(value)).single().get()

    /**
     * The tokens that a value may have: the current one, and while the column's tokens are replaced the previous one.
     * Whatever row has one of them has the value.
     */
    public fun tokensOf(value: CharArray): List<T> = calling {
        value.lend { guard.ffi.tokensOf(name, kind, it) }.asResults(token).map { it.get() }
    }

    /** Begins to replace the tokens by tokens of the active key version, which new ones have from now on. Recorded. */
    public fun rotate(): ColumnStatus = calling { guard.ffi.rotateColumn(name) }

    /**
     * The new tokens for old ones, without a value being given out. A format-preserving token says nothing of its version:
     * write the new ones into a second column, or a row that is converted twice is lost.
     */
    public fun replace(tokens: List<T>): List<Each<T>> = calling {
        tokens.lendEach({ it.sized { text(CharBuffer.wrap(this@lendEach.text)) } }) { guard.ffi.replaceTokens(name, kind, it) }
            .asResults(token)
    }

    /** Says that no token of the previous key version is left, copies and exports included. Recorded. */
    public fun confirm(): ColumnStatus = calling { guard.ffi.confirmColumn(name) }

    override fun toString(): String = "TokenColumn($name)"
}

/**
 * Registers a column of format-preserving tokens (FF1), at each start before it is used. [alphabet] and [lengths] are those
 * of the normal form of the field's kind; [writtenIn]: the characters of tokens, where they shall not look like a live
 * number. Refused: secrets, last four digits, and whatever has fewer than a million values.
 */
@JvmOverloads
public fun Guard.registerFormatColumn(
    name: String,
    field: String,
    alphabet: Alphabet,
    lengths: IntRange,
    writtenIn: Alphabet? = null,
): TokenColumn<FormatToken> {
    if (lengths.first < 0) throw CpniException(ErrorCode.TOKEN_LENGTHS)
    // An empty range has its end before its beginning, which the library refuses; what is below 0 is 0.
    val form = TokenForm.Format(alphabet.ffi, lengths.first.toUInt(), lengths.last.coerceAtLeast(0).toUInt(), writtenIn?.ffi)
    calling { ffi.registerColumn(FfiColumn(name, field, form)) }
    return TokenColumn(this, name, TokenKind.FORMAT, ::FormatToken)
}

/** Registers a column of deterministic sealed tokens (AES-SIV), at each start before it is used. */
public fun Guard.registerSealedColumn(name: String, field: String): TokenColumn<SealedToken> {
    calling { ffi.registerColumn(FfiColumn(name, field, TokenForm.Sealed)) }
    return TokenColumn(this, name, TokenKind.SEALED, ::SealedToken)
}

/** The registered columns of tokens by name, with their key versions. */
public fun Guard.tokenColumns(): List<ColumnStatus> = calling { ffi.tokenColumns() }
