package dev.cpniguard

import dev.cpniguard.ffi.JsonPathRule
import dev.cpniguard.ffi.JsonRule
import dev.cpniguard.ffi.KindReplacement
import dev.cpniguard.ffi.RedactorSettings
import java.nio.ByteBuffer
import java.nio.CharBuffer
import java.nio.charset.CodingErrorAction
import dev.cpniguard.ffi.JsonPaths as FfiJsonPaths
import dev.cpniguard.ffi.MaskForm as FfiMaskForm
import dev.cpniguard.ffi.Redactor as FfiRedactor
import dev.cpniguard.ffi.TextReplacement as FfiReplacement

/** What a scan finds, from the strictest to the least strict. */
public typealias TextKind = dev.cpniguard.ffi.TextKind

/** One reason why something was found. */
public typealias Clue = dev.cpniguard.ffi.Clue

/** What a mask stands for; `docs/redaction.md` says what shows of each. */
public typealias MaskKind = dev.cpniguard.ffi.MaskKind

/** What stands where a text could not be redacted. */
public const val NOT_REDACTED: String = "[not redacted: dropped]"

/**
 * Puts labels, masks or tokens in place of the identifiers in texts: `SSN [SSN], cb [PHONE]`. What it finds, and what it
 * misses, is in `docs/redaction.md`: names and addresses it does not find at all. Threads may share it.
 *
 * A `String` cannot be overwritten; what is made of one here is. Who wipes texts takes those with a `CharArray`. Half of a
 * surrogate pair, which is no text, comes out as U+FFFD.
 */
public class Redactor internal constructor(internal val ffi: FfiRedactor) : AutoCloseable {
    /**
     * The text with everything replaced that is found. [ErrorCode.REDACT_NOT_REPLACED]: a token could not be made, and
     * nothing of the text is given out.
     */
    public fun redact(text: CharSequence): String = calling { text.lendText { ffi.redact(it) } }.asText()

    /** The same without a `String`: both arrays are yours to overwrite. */
    public fun redact(text: CharArray): CharArray =
        calling { CharBuffer.wrap(text).lendText { ffi.redact(it) } }.use { decode(it, 0, it.size) }

    /** The same for the value of a column, field or key of this name: `("home_phone", "5550123")` is a telephone number. */
    public fun redactLabelled(label: String, text: CharSequence): String =
        calling { text.lendText { ffi.redactLabelled(label.orReplaced(), it) } }.asText()

    /** Many texts, in one call: each with a result of its own. 10,000 at most. */
    public fun redactAll(texts: List<CharSequence>): List<Each<String>> = calling {
        texts.lendEach({ it.sized { anyText(this@lendEach) } }) { ffi.redactAll(it) }
    }.use { it.asResults { text -> text } }

    /** Many values, each with the name of its column, field or key, in one call; an empty name: none. 5,000 at most. */
    public fun redactAllLabelled(values: List<Pair<String, CharSequence>>): List<Each<String>> = calling {
        values.flatMap { (label, text) -> listOf(label, text) }
            .lendEach({ it.sized { anyText(this@lendEach) } }) { ffi.redactAllLabelled(it) }
    }.use { it.asResults { text -> text } }

    /**
     * A JSON document with everything replaced that stands at a path, or that is found with its key as its label. Order
     * and layout stay. [ErrorCode.REDACT_DOCUMENT]: it is none, or nested deeper than 128.
     */
    @JvmOverloads
    public fun redactJson(document: CharSequence, paths: JsonPaths = JsonPaths.NONE): String =
        calling { document.lendText { ffi.redactJson(it, paths.ffi) } }.asText()

    /** What is found, in order, without overlaps. [label]: the name of the text's column, field or key. */
    @JvmOverloads
    public fun findings(text: CharSequence, label: String? = null): List<TextFinding> =
        calling { text.lendText { ffi.findings(it, label?.orReplaced()) } }.map(::TextFinding)

    override fun close(): Unit = ffi.close()

    override fun toString(): String = "Redactor(..)"

    public companion object {
        /** With labels, of everything that is found from a confidence of 50 on; no spoken digits, no patterns, no lists. */
        @JvmStatic
        public fun labels(): Redactor = build { }

        /** With other settings: `Redactor.build { spoken(); accountPattern("[0-9]{4}-[A-Z]{5}") }`. */
        @JvmStatic
        public fun build(settings: RedactorBuilder.() -> Unit): Redactor = RedactorBuilder().use {
            it.settings()
            it.build()
        }
    }
}

/** Settings of a [Redactor]. */
public class RedactorBuilder internal constructor() : AutoCloseable {
    private var settings = RedactorSettings(false, null, emptyList(), Replacement.Label.ffi, emptyList())
    private val lists = Wire(pooled = false).u32(0)
    private var listed = 0

    /** Reads digits as words too: *four one five, five five five*. For transcripts; it costs speed. */
    @JvmOverloads
    public fun spoken(spoken: Boolean = true): RedactorBuilder = set { copy(spoken = spoken) }

    /** Reports from this confidence on, in hundredths. Lower ones find more that is none. */
    public fun least(percent: Int): RedactorBuilder = set { copy(least = percent.coerceIn(0, BYTE).toUByte()) }

    /** Finds the carrier's account numbers by their pattern, a regular expression for a whole one; 16 at most. */
    public fun accountPattern(pattern: String): RedactorBuilder = set { copy(accountPatterns = accountPatterns + pattern) }

    /** Never reports this value of this kind, such as the carrier's own hotline. A longer number that holds it is reported. */
    public fun allow(kind: TextKind, value: CharSequence): RedactorBuilder = list(0, kind, value)

    /** Always reports this value, as this kind. */
    public fun deny(kind: TextKind, value: CharSequence): RedactorBuilder = list(1, kind, value)

    /** What stands in place of every kind that has nothing of its own. */
    public fun replaceWith(replacement: Replacement): RedactorBuilder = set { copy(replacement = replacement.ffi) }

    /** What stands in place of one kind. */
    public fun replaceWith(kind: TextKind, replacement: Replacement): RedactorBuilder =
        set { copy(ofKinds = ofKinds + KindReplacement(kind, replacement.ffi)) }

    internal fun build(): Redactor = calling {
        lists.setU32(0, listed)
        Redactor(FfiRedactor(settings, lists.lent()))
    }

    override fun close(): Unit = lists.close()

    override fun toString(): String = "RedactorBuilder(..)"

    private fun set(change: RedactorSettings.() -> RedactorSettings) = apply { settings = settings.change() }

    private fun list(which: Int, kind: TextKind, value: CharSequence) = apply {
        lists.u8(which).str8(kind.name.lowercase()).sized { text(CharBuffer.wrap(value)) }
        listed++
    }
}

/** What stands in place of a finding. Tokens need a guard: `withBlindTokens`, `withVaultTokens`. */
public sealed class Replacement(internal val ffi: FfiReplacement) {
    /** Its kind: `[SSN]`. */
    public object Label : Replacement(FfiReplacement.Label)

    /** A mask of this form. What shows has been shown. */
    public class Mask(form: MaskForm) : Replacement(FfiReplacement.Mask(form.ffi))

    override fun toString(): String = javaClass.simpleName
}

/** How much a mask shows. What a kind does not allow shows less, never more. */
public sealed class MaskForm(internal val ffi: FfiMaskForm) {
    /** `••••`: nothing, not even the kind. */
    public object Withheld : MaskForm(FfiMaskForm.Withheld)

    /** `[SSN]`: the kind only. */
    public object Kind : MaskForm(FfiMaskForm.Kind)

    /** `••••11`: the last characters of the normal form, at most this many and at most as many as the kind allows. */
    public class Last(most: Int) : MaskForm(FfiMaskForm.Last(most.coerceIn(0, BYTE).toUByte()))

    /** The part that a masked view shows: `••••1111` of a card, `D••••` of a name. */
    public object Part : MaskForm(FfiMaskForm.Part)

    override fun toString(): String = javaClass.simpleName
}

/** What stands in place of a value. It may be printed, logged and sent. */
public object Mask {
    /** The mask of a value. What has not the form of its kind, or fails its check, shows no part. */
    @JvmStatic
    public fun of(kind: MaskKind, form: MaskForm, text: CharSequence): String =
        calling { text.lendText { dev.cpniguard.ffi.mask(kind, form.ffi, it) } }

    /** The same; the characters stay yours to overwrite. */
    @JvmStatic
    public fun of(kind: MaskKind, form: MaskForm, text: CharArray): String = of(kind, form, CharBuffer.wrap(text))
}

/**
 * One identifier in a text: where it is, and not what it is. It may be logged.
 *
 * @property kind what it is.
 * @property start where it begins: an index of the `String`, in units of UTF-16.
 * @property end where it ends, exclusive.
 * @property confidence how sure it is, in hundredths: 0 to 99. It orders findings and is no probability.
 * @property why the reasons.
 */
public data class TextFinding(
    val kind: TextKind,
    val start: Int,
    val end: Int,
    val confidence: Int,
    val why: Set<Clue>,
) {
    internal constructor(found: dev.cpniguard.ffi.TextFinding) : this(
        found.kind,
        found.utf16Start.toInt(),
        found.utf16End.toInt(),
        found.confidence.toInt(),
        found.why.toSet(),
    )

    /** The indices, for `text.substring(range)`. */
    val range: IntRange get() = start until end
}

/**
 * What is done at which place of a JSON document. A path is that of a JSON Pointer (RFC 6901), and a `*` in it stands for
 * any one key or place in a list. The first path that fits counts, for all that it holds.
 */
public class JsonPaths private constructor(private val rules: List<JsonPathRule>) {
    // A few rules without a file or a thread: it is freed by the garbage collector.
    internal val ffi: FfiJsonPaths = calling { FfiJsonPaths(rules) }

    /** What stands there is kept as it is, unscanned. [ErrorCode.REDACT_PATH]: the path. */
    public fun keep(path: String): JsonPaths = JsonPaths(rules + JsonPathRule(path.orReplaced(), JsonRule.Keep))

    /** What stands there is masked, whether or not a scan would find it. */
    public fun mask(path: String, kind: MaskKind, form: MaskForm): JsonPaths =
        JsonPaths(rules + JsonPathRule(path.orReplaced(), JsonRule.Mask(kind, form.ffi)))

    public companion object {
        /** No paths: everything is scanned. */
        @JvmField
        public val NONE: JsonPaths = JsonPaths(emptyList())
    }
}

/** For a log: what cannot be redacted is [NOT_REDACTED], and nothing is thrown. */
internal fun Redactor.redactForLog(values: List<Pair<String, CharSequence>>): List<String> = try {
    redactAllLabelled(values).map { if (it is Each.Done) it.value else NOT_REDACTED }
} catch (_: Throwable) { // also what is no exception: a log line is no reason to end a thread
    values.map { NOT_REDACTED }
}

private const val BYTE = 255

private inline fun <R> CharSequence.lendText(use: (ByteBuffer) -> R): R = Wire().use { wire ->
    wire.anyText(this)
    use(wire.lent())
}

private fun Wire.anyText(text: CharSequence): Wire = text(CharBuffer.wrap(text), CodingErrorAction.REPLACE)

/** Without halves of surrogate pairs, which the generated code does not take. */
private fun String.orReplaced(): String = if (none(Char::isSurrogate)) this else toByteArray().toString(Charsets.UTF_8)

/** Reads an answer, and overwrites it. */
private inline fun <R> ByteArray.use(read: (ByteArray) -> R): R = try {
    read(this)
} finally {
    fill(0)
}

private fun ByteArray.asText(): String = use { String(it, Charsets.UTF_8) }
